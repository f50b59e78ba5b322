"""The differences from requests that are meant, each with its reason.

Nothing else may differ, and what is listed must still show: a difference that has gone is an error too.
`docs/differences.md` is made from this list by `document.py`.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase


# The ways in which haft carries a call: on the calling thread, submitted, and both in turn over HTTP/2.
WAYS = ("blocking", "submit", "stream", "http2")


@dataclass
class Difference:
    """One difference. `cases` are patterns `subject/case`; `paths` are the paths of the record that may differ
    (patterns over `call/field...`); `same` takes it out of both records instead; `ways` are where it shows."""

    what: str
    reason: str
    spec: str
    cases: tuple
    paths: tuple = ()
    same: object = None
    ways: tuple = WAYS

    def fits(self, name, way):
        """Whether a case in this way is one of these."""
        return way in self.ways and any(matches(name, pattern) for pattern in self.cases)

    def allows(self, path):
        """Whether a difference at this path is covered."""
        return any(fnmatchcase(path, pattern) for pattern in self.paths)


def matches(name, pattern):
    """A name that is the pattern itself matches, whatever signs are in it."""
    return name == pattern or fnmatchcase(name, pattern)


# Where one side has an answer and the other an error, everything of that answer differs.
OUTCOME = tuple(
    f"0/{field}"
    for name in (
        "error status reason url headers history cookies body encoding links is_redirect is_permanent_redirect request next text json "
        "message jar"
    ).split()
    for field in (name, name + "/*")
)
# What stands for a case that HTTP/2 has nothing like.
HTTP1_ALONE = ("0/http1 alone",)
# A header more or less shows in the echo as well, and changes its length.
ECHO = ("*/body", "*/text", "*/headers/*", "*/wire/*/head/*", "*/request/headers/*", "*/history/*/headers/*", "*/history/*/request/*")


def _connect(haft, requests):
    def plain(record):
        for step in record:
            for item in step.get("wire", []):
                if item["head"][0].startswith("CONNECT "):
                    line = item["head"][0].rsplit(" ", 1)[0]
                    item["head"] = [line, *(field for field in item["head"][1:] if not field.startswith("Host: "))]
        return record

    return plain(haft), plain(requests)


def _hand_made(haft, requests):
    """A cookie made by hand has the mark HttpOnly in requests."""
    for step in requests:
        for cookie in step.get("jar", []):
            if cookie["domain"] == "":
                cookie["http_only"] = False
    return haft, requests


DIFFERENCES = [
    # --- requests ---------------------------------------------------------------------------------------
    Difference(
        "The default User-Agent names haft.",
        "A server should know who asks; a host sets its own.",
        "1.1",
        ("headers/default agent",),
        ("0/wire/0/head/2", "0/request/headers/0/1"),
    ),
    Difference(
        "A default header that was removed is not sent. requests sends `User-Agent: python-urllib3/...` or "
        "`Accept-Encoding: identity` in its place.",
        "Removed means removed.",
        "1.4",
        ("headers/sent agent removed", "headers/sent accept-encoding removed", "headers/session removes a default"),
        ECHO,
    ),
    Difference(
        "Text of a header outside latin-1 goes out as UTF-8. requests fails with a UnicodeEncodeError.",
        "The same bytes come back as the same text; nothing fails half-way.",
        "1.4",
        ("headers/sent unicode value",),
        OUTCOME + ("0/wire*",),
    ),
    Difference(
        "A header name outside ASCII is InvalidHeader. requests lets its UnicodeEncodeError through.",
        "One class for one mistake.",
        "1.4",
        ("headers/sent unicode name",),
        ("0/error",),
    ),
    Difference(
        "A Content-Length of the caller keeps its case. requests writes its own name over it.",
        "Names keep the case that they were given in.",
        "1.4",
        ("bodies/own length in lower case",),
        ECHO,
    ),
    Difference(
        "A form without any pair is a body of length 0. requests sends it in chunks.",
        "An accident of requests: the length of an empty text counts as unknown.",
        "1.5",
        ("bodies/form empty list value*",),
        ECHO,
    ),
    Difference(
        "`params` of the session that are a list of pairs or text are used when the call gives none. requests drops them.",
        "An absent setting is the session's, whatever its shape.",
        "1.1",
        ("params/session pairs alone", "params/session text"),
        ("0/prepared/url",),
    ),
    # --- cookies ----------------------------------------------------------------------------------------
    Difference(
        "A cookie without a Domain goes to its own host alone. requests sends it to sub-domains too.",
        "RFC 6265 5.3: host-only. Sub-domains may belong to others.",
        "1.6",
        ("cookies/rule simple",),
        ("2/*",),
    ),
    Difference(
        "A cookie whose Domain is the address it came from is written as host-only.",
        "An address has no names under it; what is sent is the same.",
        "1.6",
        ("cookies/rule domain of an address",),
        ("*/domain", "*/host_only"),
    ),
    Difference(
        "An attribute that makes no sense (an empty Domain, a Max-Age that is no number, a Path without slash, Port) is "
        "passed over. requests refuses the cookie, or stores one that it never sends.",
        "RFC 6265 5.2, as in every browser: a server's slip should not lose the login.",
        "1.6",
        (
            "cookies/rule empty domain",
            "cookies/rule max-age that is no number",
            "cookies/rule path without slash",
            "cookies/rule port attribute",
        ),
        ("*",),
    ),
    Difference(
        "A cookie that is set and removed by one answer is removed. requests removes first and sets then.",
        "The order of the fields is the order of the changes (RFC 6265 5.3).",
        "1.6",
        ("cookies/rule set and removed",),
        ("*",),
    ),
    Difference(
        "Cookie text is shown as UTF-8 where it can be, as latin-1 by requests. The same bytes go out.",
        "Header bytes have one reading everywhere.",
        "1.6",
        ("cookies/rule unicode",),
        ("*/value", "1/request/headers/4/1"),
    ),
    Difference(
        "A cookie that was made by hand is not marked HttpOnly.",
        "An accident of requests; it has no effect.",
        "1.6",
        (
            "cookies/session",
            "cookies/session and call",
            "cookies/odd values",
            "cookies/server replaces the session's own",
            "cookies/configured later",
        ),
        same=_hand_made,
    ),
    Difference(
        "A call's own cookies come after the jar's on every hop. requests puts the ones that a redirect set behind them.",
        "The order of cookies with equal paths means nothing (RFC 6265 5.4).",
        "1.6",
        ("cookies/call over two redirects",),
        ECHO,
    ),
    Difference(
        "A call's own cookies stay with the origin of its URL. requests sends them wherever a redirect leads.",
        "They were meant for that server.",
        "1.6 BEAT",
        ("cookies/call over a redirect elsewhere",),
        ECHO,
    ),
    # --- redirects --------------------------------------------------------------------------------------
    Difference(
        "`Content-Length: 0` of a bodiless PUT or PATCH after a redirect stands last, and shows in meta `request`.",
        "The same field; requests' transport adds it at the front, unseen.",
        "1.7",
        ("redirects/301 PUT*", "redirects/301 PATCH*"),
        ECHO,
    ),
    Difference(
        "A reader that cannot go back fails a redirect that needs its body. requests sends an empty body when it was a "
        "generator.",
        "An upload must not become empty in silence.",
        "1.5",
        ("redirects/307 POST with a reader of unknown size", "redirects/308 POST with a reader of unknown size"),
        OUTCOME + ("0/wire/1*",),
    ),
    Difference(
        "A Location that is not UTF-8 is read as latin-1. requests fails with a UnicodeDecodeError.",
        "Browsers follow it.",
        "1.7",
        ("redirects/location in latin-1",),
        OUTCOME + ("0/wire/1*",),
    ),
    Difference(
        "Of several Location fields the first counts. requests joins them to one URL with a comma.",
        "The joined text is no URL that anybody meant.",
        "1.7",
        ("redirects/location twice",),
        ("0/url", "0/request/url") + ECHO,
    ),
    Difference(
        "A redirect whose own body is cut off is followed. requests fails.",
        "The body of a redirect is thrown away; only its connection is lost.",
        "1.7",
        ("redirects/truncated body on the way",),
        OUTCOME + ("0/wire/1*",),
    ),
    Difference(
        "A Host field of the caller does not go to another origin.",
        "It names the first server; the second would answer for a stranger.",
        "1.7",
        ("redirects/own host field to another host",),
        ECHO,
    ),
    # --- authentication ---------------------------------------------------------------------------------
    Difference(
        "Users and passwords outside latin-1 are sent as UTF-8. requests fails with a UnicodeEncodeError.",
        "RFC 7617 2.1 allows it, servers expect it.",
        "1.8",
        ("auth/basic unicode",),
        OUTCOME + ("0/wire*",),
    ),
    Difference(
        "netrc does not replace an Authorization header of the caller.",
        "What is written by hand was meant.",
        "1.8 BEAT",
        ("auth/netrc over header by hand",),
        ECHO,
    ),
    Difference(
        "More of digest authentication is understood: quotes in names, auth-int, a stale first nonce, several challenges, "
        "SHA-512-256, SHA-256-sess, -sess without qop.",
        "RFC 7616 has them.",
        "1.8 BEAT",
        (
            "auth/digest MD5-sess none",
            "auth/digest quotes in user",
            "auth/digest auth-int alone",
            "auth/digest stale at first",
            "auth/digest several in *",
            "auth/digest SHA-512-256",
            "auth/digest SHA-256-sess",
        ),
        ("*",),
    ),
    Difference(
        "The 401 of a digest exchange that follows a redirect is in the history.",
        "The history is what happened.",
        "1.8",
        ("auth/digest after a redirect",),
        ("0/history/*",),
    ),
    # --- proxies ----------------------------------------------------------------------------------------
    Difference(
        "CONNECT is an HTTP/1.1 request with a Host field. Older Pythons send HTTP/1.0 without one.",
        "RFC 9110 9.3.6; newer Pythons do the same.",
        "1.9",
        (
            "proxies/given all for https",
            "proxies/given https",
            "proxies/given auth* for https",
            "proxies/given refused by the proxy",
            "proxies/given target unreachable for https",
            "proxies/given tls to the proxy for https",
            "proxies/environment all_proxy for https",
            "proxies/environment https_proxy",
            "proxies/redirect to https through the proxy",
            "proxies/one tunnel",
            "proxies/agent on CONNECT",
        ),
        same=_connect,
    ),
    Difference(
        "A proxy URL with an unknown scheme is InvalidProxyURL. requests says InvalidURL, its parent.",
        "The more exact class.",
        "1.9",
        ("proxies/given unknown scheme",),
        ("0/error",),
    ),
    Difference(
        "The key `no_proxy` of an explicit map exempts hosts. requests reads it for the environment's proxies alone.",
        "It says what it means.",
        "1.9",
        ("proxies/given no_proxy key",),
        ("0/wire*",),
    ),
    Difference(
        "A SOCKS proxy that refuses or is not there is ProxyError. requests says ConnectionError, its parent.",
        "The same trouble has the same class for every kind of proxy.",
        "1.9",
        (
            "proxies/given socks5 with wrong auth",
            "proxies/given socks5 without auth",
            "proxies/given socks5h closed port",
            "proxies/given socks5h target unreachable",
        ),
        ("0/error",),
    ),
    Difference(
        "The user of a SOCKS URL without a password is sent. requests leaves it out.",
        "SOCKS 4 knows users without passwords.",
        "1.9",
        ("proxies/given socks4 with user",),
        OUTCOME + ("0/wire*",),
    ),
    Difference(
        "NO_PROXY takes a port behind an address, and IPv6 addresses in brackets.",
        "The forms that names have.",
        "1.9 BEAT",
        ("proxies/environment no_proxy address with port", "proxies/environment no_proxy v6 in brackets"),
        ("0/wire*",),
    ),
    Difference(
        "The session's proxies beat the environment's.",
        "What is written in the program was meant. `environment: \"requests\"` turns it round.",
        "1.9 BEAT",
        ("proxies/environment and session",),
        ("*",),
    ),
    Difference(
        "NO_PROXY counts for the target of a redirect. requests keeps the first hop's proxy.",
        "The proxy is chosen for every hop.",
        "1.7",
        ("proxies/redirect out of the proxy",),
        ("0/wire/*",),
    ),
    Difference(
        "Proxy-Authorization is not among the headers of meta `request`.",
        "It belongs to the connection; what is sent is the same.",
        "1.9",
        ("proxies/redirect keeps the proxy's auth",),
        ("0/request/headers/*", "0/history/*"),
    ),
    Difference(
        "A tunnel that a blocking call made is not used by a submitted one, and the other way round.",
        "A connection is watched by the reactor or it is not.",
        "1.14",
        ("proxies/one tunnel",),
        ("1/wire/*",),
        ways=("stream",),
    ),
    # --- TLS --------------------------------------------------------------------------------------------
    Difference(
        "A TLS handshake that takes too long is ConnectTimeout. requests says ReadTimeout.",
        "There is no connection before the handshake ended.",
        "1.11",
        ("tls/TLS to plain HTTP",),
        ("0/error",),
    ),
    Difference(
        "`verify` of the session beats REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE.",
        "What is written in the program was meant.",
        "1.10 BEAT",
        ("tls/variable and the session's *",),
        OUTCOME + ("0/wire*",),
    ),
    # --- answers ----------------------------------------------------------------------------------------
    Difference(
        "1xx answers other than 101 are passed over. requests gives 102 and 103 for the final answer.",
        "RFC 9110 15.2.",
        "1.14",
        ("content/early hints*", "faults/body 102 then 200"),
        ("*",),
    ),
    Difference(
        "zstd that is cut off is ContentDecodingError. requests gives what came.",
        "Half a body is no body; the other codings do the same.",
        "1.13",
        ("content/truncated zstd",),
        OUTCOME,
    ),
    Difference(
        "Text whose charset nobody says, and which is neither ASCII nor UTF-8, is read as windows-1252. requests guesses "
        "by statistics.",
        "A guess that can be explained; the host can set `encoding`.",
        "1.13",
        ("content/type text in capitals",),
        ("0/text",),
    ),
    Difference(
        "A byte-order mark before JSON is passed over. requests fails when the type says utf-8.",
        "RFC 8259 8.1 allows it.",
        "1.13",
        ("content/json utf-8 with mark",),
        OUTCOME,
    ),
    Difference(
        "Blanks at the end of a received field are no part of its value.",
        "RFC 9110 5.5.",
        "1.4",
        ("headers/received raw trailing blanks", "faults/body length with blanks", "cookies/rule blanks"),
        ("0/headers/*",),
    ),
    Difference(
        "A field with a blank before its colon, or a line without one, does not end the head. requests loses what follows.",
        "Nothing is lost without a word.",
        "2.3 trap 11",
        ("headers/received raw blank before colon", "faults/fault space-colon", "faults/fault no-colon"),
        ("*",),
    ),
    Difference(
        "Heads may have more than 100 fields and lines longer than 64 KiB.",
        "The limits of haft are its own.",
        "2.3 trap 11",
        ("faults/fault huge-header[?]size=100000", "faults/fault many-headers[?]n=99", "faults/fault many-headers[?]n=150"),
        OUTCOME,
    ),
    Difference(
        "A head that is cut off is an error. requests takes what came for all of it.",
        "Half a head is no head.",
        "1.15",
        ("faults/fault truncated-head",),
        OUTCOME,
    ),
    Difference(
        "A Content-Length that is no number is an error. requests reads until the connection ends.",
        "RFC 9112 6.3: the end of the body is not known.",
        "1.15",
        ("faults/fault bad-length", "faults/fault negative-length", "faults/body length with plus", "faults/body length empty"),
        OUTCOME,
    ),
    Difference(
        "HTTP versions other than 1.0 and 1.1 are refused.",
        "Nothing is known about their framing.",
        "2.3 trap 11",
        ("faults/status line b'HTTP/0.9 200 OK'", "faults/status line b'HTTP/1.2 200 OK'"),
        OUTCOME,
    ),
    Difference(
        "Empty lines before the status line are passed over.",
        "RFC 9112 2.2.",
        "1.15",
        ("faults/body blank lines before",),
        OUTCOME,
    ),
    Difference(
        "A server that falls silent in the body is ReadTimeout. requests says ConnectionError.",
        "The same silence has the same class.",
        "1.11",
        ("faults/read timeout in the body",),
        ("0/error",),
    ),
    # --- over HTTP/2 ------------------------------------------------------------------------------------
    Difference(
        "Answers that are made of HTTP/1's own syntax: status lines, chunks, line ends, the end of the connection.",
        "There is nothing like them in HTTP/2; the sandbox answers 501.",
        "2.3",
        (
            "content/coding of a 404",
            "content/coding twice",
            "content/reason missing*",
            "content/reason and blank missing",
            "content/HTTP/1.0*",
            "content/204 with length",
            "faults/status line *",
            "faults/body *",
            "faults/fault half-close",
            "faults/fault truncated-head",
            "faults/fault truncated-chunk*",
            "faults/fault missing-last-chunk*",
            "faults/fault garbage-after",
            "faults/fault malformed-chunk",
            "faults/fault bad-status-line",
            "faults/fault folded-header",
            "faults/fault space-colon",
            "faults/fault no-colon",
            "faults/fault bare-lf",
            "headers/received raw *",
            "redirects/location in *",
            "redirects/location twice",
            "redirects/truncated body on the way",
            "redirects/broken gzip on the way",
        ),
        HTTP1_ALONE,
        ways=("http2",),
    ),
    Difference(
        "Plain HTTP/2 goes through an HTTP proxy by CONNECT, as TLS does: what a proxy refuses is ProxyError, and its "
        "credentials are those of its URL.",
        "The proxy speaks HTTP/1.1; a request that it forwards would not be HTTP/2.",
        "1.9",
        (
            "proxies/given http",
            "proxies/given http by POST",
            "proxies/given all",
            "proxies/given host",
            "proxies/given host over scheme",
            "proxies/given all host",
            "proxies/given scheme over all host",
            "proxies/given without scheme",
            "proxies/given auth",
            "proxies/given auth missing",
            "proxies/given auth wrong",
            "proxies/given auth escaped",
            "proxies/given user alone",
            "proxies/given no_proxy key for another",
            "proxies/given target *",
            "proxies/given tls to the proxy",
            "proxies/environment *",
            "proxies/call over environment*",
            "proxies/session alone",
            "proxies/session, no_proxy matches",
            "proxies/call over session",
            "proxies/redirect *",
            "proxies/own proxy auth field",
            "proxies/one connection to the proxy",
            "proxies/basic auth and proxy auth",
        ),
        OUTCOME + ("?/wire*",),
        ways=("http2",),
    ),
    Difference(
        "A value is sent without the blanks around it; a name with a blank in it is InvalidHeader.",
        "RFC 9113 8.2.1.",
        "1.4",
        ("headers/sent trailing blank", "headers/sent trailing blank in name", "headers/sent blank in name"),
        OUTCOME + ("0/wire*",),
        ways=("http2",),
    ),
    Difference(
        "More bytes than the length says, two lengths, and Transfer-Encoding are errors.",
        "RFC 9113 8.1.1, 8.2.2: the answer is malformed.",
        "1.15",
        ("faults/fault lying-length", "faults/fault two-lengths", "faults/fault te-and-length"),
        OUTCOME,
        ways=("http2",),
    ),
    Difference(
        "An error that is raised for an answer without a reason phrase cannot be shown for HTTP/2.",
        "No answer has one; the sandbox answers 501.",
        "1.11",
        ("content/reason missing in an error",),
        ("0/status", "0/message"),
        ways=("http2",),
    ),
    Difference(
        "A redirect to a server that has no HTTP/2 fails when HTTP/2 was asked for.",
        "`http_version: \"2\"` says HTTP/2 and nothing else.",
        "1.14",
        ("redirects/basic to another port", "redirects/session basic to another port", "redirects/own header to another port"),
        OUTCOME + ("0/wire*",),
        ways=("http2",),
    ),
]
