"""Code of the host on the way: callable auth, hooks for answers, readers among them (spec/http.md 1.8, 1.12)."""

from case import Call, Case, Digest, Own, Upload, call

_WATCH = {"response": Own("watch")}

CASES = []
for _name in ("sign", "body", "url", "drop", "method"):
    CASES += [
        call(f"auth {_name}", "GET", "{http}/anything", auth=Own(_name)),
        call(f"auth {_name} with a form", "POST", "{http}/anything", auth=Own(_name), data={"a": "1"}),
        call(f"auth {_name} with json", "POST", "{http}/anything", auth=Own(_name), json={"a": 1}),
        call(f"auth {_name} of the session", "POST", "{http}/anything", {"auth": Own(_name)}, data="text"),
        call(f"auth {_name} and a redirect", "GET", "{http}/redirect-to?url=/anything", auth=Own(_name)) if _name != "url" else
        call(f"auth {_name} and a status", "GET", "{http}/status/404", auth=Own(_name)),
        call(f"auth {_name} with a reader", "POST", "{http}/anything", auth=Own(_name), data=Upload(b"0123456789")),
    ]
CASES += [
    call("auth over a session's hooks", "GET", "{http}/anything", {"hooks": _WATCH}, auth=Own("sign")),
    call("auth over userinfo", "GET", "http://user:pass@{http_at}/anything", auth=Own("sign")),
    call("auth over a header", "GET", "{http}/anything", auth=Own("sign"), headers={"Authorization": "by hand"}),
    call("auth by TLS", "GET", "{https}/anything", verify="{ca}", auth=Own("sign")),
    call("auth and params", "GET", "{http}/anything", auth=Own("sign"), params={"q": "ü"}),
    call("auth and a multipart form", "POST", "{http}/anything", auth=Own("sign"), files={"f": ["n.txt", b"content"]}),
    call("auth and a reader of unknown size", "POST", "{http}/anything", auth=Own("sign"), data=Upload(b"abcdef", "chunks")),
    call("auth and a 307", "POST", "{http}/redirect-to?url=/anything&status_code=307", auth=Own("sign"), data="x"),
    call("auth and another origin", "GET", "http://a.test:{http_port}/redirect-to?url=http://b.test:{http_port}/anything", auth=Own("sign")),
    Case("auth twice", [Call("GET", "{http}/anything"), Call("POST", "{http}/anything", {"data": "x"})], {"auth": Own("sign")}),
    Case("auth of a call and of the session", [Call("GET", "{http}/anything", {"auth": ["u", "p"]}), Call("GET", "{http}/anything")], {"auth": Own("sign")}),
    call("hook", "GET", "{http}/get", hooks=_WATCH),
    call("hook of the session", "GET", "{http}/get", {"hooks": _WATCH}),
    call("hooks in a list", "GET", "{http}/get", hooks={"response": [Own("watch"), Own("watch")]}),
    call("hook of a call and of the session", "GET", "{http}/get", {"hooks": _WATCH}, hooks={"response": [Own("watch"), Own("watch")]}),
    call("hook of an empty list", "GET", "{http}/get", {"hooks": _WATCH}, hooks={"response": []}),
    call("hook sees redirects", "GET", "{http}/redirect/3", hooks=_WATCH),
    call("hook sees a POST become a GET", "POST", "{http}/redirect-to?url=/anything&status_code=303", hooks=_WATCH, data="x"),
    call("hook sees what is not followed", "GET", "{http}/redirect/3", hooks=_WATCH, allow_redirects=False),
    call("hook sees too many", "GET", "{http}/redirect/9", {"max_redirects": 2}, hooks=_WATCH),
    call("hook sees a refusal", "GET", "{http}/status/503", hooks=_WATCH),
    call("hook sees what raises", "GET", "{http}/status/404", hooks=_WATCH, raises=True),
    call("hook sees a coded body", "GET", "{http}/gzip", hooks=_WATCH),
    call("hook sees digest", "GET", "{http}/digest-auth/auth/user/pass", hooks=_WATCH, auth=Digest("user", "pass")),
    call("hook sees basic", "GET", "{http}/basic-auth/user/pass", hooks=_WATCH, auth=["user", "pass"]),
    call("hook sees no answer", "GET", "{http}/fault/close", hooks=_WATCH),
    call("hook sees cookies set", "GET", "{http}/cookies/set?a=1", hooks=_WATCH),
    call("hook by HEAD", "HEAD", "{http}/get", hooks=_WATCH),
    call("hook with a reader", "POST", "{http}/upload", hooks=_WATCH, data=Upload(b"0123456789")),
    call("hook and auth", "GET", "{http}/redirect/1", hooks=_WATCH, auth=Own("sign")),
]
