"""Cookies: the jar, the rules of who gets what, and those of one call (spec/http.md 1.6)."""

from urllib.parse import quote

from case import Call, Case, call

_A = "http://a.test:{http_port}"
_SUB = "http://sub.a.test:{http_port}"
_DEEP = "http://deep.sub.a.test:{http_port}"
_WWW = "http://www.a.test:{http_port}"
_B = "http://b.test:{http_port}"
_LOCAL = "http://localhost:{http_port}"


def _set(base, *values, path=""):
    return Call("GET", base + "/cookies/set-detailed" + path + "?" + "&".join("raw=" + quote(value, safe="") for value in values))


def _get(base, path="/cookies"):
    return Call("GET", base + path)


# name: (the host that sets, the values, then where they might go)
_RULES = {
    "simple": (_A, ["a=1"], [_A, _SUB, _B]),
    "simple on an address": ("{http}", ["a=1"], ["{http}", _LOCAL]),
    "simple on localhost": (_LOCAL, ["a=1; Path=/"], [_LOCAL, "{http}"]),
    "domain": (_WWW, ["a=1; Domain=a.test; Path=/"], [_A, _WWW, _SUB, _DEEP, _B]),
    "domain with dot": (_WWW, ["a=1; Domain=.a.test; Path=/"], [_A, _WWW, _SUB, _DEEP, _B]),
    "own domain": (_A, ["a=1; Domain=a.test; Path=/"], [_A, _SUB]),
    "domain in capitals": (_WWW, ["a=1; Domain=A.TEST; Path=/"], [_A, _WWW]),
    "foreign domain": (_A, ["a=1; Domain=b.test; Path=/"], [_A, _B]),
    "top domain": (_A, ["a=1; Domain=test; Path=/"], [_A, _B]),
    "sub domain by the parent": (_A, ["a=1; Domain=sub.a.test; Path=/"], [_A, _SUB]),
    "domain of an address": ("{http}", ["a=1; Domain=127.0.0.1; Path=/"], ["{http}"]),
    "empty domain": (_A, ["a=1; Domain=; Path=/"], [_A, _SUB]),
    "two levels up": (_DEEP, ["a=1; Domain=a.test; Path=/"], [_A, _SUB, _DEEP]),
    "similar ending": (_A, ["a=1; Domain=xa.test; Path=/"], [_A]),
    "secure": (_A, ["a=1; Secure; Path=/"], [_A]),
    "secure on localhost": (_LOCAL, ["a=1; Secure; Path=/"], [_LOCAL]),
    "max-age": (_A, ["a=1; Max-Age=3600; Path=/"], [_A]),
    "max-age of zero": (_A, ["a=1; Max-Age=0; Path=/"], [_A]),
    "max-age below zero": (_A, ["a=1; Max-Age=-5; Path=/"], [_A]),
    "max-age that is no number": (_A, ["a=1; Max-Age=soon; Path=/"], [_A]),
    "expires later": (_A, ["a=1; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/"], [_A]),
    "expires later, netscape": (_A, ["a=1; Expires=Wed, 21-Oct-2099 07:28:00 GMT; Path=/"], [_A]),
    "expires later, two digits": (_A, ["a=1; Expires=Wed, 21-Oct-37 07:28:00 GMT; Path=/"], [_A]),
    "expires earlier": (_A, ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"], [_A]),
    "expires that is no date": (_A, ["a=1; Expires=tomorrow; Path=/"], [_A]),
    "max-age over expires": (_A, ["a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=3600; Path=/"], [_A]),
    "expires after max-age": (_A, ["a=1; Max-Age=0; Expires=Wed, 21 Oct 2099 07:28:00 GMT; Path=/"], [_A]),
    "no value": (_A, ["novalue; Path=/"], [_A]),
    "empty value": (_A, ["a=; Path=/"], [_A]),
    "empty name": (_A, ["=v; Path=/"], [_A]),
    "empty": (_A, [""], [_A]),
    "quoted": (_A, ['a="quoted value"; Path=/'], [_A]),
    "escaped quotes": (_A, [r'a="b\"c"; Path=/'], [_A]),
    "equal signs": (_A, ["a=b=c==; Path=/"], [_A]),
    "commas": (_A, ["a=b,c; Path=/"], [_A]),
    "blanks": (_A, ["  a  =  1  ;  Path = / "], [_A]),
    "unicode": (_A, ["a=ü; Path=/"], [_A]),
    "samesite and httponly": (_A, ["a=1; SameSite=Strict; HttpOnly; Path=/"], [_A]),
    "unknown attribute": (_A, ["a=1; Foo=bar; Path=/; Priority=High"], [_A]),
    "attributes in capitals": (_A, ["a=1; PATH=/; MAX-AGE=3600; HTTPONLY"], [_A]),
    "two in two fields": (_A, ["a=1; Path=/", "b=2; Path=/"], [_A]),
    "same name twice": (_A, ["a=1; Path=/", "a=2; Path=/"], [_A]),
    "set and removed": (_A, ["a=1; Path=/", "a=; Path=/; Max-Age=0"], [_A]),
    "version": (_A, ["a=1; Version=1; Path=/"], [_A]),
    "port attribute": (_A, ['a=1; Port="80"; Path=/'], [_A]),
    "comment": (_A, ["a=1; Comment=hi; Path=/"], [_A]),
    "trailing semicolons": (_A, ["a=1; Path=/;;;"], [_A]),
    "path without slash": (_A, ["a=1; Path=x"], [_A]),
    "empty path": (_A, ["a=1; Path="], [_A]),
    "path that is not ours": (_A, ["a=1; Path=/elsewhere"], [_A]),
    "name like an attribute": (_A, ["path=/x; Path=/"], [_A]),
    "value with semicolon in quotes": (_A, ['a="x;y"; Path=/'], [_A]),
    "tab in value": (_A, ["a=x\ty; Path=/"], [_A]),
}

CASES = [
    Case(f"rule {name}", [_set(base, *values), *(_get(host) for host in hosts)])
    for name, (base, values, hosts) in _RULES.items()
]

# Paths: the default of /cookies/set-detailed/x/y is /cookies/set-detailed/x.
CASES += [
    Case(
        "default path",
        [_set(_A, "a=1", path="/x/y")]
        + [_get(_A, path) for path in ("/cookies", "/cookies/set-detailed", "/cookies/set-detailed/x", "/cookies/set-detailed/x/z", "/cookies/set-detailed/xy")],
    ),
    Case(
        "path prefix",
        [_set(_A, "a=1; Path=/cookies/at/p")]
        + [_get(_A, path) for path in ("/cookies/at/p", "/cookies/at/p/", "/cookies/at/p/q", "/cookies/at/px", "/cookies/at")],
    ),
    Case(
        "path with slash",
        [_set(_A, "a=1; Path=/cookies/at/p/")] + [_get(_A, path) for path in ("/cookies/at/p", "/cookies/at/p/", "/cookies/at/p/q")],
    ),
    Case(
        "longer paths first",
        [
            _set(_A, "a=root; Path=/", "b=long; Path=/cookies/at/p", "c=mid; Path=/cookies", "d=root; Path=/"),
            _get(_A, "/cookies/at/p/q"),
        ],
    ),
    Case("same name on two paths", [_set(_A, "a=root; Path=/", "a=long; Path=/cookies/at"), _get(_A, "/cookies/at/x"), _get(_A)]),
    Case("same name on two domains", [_set(_SUB, "a=sub; Path=/", "a=parent; Domain=a.test; Path=/"), _get(_SUB), _get(_A)]),
    Case("replaced keeps its place", [_set(_A, "a=1; Path=/", "b=2; Path=/"), _set(_A, "a=3; Path=/"), _get(_A)]),
    Case("removed by the server", [_set(_A, "a=1; Path=/", "b=2; Path=/"), Call("GET", _A + "/cookies/delete?a"), _get(_A)]),
    Case("set by a redirect", [Call("GET", _A + "/cookies/set?a=1&b=2"), _get(_A)]),
    Case("set by a redirect that is not followed", [Call("GET", _A + "/cookies/set?a=1", {"allow_redirects": False}), _get(_A)]),
    Case("set by an error", [Call("GET", _A + "/status/404?Set-Cookie=a%3D1"), _get(_A, "/status/200")]),
    Case("redirect to another host", [Call("GET", _A + "/redirect-to?url=" + quote(_B + "/cookies", safe=":/{}_") + "&cookie=a%3D1"), _get(_A), _get(_B)]),
    Case("secure over https", [Call("GET", "https://x.test.localhost:{https_port}/cookies/set-detailed?raw=a%3D1%3B+Secure%3B+Path%3D/", {"verify": "{ca}"}),
                               Call("GET", "https://x.test.localhost:{https_port}/cookies", {"verify": "{ca}"}),
                               Call("GET", "http://x.test.localhost:{http_port}/cookies")]),
    Case("ports share", [_set("http://x.test.localhost:{http_port}", "a=1; Path=/"), Call("GET", "https://x.test.localhost:{https_port}/cookies", {"verify": "{ca}"})]),
    Case("host field decides", [_set(_A, "a=1; Path=/"), Call("GET", "{http}/cookies", {"headers": {"Host": "a.test"}}), Call("GET", _A + "/cookies", {"headers": {"Host": "b.test"}})]),
]

_SESSION = {"cookies": {"s": "1", "both": "session"}}

CASES += [
    Case("session", [_get(_A), _get(_B), _get("{http}"), _get(_A, "/cookies/at/x")], _SESSION),
    Case("call", [Call("GET", _A + "/cookies", {"cookies": {"c": "1"}}), _get(_A)]),
    Case("session and call", [Call("GET", _A + "/cookies", {"cookies": {"c": "1", "both": "call"}}), _get(_A)], _SESSION),
    Case("call and jar", [_set(_A, "a=jar; Path=/", "b=2; Path=/"), Call("GET", _A + "/cookies", {"cookies": {"a": "call"}}), _get(_A)]),
    Case("call over a redirect", [Call("GET", _A + "/redirect-to?url=/cookies", {"cookies": {"c": "1"}}), _get(_A)]),
    Case("call over two redirects", [Call("GET", _A + "/redirect-to?url=/redirect-to%3Furl%3D/cookies&cookie=x%3D1", {"cookies": {"c": "1"}})]),
    Case("call over a redirect elsewhere", [Call("GET", _A + "/redirect-to?url=" + quote(_B + "/cookies", safe=":/{}_"), {"cookies": {"c": "1"}})]),
    Case("by hand wins", [_set(_A, "a=jar; Path=/"), Call("GET", _A + "/cookies", {"headers": {"Cookie": "h=1"}}), Call("GET", _A + "/cookies", {"headers": {"cookie": "h=1"}, "cookies": {"c": "1"}})]),
    Case("by hand over a redirect", [Call("GET", _A + "/redirect-to?url=/cookies", {"headers": {"Cookie": "h=1"}})]),
    Case("by hand in the session", [_get(_A), Call("GET", _A + "/redirect-to?url=/cookies")], {"headers": {"Cookie": "h=1"}}),
    Case("session with domain and path", [_get(_A), _get(_SUB), _get(_A, "/cookies/at/x"), _get(_B)],
         {"cookies": [{"name": "d", "value": "1", "domain": "a.test", "path": "/cookies/at"}, {"name": "e", "value": "2", "domain": ".a.test", "path": "/"}]}),
    Case("session secure", [_get(_A), Call("GET", "{https}/cookies", {"verify": "{ca}"})], {"cookies": [{"name": "d", "value": "1", "secure": True}]}),
    Case("call with a list", [Call("GET", _A + "/cookies", {"cookies": [{"name": "l", "value": "1", "domain": "a.test", "path": "/"}, {"name": "m", "value": "2", "domain": "b.test", "path": "/"}]})]),
    Case("odd values", [_get(_A)], {"cookies": {"q": '"x"', "sp": "a b", "comma": "a,b", "empty": "", "u": "ü"}}),
    Case("server replaces the session's own", [_set(_A, "s=server; Path=/"), _get(_A), _get(_B)], _SESSION),
    Case("configured later", [_get(_A), Call("configure", arguments={"cookies": {"late": "1"}}), _get(_A)], _SESSION),
    Case("many", [_set(_A, *(f"c{n}={n}; Path=/" for n in range(60))), _get(_A)]),
]
