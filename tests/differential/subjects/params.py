"""The query: what is given beside the URL (spec/http.md 1.3 step 7, 1.1)."""

from case import Call, Case, call, prepare

_VALUES = {
    "list and none and empty": {"a": [1, 2], "b": None, "c": ""},
    "pairs": [["a", "x y"], ["a", "ü&"]],
    "text": "a=b c&d=ü",
    "text starting with a question mark": "?a=b",
    "bytes": b"a=b&c=%20",
    "empty map": {},
    "empty list": [],
    "empty text": "",
    "number": {"n": 5, "f": 1.5, "neg": -3},
    "big number": {"n": 12345678901234567890},
    "truth": {"t": "True"},
    "bytes value": {"k": b"\xff\x00 z"},
    "unicode key": {"ключ": "значение"},
    "specials": {"a&b": "c=d", "e+f": "g h", "i/j": "k?l", "m#n": "%41", "tilde": "~-._*"},
    "list with none": {"a": ["x", None, "y"]},
    "empty list value": {"a": [], "b": "1"},
    "nested brackets": {"a[]": ["1", "2"], "b[c]": "d"},
    "newline": {"a": "line\r\nbreak\ttab"},
    "emoji": {"a": "😀"},
    "pairs with none": [["a", None], ["b", "1"]],
    "pairs with list": [["a", ["1", "2"]], ["a", "3"]],
    "quotes": {"a": "\"'<>`{}|\\^[]"},
}

_BASES = ["http://h/", "http://h/?z=1", "http://h/p?z=1#frag", "http://h?", "http://h/p;x?a=%20#f"]

CASES = [
    prepare(f"{name} on {base}", "GET", base, params=value)
    for name, value in _VALUES.items()
    for base in (_BASES if name in ("list and none and empty", "text", "empty map", "empty text") else _BASES[1:2])
]

_SESSION = {"params": {"s": "1", "both": "session", "gone": "x"}}

CASES += [
    prepare("session alone", "GET", "http://h/", _SESSION),
    prepare("session and call", "GET", "http://h/?u=0", _SESSION, params={"both": "call", "new": "2"}),
    prepare("call removes", "GET", "http://h/", _SESSION, params={"gone": None}),
    prepare("call empties", "GET", "http://h/", _SESSION, params={"gone": ""}),
    prepare("pairs replace", "GET", "http://h/", _SESSION, params=[["a", "1"]]),
    prepare("text replaces", "GET", "http://h/", _SESSION, params="a=1"),
    prepare("null is the session's", "GET", "http://h/", _SESSION, params=None),
    prepare("empty map is the session's", "GET", "http://h/", _SESSION, params={}),
    prepare("session pairs, call map", "GET", "http://h/", {"params": [["a", "1"], ["a", "2"]]}, params={"b": "3"}),
    prepare("session pairs alone", "GET", "http://h/", {"params": [["a", "1"], ["a", "2"]]}),
    prepare("session text", "GET", "http://h/", {"params": "a=1"}),
    prepare("session text, call map", "GET", "http://h/", {"params": "a=1"}, params={"b": "2"}),
    prepare("session list, call value", "GET", "http://h/", {"params": {"a": ["1", "2"]}}, params={"a": "3"}),
    prepare("not for other schemes", "GET", "mailto:a@b.c", params={"a": "1"}),
    call("sent", "GET", "{http}/get?x=1", params={"a": ["1", "2"], "ü": "ö ä"}),
    call("sent with post", "POST", "{http}/post", params={"a": "1"}, data={"b": "2"}),
    call("not repeated by redirects", "GET", "{http}/redirect-to?url=/get", params={"a": "1"}),
    Case(
        "not kept by the session",
        [Call("GET", "{http}/get", {"params": {"a": "1"}}), Call("GET", "{http}/get"), Call("GET", "{http}/get", {"params": {"b": "1"}})],
        {"params": {"s": "1"}},
    ),
]
