"""Header fields sent and received (spec/http.md 1.4)."""

from case import Call, Case, call

_SESSION = {"headers": {"X-Session": "s", "X-Both": "session", "Accept": "a/b"}}

_SENT = {
    "one": {"X-One": "1"},
    "order": {"Z-Last": "1", "A-First": "2", "M-Middle": "3"},
    "case": {"x-LoWeR": "1", "X_UNDER": "2"},
    "agent replaced": {"User-Agent": "me"},
    "agent replaced in lower case": {"user-agent": "me"},
    "agent removed": {"User-Agent": None},
    "accept removed": {"Accept": None},
    "connection removed": {"Connection": None},
    "connection close": {"Connection": "close"},
    "accept-encoding replaced": {"Accept-Encoding": "gzip"},
    "accept-encoding removed": {"Accept-Encoding": None},
    "host": {"Host": "other.example"},
    "host in lower case": {"host": "other.example:99"},
    "empty value": {"X-Empty": ""},
    "trailing blank": {"X-T": "a "},
    "inner blanks": {"X-T": "a  b\tc"},
    "bytes value": {"X-B": b"raw\xff"},
    "latin-1 value": {"X-L": "é"},
    "unicode value": {"X-U": "日本"},
    "unicode name": {"X-Ü": "1"},
    "leading blank": {"X-T": " a"},
    "leading blank in name": {" X-T": "a"},
    "trailing blank in name": {"X-T ": "a"},
    "line break in value": {"X-T": "a\r\nX-Evil: 1"},
    "line feed in value": {"X-T": "a\nb"},
    "carriage return in value": {"X-T": "a\rb"},
    "line break in name": {"X\r\nT": "a"},
    "colon in name": {"X:T": "a"},
    "leading colon in name": {":authority": "a"},
    "empty name": {"": "a"},
    "blank in name": {"X T": "a"},
    "number": {"X-N": 5},
    "cookie by hand": {"Cookie": "a=b"},
    "authorization by hand": {"Authorization": "Basic abc"},
    "many": {f"X-{n}": str(n) for n in range(80)},
    "long": {"X-Long": "v" * 6000},
    "content type without body": {"Content-Type": "a/b"},
    "expect": {"X-Expect": "no"},
    "te": {"TE": "trailers"},
    "pseudo duplicate": {"X-A": "1", "x-a": "2"},
    "range": {"Range": "bytes=0-3"},
}

CASES = [call(f"sent {name}", "GET", "{http}/headers", headers=value) for name, value in _SENT.items()]
CASES += [
    Case("default agent", [Call("GET", "{http}/raw-head", {}, text=False)] if False else [Call("HEAD", "{http}/status/200")], own_agent=True),
    call("session", "GET", "{http}/headers", _SESSION),
    call("session and call", "GET", "{http}/headers", _SESSION, headers={"x-both": "call", "X-New": "n"}),
    call("call removes the session's", "GET", "{http}/headers", _SESSION, headers={"X-SESSION": None, "accept": None}),
    call("call empties the session's", "GET", "{http}/headers", _SESSION, headers={"X-Session": ""}),
    call("session removes a default", "GET", "{http}/headers", {"headers": {"Accept": None, "User-Agent": None}}),
    call("session replaces a default in lower case", "GET", "{http}/headers", {"headers": {"accept": "x/y"}}),
    call("with body, order", "POST", "{http}/headers", _SESSION, data={"a": "1"}, headers={"X-New": "n"}, cookies={"c": "1"}, auth=["u", "p"]),
    call("with json, order", "POST", "{http}/headers", _SESSION, json={"a": "1"}, headers={"X-New": "n"}, cookies={"c": "1"}),
    call("with reader, order", "POST", "{http}/headers", headers={"X-New": "n"}, data=b"123", cookies={"c": "1"}),
    call("two sets of session headers", "GET", "{http}/headers", {"headers": {"A": "1", "B": "2", "C": "3"}}, headers={"B": "x", "D": "4", "A": None}),
    Case(
        "configured later",
        [
            Call("GET", "{http}/headers"),
            Call("configure", arguments={"headers": {"X-Late": "1"}}),
            Call("GET", "{http}/headers"),
            Call("configure", arguments={"headers": {"X-Late": "2", "X-More": "3"}}),
            Call("GET", "{http}/headers", {"headers": {"X-Call": "4"}}),
            Call("GET", "{http}/headers"),
        ],
    ),
]

_RECEIVED = {
    "repeats": "X-A=1&X-A=2&x-a=3&X-B=4",
    "case": "x-lower=1&X-UPPER=2&x-MiXeD=3",
    "empty": "X-Empty=",
    "latin-1": "X-L=%E9",
    "utf-8": "X-U=%C3%A9",
    "comma": "X-C=a,b&X-C=c",
    "blanks": "X-T=a%20%20b",
    "set-cookie repeats": "Set-Cookie=a%3D1&Set-Cookie=b%3D2",
    "content-type twice": "Content-Type=text/plain&Content-Type=text/html",
    "order": "Z=1&A=2&M=3&B=4",
}

CASES += [call(f"received {name}", "GET", "{http}/response-headers?" + query) for name, query in _RECEIVED.items()]
CASES += [
    call(f"received raw {name}", "POST", "{http}/raw-head?close=1", data=head + b"Connection: close\r\nContent-Length: 2\r\n\r\nok")
    for name, head in {
        "plain": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n",
        "no blank after colon": b"HTTP/1.1 200 OK\r\nX-A:1\r\n",
        "trailing blanks": b"HTTP/1.1 200 OK\r\nX-A: 1  \t\r\n",
        "tab": b"HTTP/1.1 200 OK\r\nX-A:\t1\r\n",
        "interleaved": b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\n",
        "latin-1": b"HTTP/1.1 200 OK\r\nX-A: caf\xe9\r\n",
        "utf-8": b"HTTP/1.1 200 OK\r\nX-A: caf\xc3\xa9\r\n",
        "folded": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n  folded\r\nX-B: 2\r\n",
        "blank before colon": b"HTTP/1.1 200 OK\r\nX-A : 1\r\nX-B: 2\r\n",
        "bare line feeds": b"HTTP/1.1 200 OK\nX-A: 1\n",
        "odd name": b"HTTP/1.1 200 OK\r\nX_A!#$%&'*+-.^`|~: 1\r\n",
        "without value": b"HTTP/1.1 200 OK\r\nX-A:\r\n",
        "reason latin-1": b"HTTP/1.1 200 caf\xe9\r\n",
        "reason utf-8": b"HTTP/1.1 200 caf\xc3\xa9\r\n",
        "reason with blanks": b"HTTP/1.1 200  a  b \r\n",
        "hundred fields": b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: v\r\n" % n for n in range(97)),
    }.items()
]
