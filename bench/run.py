"""Measures haft beside its peers and prints the table of ratios. scripts/bench prepares what it needs.

    run.py [--build FOLDER] [--library FILE] [--only WORD]... [--markdown]

Both sides run in turn against the same server, so that what disturbs one disturbs the other. Counts (instructions,
system calls, allocations) are the difference between N and 2 N requests: what happens once cancels out. CPU ratios are
the median of the ratios of neighbouring runs. Measures whose name has none of the words are left out.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import urllib.request

import ftrack_measures
import janus_measures
import media_measures
import mesh_measures

HERE = pathlib.Path(__file__).resolve().parent
SIDES = ("haft", "curl")


class Bench:
    def __init__(self, build, library, base):
        self.build, self.library, self.base = build, library, base
        self.rows, self.words, self.markdown, self.sandbox = [], [], False, None
        # The interpreter that has the official ftrack client; without it the rows of ftrack are left out.
        self.here, self.python = HERE, None
        # The same for the official Mesh SDK, which no package index has.
        self.mesh_python = None

    # --- running one program ---------------------------------------------------------------------------------

    def run(self, *command, **environment):
        environment = {**os.environ, **environment}
        done = subprocess.run([str(word) for word in command], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def work(self, side, mode, count, limits=False, before=(), **environment):
        more = ["limits"] if limits else []
        return json.loads(self.run(*before, self.build / f"work-{side}", mode, self.base, count, *more, **environment))

    # --- counting ----------------------------------------------------------------------------------------------

    def counted(self, once, count=200):
        """The difference of N and 2 N, for one of them."""
        return (once(2 * count) - once(count)) / count

    def instructions(self, side, mode, limits):
        out = self.build / "callgrind.out"

        def once(count):
            self.work(side, mode, count, limits, ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"])
            return int(re.search(r"^(?:summary|totals): (\d+)", out.read_text(), re.M)[1])

        return self.counted(once)

    def system_calls(self, side, mode, limits):
        out = self.build / "strace.out"

        def once(count):
            self.work(side, mode, count, limits, ["strace", "-f", "-o", out])
            return sum(1 for line in out.open() if re.match(r"\d+ +\w+\(", line))

        return self.counted(once)

    def allocations(self, side, mode, limits):
        out = self.build / "allocations.out"

        def once(count):
            self.work(side, mode, count, limits, LD_PRELOAD=str(self.build / "allocations.so"), ALLOCATIONS=str(out))
            return int(out.read_text())

        return self.counted(once)

    # --- the table ----------------------------------------------------------------------------------------------

    def wanted(self, name):
        return not self.words or any(word in name for word in self.words)

    def row(self, name, haft, peer=None, goal=None, ratio=None, unit="", by="ratio"):
        """`by` is what the goal is about: the ratio, or haft's own figure."""
        if ratio is None and peer:
            ratio = haft / peer
        reached = ratio if by == "ratio" else haft
        verdict = "" if goal is None else "met" if reached <= goal else "MISSED"
        shown = "" if goal is None else f"≤ {goal:g}" + ("" if by == "ratio" else unit)
        cells = [name, figure(haft, unit), figure(peer, unit), "" if ratio is None else f"{ratio:.4f}" if 0 < ratio < 0.1 else f"{ratio:.2f}", shown, verdict]
        self.rows.append(cells)
        if self.markdown:
            print(f"| {' | '.join(cells)} |", flush=True)
            return
        print(line(cells), flush=True)

    def interleaved(self, name, rounds, goal, measure, floor=None):
        """Medians of both sides, and the median of the ratios of neighbours. The first round warms up. `floor` is the
        goal beside a raw socket, which shows how much of it all is the system's."""
        sides = SIDES if floor is None else (*SIDES, "raw")
        rows = [[measure(side) for side in sides] for _ in range(rounds + 1)][1:]
        haft, *peers = (statistics.median(column) for column in zip(*rows))
        ratios = [statistics.median(row[0] / row[at] for row in rows) for at in range(1, len(sides))]
        self.row(name, haft, peers[0], goal, ratios[0], unit=" µs")
        if floor is not None:
            self.row("  beside a raw socket", haft, peers[1], floor, ratios[1], unit=" µs")
            share = statistics.median(row[2] / row[1] for row in rows)
            self.row("  the raw socket beside libcurl", peers[1], peers[0], ratio=share, unit=" µs")
            above = statistics.median((row[0] - row[2]) / max(row[1] - row[2], 1e-9) for row in rows)
            self.row("  what comes on top of the raw socket", haft - peers[1], peers[0] - peers[1], ratio=above, unit=" µs")

    # --- what is measured ---------------------------------------------------------------------------------------

    def counts(self):
        for limits in (False, True):
            times = "with time-outs" if limits else "no time-out"
            name = f"instructions, kept-alive GET 1 KiB, {times}"
            if self.wanted(name):
                self.row(name, *(self.instructions(side, "get", limits) for side in SIDES), goal=0.35)
        for mode, name in [
            ("options", "instructions, GET with a field, a parameter, a time-out"),
            ("post", "instructions, POST of a small body"),
            ("small chunks", "instructions, GET 1 KiB in chunks"),
        ]:
            if self.wanted(name):
                self.row(name, *(self.instructions(side, mode, False) for side in SIDES))
        for mode, limits, goal in [("get", False, 2), ("get", True, 3), ("put", True, 4), ("post", True, 4), ("patch", True, 4)]:
            name = f"system calls, {mode.upper()}, {'with time-outs' if limits else 'no time-out'}"
            if self.wanted(name):
                self.row(name, *(self.system_calls(side, mode, limits) for side in SIDES), goal=goal, by="haft")
        for limits in (False, True):
            name = f"allocations, GET 1 KiB, {'with time-outs' if limits else 'no time-out'}"
            if self.wanted(name):
                self.row(name, *(self.allocations(side, "get", limits) for side in SIDES), goal=18, by="haft")

    def cpu(self):
        for name, mode, count, rounds, goal, limits, floor in [
            ("CPU, kept-alive GET 1 KiB, no time-out", "get", 10000, 9, 0.5, False, 1.6),
            ("CPU, kept-alive GET 1 KiB, with time-outs", "get", 10000, 9, 0.5, True, 1.6),
            ("CPU, 16 MiB down, whole into memory", "whole", 16, 9, 0.85, True, None),
            ("CPU, 16 MiB down, in pieces of 64 KiB", "stream", 16, 9, 0.85, True, None),
            ("CPU, 16 MiB down in chunks, whole into memory", "chunks", 16, 9, 0.85, True, None),
            ("CPU, 16 MiB up from a reader", "upload", 16, 9, 0.9, True, None),
        ]:
            if self.wanted(name):
                self.interleaved(name, rounds, goal, lambda side: self.work(side, mode, count, limits)["cpu"] / count, floor)

    def many(self):
        """Submitted requests beside libcurl's multi interface with epoll; each is answered 50 ms after it came."""
        if not self.wanted("in flight"):
            return
        for flight, goal in [(1000, 0.25), (10000, 0.08)]:
            count = 2 * flight if flight > 1000 else 10 * flight
            rows = []
            for _ in range(3):
                row = []
                for side in SIDES:
                    # A fresh one each time: sockets of the side before are still being closed.
                    crowd = subprocess.Popen([self.build / "crowd"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
                    base = f"http://127.0.0.1:{int(crowd.stdout.readline())}"
                    row.append(json.loads(self.run(self.build / f"many-{side}", base, "/delay", count, flight)))
                    crowd.stdin.close()
                    crowd.wait()
                rows.append(row)
            ours, theirs = ([row[side] for row in rows] for side in (0, 1))
            cpu = [statistics.median(run["cpu"] / count for run in side) for side in (ours, theirs)]
            ratio = statistics.median(one["cpu"] / other["cpu"] for one, other in rows)
            self.row(f"CPU, {flight:,} requests in flight", *cpu, goal=goal, ratio=ratio, unit=" µs")
            each = [statistics.median(run["each"] / 1024 for run in side) for side in (ours, theirs)]
            self.row(f"memory of each of {flight:,} in flight", *each, goal=8, unit=" KiB", by="haft")
            self.row(f"threads with {flight:,} in flight", max(run["threads"] for run in ours), goal=2, by="haft")
            self.row(f"failed of {count:,}", sum(run["failed"] for run in ours), sum(run["failed"] for run in theirs), goal=0, by="haft", ratio=0)

    def streams(self):
        """The same in streams of one connection of HTTP/2 over TLS, beside libcurl with nghttp2, against the sandbox. Not by
        prior knowledge: some of libcurl's versions (7.88) fail all requests but the first then."""
        flight, count, rounds = 1000, 10000, 5
        name = f"{flight:,} streams of HTTP/2 on one connection"
        if not self.wanted(name):
            return
        sandbox = subprocess.Popen(
            [self.sandbox, "http", "--no-log", "--until-eof"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            place = json.loads(sandbox.stdout.readline())
            ask = urllib.request.Request(f"{place['http']}/_control?h2=1&max_concurrent={flight}", method="POST")
            urllib.request.urlopen(ask).read()
            once = lambda side: json.loads(
                self.run(self.build / f"many-{side}", place["https2"], "/delay/0.05", count, flight, place["ca"])
            )
            pairs = [[once(side) for side in SIDES] for _ in range(rounds + 1)][1:]
        finally:
            sandbox.stdin.close()
            sandbox.wait()
        for key, what in [("cpu", "CPU"), ("took", "time")]:
            values = [statistics.median(pair[side][key] / count for pair in pairs) for side in (0, 1)]
            ratio = statistics.median(pair[0][key] / pair[1][key] for pair in pairs)
            self.row(f"{what} of a request, {name}", *values, ratio=ratio, unit=" µs")
        each = [statistics.median(pair[side]["each"] / 1024 for pair in pairs) for side in (0, 1)]
        self.row("  memory of each", *each, unit=" KiB")
        self.row(f"  failed of {rounds * count:,}", *(sum(pair[side]["failed"] for pair in pairs) for side in (0, 1)), goal=0, by="haft", ratio=0)

    def messages(self):
        """A flood of WebSocket messages beside a socket whose frames are walked."""
        if not self.wanted("WebSocket"):
            return
        flood = subprocess.Popen([self.build / "flood"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        port = int(flood.stdout.readline())
        for name, count, size, more, goal in [
            ("CPU, WebSocket message of 100 bytes to a callback", 500000, 100, [], 12),
            ("CPU, WebSocket message of 100 bytes to a poll", 500000, 100, ["poll"], None),
            ("CPU, WebSocket message of 16 KiB to a callback", 20000, 16384, [], None),
        ]:
            def once(side):
                return json.loads(self.run(self.build / f"messages-{side}", port, count, size, *more))["cpu"] / count

            pairs = [(once("haft"), once("raw")) for _ in range(8)][1:]
            values = [statistics.median(pair[side] * 1000 for pair in pairs) for side in (0, 1)]
            self.row(name, *values, goal=goal, ratio=statistics.median(one / other for one, other in pairs), unit=" ns")
        flood.stdin.close()
        flood.wait()

    def latency(self):
        """What a submitted request takes longer than a blocking one."""
        if not self.wanted("latency"):
            return
        rounds = [json.loads(self.run(self.build / "latency", self.base, 2000)) for _ in range(12)][1:]
        blocking = statistics.median(one["blocking"] for one in rounds)
        for mode, name in [("pushed", "to callback"), ("polled", "to poll")]:
            time = statistics.median(one[mode] for one in rounds)
            ratio = statistics.median(one[mode] / one["blocking"] for one in rounds)
            self.row(f"latency, submit {name}, beside blocking", time, blocking, ratio=ratio, unit=" µs")
            added = statistics.median(one[mode] - one["blocking"] for one in rounds)
            self.row("  what is added", added, goal=15 if mode == "pushed" else None, unit=" µs", by="haft")

    def memory(self):
        for name, mode, count in [
            ("peak memory, 16 MiB in pieces", "stream", 20),
            ("peak memory, 16 MiB up", "upload", 20),
            ("peak memory, 32 threads on one session", "threads", 500),
        ]:
            if self.wanted(name):
                haft = self.work("haft", mode, count)
                curl = self.work("curl", mode, count)["peak"] if mode != "threads" else None
                self.row(name, haft["peak"], curl, unit=" KiB")
        name = "memory, growth over 100,000 requests"
        if self.wanted(name):
            result = self.work("haft", "get", 200000)
            self.row(name, result["growth"], goal=64, unit=" KiB", by="haft")
            self.row("descriptors left after close and free", result["descriptors"], goal=0, by="haft")

    def boundary(self):
        if self.wanted("boundary"):
            for call, nanoseconds in json.loads(self.run(self.build / "boundary")).items():
                self.row(f"boundary, {call}", nanoseconds, goal=50, unit=" ns", by="haft")

    def load(self):
        if not self.wanted("load + create + close"):
            return
        curl = next(path for path in self.run("ldd", self.build / "work-curl").split() if path.startswith("/") and "libcurl" in path)
        haft = lambda: json.loads(self.run(self.build / "load", "haft", self.library, self.base))
        peer = lambda: json.loads(self.run(self.build / "load", "curl", curl, self.base))
        pairs = [(haft(), peer()) for _ in range(16)][1:]
        for key, name in [("wall", "load + create + close, wall"), ("cpu", "load + create + close, CPU")]:
            ours, theirs = (statistics.median(pair[side][key] for pair in pairs) for side in (0, 1))
            self.row(name, ours, theirs, goal=1000, unit=" µs", by="haft")
        self.row("load: threads after a blocking request", max(pair[0]["threads"] for pair in pairs), goal=1, by="haft")

    def json(self):
        if not self.wanted("JSON"):
            return
        document = self.build / "document.json"
        ours, theirs = [], []
        for _ in range(5):
            ours.append(json.loads(self.run(self.build / "parse", self.base, 5)))
            theirs.append(json.loads(self.run(sys.executable, HERE / "parse.py", document, 5)))
        best = [min(min(run["cpu"]) for run in side) for side in (ours, theirs)]
        ratios = [min(one["cpu"]) / min(other["cpu"]) for one, other in zip(ours, theirs)]
        self.row("CPU, 15 MB JSON to values, beside Python", *best, goal=0.2, ratio=statistics.median(ratios), unit=" µs")
        first = [statistics.median(run["cpu"][0] for run in side) for side in (ours, theirs)]
        self.row("  the first one of a process", *first, unit=" µs")
        added = [statistics.median(run["added"] for run in side) for side in (ours, theirs)]
        self.row("memory, 15 MB JSON to values, beside Python", *added, unit=" KiB")

    def size(self):
        if not self.wanted("library"):
            return
        self.row("library, stripped", self.library.stat().st_size / 2**20, goal=9, unit=" MiB", by="haft")
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", self.run("readelf", "-d", self.library))
        print(f"\nthe library needs {' '.join(needed)}")


def line(cells):
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, (58, 14, 14, 6, 9, 6))).rstrip()


def figure(number, unit):
    if number is None:
        return ""
    return (f"{number:,.0f}" if number >= 1000 else f"{number:.1f}".removesuffix(".0")) + unit


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build/bench")
    parser.add_argument("--library", type=pathlib.Path, default=HERE.parent / "build/release/libhaft.so")
    parser.add_argument("--sandbox", type=pathlib.Path, default=HERE.parent / "target/release/haft-sandbox")
    parser.add_argument("--python", type=pathlib.Path, help="an interpreter with the clients of ftrack and Janus")
    parser.add_argument("--mesh-python", type=pathlib.Path, default=os.environ.get("HAFT_MESH_PYTHON"), help="an interpreter with the official Mesh SDK")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--markdown", action="store_true", help="the table as docs/performance.md has it")
    options = parser.parse_args()
    server = subprocess.Popen([options.build / "server", options.build / "document.json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        bench = Bench(options.build, options.library.resolve(), f"http://127.0.0.1:{int(server.stdout.readline())}")
        bench.words, bench.sandbox = options.only, options.sandbox
        bench.markdown, bench.python = options.markdown, options.python
        bench.mesh_python = options.mesh_python
        if options.markdown:
            print("| measure | haft | peer | ratio | goal | |\n|---|---|---|---|---|---|")
        else:
            print(line(("measure", "haft", "peer", "ratio", "goal", "")))
        for part in (bench.counts, bench.cpu, bench.json, bench.load, bench.boundary, bench.many, bench.streams, bench.messages, bench.latency, bench.memory, bench.size):
            part()
        ftrack_measures.measure(bench)
        mesh_measures.measure(bench)
        janus_measures.measure(bench)
        media_measures.measure(bench)
        missed = [cells[0] for cells in bench.rows if cells[-1] == "MISSED"]
        print(f"\n{len(missed)} goals missed" + "".join(f"\n  {name}" for name in missed))
    finally:
        server.stdin.close()
        server.wait()


if __name__ == "__main__":
    main()
