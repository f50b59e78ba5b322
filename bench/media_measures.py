"""The rows of media: haft (bench/media.c) beside the Python client (tests/python/janus_media.py), in turns against the same real
Janus. Called by run.py; left out where there is no Janus or no ffmpeg, which makes the samples and looks at what comes back."""

import collections
import json
import os
import shutil
import statistics
import subprocess

import janus_measures

# Neighbouring runs of half a minute each.
ROUNDS = 3
CONNECTIONS = 20
STREAMS = 20
# What the samples have: frames of video a second, and its clock.
RATE, CLOCK = 30, 90_000


def sample(bench, name):
    """As tests/media/samples.txt says, made when it is not there or older than that."""
    text = bench.here.parent / "tests/media/samples.txt"
    folder = bench.build / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    if file.exists() and file.stat().st_mtime > text.stat().st_mtime:
        return file
    lines = [line for line in text.read_text().splitlines() if not line.startswith("#")]
    recipe = dict(line.split(": ", 1) for line in lines if ": " in line)[name]
    for part, words in (line.split(" = ", 1) for line in lines if ": " not in line and " = " in line):
        recipe = recipe.replace("{" + part + "}", words)
    words = [str(sample(bench, word[1:-1])) if word.startswith("{") else word for word in recipe.split()]
    bench.run("ffmpeg", "-nostdin", "-v", "error", "-y", *words, "-fflags", "+bitexact", "-flags", "+bitexact", file)
    return file


def frames(bench, file):
    """(SHA-256 of each frame, by kind)"""
    told = json.loads(
        bench.run("ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_packets", "-show_data_hash", "sha256", file)
    )
    kinds = {stream["index"]: stream["codec_type"] for stream in told["streams"]}
    found = collections.defaultdict(list)
    for packet in told["packets"]:
        found[kinds[packet["stream_index"]]].append(packet["data_hash"])
    return dict(found)


def haft(bench, url, mode, file, more, **environment):
    return json.loads(bench.run(bench.build / "media", f"janus+{url}", mode, file, more, **environment))


def python(bench, url, file, seconds):
    """The client loses the answer to its own `start` now and then, and waits for ever: then it is asked once more."""
    orders = [{"do": "echo", "ws": url, "file": str(file), "out": str(bench.build / "python.mp4")}, {"seconds": seconds}]
    for _ in range(10):
        done = subprocess.Popen(
            [str(bench.python), str(bench.here.parent / "tests/python/janus_media.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        told = {}
        for order in orders:
            done.stdin.write(json.dumps(order) + "\n")
            done.stdin.flush()
            told = json.loads(done.stdout.readline())
            if "raised" in told:
                break
        done.stdin.close()
        done.wait()
        if "cpu" in told:
            return told
    raise SystemExit(f"the Python client did not start: {told}")


def lateness(path):
    """How late the first packet of each frame of video went out, in ms: beside the most punctual of its stream."""
    first = collections.defaultdict(dict)
    for line in path.open():
        at, source, _, timestamp, _ = map(int, line.split())
        first[source].setdefault(timestamp, at)
    late = []
    for sent in first.values():
        stamps = sorted(sent)
        steps = collections.Counter(after - before for before, after in zip(stamps, stamps[1:]))
        # Neither sound nor what is sent once more.
        if not steps or abs(steps.most_common(1)[0][0] - CLOCK / RATE) > 2 or len(stamps) < 10 * RATE:
            continue
        differences = [at / 1e6 - (timestamp - stamps[0]) * 1e3 / CLOCK for timestamp, at in sent.items()]
        best = min(differences)
        late.append([difference - best for difference in differences])
    return late


def echoes(bench, url):
    file, copy = sample(bench, "vp8_720p_opus.webm"), bench.build / "echo.webm"
    want, runs = frames(bench, file), []
    for _ in range(ROUNDS):
        run = haft(bench, url, "echo", file, copy)
        got = frames(bench, copy)
        run["lost"] = {kind: len(hashes) - len(got.get(kind, [])) for kind, hashes in want.items()}
        run["different"] = sum(
            one != other for kind, hashes in want.items() for one, other in zip(hashes, got.get(kind, []))
        )
        run["python"] = python(bench, url, file, 30) if bench.python else None
        runs.append(run)
    for kind in want:
        bench.row(f"EchoTest, 30 s of 720p VP8 and Opus, {kind} frames lost", max(run["lost"][kind] for run in runs), goal=0, by="haft")
    bench.row("  frames that are not as they were", max(run["different"] for run in runs), goal=0, by="haft")
    cpu = statistics.median(run["cpu"] for run in runs)
    if bench.python:
        other = statistics.median(run["python"]["cpu"] for run in runs)
        ratio = statistics.median(run["cpu"] / run["python"]["cpu"] for run in runs)
        bench.row("  CPU, beside the Python client", cpu, other, 0.1, ratio, unit=" s")
    else:
        bench.row("  CPU", cpu, unit=" s")
    bench.row("  memory beyond the open session", statistics.median(run["memory"] - run["before"] for run in runs) / 1024, unit=" MiB")


def connections(bench, url):
    run = haft(bench, url, "connect", sample(bench, "vp8_opus.webm"), CONNECTIONS)
    times = [connected(value) for value in run["values"]]
    bench.row(f"media, from the answer to connected, median of {CONNECTIONS}", statistics.median(times), goal=50, unit=" ms", by="haft")
    bench.row("  the longest", max(times), unit=" ms")


def connected(value):
    """Milliseconds from the server's answer to the end of DTLS."""
    return value["ice"]["dtls"] * 1e3


def crowds(bench, url):
    file, notes = sample(bench, "vp8_1mbit.ivf"), bench.build / "sends.out"
    preload = {"LD_PRELOAD": str(bench.build / "sends.so"), "SENDS": str(notes)}
    run = haft(bench, url, "many", file, STREAMS, **preload)
    streams = lateness(notes)
    late = sorted(one for stream in streams for one in stream)
    assert len(streams) == STREAMS, len(streams)
    name = f"{STREAMS} streams of 1 Mbit/s for 30 s, frames late, "
    bench.row(f"{name}p50", late[len(late) // 2], unit=" ms")
    bench.row(f"{name}p99", late[len(late) * 99 // 100], goal=20, unit=" ms", by="haft")
    bench.row(f"{name}worst", late[-1], unit=" ms")
    bench.row("  CPU of one core", 100 * run["cpu"] / run["took"], unit=" %")
    bench.row("  memory beyond the open session", (run["memory"] - run["before"]) / 1024, unit=" MiB")
    sent = sum(track["sent"]["frames"] for value in run["values"] for track in value["tracks"])
    back = sum(track["received"]["frames"] for value in run["values"] for track in value["tracks"])
    bench.row("  frames that did not come back", sent - back, goal=0, by="haft")


def measure(bench):
    rows = [("EchoTest, 30 s of 720p VP8 and Opus", echoes), ("media, from the answer to connected", connections), ("streams of 1 Mbit/s", crowds)]
    wanted = [run for name, run in rows if bench.wanted(name)]
    if not wanted:
        return
    if shutil.which("janus") is None or shutil.which("ffmpeg") is None:
        print("left out: the rows of media, which need Janus and ffmpeg")
        return
    with janus_measures.server(bench) as url:
        for run in wanted:
            run(bench, url)
