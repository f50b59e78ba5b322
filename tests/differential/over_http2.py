"""What HTTP/2 itself makes different, taken out of both records (RFC 9113), so that all the rest must be equal.

- Names of fields are in lower case (8.2.1).
- Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding and Upgrade do not exist (8.2.2).
- The method, the path, the scheme and the Host field are pseudo-header fields (8.3.1).
- There is no reason phrase (8.3.2).
- Requests share a connection, whatever the HTTP/1.1 server said about it: which one carried a request is not compared.
- A body of unknown size needs no chunks.

An echo tells all this in its body, whose length then tells it too. The servers have other ports. Faults write their heads by
hand: whether they name the server and a type, and in which order, is no part of the comparison.
"""

import json
import re

from record import replaced

# The listeners that speak HTTP/2, and those in whose place they stand.
LISTENERS = {"h2c": "http", "https2": "https"}
HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
# These servers speak HTTP/1.1 alone; what is asked of them is left to ALPN.
HTTP1_ALONE = ("{https_mtls", "{https_selfsigned", "{https_expired", "{https_wronghost", "{http_v6")


def names(addresses):
    """The names of addresses, with those that speak HTTP/2 in place of the others."""
    out = dict(addresses)
    for two, one in LISTENERS.items():
        for suffix in ("", "_port", "_at"):
            out[one + suffix] = addresses[two + suffix]
    return out


def version(case):
    """What a case asks for: HTTP/2, or what the server chooses where some server of the case has no HTTP/2."""
    text = repr(case)
    return "auto" if any(name in text for name in HTTP1_ALONE) else "2"


def apart(record):
    """Whether the sandbox said of a step that it has no such answer over HTTP/2."""
    bodies = (body for step in record for answer in [step, *step.get("history", [])] if answer.get("status") == 501 for body in [answer.get("body")])
    return any(body and b"has no HTTP/2 form" in body for body in bodies)


def level(record, addresses):
    """The record of either side without what is HTTP/2's own."""
    for two, one in LISTENERS.items():
        record = replaced(record, ":" + addresses[two + "_port"] + r"\b", ":" + addresses[one + "_port"])
    ports = {int(addresses[two + "_port"]): int(addresses[one + "_port"]) for two, one in LISTENERS.items()}
    return [_step(step, ports) for step in record]


def _step(step, ports):
    step = dict(step)
    if "wire" in step:
        step["wire"] = [_received(item, ports) for item in step["wire"]]
    if "message" in step:
        step["message"] = re.sub(r"^(\d+ \w+ Error: ).* for url: ", r"\1for url: ", step["message"])
    for answer in [step, *step.get("history", [])]:
        if "reason" in answer:
            answer["reason"] = ""
        # Nobody sees how long the echo would have been.
        echo = answer.get("method", answer.get("request", {}).get("method") if answer is step else None) == "HEAD"
        for key in ("body", "text"):
            if answer.get(key):
                answer[key], same = _echo(answer[key])
                echo = echo or not same
        if isinstance(answer.get("json"), dict) and "headers" in answer["json"]:
            answer["json"] = _told(answer["json"])
        if "headers" in answer:
            if "/fault/" in answer.get("url", ""):
                answer.pop("encoding", None)
                answer["headers"] = sorted(([name.lower(), value] for name, value in answer["headers"] if name.lower() != "content-type"))
            answer["headers"] = [[name, "(an echo's)" if echo and name == "content-length" else value] for name, value in _fields(answer["headers"])]
    return step


def _fields(pairs):
    return [[name.lower(), value] for name, value in pairs if name.lower() not in HOP_BY_HOP and [name.lower(), value] != ["server", "haft-sandbox"]]


def _received(item, ports):
    """A request as the server received it: method and path, the host, the fields."""
    item = {key: value for key, value in item.items() if key != "connection"}
    item["listener"] = LISTENERS.get(item["listener"], item["listener"])
    if item.get("socks"):
        # The same is told in its parts.
        return item | {"head": [], "socks": item["socks"] | {"port": ports.get(item["socks"]["port"], item["socks"]["port"])}}
    if item["head"][0].startswith("CONNECT "):
        # Proxies are spoken to by HTTP/1.1.
        return item
    lines = [line for line in item["head"] if line]
    if lines and lines[0].startswith(":"):
        pairs = [line[1:].split(": ", 1) if line.startswith(":") else line.split(": ", 1) for line in lines]
        pseudo = {name: value for name, value in pairs[: sum(line.startswith(":") for line in lines)]}
        pairs = [["host", pseudo.get("authority", "")], *pairs[len(pseudo) :]]
        item["head"] = [f"{pseudo['method']} {pseudo['path']}"]
    else:
        pairs = [line.split(": ", 1) if ": " in line else [line.rstrip(":"), ""] for line in lines[1:]]
        pairs.sort(key=lambda pair: pair[0].lower() != "host")
        item["head"] = [lines[0].removesuffix(" HTTP/1.1")] if lines else []
    item["head"] += [f"{name}: {value}" for name, value in _fields(pairs)]
    return item


def _echo(body):
    """A body without what an echo tells of HTTP's version; whether it was none."""
    try:
        value = json.loads(body)
    except (ValueError, UnicodeDecodeError):
        return body, True
    if not isinstance(value, dict) or not ("headers" in value or "framing" in value):
        return body, True
    text = json.dumps(_told(value), sort_keys=True)
    return (text.encode() if isinstance(body, bytes) else text), False


def _told(value):
    value = dict(value)
    if isinstance(value.get("headers"), list):
        pairs = [pair for pair in value["headers"] if pair[0].lower() != "host"]
        value["headers"] = _fields(pairs)
    if value.get("framing") in ("chunked", "streamed"):
        value["framing"] = "of unknown size"
    return value
