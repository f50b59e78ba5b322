"""Runs a case with haft."""

import haft
from case import PATIENCE, Digest, Own, Upload
from record import by_name, cookie, settled, wire

# detail.code -> the class of requests; both are the contract of docs/errors.md.
CLASSES = {
    "connect": "ConnectionError",
    "resolve": "ConnectionError",
    "protocol": "ConnectionError",
    "connect_timeout": "ConnectTimeout",
    "read_timeout": "ReadTimeout",
    "proxy": "ProxyError",
    "tls": "SSLError",
    "certificate": "SSLError",
    "too_many_redirects": "TooManyRedirects",
    "invalid_url": "InvalidURL",
    "missing_schema": "MissingSchema",
    "invalid_schema": "InvalidSchema",
    "invalid_header": "InvalidHeader",
    "invalid_proxy_url": "InvalidProxyURL",
    "chunked_encoding": "ChunkedEncodingError",
    "incomplete_read": "ChunkedEncodingError",
    "content_decoding": "ContentDecodingError",
    "unrewindable_body": "UnrewindableBodyError",
    "retry": "RetryError",
    "http_status": "HTTPError",
    "invalid_json": "InvalidJSONError",
    "json_decode": "JSONDecodeError",
    "argument": "ValueError",
    "io": "OSError",
}

# Names that mean this machine; the other side patches the resolver.
HOSTS = ("a.test", "b.test", "sub.a.test", "www.a.test", "deep.sub.a.test", "x.test.localhost", "a.local", "xn--bcher-kva.test")


def _sign(asked):
    request = asked["arguments"]["request"]
    return {"headers.Authorization": f"Mine {request['method']} {len(request['headers'])}"}


def _watch(asked):
    answer = asked["arguments"]["response"]
    _watched.append([answer["status"], answer["url"], answer["request"]["method"]])


_watched = []
_OWN = {
    "sign": _sign,
    "body": lambda asked: {"body": "new body"},
    "url": lambda asked: {"url": asked["arguments"]["request"]["url"] + "?signed=1"},
    "drop": lambda asked: {"headers.Accept": None},
    "method": lambda asked: {"method": "PUT"},
    "watch": _watch,
}


def _argument(key, value):
    if isinstance(value, Own):
        return haft.Provider(_OWN[value.name])
    if isinstance(value, Digest):
        return {"type": "digest", "username": value.user, "password": value.password}
    if isinstance(value, Upload):
        return value.source()
    if isinstance(value, dict):
        return {name: _argument(key, item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_argument(key, item) for item in value]
    return value


def _arguments(arguments):
    out = {}
    for key, value in arguments.items():
        if value is None and key == "auth":
            continue
        out[key] = _files(value) if key == "files" else _argument(key, value)
    return out


def _files(files):
    """Content given as text is a path to haft; requests' text content is bytes here."""

    def one(spec):
        content = lambda item: item.encode() if isinstance(item, str) else item
        return [spec[0], content(spec[1]), *spec[2:]] if isinstance(spec, list) else content(spec)

    named = [[name, one(spec)] for name, spec in files] if isinstance(files, list) else {name: one(spec) for name, spec in files.items()}
    return _argument("files", named)


def _cookies(values):
    return by_name(
        cookie(
            item["name"],
            item.get("value"),
            item.get("domain") or "",
            item["path"],
            item.get("secure"),
            item.get("expires"),
            item.get("httponly"),
            item.get("host_only"),
        )
        for item in values
    )


def _answer(answer, step):
    meta = answer.meta
    out = {
        "status": answer.status,
        "reason": meta["reason"],
        "url": meta["url"],
        "headers": meta["headers"],
        "history": [
            {key: past[key] for key in ("status", "reason", "url", "method", "headers")}
            | {"request": past["request"]["headers"], "body": past["body"] or b""}
            for past in meta["history"]
        ],
        "cookies": _cookies(meta["cookies"]),
        "body": answer.body,
        "encoding": meta["encoding"],
        "links": meta["links"],
        "is_redirect": meta["is_redirect"],
        "is_permanent_redirect": meta["is_permanent_redirect"],
        "request": {"method": meta["request"]["method"], "url": meta["request"]["url"], "headers": meta["request"]["headers"]},
        "next": _prepared(meta["next"]) if meta["next"] else None,
    }
    if step.text and not step.json_too:
        out["text"] = answer.value if answer.value is not None else ""
    if step.json_too:
        out["json"] = answer.value
    return out


def _prepared(prepared):
    body = prepared.get("body")
    return {
        "method": prepared["method"],
        "url": prepared["url"],
        "headers": prepared["headers"],
        "body": body.encode() if isinstance(body, str) else body,
    }


# How requests are carried, in turn, and what the session is told besides.
WAYS = {
    "blocking": (("blocking",), {}),
    "submit": (("submit",), {}),
    "stream": (("blocking", "submit"), {"stream": True}),
    "http2": (("blocking", "submit"), {}),
}


def run(case, log, names, way, version=None):
    """The records of a case's calls; `version` is the one of HTTP to ask for."""
    turns, extra = WAYS[way]
    options = _arguments(case.session) | extra | ({"http_version": version} if version else {})
    ports = {names[key].rsplit(":", 1)[1] for key in ("http", "https", "https_mtls")} | {"80", "443"}
    options["resolve"] = {f"{host}:{port}": "127.0.0.1" for host in HOSTS for port in sorted(ports)}
    out = []
    try:
        session = haft.Session("http:", turns, **options)
    except haft.Error as error:
        return [{"error": CLASSES.get(error.code, error.code), "said": error.message, "wire": []}]
    with session:
        for step in case.calls:
            result = {"error": None}
            try:
                result.update(_step(session, step))
            except haft.Error as error:
                result["error"] = CLASSES.get(error.code, error.code)
                result["said"] = error.message
                if error.code == "http_status":
                    result["message"] = error.message
                    result["status"] = error.response.status if error.response else None
            result["watched"] = _watched[:]
            _watched.clear()
            result["wire"] = wire(log.fetch())
            result["jar"] = _cookies(session.inspect("cookies"))
            out.append(settled(result))
    return out


def _step(session, step):
    arguments = _arguments(step.arguments)
    if step.method == "configure":
        session.configure(**arguments)
        return {}
    if step.prepare:
        return {"prepared": _prepared(session.prepare(step.method, step.url, **arguments))}
    arguments.setdefault("timeout", PATIENCE)
    arguments["parse"] = "json" if step.json_too else "text" if step.text else "none"
    if step.raises:
        arguments["raise_for_status"] = True
    return _answer(session.request(step.method, step.url, **arguments), step)
