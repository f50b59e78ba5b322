"""Bodies: forms, text, bytes, JSON and readers (spec/http.md 1.5)."""

from case import Call, Case, Upload, call, prepare

_NAN = float("nan")

_DATA = {
    "form": {"a": "1", "b": "x y"},
    "form list": {"a": ["1", "2"], "b": None, "c": ""},
    "form pairs": [["b", "2"], ["a", "1"], ["b", "3"]],
    "form unicode": {"ключ": "ü&=+ %"},
    "form numbers": {"n": 5, "f": 1.5},
    "form bytes": {"k": b"\xff\x00"},
    "form specials": {"a~b": "*-._ '()!"},
    "form newline": {"a": "1\r\n2"},
    "form empty list value": {"a": []},
    "text": "plain ü text",
    "text ascii": "a=b",
    "bytes": b"\x00\xff\x80",
    "empty form": {},
    "empty pairs": [],
    "empty text": "",
    "empty bytes": b"",
    "reader": Upload(b"0123456789"),
    "reader of unknown size": Upload(b"0123456789", "chunks"),
    "empty reader of unknown size": Upload(b"", "chunks"),
}

_JSON = {
    "map": {"b": 1, "a": [True, None, "x"]},
    "unicode": {"ü": "日本 😀 \u2028"},
    "float": {"f": 1.5, "e": 1e100, "i": 1.0, "s": 1e-7, "big": 123456789012345680000.0, "neg": -0.0},
    "nested": {"a": {"b": [{"c": []}, {}, [[]]]}},
    "empty map": {},
    "empty list": [],
    "list": [1, 2, 3],
    "text": "just text",
    "empty text": "",
    "zero": 0,
    "number": 42,
    "false": False,
    "true": True,
    "controls": {"c": "\x00\x01\x1f\x7f\"\\/\b\f\n\r\t"},
    "big int": {"i": 12345678901234567890123},
    "infinity": {"x": float("inf")},
    "not a number": {"x": _NAN},
    "bare nan": _NAN,
    "null": None,
}

CASES = []
for _name, _value in _DATA.items():
    CASES.append(call(f"{_name} by POST", "POST", "{http}/post", data=_value))
    CASES.append(call(f"{_name} with own type", "PUT", "{http}/put", data=_value, headers={"Content-Type": "x/y; charset=z"}))
for _name, _value in _JSON.items():
    CASES.append(call(f"json {_name}", "POST", "{http}/post", json=_value))
for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "TRACE"):
    CASES.append(call(f"{_method} without a body", _method, "{http}/anything"))
    CASES.append(call(f"{_method} with a body", _method, "{http}/anything", data="body"))
for _method in ("GET", "DELETE"):
    CASES.append(call(f"{_method} with a form", _method, "{http}/anything", data={"a": "1"}))
    CASES.append(call(f"{_method} with json", _method, "{http}/anything", json={"a": 1}))
    CASES.append(call(f"{_method} with a reader", _method, "{http}/anything", data=Upload(b"abc", "chunks")))
CASES += [
    call("data wins over json", "POST", "{http}/post", data={"a": "1"}, json={"b": 2}),
    call("empty data, json", "POST", "{http}/post", data={}, json={"b": 2}),
    call("json with own type", "POST", "{http}/post", json={"b": 2}, headers={"content-type": "application/vnd.x+json"}),
    call("json with session type", "POST", "{http}/post", {"headers": {"CONTENT-TYPE": "a/b"}}, json={"b": 2}),
    call("json type removed by None", "POST", "{http}/post", {"headers": {"Content-Type": "a/b"}}, json=1, headers={"Content-Type": None}),
    call("own length that fits", "POST", "{http}/post", data="12345", headers={"Content-Length": "5"}),
    call("own length without a body", "POST", "{http}/post", headers={"Content-Length": "0"}),
    call("own length in lower case", "POST", "{http}/post", data="12345", headers={"content-length": "5"}),
    call("own transfer encoding", "POST", "{http}/post", data=Upload(b"abcdef", "chunks"), headers={"Transfer-Encoding": "chunked"}),
    call("large", "POST", "{http}/upload", data=b"x" * 300_000),
    call("large reader", "POST", "{http}/upload", data=Upload(b"y" * 300_000)),
    call("large reader of unknown size", "POST", "{http}/upload", data=Upload(b"z" * 3_000, "chunks")),
    call("empty reader", "POST", "{http}/upload", data=Upload(b"")),
    prepare("prepared form", "POST", "http://h/", data={"a": "ü"}),
    prepare("prepared json", "POST", "http://h/", json={"ü": 1}),
    prepare("prepared text", "POST", "http://h/", data="ü"),
    prepare("prepared nothing", "POST", "http://h/"),
    prepare("prepared reader of unknown size", "POST", "http://h/", data=Upload(b"abc", "chunks")),
    prepare("prepared reader", "POST", "http://h/", data=Upload(b"abc")),
    Case("one connection for all", [Call("POST", "{http}/post", {"data": str(n)}) for n in range(4)]),
]
