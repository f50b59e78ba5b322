"""The Mesh rows of the table: haft (bench/mesh_series.c) beside the official Python SDK (bench/mesh_series.py), in turns
against the same sandbox. Called by run.py, with --mesh-python an interpreter that has the SDK; without it they are left
out. The first of both sides warms up inside the programs."""

import contextlib
import json
import statistics
import subprocess
import urllib.request

POINTS, MANY = 200_000, 1000


@contextlib.contextmanager
def sandbox(bench, orders):
    process = subprocess.Popen(
        [bench.sandbox, "mesh", "--until-eof", "--no-log"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        place = json.loads(process.stdout.readline())
        for order in orders:
            urllib.request.urlopen(urllib.request.Request(f"{place['http']}/_mesh?{order}", method="POST")).read()
        yield place
    finally:
        process.stdin.close()
        process.wait()


def once(bench, side, place, mode, rounds):
    if side == "haft":
        program = [bench.build / "mesh_series", f"mesh+http://{place['mesh']}"]
    else:
        program = [bench.mesh_python, bench.here / "mesh_series.py", place["mesh"]]
    return json.loads(bench.run(*program, mode, rounds))["cpu"] * 1000


def measure(bench):
    rows = [
        (f"CPU, Mesh, {POINTS:,} points read", "read", 10, 0.2, f"seed=chimneys&count=1&points={POINTS}"),
        (f"CPU, Mesh, {POINTS:,} points written", "write", 10, 0.2, f"seed=chimneys&count=1&points={POINTS}"),
        (f"CPU, Mesh, {MANY:,} series of a day in one call beside so many calls", "many", 3, 0.1, f"seed=chimneys&count={MANY}&points=48"),
    ]
    for name, mode, rounds, goal, order in rows:
        if bench.mesh_python is None or not bench.wanted(name):
            continue
        with sandbox(bench, [order]) as place:
            pairs = [[once(bench, side, place, mode, rounds) for side in ("haft", "python")] for _ in range(5)]
            values = [statistics.median(pair[side] for pair in pairs) for side in (0, 1)]
            bench.row(name, *values, goal=goal, ratio=statistics.median(one / other for one, other in pairs), unit=" ms")
