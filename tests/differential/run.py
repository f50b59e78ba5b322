"""Runs the cases of the named subjects (all without a name) with both libraries and compares them.

    run.py [SUBJECT...] [--case PATTERN] [--way blocking|submit|http2]... [--sandbox FILE] [--show]

Every case runs once with requests, and once with haft in each way. The last lines are `WAY: N cases, M failed`. The exit
status is 0 only if nothing failed.
"""

import argparse
import copy
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from fnmatch import fnmatchcase

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import haft_side
import over_http2
import requests_side
import subjects
from case import filled
from differences import DIFFERENCES, HTTP1_ALONE, WAYS, matches
from record import Log, unequal


def clean_environment():
    """Nothing of the machine's own settings counts."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("NETRC", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUEST_METHOD"):
            del os.environ[name]


def sandbox(file):
    """The sandbox' addresses, and what must be kept alive."""
    if file:
        with open(file) as ready:
            return json.load(ready), None
    program = os.path.join(HERE, "../../target/debug/haft-sandbox")
    process = subprocess.Popen([program, "http", "--until-eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return json.loads(process.stdout.readline()), process


class Runner:
    """Runs cases and remembers which differences showed."""

    def __init__(self, addresses, folder, ways):
        self.folder, self.ways = folder, ways
        self.names = {key: value for key, value in addresses.items() if isinstance(value, str)}
        for key in list(self.names):
            if self.names[key].startswith(("http", "socks")):
                self.names[key + "_port"] = self.names[key].rsplit(":", 1)[1]
                self.names[key + "_at"] = self.names[key].split("://")[1]
        self.log = Log(addresses["http"])
        # The differences that showed, and the cases that HTTP/2 has nothing like.
        self.shown, self.apart = set(), set()

    def run(self, subject, case):
        """The unexplained differences of a case by each way, and the records: of each way and of requests."""
        files = tempfile.mkdtemp(dir=self.folder)
        names = dict(self.names, files=files)
        for name, text in case.disk.items():
            with open(os.path.join(files, name), "w") as file:
                file.write(filled(text, names))
        before = dict(os.environ)
        os.environ.update(filled(case.environment, names))
        try:
            self.log.fetch()
            right = requests_side.run(case.filled(names), self.log, names)
            lefts = {}
            for way in self.ways:
                its = over_http2.names(names) if way == "http2" else names
                version = over_http2.version(case) if way == "http2" else None
                lefts[way] = haft_side.run(case.filled(its), self.log, its, way, version)
        finally:
            os.environ.clear()
            os.environ.update(before)
        rests = {way: self.compare(f"{subject}/{case.name}", way, left, right) for way, left in lefts.items()}
        return rests, lefts | {"requests": right}

    def compare(self, name, way, left, right):
        """The unexplained differences of haft by one way from requests."""
        said = [[step.get("said") for step in record] for record in (left, right)]
        left, right = (copy.deepcopy([{key: step[key] for key in step if key != "said"} for step in record]) for record in (left, right))
        if way == "http2" and over_http2.apart(left):
            # Nothing can be compared; but it must be listed, and no other difference covers it.
            left, right = [{"http1 alone": True}], [{"http1 alone": False}]
            self.apart.add(name)
        elif way == "http2":
            left, right = (over_http2.level(record, self.names) for record in (left, right))
        for index, difference in enumerate(DIFFERENCES):
            if difference.same and difference.fits(name, way) and not (way == "http2" and name in self.apart):
                count = len(unequal(left, right))
                left, right = difference.same(left, right)
                if len(unequal(left, right)) < count:
                    self.note(index, name, way)
        rest = unequal(left, right)
        for index, difference in enumerate(DIFFERENCES):
            if difference.paths and difference.fits(name, way) and (way == "http2" and name in self.apart) <= (difference.paths == HTTP1_ALONE):
                covered = [path for path in rest if difference.allows(path)]
                if covered:
                    self.note(index, name, way)
                for path in covered:
                    del rest[path]
        if rest:
            for which, words in zip(("haft", "requests"), said):
                if any(words):
                    rest[f"({which} said)"] = words
        return rest

    def note(self, index, name, way):
        for pattern in DIFFERENCES[index].cases:
            if matches(name, pattern):
                self.shown.add((index, pattern, way))

    def gone(self, subject, way):
        """Listed differences of a subject that did not show."""
        for index, difference in enumerate(DIFFERENCES):
            for pattern in difference.cases:
                owner = pattern.split("/")[0]
                alone = way == "http2" and difference.paths != HTTP1_ALONE and any(matches(name, pattern) for name in self.apart)
                if owner == subject and way in difference.ways and (index, pattern, way) not in self.shown and not alone:
                    yield f"{pattern}: {difference.what}"


def show(rest, most):
    """The differences of a case, for whoever has to mend them."""
    for path, pair in list(rest.items())[:most]:
        if isinstance(pair, list):
            print(f"    {path}:\n        {pair}")
        else:
            print(f"    {path}:\n        haft     {pair[0]!r:.160}\n        requests {pair[1]!r:.160}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("subjects", nargs="*")
    parser.add_argument("--case", default="*")
    parser.add_argument("--way", action="append", choices=list(WAYS))
    parser.add_argument("--sandbox")
    parser.add_argument("--most", type=int, default=6, help="how many differences of a case are shown")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    wanted = options.subjects or sorted(module.name for module in pkgutil.iter_modules(subjects.__path__))
    clean_environment()
    addresses, process = sandbox(options.sandbox)
    ways = options.way or list(WAYS)
    counts, failed = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        runner = Runner(addresses, folder, ways)
        for subject in wanted:
            cases = importlib.import_module(f"subjects.{subject}").CASES
            names = [case.name for case in cases]
            assert len(names) == len(set(names)), f"{subject}: two cases of one name: {[n for n in names if names.count(n) > 1]}"
            for case in cases:
                if not fnmatchcase(case.name, options.case):
                    continue
                rests, records = runner.run(subject, case)
                if options.show:
                    print(json.dumps(records, indent=1, default=repr))
                for way, rest in rests.items():
                    counts[way] += 1
                    if rest:
                        failed[way] += 1
                        print(f"FAILED {way} {subject}/{case.name}")
                        show(rest, options.most)
            if options.case == "*":
                for way in ways:
                    for text in runner.gone(subject, way):
                        failed[way] += 1
                        print(f"GONE {way} {text}")
    if process:
        process.stdin.close()
        process.wait()
    for way in ways:
        print(f"{way}: {counts[way]} cases, {failed[way]} failed")
    return 1 if any(failed.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
