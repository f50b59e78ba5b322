"""Writes docs/differences.md from the list, or checks that it is up to date (`--check`)."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from differences import DIFFERENCES

FILE = os.path.join(HERE, "../../docs/differences.md")
HEAD = """# Differences from Python requests

<!-- Made by tests/differential/document.py from tests/differential/differences.py. Do not edit. -->

haft's HTTP session behaves as `requests.Session` 2.34.2 does. Both are driven through the same scripted calls, and what
the server received and what the caller got are compared. haft runs them in four ways: on the calling thread, submitted,
with bodies that are read as streams, and over HTTP/2. These are all the differences that are meant; every other one is a
bug. The last column names cases that show it.

"""
TABLE = "| difference | reason | specification | cases |\n|---|---|---|---|\n"
OVER_HTTP2 = """
## Over HTTP/2

requests has no HTTP/2. haft's calls over it are compared with requests' over HTTP/1.1, without what HTTP/2 itself makes
different (RFC 9113): names of fields are in lower case (8.2.1); Connection, Keep-Alive, Proxy-Connection,
Transfer-Encoding and Upgrade do not exist (8.2.2); method, path and host are pseudo-header fields (8.3.1); there is no
reason phrase (8.3.2); requests share connections; bodies of unknown size are not chunked. What is left:

"""


def _table(differences):
    """One table."""
    rows = []
    for difference in differences:
        cases = "; ".join(case.replace("[?]", "?") for case in difference.cases)
        what = difference.what if "http2" in difference.ways else difference.what + " (HTTP/1.1 alone.)"
        cells = (what, difference.reason, difference.spec, cases)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return TABLE + "".join(rows)


def document():
    """The whole page."""
    apart = [difference for difference in DIFFERENCES if difference.ways == ("http2",)]
    return HEAD + _table(difference for difference in DIFFERENCES if difference not in apart) + OVER_HTTP2 + _table(apart)


if __name__ == "__main__":
    text = document()
    if "--check" in sys.argv:
        with open(FILE) as file:
            if file.read() != text:
                sys.exit("docs/differences.md is not what differences.py says: run tests/differential/document.py")
    else:
        with open(FILE, "w") as file:
            file.write(text)
