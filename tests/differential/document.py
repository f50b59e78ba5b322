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
the server received and what the caller got are compared. These are all the differences that are meant; every other one
is a bug. The last column names cases that show it.

| difference | reason | specification | cases |
|---|---|---|---|
"""


def document():
    """The whole page."""
    rows = []
    for difference in DIFFERENCES:
        cases = "; ".join(case.replace("[?]", "?") for case in difference.cases)
        cells = (difference.what, difference.reason, difference.spec, cases)
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    text = document()
    if "--check" in sys.argv:
        with open(FILE) as file:
            if file.read() != text:
                sys.exit("docs/differences.md is not what differences.py says: run tests/differential/document.py")
    else:
        with open(FILE, "w") as file:
            file.write(text)
