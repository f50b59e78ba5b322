"""The Mesh rows of the table: haft (bench/mesh.c) beside the official Python SDK (bench/mesh.py), in turns against the same
sandbox. Called by run.py, with --mesh-python an interpreter that has the SDK; without it the rows that need it are left
out."""

import contextlib
import json
import re
import statistics
import subprocess
import time
import urllib.request

POINTS, MANY = 200_000, 1000
# Seconds that an unused session lives on the server, and how often each is extended before it is looked at.
LIFE, TIMES = 4, 4


@contextlib.contextmanager
def sandbox(bench, *orders, log=False):
    process = subprocess.Popen(
        [bench.sandbox, "mesh", "--until-eof", *([] if log else ["--no-log"])], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        place = json.loads(process.stdout.readline())
        for order in orders:
            urllib.request.urlopen(urllib.request.Request(f"{place['http']}/_mesh?{order}", method="POST")).read()
        yield place
    finally:
        process.stdin.close()
        process.wait()


def asked(place, what):
    with urllib.request.urlopen(f"{place['http']}/_mesh{what}") as answer:
        return json.load(answer)


def command(bench, side, place, mode, rounds):
    if side == "haft":
        return [bench.build / "mesh", f"mesh+http://{place['mesh']}", mode, rounds]
    return [bench.mesh_python, bench.here / "mesh.py", place["mesh"], mode, rounds]


def once(bench, side, place, mode, rounds, **environment):
    return json.loads(bench.run(*command(bench, side, place, mode, rounds), **environment))


def pairs(bench, place, modes, rounds, count=5):
    """`modes` is that of haft and that of the SDK."""
    sides = list(zip(("haft", "python"), modes))
    return [[once(bench, side, place, mode, rounds) for side, mode in sides] for _ in range(count)]


def ratio(bench, name, rows, key="cpu", goal=None, scale=1e-3, unit=" ms"):
    ours, theirs = (statistics.median(row[side][key] * scale for row in rows) for side in (0, 1))
    middle = statistics.median(one[key] / other[key] for one, other in rows)
    bench.row(name, ours, theirs, goal=goal, ratio=middle, unit=unit)


def series(bench):
    for what, mode in [("read", "read"), ("written", "write")]:
        name = f"Mesh, {POINTS:,} points {what}"
        if bench.mesh_python and bench.wanted(name):
            with sandbox(bench, f"seed=chimneys&count=1&points={POINTS}") as place:
                rows = pairs(bench, place, (mode, mode), 10)
            ratio(bench, f"CPU, {name}", rows, goal=0.2)
            ratio(bench, "  peak memory", rows, "memory", scale=1 / 1024, unit=" MiB")


def small(bench):
    name = f"Mesh, {MANY:,} series of a day"
    if not bench.mesh_python or not bench.wanted(name):
        return
    with sandbox(bench, f"seed=chimneys&count={MANY}&points=48") as place:
        ratio(bench, f"CPU, {name} in one call beside so many calls", pairs(bench, place, ("many", "each"), 3), goal=0.1)
        ratio(bench, "  one after the other", pairs(bench, place, ("each", "each"), 3))
        ratio(bench, "  submitted", pairs(bench, place, ("flight", "each"), 3))


def opening(bench):
    name = "Mesh session, from nothing to the first answer"
    if bench.mesh_python and bench.wanted(name):
        with sandbox(bench, "seed=chimneys&count=1&points=48") as place:
            ratio(bench, f"CPU, {name}", pairs(bench, place, ("open", "open"), 20), goal=0.2, scale=1, unit=" µs")


def kept(bench, side, place, life):
    """What 1,000 sessions cost while they are kept alive, for several times of what they would live unused."""
    process = subprocess.Popen(
        [str(word) for word in command(bench, side, place, "keep", MANY)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    begun = time.monotonic()
    # One each when it is opened; the SDK's come every minute.
    while life and len(asked(place, "/log?method=ExtendSession")) < MANY * (TIMES + 1):
        assert time.monotonic() - begun < 10 * TIMES * life, "the sessions were not extended"
        time.sleep(0.2)
    took = time.monotonic() - begun
    alive = len(asked(place, "")["sessions"])
    print("", file=process.stdin, flush=True)
    result = json.loads(process.stdout.readline()) | {"alive": alive, "took": took}
    process.wait()
    return result


def keeping(bench):
    name = f"{MANY:,} Mesh sessions kept alive"
    if not bench.wanted(name):
        return
    with sandbox(bench, f"set=1&timeout={LIFE}", log=True) as place:
        ours = kept(bench, "haft", place, LIFE)
    theirs = None
    if bench.mesh_python:
        with sandbox(bench) as place:
            theirs = kept(bench, "python", place, 0)
    bench.row(f"threads with {name}", ours["threads"], theirs and theirs["threads"], goal=2, by="haft")
    bench.row("  memory of each", ours["memory"] / (MANY - 1), theirs and theirs["memory"] / (MANY - 1), unit=" KiB")
    bench.row("  CPU of keeping one alive once", ours["cpu"] / (MANY * TIMES), unit=" µs")
    bench.row(f"  lost in {ours['took'] / LIFE:.1f} lives of {LIFE} s", MANY - ours["alive"], goal=0, by="haft")


def counts(bench):
    """Instructions and allocations of haft alone."""
    for name, mode, points, count in [
        ("Mesh, a series of a day read", "single", 48, 100),
        (f"Mesh, {POINTS:,} points read", "read", POINTS, 4),
        (f"Mesh, {POINTS:,} points written", "write", POINTS, 4),
    ]:
        if not bench.wanted(f"instructions, {name}"):
            continue
        with sandbox(bench, f"seed=chimneys&count=1&points={points}") as place:
            ours = command(bench, "haft", place, mode, 0)[:-1]
            out = bench.build / "callgrind.out"

            def instructions(rounds):
                bench.run("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", *ours, rounds)
                return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])

            told = bench.build / "allocations.out"

            def allocations(rounds):
                bench.run(*ours, rounds, LD_PRELOAD=str(bench.build / "allocations.so"), ALLOCATIONS=str(told))
                return int(told.read_text())

            bench.row(f"instructions, {name}", bench.counted(instructions, count))
            bench.row(f"allocations, {name}", bench.counted(allocations, count))


def measure(bench):
    if not bench.mesh_python and bench.wanted("Mesh"):
        print("\nwithout --mesh-python (or HAFT_MESH_PYTHON) nothing is measured beside the official Mesh SDK: its rows are left out")
    for part in (series, small, opening, keeping, counts):
        part(bench)
