"""What goes wrong, and the class that says so (spec/http.md 1.11, 1.12, 1.15)."""

from case import Call, Case, call

_FAULTS = [
    "reset", "reset-after-head", "close", "half-close",
    "truncate", "truncate?length=100&sent=0", "truncated-head", "truncated-chunk", "missing-last-chunk",
    "lying-length", "garbage-after", "body-on-204",
    "huge-header?size=1000", "huge-header?size=60000", "huge-header?size=100000", "many-headers?n=50", "many-headers?n=99", "many-headers?n=150",
    "malformed-chunk", "bad-status-line", "folded-header", "space-colon", "no-colon", "bare-lf",
    "two-lengths", "same-lengths", "bad-length", "negative-length", "te-and-length",
]
CASES = [call(f"fault {fault}", "GET", "{http}/fault/" + fault) for fault in _FAULTS]
CASES += [call(f"fault {fault} by TLS", "GET", "{https}/fault/" + fault, verify="{ca}") for fault in ("reset", "close", "truncate", "truncated-chunk", "truncate?end=abort", "missing-last-chunk?end=abort")]
CASES += [
    call(f"status line {line!r}", "POST", "{http}/raw-head?close=1", data=line + b"\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    for line in (b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.1 20 OK", b"HTTP/1.1 2000 OK", b"HTTP/1.1 abc OK", b"HTTP/2 200 OK", b"HTTP/2.0 200 OK",
                 b"HTTP/0.9 200 OK", b"HTTP/1.2 200 OK", b"ICY 200 OK", b"http/1.1 200 OK", b"HTTP/1.1  200 OK", b"garbage", b"", b"HTTP/1.1 099 Low", b"HTTP/1.1 000 Zero")
]
CASES += [
    call(f"body {name}", "POST", "{http}/raw-head?close=1", data=answer)
    for name, answer in {
        "until the end": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it",
        "nothing at all": b"HTTP/1.1 200 OK\r\n\r\n",
        "chunk extensions": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2;x=y\r\nok\r\n0;z\r\n\r\n",
        "chunk size in capitals": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0A\r\n0123456789\r\n0\r\n\r\n",
        "chunked in capitals": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "chunk size empty": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\r\nok\r\n0\r\n\r\n",
        "chunk size no number": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nxyz\r\nok\r\n0\r\n\r\n",
        "chunk cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nok",
        "chunk end missing": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n",
        "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n",
        "length with plus": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\nConnection: close\r\n\r\nok",
        "length list": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nConnection: close\r\n\r\nok",
        "unequal length list": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\nConnection: close\r\n\r\nok",
        "length empty": b"HTTP/1.1 200 OK\r\nContent-Length:\r\nConnection: close\r\n\r\nok",
        "length with blanks": b"HTTP/1.1 200 OK\r\nContent-Length:   2  \r\nConnection: close\r\n\r\nok",
        "unknown transfer encoding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "blank lines before": b"\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "100 then end": b"HTTP/1.1 100 Continue\r\n\r\n",
        "102 then 200": b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "more than said": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nokmore",
        "truncated gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 50\r\nConnection: close\r\n\r\n\x1f\x8b\x08\x00",
    }.items()
]
CASES += [
    call("connection refused", "GET", "http://127.0.0.1:1/"),
    call("name that is not there", "GET", "http://no-such-host.invalid/"),
    call("read timeout", "GET", "{http}/delay/5", timeout=0.2),
    call("read timeout in the body", "GET", "{http}/fault/stall-body", timeout=0.2),
    call("read timeout of a pair", "GET", "{http}/delay/5", timeout=[5, 0.2]),
    call("read timeout before the head", "GET", "{http}/fault/stall", timeout=0.2),
    call("in time", "GET", "{http}/delay/0.05", timeout=5),
    call("timeout is for silence", "GET", "{http}/drip?numbytes=6&duration=3", timeout=2),
    call("timeout of zero", "GET", "{http}/get", timeout=0),
    call("timeout below zero", "GET", "{http}/get", timeout=-1),
    call("timeout of a pair with none", "GET", "{http}/get", timeout=[None, 5]),
    call("timeout of a triple", "GET", "{http}/get", timeout=[1, 2, 3]),
    call("timeout that is no number", "GET", "{http}/get", timeout="soon"),
    call("timeout of none", "GET", "{http}/get", timeout=None),
    call("413 that closes", "POST", "{http}/fault/early-413?read=100&linger=1", data=b"x" * 100),
    Case("closed while idle", [Call("GET", "{http}/fault/close-idle"), Call("GET", "{http}/get")]),
    Case("error keeps the session", [Call("GET", "{http}/fault/reset"), Call("GET", "{http}/get")]),
    Case("truncation drops the connection", [Call("GET", "{http}/fault/truncate"), Call("GET", "{http}/get")]),
]
