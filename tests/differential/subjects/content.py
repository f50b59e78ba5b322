"""Answers: codings, charsets, links, status lines (spec/http.md 1.13, 1.14)."""

from urllib.parse import quote

from case import Call, Case, call

CASES = [call(f"coding {name}", "GET", "{http}/" + name) for name in ("gzip", "deflate", "deflate-raw", "brotli", "zstd", "gzip-multi")]
_CODINGS = ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip,br", "br,gzip", "zstd,gzip", "deflate,gzip,br", "identity", "gzip,gzip,gzip,gzip,gzip", "gzip,gzip,gzip,gzip,gzip,gzip", "GZIP"]
for _codings in _CODINGS:
    CASES.append(call(f"encoded {_codings}", "GET", "{http}/encoded?body=hello&codings=" + _codings))
    CASES.append(call(f"encoded {_codings}, chunked", "GET", "{http}/encoded?size=5000&chunked=1&chunk_size=100&codings=" + _codings))
for _coding in ("gzip", "deflate", "br", "zstd"):
    CASES += [
        call(f"empty {_coding}", "GET", "{http}/encoded?empty=1&codings=" + _coding),
        call(f"encoded nothing by {_coding}", "GET", "{http}/encoded?size=0&codings=" + _coding),
        call(f"truncated {_coding}", "GET", "{http}/encoded?size=5000&broken=truncate&codings=" + _coding),
        call(f"broken {_coding}", "GET", "{http}/encoded?size=5000&broken=1&codings=" + _coding),
        call(f"garbage after {_coding}", "GET", "{http}/encoded?size=500&garbage=1&codings=" + _coding),
        call(f"HEAD of {_coding}", "HEAD", "{http}/encoded?size=500&codings=" + _coding),
        call(f"large {_coding}", "GET", "{http}/encoded?size=300000&codings=" + _coding),
        call(f"plain text as {_coding}", "GET", "{http}/response-headers?Content-Encoding=" + _coding),
    ]
CASES += [
    call("unknown coding", "GET", "{http}/response-headers?Content-Encoding=foo"),
    call("unknown coding in a list", "GET", "{http}/response-headers?Content-Encoding=foo,%20bar"),
    call("coding of a 404", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 404 No\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    call("coding twice", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"),
]


def _text(charset="", data=b"", kind=None):
    return "{http}/text?bytes=" + data.hex() + (f"&charset={quote(charset)}" if charset else "") + (f"&type={quote(kind, safe='')}" if kind else "")


_LATIN, _UTF8 = "café".encode("latin-1"), "café – 日本".encode()
for _name, _charset, _bytes in (
    ("utf-8", "utf-8", _UTF8),
    ("UTF8 in capitals", "UTF8", _UTF8),
    ("latin-1", "iso-8859-1", _LATIN),
    ("latin-1 with 0x80", "iso-8859-1", bytes(range(0x80, 0xa0))),
    ("windows-1252", "windows-1252", "€ “x”".encode("cp1252")),
    ("cp1251", "cp1251", "Привет".encode("cp1251")),
    ("koi8-r", "koi8-r", "Привет".encode("koi8-r")),
    ("shift_jis", "shift_jis", "日本語".encode("shift_jis")),
    ("euc-jp", "euc-jp", "日本語".encode("euc-jp")),
    ("iso-2022-jp", "iso-2022-jp", "日本語".encode("iso-2022-jp")),
    ("gb2312", "gb2312", "中文".encode("gb2312")),
    ("gbk", "gbk", "中文".encode("gbk")),
    ("big5", "big5", "中文".encode("big5")),
    ("euc-kr", "euc-kr", "한국어".encode("euc-kr")),
    ("iso-8859-15", "iso-8859-15", "€é".encode("iso-8859-15")),
    ("iso-8859-2", "iso-8859-2", "łódź".encode("iso-8859-2")),
    ("utf-16", "utf-16", "hé".encode("utf-16")),
    ("utf-16-le", "utf-16-le", "hé".encode("utf-16-le")),
    ("utf-16-be", "utf-16be", "hé".encode("utf-16-be")),
    ("utf-32", "utf-32", "hé".encode("utf-32")),
    ("ascii with high bytes", "ascii", b"a\xffb"),
    ("us-ascii", "us-ascii", b"abc"),
    ("unknown name", "no-such-charset", _UTF8),
    ("broken utf-8", "utf-8", b"a\xff\xfeb\xc3"),
    ("utf-8 with mark", "utf-8", b"\xef\xbb\xbfabc"),
    ("utf-8-sig", "utf-8-sig", b"\xef\xbb\xbfabc"),
    ("overlong utf-8", "utf-8", b"\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"),
    ("quoted name", '"utf-8"', _UTF8),
    ("empty", "utf-8", b""),
    ("line ends", "utf-8", b"a\r\nb\rc\n"),
    ("NUL inside", "utf-8", b"a\0b"),
):
    CASES.append(call(f"charset {_name}", "GET", _text(_charset, _bytes)))
for _name, _kind, _bytes in (
    ("text/plain", "text/plain", _LATIN),
    ("text/html", "text/html", _UTF8),
    ("application/json", "application/json", _UTF8),
    ("application/xml, ascii", "application/xml", b"<a/>"),
    ("octets, ascii", "application/octet-stream", b"just ascii text that is long enough to guess"),
    ("none, ascii", "none", b"just ascii text that is long enough to guess"),
    ("none, utf-8", "none", ("Ein längerer Text über schöne Dinge: äöüß – und noch etwas mehr. " * 4).encode()),
    ("none, empty", "none", b""),
    ("text in capitals", "TEXT/PLAIN", _LATIN),
    ("charset in capitals", "text/plain; CHARSET=UTF-8", _UTF8),
    ("charset with blanks", "text/plain; charset = utf-8", _UTF8),
    ("charset in single quotes", "text/plain; charset='utf-8'", _UTF8),
    ("charset empty", "text/plain; charset=", _UTF8),
    ("charset twice", "text/plain; charset=utf-8; charset=latin-1", _UTF8),
    ("charset among others", "text/plain; format=flowed; charset=utf-8; delsp=yes", _UTF8),
    ("charset without value", "text/plain; charset", _UTF8),
    ("context", "application/context", b"abc"),
    ("json with suffix", "application/problem+json", b"{}"),
    ("broken type", "utf-8", b"abc"),
):
    CASES.append(call(f"type {_name}", "GET", _text(data=_bytes, kind=_kind)))
for _name, _bytes, _kind in (
    ("utf-8", '{"ü": 1}'.encode(), "application/json"),
    ("utf-8 with mark", b'\xef\xbb\xbf{"a": 1}', "application/json"),
    ("utf-16", '{"ü": 1}'.encode("utf-16"), "none"),
    ("utf-16-le", '{"ü": 1}'.encode("utf-16-le"), "none"),
    ("utf-16-be", '{"ü": 1}'.encode("utf-16-be"), "none"),
    ("utf-32", '{"ü": 1}'.encode("utf-32"), "none"),
    ("latin-1 by charset", '{"ü": 1}'.encode("latin-1"), "application/json; charset=latin-1"),
    ("utf-8 as text", '{"ü": 1}'.encode(), "text/plain"),
    ("number", b"1.50", "application/json"),
    ("large numbers", b"[9223372036854775807, -9223372036854775808, 1e3, 0.1]", "application/json"),
    ("text", b'"x"', "application/json"),
    ("nothing", b"", "application/json"),
    ("blank", b"  ", "application/json"),
    ("broken", b"{", "application/json"),
    ("two values", b"1 2", "application/json"),
    ("single quotes", b"{'a': 1}", "application/json"),
    ("comma at the end", b"[1,]", "application/json"),
    ("escapes", b'"\\u00e4\\n\\ud83d\\ude00"', "application/json"),
    ("repeated keys", b'{"a": 1, "a": 2}', "application/json"),
    ("nested", b'{"a": [{"b": [null, true, false]}]}', "application/json"),
    ("html", b"<html>", "text/html"),
):
    CASES.append(call(f"json {_name}", "GET", "{http}/json-raw?hex=" + _bytes.hex() + "&type=" + quote(_kind, safe=""), json_too=True))
for _value in (
    '<http://a/?p=2>; rel="next"',
    '<http://a/?p=2>; rel="next", <http://a/?p=9>; rel="last"',
    "<http://a>",
    "<http://a>; rel=next; title=\"x, y\"; type='text/html'",
    "<http://a>;rel=next,<http://b>;rel=prev",
    "<http://a>; rel",
    "<http://a>; rel=",
    "<http://a>; a=b=c; rel=next",
    "",
    "  ",
    "garbage",
    "<a, b>; rel=x",
    "<http://a>; rel=\"one two\"",
    "<http://a>; REL=Next",
    "<http://a>;; rel=next",
    "<http://a>; rel=next, <http://b>; rel=next",
):
    CASES.append(call(f"link {_value!r}", "GET", "{http}/link-header?value=" + quote(_value, safe="")))
CASES.append(call("link in several fields", "GET", "{http}/link-header?value=%3Ca%3E%3Brel%3Dx&value=%3Cb%3E%3Brel%3Dy"))
for _status in (200, 201, 202, 204, 206, 299, 300, 304, 400, 401, 403, 404, 405, 409, 410, 418, 422, 429, 451, 500, 501, 502, 503, 504, 599, 600, 700, 999):
    CASES.append(call(f"status {_status}", "GET", "{http}/status/%d" % _status, raises=True))
CASES += [
    call("status with reason", "GET", "{http}/status/404?reason=Gone%20Fishing", raises=True),
    call("status with body", "GET", "{http}/status/500?body=oops", raises=True),
    call("reason missing", "GET", "{http}/no-reason"),
    call("reason and blank missing", "GET", "{http}/no-reason?space=0"),
    call("reason missing in an error", "GET", "{http}/no-reason?code=404", raises=True),
    call("HTTP/1.0", "GET", "{http}/http10"),
    Case("HTTP/1.0 twice", [Call("GET", "{http}/http10"), Call("GET", "{http}/get")]),
    call("early hints", "GET", "{http}/early-hints"),
    call("early hints, three", "GET", "{http}/early-hints?n=3"),
    call("continue unasked", "GET", "{http}/continue"),
    call("continue unasked, with a body", "POST", "{http}/continue?n=2", data="x"),
    call("trailers", "GET", "{http}/trailers"),
    call("204 with length", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"),
    call("304 with length", "GET", "{http}/etag/x", headers={"If-None-Match": '"x"'}),
    call("412", "GET", "{http}/etag/x", headers={"If-Match": '"y"'}),
    call("range", "GET", "{http}/range/100", headers={"Range": "bytes=10-19"}),
    call("range not possible", "GET", "{http}/range/100", headers={"Range": "bytes=200-"}),
    call("HEAD", "HEAD", "{http}/size/1000"),
    Case("HEAD keeps the connection", [Call("HEAD", "{http}/size/1000"), Call("GET", "{http}/size/10")]),
    call("sized", "GET", "{http}/size/100000", text=False),
    call("chunked", "GET", "{http}/stream-bytes/5000?seed=1&chunk_size=7", text=False),
    call("lines", "GET", "{http}/stream/5"),
    call("drip", "GET", "{http}/drip?numbytes=5&duration=0.05"),
    call("byte by byte", "GET", "{http}/fault/slow-drip?interval_ms=0"),
    call("raise for 200", "GET", "{http}/get", raises=True),
]
