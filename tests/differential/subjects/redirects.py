"""Redirects (spec/http.md 1.7)."""

from urllib.parse import quote

from case import Call, Case, Upload, call


def _to(url, status=302, base="{http}", **more):
    extra = "".join(f"&{key}={quote(value, safe=':/{}_')}" for key, value in more.items())
    return f"{base}/redirect-to?status_code={status}&url={quote(url, safe=':/{}_')}{extra}"


_A, _B = "http://a.test:{http_port}", "http://b.test:{http_port}"

CASES = []
for _status in (301, 302, 303, 307, 308):
    for _method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        CASES.append(call(f"{_status} {_method}", _method, _to("/anything", _status), allow_redirects=True))
    for _method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        CASES.append(call(f"{_status} {_method} with a form", _method, _to("/anything", _status), data={"a": "1"}))
    CASES.append(call(f"{_status} POST with json", "POST", _to("/anything", _status), json={"a": 1}))
    CASES.append(call(f"{_status} POST with a reader", "POST", _to("/anything", _status), data=Upload(b"0123456789")))
    CASES.append(call(f"{_status} POST with a reader that cannot go back", "POST", _to("/anything", _status), data=Upload(b"0123456789", "pipe")))
    CASES.append(call(f"{_status} POST with a reader of unknown size", "POST", _to("/anything", _status), data=Upload(b"0123456789", "chunks")))
    CASES.append(call(f"{_status} not followed", "POST", _to("/anything?x=1", _status), data={"a": "1"}, allow_redirects=False))
    CASES.append(call(f"{_status} without a location", "GET", "{http}/redirect-to?status_code=%d" % _status))

CASES += [
    call("HEAD is not followed by itself", "HEAD", _to("/anything")),
    call("300 is not followed", "GET", _to("/get", 300)),
    call("304 is not followed", "GET", _to("/get", 304)),
    call("305 is not followed", "GET", _to("/get", 305)),
    call("201 is not followed", "GET", _to("/get", 201)),
    call("chain", "GET", "{http}/redirect/5"),
    call("relative chain", "GET", "{http}/relative-redirect/3"),
    call("absolute chain", "GET", "{http}/absolute-redirect/3"),
    call("chain with a body kept", "POST", "{http}/redirect/3?status_code=307", data="x"),
    call("max 0", "GET", "{http}/redirect/1", {"max_redirects": 0}),
    call("max 1 of 1", "GET", "{http}/redirect/1", {"max_redirects": 1}),
    call("max 1 of 2", "GET", "{http}/redirect/2", {"max_redirects": 1}),
    call("max 5 of 5", "GET", "{http}/redirect/5", {"max_redirects": 5}),
    call("max 5 of 6", "GET", "{http}/redirect/6", {"max_redirects": 5}),
    call("max 0 without redirects", "GET", "{http}/get", {"max_redirects": 0}),
    call("max by default", "GET", "{http}/redirect/31"),
    call("thirty", "GET", "{http}/redirect/30"),
    call("next of a GET", "GET", _to("/anything?y=2"), params={"a": "b"}, allow_redirects=False),
    call("next to another host", "GET", _to(_B + "/get", base=_A), auth=["u", "p"], allow_redirects=False),
    call("with a body in the answer", "GET", _to("/get", body="moved, see there")),
]

_TARGETS = {
    "absolute path": "/anything/x",
    "relative path": "anything/rel",
    "dot segments": "/a/b/../../anything/./y",
    "parent": "../anything",
    "query alone": "?url=/get",
    "empty": "",
    "fragment alone": "#there",
    "scheme relative": "//{http_at}/anything/sr",
    "absolute": "{http}/anything/abs",
    "another host": _B + "/anything",
    "fragment": "/anything#there",
    "blanks": "/anything/a b?c d",
    "unicode": "/anything/ü?q=ö",
    "bad escapes": "/anything/%zz",
    "escapes": "/anything/%7e%2f",
    "escaped query": "/anything?x=%26%3D",
    "brackets": "/anything?x[]=1",
    "unknown scheme": "ftp://a.test/x",
    "mailto": "mailto:a@b.c",
    "scheme in capitals": "HTTP://{http_at}/anything",
    "no host": "http://",
    "bad port": "http://a.test:port/",
    "host in capitals": "http://A.TEST:{http_port}/anything",
    "userinfo": "http://u:p@{http_at}/anything",
    "port closed": "http://127.0.0.1:1/",
    "leading blank": " /anything",
    "only colon": "x:y",
    "backslash": "/anything\\x",
    "double slash path": "/anything//x",
}
CASES += [call(f"to {name}", "GET", _to(target, base=_A)) for name, target in _TARGETS.items()]
CASES += [
    call("fragment is inherited", "GET", _to("/get") + "#mine"),
    call("fragment is replaced", "GET", _to("/get#theirs") + "#mine"),
    call("fragment over three", "GET", "{http}/redirect/3#mine"),
    call("to https", "GET", _to("{https}/anything"), verify="{ca}"),
    call("to http", "GET", _to("{http}/anything", base="{https}"), verify="{ca}"),
    call("to https that is not trusted", "GET", _to("{https}/anything")),
    call("to itself", "GET", "{http}/redirect-to?url=/redirect-to%3Furl%3D/get"),
    call("location in latin-1", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 302 Found\r\nLocation: /anything/caf\xe9\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    call("location in utf-8", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 302 Found\r\nLocation: /anything/caf\xc3\xa9\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    call("location twice", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 302 Found\r\nLocation: /anything/1\r\nLocation: /anything/2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    call("truncated body on the way", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 302 Found\r\nLocation: /get\r\nContent-Length: 100\r\nConnection: close\r\n\r\nshort"),
    call("broken gzip on the way", "POST", "{http}/raw-head?close=1", data=b"HTTP/1.1 302 Found\r\nLocation: /get\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\nConnection: close\r\n\r\njunk"),
    call("referer is not made", "GET", _to("/headers")),
    call("own fields stay", "GET", _to("/headers"), headers={"X-Api-Key": "k", "Accept": "a/b"}),
    call("own fields go to another host", "GET", _to(_B + "/headers", base=_A), headers={"X-Api-Key": "k", "Authorization": "Bearer x"}),
    call("own host field", "GET", _to("/headers"), headers={"Host": "other.example"}),
    call("own host field to another host", "GET", _to(_B + "/headers", base=_A), headers={"Host": "other.example"}),
    call("own content type", "POST", _to("/anything", 302), data="x", headers={"Content-Type": "a/b", "Content-Length": "1"}),
    call("own content type kept by 307", "POST", _to("/anything", 307), data="x", headers={"Content-Type": "a/b"}),
    Case("connection is kept", [Call("GET", "{http}/redirect/2"), Call("GET", "{http}/get")]),
]

# Who may see the password afterwards.
_AUTH = {"auth": ["user", "pass"]}
for _name, _from, _target in (
    ("same origin", _A, "/headers"),
    ("same host, absolute", _A, _A + "/headers"),
    ("another host", _A, _B + "/headers"),
    ("sub domain", _A, "http://sub.a.test:{http_port}/headers"),
    ("case of the host", _A, "http://A.test:{http_port}/headers"),
    ("another port", "http://localhost:{http_port}", "http://localhost:{http_proxy_port}/headers"),
    ("https on another port", "http://localhost:{http_port}", "https://localhost:{https_port}/headers"),
    ("http on another port", "https://localhost:{https_port}", "http://localhost:{http_port}/headers"),
    ("there and back", _A, _to(_A + "/headers", base=_B)),
):
    CASES.append(call(f"basic to {_name}", "GET", _to(_target, base=_from), auth=["user", "pass"], verify="{ca}"))
    CASES.append(call(f"session basic to {_name}", "GET", _to(_target, base=_from), _AUTH, verify="{ca}"))
    CASES.append(call(f"own header to {_name}", "GET", _to(_target, base=_from), headers={"Authorization": "Bearer x"}, verify="{ca}"))
CASES += [
    call("userinfo to another path", "GET", "http://u:p@a.test:{http_port}/redirect-to?url=/headers"),
    call("userinfo to another host", "GET", "http://u:p@a.test:{http_port}/redirect-to?url=" + quote(_B, safe=":/{}_") + "/headers"),
    call("307 to another host with a body", "POST", _to(_B + "/anything", 307, base=_A), data="secret", auth=["u", "p"]),
    call("netrc for the other host", "GET", _to(_B + "/headers", base=_A), environment={"NETRC": "{files}/netrc"},
         disk={"netrc": "machine a.test login ua password pa\nmachine b.test login ub password pb\n"}),
]
