"""The ftrack rows of the table: haft (bench/ftrack.c) beside the official Python client (bench/ftrack.py), in turns against
the same sandbox. Called by run.py."""

import contextlib
import json
import statistics
import subprocess
import urllib.request

EVENTS, RATE = 10000, 1000


@contextlib.contextmanager
def sandbox(bench, *more):
    process = subprocess.Popen(
        [bench.sandbox, "ftrack", "--until-eof", *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


def command(bench, side, place, mode, *count):
    program = [bench.build / "ftrack"] if side == "haft" else [bench.python, bench.here / "ftrack.py"]
    return [*program, mode, place["ftrack"], place["ftrack_user"], place["ftrack_key"], *count]


def once(bench, side, place, mode, *count):
    return json.loads(bench.run(*command(bench, side, place, mode, *count)))


def pairs(bench, place, rounds, mode, *count):
    return [[once(bench, side, place, mode, *count) for side in ("haft", "python")] for _ in range(rounds)]


def ratio(bench, name, rows, key="cpu", goal=None, scale=1, unit=" µs", by="ratio"):
    ours, theirs = (statistics.median(row[side][key] * scale for row in rows) for side in (0, 1))
    middle = statistics.median(one[key] / other[key] for one, other in rows)
    bench.row(name, ours, theirs, goal=goal, ratio=middle, unit=unit, by=by)


def entities(bench):
    name = "ftrack, 20,000 entities with 5 relations"
    if not bench.wanted(name):
        return
    with sandbox(bench, "--no-log", "--seed", bench.build / "ftrack_seed.json") as place:
        rows = pairs(bench, place, 3, "query", 20000)
        ratio(bench, f"CPU, {name}", rows, goal=0.02, scale=1e-3, unit=" ms")
        ratio(bench, "  peak memory", rows, "memory", goal=0.333, scale=1 / 1024, unit=" MiB")
        whole = [once(bench, "haft", place, "query", 20000, 20000) for _ in range(3)]
        bench.row("  in one page instead of 40", statistics.median(run["cpu"] for run in whole) / 1e3, unit=" ms")
        bench.row("    its peak memory", statistics.median(run["memory"] for run in whole) / 1024, unit=" MiB")


def commits(bench):
    name = "ftrack commit of one update"
    if bench.wanted(name):
        with sandbox(bench, "--no-log", "--seed", bench.build / "ftrack_seed.json") as place:
            for count, goal in [(1, None), (2000, 1000)]:
                shown = f"{count:,} cached entities" if count > 1 else "1 cached entity"
                ratio(bench, f"CPU, {name}, {shown}", pairs(bench, place, 3, "update", count), goal=goal, by="haft")
    name = "ftrack, 10,000 creates in one commit"
    if bench.wanted(name):
        rows = []
        for _ in range(3):
            row = []
            for side in ("haft", "python"):
                # A server without those of the run before.
                with sandbox(bench, "--no-log") as place:
                    row.append(once(bench, side, place, "create", 10000))
            rows.append(row)
        ratio(bench, f"CPU, {name}", rows, goal=0.02, scale=1e-3, unit=" ms")
        ratio(bench, "  creating them", rows, "staged", scale=1e-3, unit=" ms")
        ratio(bench, "  the commit", rows, "commit", scale=1e-3, unit=" ms")


def opening(bench):
    name = "ftrack session"
    if not bench.wanted(name):
        return
    with sandbox(bench, "--no-log") as place:
        ratio(bench, f"CPU, {name}, from nothing", pairs(bench, place, 5, "cold", 20), goal=0.2)
        ratio(bench, f"CPU, {name}, types in a file", pairs(bench, place, 5, "warm", 20), goal=0.2)


def reads(bench):
    name = "ftrack, 100 reads of an attribute"
    if not bench.wanted(name):
        return
    with sandbox(bench, "--seed", bench.build / "ftrack_seed.json") as place:
        def asked():
            with urllib.request.urlopen(f"{place['ftrack']}/_ftrack/log") as answer:
                return sum(1 for entry in json.load(answer) if entry["path"] == "/api" and "bid" in json.dumps(entry["body"]))

        counts, runs = [], []
        for side in ("haft", "python"):
            before = asked()
            runs.append(once(bench, side, place, "reads", 100))
            counts.append(asked() - before)
    bench.row(f"{name}: requests", *counts, goal=1, by="haft")
    ratio(bench, "  CPU", [runs])


def events(bench):
    """Events as they come, at the rate at which they are published; the publisher is haft for both."""
    name = f"ftrack events, {RATE:,} a second, 500 subscriptions"
    if not bench.wanted(name):
        return
    rows = []
    with sandbox(bench, "--no-log") as place:
        for _ in range(2):
            row = []
            for side in ("haft", "python"):
                hearer = subprocess.Popen([str(word) for word in command(bench, side, place, "hear", EVENTS)], stdout=subprocess.PIPE, text=True)
                assert hearer.stdout.readline() == "ready\n"
                sent = once(bench, "haft", place, "publish", EVENTS, RATE)
                row.append(json.loads(hearer.stdout.read()) | sent)
                hearer.wait()
            rows.append(row)
    ratio(bench, f"CPU of each, {name}", rows, scale=1 / EVENTS)
    ratio(bench, "  until the last was heard", rows, "wall", scale=1e-6, unit=" s")
    bench.row("  lost or doubled", *(sum(EVENTS - row[side]["heard"] + row[side]["doubled"] for row in rows) for side in (0, 1)), goal=0, ratio=0, by="haft")


def measure(bench):
    if not bench.python:
        return
    for part in (entities, commits, opening, reads, events):
        part(bench)
