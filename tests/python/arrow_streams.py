"""Makes tests/mesh/arrow: streams of points as pyarrow writes them, and what pyarrow reads from them.

python arrow_streams.py FOLDER     (needs pyarrow; made with 26.0.1)
"""

import decimal
import json
import pathlib
import struct
import sys

import pyarrow as pa

TIME, FLAGS, VALUE = (
    pa.field("utc_time", pa.timestamp("ms")),
    pa.field("flags", pa.uint32()),
    pa.field("value", pa.float64()),
)
SCHEMA = pa.schema([TIME, FLAGS, VALUE])
NAN = float("nan")
HOUR = 3_600_000


def points(count, first=0):
    return {
        "utc_time": [1_451_606_400_000 + HOUR * (first + n) for n in range(count)],
        "flags": [(n * 0x01234567) % (1 << 32) for n in range(count)],
        "value": [NAN if n % 5 == 3 else n * 1.1 - 2 for n in range(count)],
    }


def table(columns, schema=SCHEMA):
    return pa.Table.from_arrays([pa.array(columns[f.name], f.type) for f in schema], schema=schema)


def stream(content, end=False, options=None):
    """As the official client writes: the writer is not closed, and no end is marked."""
    sink = pa.BufferOutputStream()
    writer = pa.ipc.RecordBatchStreamWriter(sink, content.schema, options=options)
    writer.write_table(content)
    if end:
        writer.close()
    return sink.getvalue().to_pybytes()


def with_type(name, kind, **others):
    return pa.schema([pa.field(f.name, kind if f.name == name else f.type, **others) for f in SCHEMA])


def file(content):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, content.schema) as writer:
        writer.write_table(content)
    return sink.getvalue().to_pybytes()


def with_others():
    fields = [
        pa.field("text", pa.string()),
        VALUE,
        pa.field("small", pa.int8()),
        pa.field("truth", pa.bool_()),
        pa.field("nothing", pa.null()),
        FLAGS,
        pa.field("words", pa.dictionary(pa.int16(), pa.string())),
        pa.field("exact", pa.decimal128(9, 2)),
        pa.field("bytes", pa.large_binary()),
        TIME,
        pa.field("half", pa.float32()),
    ]
    columns = points(9)
    columns |= {
        "text": [None, "a", "bc", "", "def", "g", None, "h", "i"],
        "small": list(range(9)),
        "truth": [True, None] * 4 + [False],
        "nothing": [None] * 9,
        "words": ["a", "b", "a", None, "c", "a", "b", "b", "c"],
        "exact": [decimal.Decimal("1.25")] * 9,
        "bytes": [b"x"] * 9,
        "half": [0.5] * 9,
    }
    return table(columns, pa.schema(fields))


def made():
    for count in (1, 2, 3, 8, 65):
        yield f"points_{count}", stream(table(points(count)))
    yield "end", stream(table(points(3)), end=True)
    yield "schema_only", stream(SCHEMA.empty_table(), end=True)
    yield "batches", stream(pa.concat_tables([table(points(3)), table(points(0)), table(points(10, 3))]))
    yield "slice", stream(table(points(30)).slice(7, 11))
    yield "others", stream(with_others(), end=True)
    yield "order", stream(table(points(5)).select(["value", "utc_time", "flags"]))
    yield "metadata", stream(
        table(points(4), pa.schema([TIME.with_metadata({"a": "b"}), FLAGS, VALUE], metadata={"unit": "m", "z": ""}))
    )
    yield "required", stream(table(points(4), pa.schema([f.with_nullable(False) for f in SCHEMA])))
    yield "version_4", stream(table(points(4)), options=pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4))
    yield "legacy", stream(
        pa.concat_tables([table(points(3)), table(points(4, 3))]), end=True, options=pa.ipc.IpcWriteOptions(use_legacy_format=True)
    )
    yield "zone", stream(table(points(3), with_type("utc_time", pa.timestamp("ms", "UTC"))))
    for unit, factor in (("s", 0.001), ("us", 1000), ("ns", 1_000_000)):
        columns = points(3)
        columns["utc_time"] = [int(time * factor) if factor > 1 else time // 1000 for time in columns["utc_time"]]
        columns["utc_time"][0] = -columns["utc_time"][0]
        yield f"unit_{unit}", stream(table(columns, with_type("utc_time", pa.timestamp(unit))))
    columns = points(20)
    columns["value"][0] = columns["value"][9] = columns["value"][19] = None
    columns["flags"][9] = columns["flags"][10] = None
    yield "nulls", stream(table(columns))
    yield "nulls_in_batches", stream(pa.concat_tables([table(points(3)), table(columns), table(points(2))]))
    # What cannot be read.
    columns = points(12)
    columns["utc_time"][10] = None
    yield "bad_null_time", stream(table(columns))
    for codec in ("lz4", "zstd"):
        yield f"bad_{codec}", stream(table(points(200)), options=pa.ipc.IpcWriteOptions(compression=codec))
    columns = points(3)
    columns["utc_time"] = [time * 1000 + 1 for time in columns["utc_time"]]
    yield "bad_part", stream(table(columns, with_type("utc_time", pa.timestamp("us"))))
    columns["utc_time"] = [1 << 62] * 3
    yield "bad_far", stream(table(columns, with_type("utc_time", pa.timestamp("s"))))
    yield "bad_time_type", stream(table(points(3), with_type("utc_time", pa.int64())))
    yield "bad_flags_type", stream(table(points(3), with_type("flags", pa.uint64())))
    yield "bad_value_type", stream(table(points(3), with_type("value", pa.float32())))
    words = table(points(3))
    yield "bad_value_dictionary", stream(words.set_column(2, "value", words["value"].combine_chunks().dictionary_encode()))
    yield "bad_no_value", stream(table(points(3)).drop_columns(["value"]))
    yield "bad_two_flags", stream(table(points(3)).append_column(FLAGS, pa.array([1, 2, 3], pa.uint32())))
    yield "bad_nested", stream(table(points(3)).append_column("more", pa.array([[1], [], [2]])))
    yield "bad_view", stream(table(points(3)).append_column("more", pa.array(["a", "b", "c"], pa.string_view())))
    yield "bad_file", file(table(points(3)))
    batch = table(points(3)).to_batches()[0].serialize().to_pybytes()
    yield "bad_no_schema", batch
    yield "bad_two_schemas", stream(table(points(1))) + stream(table(points(1)))


def read(content):
    whole = pa.ipc.open_stream(content).read_all()
    times = whole["utc_time"].cast(pa.timestamp("ms"))
    bits = lambda value: struct.pack(">d", NAN if value is None else value).hex()
    return {
        "times": times.cast(pa.int64()).to_pylist(),
        "flags": whole["flags"].to_pylist(),
        "values": [None if value is None else bits(value) for value in whole["value"].to_pylist()],
    }


def main(folder):
    expected = {}
    for name, content in made():
        (folder / f"{name}.arrow").write_bytes(content)
        if not name.startswith("bad_"):
            expected[name] = read(content)
    lines = [f"  {json.dumps(name)}: {json.dumps(points)}" for name, points in expected.items()]
    (folder / "expected.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    main(target)
