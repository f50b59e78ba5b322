"""The Janus rows of the table: haft (bench/janus.c) beside a bare client (bench/janus_bare.rs) and the Python client
(bench/janus_peer.py), in turns against the same real server. Called by run.py; left out where there is no Janus, and the
Python client's rows where its interpreter is not given. The ratios and goals are beside the bare client."""

import contextlib
import json
import shutil
import statistics
import subprocess

SIDES = ("haft", "bare", "python")
# Neighbouring runs; the first warms up.
ROUNDS = 5


@contextlib.contextmanager
def server(bench):
    process = subprocess.Popen(
        # The ports of media of ended negotiations are free only after a while.
        [bench.sandbox, "janus", "--until-eof", "--no-log", "--janus", "rtp_ports=8000"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    try:
        yield json.loads(process.stdout.readline())["janus"]
    finally:
        process.stdin.close()
        process.wait()


def order(bench):
    sdp = (bench.here.parent / "tests/janus/offer.sdp").read_text().replace("\n", "\r\n")
    return json.dumps({"body": {"audio": True, "video": True}, "jsep": {"type": "offer", "sdp": sdp, "trickle": False}})


def once(bench, side, url, mode, count):
    if side != "haft" and mode == "crowd":
        # One thread with many in flight.
        mode = "sessions"
    program = {
        "haft": [bench.build / "janus", f"janus+{url}"],
        "bare": [bench.sandbox.parent / "janus-bare", url],
        "python": [bench.python, bench.here / "janus_peer.py", url],
    }[side]
    more = [order(bench)] if mode == "negotiate" else []
    return json.loads(bench.run(*program, mode, count, *more))


def measure(bench):
    """Each row: its name, the mode and how often, the figure, its goal beside the bare client, and whether more is better."""
    rows = [
        ("latency, Janus ping, p50", "ping", 5000, "p50", 1.3, False, " µs"),
        ("latency, Janus ping, p99", "ping", 5000, "p99", 2, False, " µs"),
        ("Janus pings a second, window of 256", "window", 100_000, "per_second", 0.75, True, ""),
        ("Janus messages a second, window of 256", "message", 50_000, "per_second", 0.75, True, ""),
        ("Janus, 1,000 sessions on one socket", "sessions", 1000, "took", None, False, " ms"),
        ("Janus, 10,000 sessions on one socket", "sessions", 10_000, "took", None, False, " ms"),
        ("Janus, 1,000 sessions by 16 threads", "crowd", 1000, "took", None, False, " ms"),
        ("Janus, 10,000 sessions by 16 threads", "crowd", 10_000, "took", None, False, " ms"),
        ("Janus, 1,000 negotiations", "negotiate", 1000, "took", None, False, " s"),
    ]
    if shutil.which("janus") is None or not any(bench.wanted(row[0]) for row in rows):
        return
    sides = SIDES if bench.python else SIDES[:2]
    with server(bench) as url:
        # A library without the back end of Janus.
        if subprocess.run([bench.build / "janus", f"janus+{url}", "ping", "1"], capture_output=True).returncode != 0:
            print("left out: haft does not open Janus")
            return
        done = {}
        for name, mode, count, figure, goal, more, unit in rows:
            if not bench.wanted(name):
                continue
            if (mode, count) not in done:
                # The Python client loses answers and waits for them: a tenth of the work shows what share.
                less = lambda side: count // 10 if side == "python" and mode == "negotiate" else count
                runs = [{side: once(bench, side, url, mode, less(side)) for side in sides} for _ in range(ROUNDS + 1)][1:]
                done[mode, count] = runs
            runs = done[mode, count]
            middle = {side: statistics.median(run[side][figure] for run in runs) for side in sides}
            ratio = statistics.median(run["haft"][figure] / run["bare"][figure] for run in runs)
            own = {1000: 60, 10_000: 600}.get(count) if mode in ("sessions", "crowd") else None
            if own is not None:
                bench.row(name, middle["haft"], middle["bare"], goal=own, ratio=ratio, unit=unit, by="haft")
            elif more:
                # The table's goals are upper limits: of what the bare client does, haft does so much at least.
                inverse = statistics.median(run["bare"][figure] / run["haft"][figure] for run in runs)
                bench.row(name, middle["haft"], middle["bare"], goal=round(1 / goal, 2), ratio=inverse, unit=unit)
            else:
                bench.row(name, middle["haft"], middle["bare"], goal=goal, ratio=ratio, unit=unit)
            if "python" in sides and mode != "negotiate":
                share = statistics.median(run["haft"][figure] / run["python"][figure] for run in runs)
                bench.row("  beside the Python client", middle["haft"], middle["python"], ratio=share, unit=unit)
            if mode == "negotiate":
                lost = {side: sum(less(side) - run[side]["answered"] for run in runs) for side in sides}
                bench.row("  answers lost by haft and by the bare client", lost["haft"], lost["bare"], goal=0, by="haft", ratio=0)
                if "python" in sides:
                    whole = len(runs) * less("python")
                    bench.row(f"  lost by the Python client, of {whole:,}", lost["haft"], lost["python"], ratio=0)
