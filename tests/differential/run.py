"""Runs the cases of the named subjects (all without a name) with both libraries and compares them.

    run.py [SUBJECT...] [--case PATTERN] [--sandbox FILE] [--show]

The last line is `N cases, M failed`. The exit status is 0 only if nothing failed.
"""

import argparse
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
import requests_side
import subjects
from case import filled
from differences import DIFFERENCES, matches
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

    def __init__(self, addresses, folder):
        self.folder = folder
        self.names = {key: value for key, value in addresses.items() if isinstance(value, str)}
        for key in list(self.names):
            if self.names[key].startswith(("http", "socks")):
                self.names[key + "_port"] = self.names[key].rsplit(":", 1)[1]
                self.names[key + "_at"] = self.names[key].split("://")[1]
        self.log = Log(addresses["http"])
        self.shown = set()

    def run(self, subject, case):
        """The unexplained differences of a case."""
        files = tempfile.mkdtemp(dir=self.folder)
        names = dict(self.names, files=files, side="")
        for name, text in case.disk.items():
            with open(os.path.join(files, name), "w") as file:
                file.write(filled(text, names))
        case.calls = [type(step)(**filled(vars(step), names)) for step in case.calls]
        case.session, environment = filled(case.session, names), filled(case.environment, names)
        before = dict(os.environ)
        os.environ.update(environment)
        try:
            self.log.fetch()
            left = haft_side.run(case, self.log, names)
            right = requests_side.run(case, self.log, names)
        finally:
            os.environ.clear()
            os.environ.update(before)
        said = [[step.get("said") for step in record] for record in (left, right)]
        left, right = ([{key: step[key] for key in step if key != "said"} for step in record] for record in (left, right))
        name = f"{subject}/{case.name}"
        for index, difference in enumerate(DIFFERENCES):
            if difference.same and difference.fits(name):
                count = len(unequal(left, right))
                left, right = difference.same(left, right)
                if len(unequal(left, right)) < count:
                    self.note(index, name)
        rest = unequal(left, right)
        for index, difference in enumerate(DIFFERENCES):
            if difference.paths and difference.fits(name):
                covered = [path for path in rest if difference.allows(path)]
                if covered:
                    self.note(index, name)
                for path in covered:
                    del rest[path]
        if rest:
            for which, words in zip(("haft", "requests"), said):
                if any(words):
                    rest[f"({which} said)"] = words
        return rest, (left, right)

    def note(self, index, name):
        for pattern in DIFFERENCES[index].cases:
            if matches(name, pattern):
                self.shown.add((index, pattern))

    def gone(self, subject):
        """Listed differences of a subject that did not show."""
        for index, difference in enumerate(DIFFERENCES):
            for pattern in difference.cases:
                owner = pattern.split("/")[0]
                if owner == subject and (index, pattern) not in self.shown:
                    yield f"{pattern}: {difference.what}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("subjects", nargs="*")
    parser.add_argument("--case", default="*")
    parser.add_argument("--sandbox")
    parser.add_argument("--most", type=int, default=6, help="how many differences of a case are shown")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    wanted = options.subjects or sorted(module.name for module in pkgutil.iter_modules(subjects.__path__))
    clean_environment()
    addresses, process = sandbox(options.sandbox)
    count = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        runner = Runner(addresses, folder)
        for subject in wanted:
            cases = importlib.import_module(f"subjects.{subject}").CASES
            names = [case.name for case in cases]
            assert len(names) == len(set(names)), f"{subject}: two cases of one name: {[n for n in names if names.count(n) > 1]}"
            for case in cases:
                if not fnmatchcase(case.name, options.case):
                    continue
                count += 1
                rest, records = runner.run(subject, case)
                if options.show:
                    print(json.dumps(records, indent=1, default=repr))
                if rest:
                    failed += 1
                    print(f"FAILED {subject}/{case.name}")
                    for path, pair in list(rest.items())[:options.most]:
                        print(f"    {path}:" if isinstance(pair, list) else f"    {path}:\n        haft     {pair[0]!r:.160}\n        requests {pair[1]!r:.160}")
                        if isinstance(pair, list):
                            print(f"        {pair}")
            if options.case == "*":
                for text in runner.gone(subject):
                    failed += 1
                    print(f"GONE {text}")
    if process:
        process.stdin.close()
        process.wait()
    print(f"{count} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
