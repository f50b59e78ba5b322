"""Runs a case with requests."""

import io
import socket

import requests
import urllib3

import haft
from case import PATIENCE, Digest, Own, Upload
from record import by_name, cookie, settled, wire

urllib3.disable_warnings()

_resolve = socket.getaddrinfo


def _local(host, *rest, **named):
    """Test names mean this machine, without asking anybody."""
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(name, str) and name.rstrip(".").endswith((".test", ".localhost", ".local")):
        host = "127.0.0.1"
    return _resolve(host, *rest, **named)


socket.getaddrinfo = _local
# SOCKS 4 resolves by this one.
socket.gethostbyname = lambda name: _local(name, None)[0][4][0]


class _OneWay(io.BytesIO):
    """A file that cannot be read again."""

    def seek(self, offset, whence=0):
        raise OSError("this file has no way back")

    def tell(self):
        raise OSError("this file has no position")


def _sign(request):
    request.headers["Authorization"] = f"Mine {request.method} {len(request.headers)}"
    return request


def _body(request):
    request.body = "new body"
    return request


def _url(request):
    request.url += "?signed=1"
    return request


def _drop(request):
    del request.headers["Accept"]
    return request


def _method(request):
    request.method = "PUT"
    return request


def _watch(answer, **_):
    _watched.append([answer.status_code, answer.url, answer.request.method])


_watched = []
_OWN = {"sign": _sign, "body": _body, "url": _url, "drop": _drop, "method": _method, "watch": _watch}


def _argument(key, value):
    if isinstance(value, Own):
        return _OWN[value.name]
    if isinstance(value, Digest):
        return requests.auth.HTTPDigestAuth(value.user, value.password)
    if isinstance(value, Upload):
        if value.how == "chunks":
            return (value.data[i : i + 4] for i in range(0, len(value.data), 4))
        return io.BytesIO(value.data) if value.how == "reader" else _OneWay(value.data)
    if isinstance(value, dict):
        return {name: _argument(key, item) for name, item in value.items()}
    if isinstance(value, list):
        items = [_argument(key, item) for item in value]
        # The forms of a file and of a user are tuples in Python.
        return tuple(items) if key in ("auth", "timeout", "cert", "file") else items
    return value


def _arguments(arguments):
    out = {}
    for key, value in arguments.items():
        if key == "files":
            out[key] = _files(value)
        elif key == "cookies" and isinstance(value, list):
            jar = requests.cookies.RequestsCookieJar()
            for item in value:
                _set(jar, item)
            out[key] = jar
        elif key == "data" and isinstance(value, list):
            out[key] = [tuple(pair) for pair in value]
        elif key == "params" and isinstance(value, list):
            out[key] = [tuple(pair) for pair in value]
        else:
            out[key] = _argument(key, value)
    return out


def _set(jar, item):
    item = dict(item)
    rest = {"HttpOnly": None} if item.pop("httponly", False) else {}
    jar.set(item.pop("name"), item.pop("value"), rest=rest, **item)


def _files(files):
    """A list of [name, spec], or a map; a spec that is a list is a tuple there."""
    one = lambda spec: _argument("file", spec)
    if isinstance(files, list):
        return [(name, one(spec)) for name, spec in files]
    return {name: one(spec) for name, spec in files.items()}


def _cookies(jar):
    return by_name(
        cookie(
            item.name,
            item.value,
            item.domain,
            item.path,
            item.secure,
            item.expires,
            any(name.lower() == "httponly" for name in item._rest),
            # One without a domain goes to every host.
            not item.domain_specified and item.domain != "",
        )
        for item in jar
    )


def _text(value):
    """Header text as haft gives it: UTF-8 if it is, else a character per byte."""
    data = value if isinstance(value, bytes) else value.encode("latin-1", "surrogateescape") if _narrow(value) else None
    if data is None:
        return value
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _narrow(text):
    return all(ord(character) < 256 for character in text)


def _raw_headers(answer):
    return [[_text(name), _text(value)] for name, value in answer.raw._original_response.msg.items()]


def _request_headers(request):
    return [[_text(name), _text(value)] for name, value in request.headers.items()]


def _prepared(request):
    body = request.body
    if body is not None and not isinstance(body, (str, bytes)):
        body = None
    return {
        "method": request.method,
        "url": request.url,
        "headers": _request_headers(request),
        "body": body.encode() if isinstance(body, str) else body,
    }


def _reason(answer):
    return _text(answer.reason or "")


def _answer(answer, step):
    out = {
        "status": answer.status_code,
        "reason": _reason(answer),
        "url": answer.url,
        "headers": _raw_headers(answer),
        "history": [
            {
                "status": past.status_code,
                "reason": _reason(past),
                "url": past.url,
                "method": past.request.method,
                "headers": _raw_headers(past),
                "request": _request_headers(past.request),
                "body": past.content,
            }
            for past in answer.history
        ],
        "cookies": _cookies(answer.cookies),
        "body": answer.content,
        "encoding": answer.encoding,
        "links": list(requests.utils.parse_header_links(answer.headers.get("link", ""))),
        "is_redirect": answer.is_redirect,
        "is_permanent_redirect": answer.is_permanent_redirect,
        "request": {
            "method": answer.request.method,
            "url": answer.request.url,
            "headers": _request_headers(answer.request),
        },
        "next": _prepared(answer.next) if answer.next else None,
    }
    if step.text and not step.json_too:
        out["text"] = answer.text
    if step.json_too:
        out["json"] = answer.json()
    if step.raises:
        answer.raise_for_status()
    return out


def _configure(session, options):
    for key, value in _arguments(options).items():
        if key in ("headers", "params", "proxies") and isinstance(value, dict):
            getattr(session, key).update(value)
        elif key == "cookies":
            session.cookies.update(value)
        else:
            setattr(session, key, value)


def run(case, log, names):
    """The records of a case's calls."""
    out = []
    with requests.Session() as session:
        if not case.own_agent:
            session.headers["User-Agent"] = f"haft/{haft.version()}"
        _configure(session, case.session)
        for step in case.calls:
            result = {"error": None}
            try:
                result.update(_step(session, step))
            except Exception as error:
                result["error"] = type(error).__name__
                result["said"] = str(error)
                if result["error"] == "HTTPError":
                    result["message"] = str(error)
                    result["status"] = error.response.status_code
            result["watched"] = _watched[:]
            _watched.clear()
            result["wire"] = wire(log.fetch())
            result["jar"] = _cookies(session.cookies)
            out.append(settled(result))
    return out


def _step(session, step):
    if step.method == "configure":
        _configure(session, step.arguments)
        return {}
    arguments = _arguments(step.arguments)
    if step.prepare:
        request = requests.Request(step.method, step.url, **arguments)
        return {"prepared": _prepared(session.prepare_request(request))}
    arguments.setdefault("timeout", PATIENCE)
    if step.method == "HEAD":
        arguments.setdefault("allow_redirects", False)
    return _answer(session.request(step.method, step.url, **arguments), step)
