"""The differences from requests that are meant, each with its reason.

Nothing else may differ, and what is listed must still show: a difference that has gone is an error too.
`docs/differences.md` is made from this list.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase



@dataclass
class Difference:
    """One difference. `cases` are patterns `subject/case`; `paths` are the paths of the record that may differ
    (patterns over `call/field...`); `same` makes both records equal in it instead."""

    what: str
    reason: str
    spec: str
    cases: tuple
    paths: tuple = ()
    same: object = None

    def fits(self, name):
        return any(name == pattern or fnmatchcase(name, pattern) for pattern in self.cases)

    def allows(self, path):
        return any(fnmatchcase(path, pattern) for pattern in self.paths)


def _said(haft_record, requests_record):
    strip = lambda record: [{key: value for key, value in step.items() if key != "said"} for step in record]
    return strip(haft_record), strip(requests_record)


DIFFERENCES = [
    Difference(
        "The default User-Agent names haft.",
        "A server should know who asks; a host sets its own.",
        "1.1",
        ("headers/default agent",),
        ("0/wire/0/head/2", "0/request/headers/0/1"),
    ),
]
