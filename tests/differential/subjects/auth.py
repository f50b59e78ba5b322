"""Authentication (spec/http.md 1.8)."""

from case import Call, Case, Digest, Upload, call

_NETRC = {"NETRC": "{files}/netrc"}
_DISK = {"netrc": "machine a.test\n  login ua\n  password pa\ndefault login du password dp\n"}
_A = "http://a.test:{http_port}"

CASES = [
    call("basic", "GET", "{http}/basic-auth/user/pass", auth=["user", "pass"]),
    call("basic wrong", "GET", "{http}/basic-auth/user/pass", auth=["user", "wrong"]),
    call("basic without", "GET", "{http}/basic-auth/user/pass"),
    call("basic hidden", "GET", "{http}/hidden-basic-auth/user/pass", auth=["user", "pass"]),
    call("basic empty password", "GET", "{http}/headers", auth=["user", ""]),
    call("basic empty user", "GET", "{http}/headers", auth=["", "pass"]),
    call("basic both empty", "GET", "{http}/headers", auth=["", ""]),
    call("basic with colon", "GET", "{http}/headers", auth=["user", "a:b:c"]),
    call("basic latin-1", "GET", "{http}/headers", auth=["üser", "pässword"]),
    call("basic unicode", "GET", "{http}/headers", auth=["日本", "語"]),
    call("basic by the session", "GET", "{http}/headers", {"auth": ["s", "p"]}),
    call("call over session", "GET", "{http}/headers", {"auth": ["s", "p"]}, auth=["c", "p"]),
    Case("session for every call", [Call("GET", "{http}/headers"), Call("GET", "{http}/headers", {"auth": ["c", "p"]}), Call("GET", "{http}/headers")], {"auth": ["s", "p"]}),
    call("userinfo", "GET", "http://user:pass@{http_at}/basic-auth/user/pass"),
    call("userinfo escaped", "GET", "http://us%40er:p%3Ass%2F@{http_at}/headers"),
    call("userinfo unicode", "GET", "http://ü:ö@{http_at}/headers"),
    call("userinfo without password", "GET", "http://user@{http_at}/headers"),
    call("userinfo with empty password", "GET", "http://user:@{http_at}/headers"),
    call("userinfo with empty user", "GET", "http://:pass@{http_at}/headers"),
    call("userinfo empty", "GET", "http://@{http_at}/headers"),
    call("userinfo with plus", "GET", "http://a+b:c+d@{http_at}/headers"),
    call("auth over userinfo", "GET", "http://u:p@{http_at}/headers", auth=["c", "q"]),
    call("session over userinfo", "GET", "http://u:p@{http_at}/headers", {"auth": ["s", "q"]}),
    call("header by hand", "GET", "{http}/headers", headers={"Authorization": "Token abc"}),
    call("auth over header by hand", "GET", "{http}/headers", headers={"Authorization": "Token abc"}, auth=["u", "p"]),
    call("session auth over header by hand", "GET", "{http}/headers", {"auth": ["s", "p"]}, headers={"Authorization": "Token abc"}),
    call("auth over session header", "GET", "{http}/headers", {"headers": {"Authorization": "Token abc"}}, auth=["u", "p"]),
    call("userinfo over header by hand", "GET", "http://u:p@{http_at}/headers", headers={"Authorization": "Token abc"}),
    call("netrc", "GET", _A + "/headers", environment=_NETRC, disk=_DISK),
    call("netrc default", "GET", "http://b.test:{http_port}/headers", environment=_NETRC, disk=_DISK),
    call("netrc not trusted", "GET", _A + "/headers", {"trust_env": False}, environment=_NETRC, disk=_DISK),
    call("netrc under auth", "GET", _A + "/headers", environment=_NETRC, disk=_DISK, auth=["u", "p"]),
    call("netrc under session auth", "GET", _A + "/headers", {"auth": ["s", "p"]}, environment=_NETRC, disk=_DISK),
    call("netrc over userinfo", "GET", "http://u:p@a.test:{http_port}/headers", environment=_NETRC, disk=_DISK),
    call("netrc over header by hand", "GET", _A + "/headers", environment=_NETRC, disk=_DISK, headers={"Authorization": "Token abc"}),
    call("netrc without entry", "GET", _A + "/headers", environment=_NETRC, disk={"netrc": "machine other.test login x password y\n"}),
    call("netrc broken", "GET", _A + "/headers", environment=_NETRC, disk={"netrc": "machine a.test login\nfoo bar\n"}),
    call("netrc missing", "GET", _A + "/headers", environment={"NETRC": "{files}/none"}),
    call("netrc quoted", "GET", _A + "/headers", environment=_NETRC, disk={"netrc": 'machine a.test login "u v" password "p\\"q"\n'}),
    call("netrc comment and macro", "GET", _A + "/headers", environment=_NETRC, disk={"netrc": "# c\nmacdef init\n  cd /x\n\nmachine a.test login u password p#q # end\n"}),
    call("netrc account", "GET", _A + "/headers", environment=_NETRC, disk={"netrc": "machine a.test login u account acc password p\n"}),
    call("netrc without login", "GET", _A + "/headers", environment=_NETRC, disk={"netrc": "machine a.test account acc password p\n"}),
    call("netrc without password", "GET", _A + "/headers", environment=_NETRC, disk={"netrc": "machine a.test login u\n"}),
    call("bearer by hand", "GET", "{http}/bearer/tok", headers={"Authorization": "Bearer tok"}),
]

_DIGEST = "{http}/digest-auth"
for _algorithm in ("MD5", "SHA", "SHA-256", "SHA-512", "MD5-sess"):
    for _qop in ("auth", "none", "auth,auth-int"):
        CASES.append(call(f"digest {_algorithm} {_qop}", "GET", f"{_DIGEST}/{_qop}/user/pass/{_algorithm}", auth=Digest("user", "pass")))
CASES += [
    call("digest by default", "GET", f"{_DIGEST}/auth/user/pass", auth=Digest("user", "pass")),
    call("digest wrong", "GET", f"{_DIGEST}/auth/user/pass", auth=Digest("user", "wrong")),
    call("digest for whom it is not needed", "GET", "{http}/headers", auth=Digest("user", "pass")),
    call("digest against basic", "GET", "{http}/basic-auth/user/pass", auth=Digest("user", "pass")),
    call("digest with query", "GET", f"{_DIGEST}/auth/user/pass?a=b&c=d%20e", auth=Digest("user", "pass")),
    call("digest with params", "GET", f"{_DIGEST}/auth/user/pass", auth=Digest("user", "pass"), params={"q": "x y"}),
    call("digest with body", "POST", f"{_DIGEST}/auth/user/pass", auth=Digest("user", "pass"), data={"a": "1"}),
    call("digest with reader", "POST", f"{_DIGEST}/auth/user/pass", auth=Digest("user", "pass"), data=Upload(b"0123456789")),
    call("digest by HEAD", "HEAD", f"{_DIGEST}/auth/user/pass", auth=Digest("user", "pass")),
    call("digest with 403", "GET", f"{_DIGEST}/auth/user/pass?status=403", auth=Digest("user", "pass")),
    call("digest with a cookie", "GET", f"{_DIGEST}/auth/user/pass?cookie=1", auth=Digest("user", "pass")),
    call("digest by the session", "GET", f"{_DIGEST}/auth/user/pass", {"auth": Digest("user", "pass")}),
    call("digest quotes in user", "GET", f"{_DIGEST}/auth/us%22er/pass", auth=Digest('us"er', "pass")),
    call("digest latin-1", "GET", f"{_DIGEST}/auth/%C3%BCser/pass", auth=Digest("üser", "pass")),
    call("digest auth-int alone", "GET", f"{_DIGEST}/auth-int/user/pass", auth=Digest("user", "pass")),
    call("digest after a redirect", "GET", "{http}/redirect-to?url=/digest-auth/auth/user/pass", auth=Digest("user", "pass")),
    call("digest stale at first", "GET", f"{_DIGEST}/auth/user/pass?stale=1", auth=Digest("user", "pass")),
    call("digest several in one field", "GET", f"{_DIGEST}/auth/user/pass?multi=1", auth=Digest("user", "pass")),
    call("digest several in several fields", "GET", f"{_DIGEST}/auth/user/pass?multi=2", auth=Digest("user", "pass")),
    call("digest SHA-512-256", "GET", f"{_DIGEST}/auth/user/pass/SHA-512-256", auth=Digest("user", "pass")),
    call("digest SHA-256-sess", "GET", f"{_DIGEST}/auth/user/pass/SHA-256-sess", auth=Digest("user", "pass")),
    Case("digest again with the session's", [Call("GET", f"{_DIGEST}/auth/user/pass"), Call("GET", f"{_DIGEST}/auth/user/pass"), Call("GET", f"{_DIGEST}/auth/user/pass?x=1")], {"auth": Digest("user", "pass")}),
    Case("digest nonce used up", [Call("GET", f"{_DIGEST}/auth/user/pass/MD5/2")] * 4, {"auth": Digest("user", "pass")}),
]
