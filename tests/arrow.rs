//! The Arrow codec beside two others: streams that pyarrow wrote (`tests/mesh/arrow`, made by
//! `tests/python/arrow_streams.py`, with what pyarrow reads from them), and the arrow-ipc crate in both directions. And what
//! it does with bytes that nobody wrote.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "random numbers are cut as they come"
)]

use std::{fs, path::PathBuf, sync::Arc};

use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, TimestampMillisecondArray, UInt32Array};
use arrow_ipc::{
    MetadataVersion,
    reader::StreamReader,
    writer::{IpcWriteOptions, StreamWriter},
};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use haft::{
    engine::arrow::{MISSING, append, fitting, read, size, write},
    error::Status,
    value::Series,
};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/mesh/arrow")
}

fn stream(name: &str) -> Vec<u8> {
    fs::read(folder().join(format!("{name}.arrow"))).unwrap()
}

/// The streams that can be read, with their points. A value that is null is a NaN with the flag, as is the contract.
fn expected() -> Vec<(String, Series)> {
    let text = fs::read_to_string(folder().join("expected.json")).unwrap();
    let Value::Object(all) = serde_json::from_str(&text).unwrap() else { panic!() };
    let points = |value: &Value| {
        let column = |name: &str| value[name].as_array().unwrap().clone();
        let bits = |value: &Value| value.as_str().map(|bits| f64::from_bits(u64::from_str_radix(bits, 16).unwrap()));
        let values: Vec<Option<f64>> = column("values").iter().map(bits).collect();
        let flags = column("flags").into_iter().zip(&values).map(|(flags, value)| {
            let flags = u32::try_from(flags.as_u64().unwrap_or(0)).unwrap();
            if value.is_none() { flags | MISSING } else { flags }
        });
        Series {
            times: column("times").iter().map(|time| time.as_i64().unwrap()).collect(),
            flags: flags.collect(),
            values: values.iter().map(|value| value.unwrap_or(f64::NAN)).collect(),
        }
    };
    all.iter().map(|(name, value)| (name.clone(), points(value))).collect()
}

/// NaN is not equal to itself: by bits.
fn bits(series: &Series) -> (&[i64], &[u32], Vec<u64>) {
    (&series.times, &series.flags, series.values.iter().map(|value| value.to_bits()).collect())
}

/// xorshift: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    fn series(&mut self, count: usize) -> Series {
        let mut time = self.roll() as i64 >> 24;
        let mut series = Series::default();
        for _ in 0..count {
            time += 1 + self.below(100_000) as i64;
            series.times.push(time);
            series.flags.push(self.roll() as u32);
            series.values.push(match self.below(9) {
                0 => f64::NAN,
                1 => -0.0,
                2 => f64::INFINITY,
                _ => self.roll() as i64 as f64 / 1e9,
            });
        }
        series
    }
}

#[test]
fn what_is_written_is_what_the_official_client_writes() {
    let mut compared = 0;
    for (name, points) in expected().iter().filter(|(name, _)| name.starts_with("points_")) {
        let written = write(&points.times, &points.flags, &points.values);
        assert_eq!(written, stream(name), "{name}");
        compared += 1;
    }
    assert_eq!(compared, 5);
    assert_eq!(write(&[1, 2, 3], &[0; 3], &[0.0; 3]).len(), 536);
    assert!(write(&[], &[], &[]).is_empty());
    let mut behind = b"xy".to_vec();
    append(&mut behind, &[1, 2], &[3, 4], &[5.0, 6.0]);
    assert_eq!(&behind[2..], write(&[1, 2], &[3, 4], &[5.0, 6.0]));
    // Uneven columns end with the shortest.
    assert_eq!(write(&[1, 2, 3], &[3, 4], &[5.0, 6.0]), write(&[1, 2], &[3, 4], &[5.0, 6.0]));
}

#[test]
fn the_size_is_known_beforehand() {
    let mut dice = Dice(11);
    for count in (0..70).chain([511, 512, 513, 1024, 5001]) {
        let points = dice.series(count);
        assert_eq!(write(&points.times, &points.flags, &points.values).len(), size(count), "{count}");
    }
    for bytes in (0..1500).chain([4_194_304, 4_194_305, usize::MAX / 2]) {
        let most = fitting(bytes);
        assert!(size(most) <= bytes && size(most + 1) > bytes, "{bytes}: {most}");
    }
    assert_eq!(size(usize::MAX), usize::MAX);
}

#[test]
fn what_pyarrow_wrote_is_read_as_pyarrow_reads_it() {
    let all = expected();
    assert!(all.len() >= 20, "{}", all.len());
    for (name, points) in &all {
        let bytes = stream(name);
        let series = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(bits(&series), bits(points), "{name}");
        // Also in memory that is not aligned.
        for shift in 1..8 {
            let shifted = [&[0; 8][..shift], &bytes].concat();
            assert_eq!(bits(&read(&shifted[shift..]).unwrap()), bits(points), "{name} at {shift}");
        }
    }
    assert!(read(&[]).unwrap().times.is_empty());
}

#[test]
fn unknown_bits_of_flags_are_kept() {
    let flags = [0, 0x0800_0000, u32::MAX, 1];
    let written = write(&[1, 2, 3, 4], &flags, &[f64::NAN; 4]);
    let series = read(&written).unwrap();
    assert_eq!(series.flags, flags);
    assert_eq!(write(&series.times, &series.flags, &series.values), written);
}

#[test]
fn what_cannot_be_read_is_said() {
    let schema = stream("points_3")[..232].to_vec();
    let mut big_endian = schema.clone();
    big_endian[0x28] = 4;
    let mut version = stream("points_3");
    version[0x1e] = 2;
    let mut kind = stream("points_3");
    kind[0xe8 + 33] = 4;
    let mut negative = stream("points_3");
    negative[0xe8 + 4..0xe8 + 8].copy_from_slice(&(-2_i32).to_le_bytes());
    let cases: &[(&str, &[u8], &str)] = &[
        ("bad_null_time", &[], "the time of point 10 was null"),
        ("bad_lz4", &[], "compressed (LZ4)"),
        ("bad_zstd", &[], "compressed (ZSTD)"),
        ("bad_part", &[], "the time of point 0 was not a whole millisecond"),
        ("bad_far", &[], "the time of point 0 was too far away"),
        ("bad_time_type", &[], "\"utc_time\" was an integer, and not a timestamp"),
        ("bad_flags_type", &[], "\"flags\" was an integer, and not an integer of 32 bits"),
        ("bad_value_type", &[], "\"value\" was a float, and not a float of 64 bits"),
        ("bad_value_dictionary", &[], "\"value\" was a dictionary"),
        ("bad_no_value", &[], "no column \"value\""),
        ("bad_two_flags", &[], "two columns \"flags\""),
        ("bad_nested", &[], "\"more\" (a list) cannot be read"),
        ("bad_view", &[], "\"more\" (a text view) cannot be read"),
        ("bad_file", &[], "an Arrow file instead of a stream"),
        ("bad_no_schema", &[], "points came before its schema"),
        ("bad_two_schemas", &[], "a second schema"),
        ("end alone", &[255, 255, 255, 255, 0, 0, 0, 0], "no schema"),
        ("zeros", &[0; 64], "no schema"),
        ("one byte", &[1], "the length of a message was to have 4 bytes, and 1 were left"),
        ("mark alone", &[255; 4], "the length of a message was to have 4 bytes, and 0 were left"),
        ("text", b"{\"error\": \"no\"}", "the head of a message was to have"),
        ("big-endian", &big_endian, "big-endian"),
        ("version", &version, "version 2 of its format"),
        ("kind", &kind, "a message of kind 4"),
        ("negative", &negative, "a length of -2"),
        ("cut", &stream("points_3")[..500], "the body of a message was to have 64 bytes, and 28 were left"),
    ];
    for (name, bytes, wanted) in cases {
        let bytes = if name.starts_with("bad_") { stream(name) } else { bytes.to_vec() };
        let error = read(&bytes).expect_err(name);
        assert_eq!((error.status(), error.code()), (Status::Protocol, "protocol"), "{name}");
        assert!(error.message().contains(wanted), "{name}: {error}");
    }
}

/// Numbers of the head of a batch that lie, at places that the layout of our own writer fixes.
#[test]
fn lying_numbers_are_refused() {
    const BATCH: usize = 232;
    let honest = stream("points_3");
    // (place in the batch's message, what it is)
    let places = [
        (40, "body"),
        (72, "rows"),
        (104, "start of times"),
        (112, "length of times"),
        (136, "start of flags"),
        (144, "length of flags"),
        (168, "start of values"),
        (176, "length of values"),
        (192, "rows of the node"),
        (200, "nulls"),
    ];
    for (place, what) in places {
        for lie in [i64::MIN, -1, 1 << 20, 1 << 33, i64::MAX - 7, i64::MAX] {
            let mut bytes = honest.clone();
            bytes[BATCH + place..BATCH + place + 8].copy_from_slice(&lie.to_le_bytes());
            // Nulls of -1 are "not counted", and there is no bitmap.
            if (what, lie) == ("nulls", -1) {
                assert_eq!(read(&bytes).unwrap().times.len(), 3);
                continue;
            }
            let error = read(&bytes).expect_err(&format!("{what} {lie}"));
            assert_eq!(error.code(), "protocol");
        }
    }
}

/// Changes numbers of the head of the first batch, see above.
fn with_numbers(name: &str, numbers: &[(usize, i64)]) -> Vec<u8> {
    let mut bytes = stream(name);
    for (place, number) in numbers {
        bytes[232 + place..232 + place + 8].copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

#[test]
fn columns_that_lie_in_the_same_bytes_are_refused() {
    // All three in the first 24 bytes, and no more than those: more memory would be needed than there are bytes.
    let shared = [(40, 24), (136, 0), (168, 0)];
    let bytes = with_numbers("points_3", &shared);
    let error = read(&bytes[..232 + 240 + 24]).unwrap_err();
    assert!(error.message().contains("a batch was to have 3 points in 24 bytes"), "{error}");
}

#[test]
fn nulls_are_believed_only_with_their_bits() {
    // (place of) the nulls of the values, and the length of the buffer with their bits.
    const NULLS: usize = 232;
    const BITS: usize = 160;
    let honest = read(&stream("nulls")).unwrap();
    for numbers in [&[(NULLS, 1), (BITS, 0)][..], &[(BITS, 2)], &[(NULLS, 21)], &[(NULLS, -2)]] {
        let error = read(&with_numbers("nulls", numbers)).unwrap_err();
        assert!(error.message().contains("of the column \"value\" did not fit"), "{numbers:?}: {error}");
    }
    // The bits count, not the number of them; and without bits nothing is null.
    for number in [-1, 1, 20] {
        assert_eq!(bits(&read(&with_numbers("nulls", &[(NULLS, number)])).unwrap()), bits(&honest));
    }
    assert!(read(&with_numbers("points_3", &[(NULLS, -1)])).unwrap().values.iter().all(|value| !value.is_nan()));
}

#[test]
fn nothing_is_read_behind_the_end() {
    let mut bytes = stream("end");
    let points = read(&bytes).unwrap();
    for more in [&b"garbage"[..], &[0; 8], &[255; 64], &stream("points_3")] {
        bytes.extend_from_slice(more);
        assert_eq!(bits(&read(&bytes).unwrap()), bits(&points));
    }
}

/// A stream may end behind each message, and nowhere else.
#[test]
fn streams_that_are_cut_off_are_refused() {
    for name in ["points_3", "batches", "legacy", "others", "nulls_in_batches", "end"] {
        let bytes = stream(name);
        let whole = read(&bytes).unwrap().times.len();
        let good: Vec<(usize, usize)> = (0..bytes.len())
            .filter_map(|end| read(&bytes[..end]).ok().map(|series| (end, series.times.len())))
            .collect();
        // Nothing, the schema, each batch but the last of those that are not followed by a mark.
        assert!(good.len() >= 2 && good.len() <= 8, "{name}: {good:?}");
        assert!(good.iter().all(|(end, _)| end % 4 == 0), "{name}: {good:?}");
        assert!(good.iter().all(|(_, points)| *points <= whole), "{name}: {good:?}");
    }
    let bytes = stream("points_3");
    let good: Vec<usize> = (0..bytes.len()).filter(|end| read(&bytes[..*end]).is_ok()).collect();
    assert_eq!(good, [0, 232]);
}

fn oracle_schema(nullable: bool) -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("utc_time", DataType::Timestamp(TimeUnit::Millisecond, None), nullable),
        Field::new("flags", DataType::UInt32, nullable),
        Field::new("value", DataType::Float64, nullable),
    ]))
}

fn oracle_write(schema: &Arc<Schema>, batches: &[RecordBatch], options: IpcWriteOptions) -> Vec<u8> {
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), schema, options).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn oracle_read(bytes: &[u8]) -> (Arc<Schema>, Vec<RecordBatch>) {
    let reader = StreamReader::try_new(bytes, None).unwrap();
    (reader.schema(), reader.map(Result::unwrap).collect())
}

fn column<T: Array + Clone + 'static>(batch: &RecordBatch, number: usize) -> T {
    batch.column(number).as_any().downcast_ref::<T>().unwrap().clone()
}

#[test]
fn arrow_ipc_reads_what_we_write() {
    let mut dice = Dice(5);
    for count in (1..40).chain([511, 512, 513, 3000]) {
        let points = dice.series(count);
        let written = write(&points.times, &points.flags, &points.values);
        let (schema, batches) = oracle_read(&written);
        assert_eq!((schema, batches.len()), (oracle_schema(true), 1));
        let batch = &batches[0];
        assert_eq!(batch.columns().iter().map(Array::null_count).sum::<usize>(), 0);
        let read = Series {
            times: column::<TimestampMillisecondArray>(batch, 0).values().to_vec(),
            flags: column::<UInt32Array>(batch, 1).values().to_vec(),
            values: column::<Float64Array>(batch, 2).values().to_vec(),
        };
        assert_eq!(bits(&read), bits(&points), "{count}");
    }
}

#[test]
fn we_read_what_arrow_ipc_writes() {
    let mut dice = Dice(77);
    for round in 0..200 {
        let options = match round % 6 {
            0 => IpcWriteOptions::try_new(8, false, MetadataVersion::V5),
            1 => IpcWriteOptions::try_new(64, false, MetadataVersion::V5),
            2 => IpcWriteOptions::try_new(16, false, MetadataVersion::V5),
            3 => IpcWriteOptions::try_new(64, false, MetadataVersion::V4),
            4 => IpcWriteOptions::try_new(8, true, MetadataVersion::V4),
            _ => Ok(IpcWriteOptions::default()),
        };
        let with_nulls = round % 3 == 0;
        let schema = oracle_schema(with_nulls);
        let mut points = Series::default();
        let mut batches = Vec::new();
        for _ in 0..dice.below(5) {
            let count = dice.below(200);
            let part = dice.series(count);
            let mut is_null = || with_nulls && dice.below(4) == 0;
            let flags: Vec<_> = part.flags.iter().map(|flags| (!is_null()).then_some(*flags)).collect();
            let values: Vec<_> = part.values.iter().map(|value| (!is_null()).then_some(*value)).collect();
            points.times.extend(&part.times);
            points.flags.extend(
                flags
                    .iter()
                    .zip(&values)
                    .map(|(flags, value)| flags.unwrap_or(0) | if value.is_none() { MISSING } else { 0 }),
            );
            points.values.extend(values.iter().map(|value| value.unwrap_or(f64::NAN)));
            let columns: Vec<ArrayRef> = vec![
                Arc::new(TimestampMillisecondArray::from(part.times)),
                Arc::new(UInt32Array::from(flags)),
                Arc::new(Float64Array::from(values)),
            ];
            let batch = RecordBatch::try_new(schema.clone(), columns).unwrap();
            let from = dice.below(count + 1);
            let (whole, half) = (batch.clone(), batch.slice(from, count - from));
            // A part of a batch, whose bits of nulls do not begin with a byte.
            if round % 2 == 0 {
                batches.push(whole);
            } else {
                let kept = points.times.len() - count;
                points.times.drain(kept..kept + from);
                points.flags.drain(kept..kept + from);
                points.values.drain(kept..kept + from);
                batches.push(half);
            }
        }
        let bytes = oracle_write(&schema, &batches, options.unwrap());
        let series = read(&bytes).unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(bits(&series), bits(&points), "round {round}");
    }
}

/// One change or a few to a stream: bits, numbers that are at an edge, parts moved, the end cut off.
fn mutate(bytes: &mut Vec<u8>, dice: &mut Dice) {
    const EDGES: [i64; 14] =
        [0, 1, -1, 2, 4, 7, 8, 20, 255, 0x7fff_ffff, 0x8000_0000, -0x8000_0000, i64::MAX, i64::MIN];
    for _ in 0..=dice.below(4) {
        // Most of the bytes that matter are in the heads.
        let near = if dice.below(4) == 0 { bytes.len() } else { bytes.len().min(480) };
        let at = dice.below(near);
        let left = bytes.len() - at;
        match dice.below(7) {
            0 if left > 0 => bytes[at] ^= 1 << dice.below(8),
            1 if left > 0 => bytes[at] = dice.roll() as u8,
            2 | 3 if left >= 8 => {
                let edge = EDGES[dice.below(EDGES.len())].wrapping_add(dice.below(3) as i64 - 1);
                let width = [2, 4, 8][dice.below(3)];
                let at = at / width * width;
                bytes[at..at + width].copy_from_slice(&edge.to_le_bytes()[..width]);
            }
            4 if left >= 4 => {
                let change = dice.below(129) as u32;
                let old = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
                bytes[at..at + 4].copy_from_slice(&old.wrapping_add(change).wrapping_sub(64).to_le_bytes());
            }
            5 if left > 0 && dice.below(4) == 0 => bytes.truncate(at),
            6 if left > 0 && dice.below(4) == 0 => {
                let length = dice.below(left.min(64));
                let part = bytes[at..at + length].to_vec();
                let to = dice.below(bytes.len());
                bytes.splice(to..to, part);
            }
            _ => {}
        }
    }
}

/// Reads `count` changed streams: an error of the right kind or points in even columns, and never more memory than bytes.
fn storm(count: usize, seed: u64) -> (usize, usize) {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut streams: Vec<PathBuf> =
        names.filter(|path| path.extension().is_some_and(|ending| ending == "arrow")).collect();
    streams.sort();
    let streams: Vec<Vec<u8>> = streams.iter().map(|path| fs::read(path).unwrap()).collect();
    let mut dice = Dice(seed);
    let (mut good, mut bad) = (0, 0);
    for _ in 0..count {
        let mut bytes = streams[dice.below(streams.len())].clone();
        mutate(&mut bytes, &mut dice);
        match read(&bytes) {
            Ok(series) => {
                good += 1;
                let rows = series.times.len();
                assert!(series.flags.len() == rows && series.values.len() == rows);
                let room = series.times.capacity() * 8 + series.flags.capacity() * 4 + series.values.capacity() * 8;
                assert!(room <= bytes.len(), "{room} for {}", bytes.len());
            }
            Err(error) => {
                bad += 1;
                assert_eq!(error.code(), "protocol");
                assert!(error.message().len() < 400, "{error}");
            }
        }
    }
    (good, bad)
}

/// `HAFT_ARROW_STREAMS` asks for another number of streams.
#[test]
fn changed_streams_are_points_or_errors() {
    let count = std::env::var("HAFT_ARROW_STREAMS").map_or(60_000, |count| count.parse().unwrap());
    let (good, bad) = storm(count, 0x9e37_79b9_7f4a_7c15);
    assert!(good > 1000 && bad > 1000, "{good} {bad}");
}
