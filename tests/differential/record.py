"""What both sides make of a case: plain data, comparable, with randomness taken out."""

import base64
import json
import re
import time
import urllib.request

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Log:
    """The sandbox' log of what it received."""

    def __init__(self, url):
        self.url, self.last = url, 0

    def fetch(self):
        """What came in since the last look."""
        with _direct.open(f"{self.url}/_log?since={self.last}") as answer:
            entries = json.load(answer)
        entries = entries if isinstance(entries, list) else entries["entries"]
        self.last = max([self.last, *(entry["seq"] for entry in entries)])
        return entries


def wire(entries):
    """What was received, hop by hop. Connections are numbered from 0 in the order of their first request."""
    connections, out = {}, []
    for entry in entries:
        number = connections.setdefault(entry["connection"], len(connections))
        body = entry["body"]
        item = {
            "listener": entry["listener"],
            "connection": number,
            "head": entry["raw"].split("\r\n"),
            "body": base64.b64decode(body) if isinstance(body, str) else body,
        }
        for extra in ("sni", "client_certificate"):
            if entry.get("tls"):
                item[extra] = entry["tls"].get(extra)
        if entry.get("socks"):
            item["socks"] = entry["socks"]
        out.append(item)
    return out


def cookie(name, value, domain, path, secure, expires, http_only, host_only):
    """A cookie; its end is rounded, as both sides do not run at the same moment."""
    left = None if expires is None else int((expires - time.time() + 5) // 10) * 10
    return {
        "name": name,
        "value": value,
        "domain": domain,
        "path": path,
        "secure": bool(secure),
        "expires": left,
        "http_only": bool(http_only),
        "host_only": bool(host_only),
    }


def by_name(cookies):
    """Cookies in an order of their own: a jar has none that anyone promised."""
    return sorted(cookies, key=lambda cookie: (cookie["domain"], cookie["path"], cookie["name"]))


def walk(value, change):
    """The record with every text and all bytes changed."""
    if isinstance(value, (str, bytes)):
        return change(value)
    if isinstance(value, dict):
        return {walk(key, change): walk(item, change) for key, item in value.items()}
    if isinstance(value, list):
        return [walk(item, change) for item in value]
    return value


def texts(value):
    """Every text in the record, bytes as latin-1."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("latin-1")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def replaced(record, pattern, replacement):
    """The record with a regular expression replaced everywhere, in bytes too."""
    text, data = re.compile(pattern), re.compile(pattern.encode())
    fixed = replacement.encode() if isinstance(replacement, str) else lambda m: replacement(m)
    return walk(record, lambda v: text.sub(replacement, v) if isinstance(v, str) else data.sub(fixed, v))


def settled(record):
    """The record without its random parts: multipart boundaries, nonces and what is computed from them."""
    for boundary in sorted({match for text in texts(record) for match in re.findall(r"(?:boundary=|--)([0-9a-f]{32})(?![0-9a-f])", text)}):
        record = replaced(record, boundary, "BOUNDARY")

    def size(match):
        front, value, end = match.groups()
        if isinstance(front, str):
            return f"{front}({len(value)}){end}"
        return front + f"({len(value)})".encode() + end

    return replaced(record, r'(\b(?:nonce|cnonce|response|opaque|rspauth|nextnonce)=\\?")([^"\\]+)(\\?")', size)


def flat(value, path=""):
    """The leaves of a record by path."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    else:
        return {path: value}
    out = {}
    for key, item in items:
        out.update(flat(item, f"{path}/{key}" if path else str(key)))
    return out or {path: value}


def unequal(haft, requests):
    """The paths at which two records differ, with both values."""
    left, right = flat(haft), flat(requests)
    missing = "(absent)"
    pairs = {path: (left.get(path, missing), right.get(path, missing)) for path in [*left, *right]}
    return {path: pair for path, pair in pairs.items() if pair[0] != pair[1] or type(pair[0]) is not type(pair[1])}
