"""Multipart forms (spec/http.md 1.5)."""

from case import Upload, call

_FILES = {
    "bytes": {"f": ["name.txt", b"content"]},
    "text content": {"f": ["name.txt", "content ü"]},
    "type": {"f": ["name.txt", b"content", "text/plain"]},
    "type and headers": {"f": ["name.txt", b"content", "text/plain", {"X-Part": "1", "Expires": "0"}]},
    "headers without type": {"f": ["name.txt", b"content", None, {"X-Part": "1"}]},
    "headers override type": {"f": ["name.txt", b"content", "text/plain", {"Content-Type": "other/x"}]},
    "no name": {"f": [None, b"content"]},
    "no name with type": {"f": [None, b"{}", "application/json"]},
    "empty name": {"f": ["", b"content"]},
    "empty content": {"f": ["empty.bin", b""]},
    "quotes in names": {'fi"eld': ['na"me.txt', b"x"]},
    "unicode in names": {"fü": ["nä😀.txt", b"x"]},
    "line breaks in names": [["f\r\ni", ["n\r\nm.txt", b"x"]]],
    "backslash and percent": {"f\\%22": ["a\\b%.txt", b"x"]},
    "path in name": {"f": ["../dir/name.txt", b"x"]},
    "semicolon in name": {"f;g": ["a;b.txt", b"x"]},
    "binary": {"f": ["b.bin", bytes(range(256))]},
    "boundary-like content": {"f": ["b.bin", b"\r\n--\r\n--abc--\r\n"]},
    "several": {"a": ["a.txt", b"1"], "b": ["b.txt", b"2"], "c": ["c.txt", b"3"]},
    "several of one name": [["f", ["1.txt", b"1"]], ["f", ["2.txt", b"2"]], ["g", ["3.txt", b"3"]]],
    "reader": {"f": ["r.txt", Upload(b"from a reader")]},
    "reader with type": {"f": ["r.txt", Upload(b"from a reader"), "a/b"]},
    "large reader": {"f": ["r.bin", Upload(b"0123456789" * 5000)]},
    "plain bytes": {"f": b"content"},
}

_FIELDS = {
    "none": None,
    "map": {"a": "1", "ü": "ö", "n": 5},
    "list value": {"a": ["1", "2"], "b": None},
    "pairs": [["z", "1"], ["a", "2"], ["z", "3"]],
    "bytes": {"a": b"\x00\xff"},
    "empty value": {"a": ""},
    "quotes": {'a"b': 'c"d'},
}

CASES = [call(f"file {name}", "POST", "{http}/post", files=value) for name, value in _FILES.items()]
CASES += [
    call(f"fields {name}", "POST", "{http}/post", files={"f": ["n.txt", b"x"]}, data=value)
    for name, value in _FIELDS.items()
    if value is not None
]
CASES += [
    call("by PUT", "PUT", "{http}/put", files={"f": ["n.txt", b"x"]}),
    call("by GET", "GET", "{http}/anything", files={"f": ["n.txt", b"x"]}),
    call("own type", "POST", "{http}/post", files={"f": ["n.txt", b"x"]}, headers={"Content-Type": "multipart/mixed"}),
    call("with json ignored", "POST", "{http}/post", files={"f": ["n.txt", b"x"]}, json={"a": 1}),
    call("empty map of files", "POST", "{http}/post", files={}, data={"a": "1"}),
    call("empty list of files", "POST", "{http}/post", files=[], data={"a": "1"}),
    call("data text is refused", "POST", "{http}/post", files={"f": ["n.txt", b"x"]}, data="text"),
    call("redirect 307 sends it again", "POST", "{http}/redirect-to?url=/post&status_code=307", files={"f": ["n", b"x"]}, data={"a": "1"}),
    call("redirect 302 drops it", "POST", "{http}/redirect-to?url=/anything&status_code=302", files={"f": ["n", b"x"]}),
]
