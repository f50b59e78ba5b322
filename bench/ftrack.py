"""The official Python client at what bench/ftrack.c does with haft: the same questions to the same server.

    ftrack.py MODE URL USER KEY [COUNT]

Prints JSON as the other side does: CPU in microseconds (getrusage of this process), memory in KiB.
"""

import json
import logging
import resource
import sys
import tempfile
import time

import ftrack_api
import ftrack_api.event.base

logging.disable(logging.CRITICAL)
SUBSCRIPTIONS = 500
QUERY = (
    "select id, name, bid, sort, description, start_date, end_date, status.name, status.color, type.name, type.sort, "
    "priority.name, priority.value, parent.name, project.name, project.full_name from Task"
)


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def status(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name))


def connect(folder=False):
    url, user, key = sys.argv[2:5]
    return ftrack_api.Session(
        server_url=url, api_user=user, api_key=key, schema_cache_path=folder, auto_connect_event_hub=False
    )


def timed(do):
    wall, began = time.perf_counter(), cpu()
    out = do()
    return out, cpu() - began, (time.perf_counter() - wall) * 1e6


def cold(count):
    """Sessions from nothing: the server's types come over the wire."""
    _, used, wall = timed(lambda: [connect() for _ in range(count)])
    return {"cpu": used / count, "wall": wall / count}


def warm(count):
    """Sessions whose types are in a file."""
    with tempfile.TemporaryDirectory() as folder:
        connect(folder)
        _, used, wall = timed(lambda: [connect(folder) for _ in range(count)])
    return {"cpu": used / count, "wall": wall / count}


def query(count):
    """All tasks with their relations."""
    session = connect()
    before = status("VmRSS")
    tasks, used, wall = timed(lambda: session.query(QUERY).all())
    peak = status("VmHWM")
    assert len(tasks) == count and tasks[-1]["name"].startswith("task_") and tasks[-1]["status"]["name"]
    return {"cpu": used, "wall": wall, "memory": peak - before, "held": status("VmRSS") - before}


def update(count):
    """Commits of one update each, with so many entities cached."""
    session, times = connect(), 3 if count > 100 else 100
    tasks = session.query(f"{QUERY} limit {count}").all()
    assert len(tasks) == count

    def change():
        for at in range(times):
            tasks[at % count]["description"] = f"changed {at}"
            session.commit()

    _, used, wall = timed(change)
    return {"cpu": used / times, "wall": wall / times}


def create(count):
    """So many new entities in one commit."""
    session = connect()
    project = session.query("Project").first()
    made, staged, _ = timed(lambda: [session.create("Task", {"name": f"new_{at}", "parent": project}) for at in range(count)])
    _, used, wall = timed(session.commit)
    assert len(made) == count
    return {"staged": staged, "commit": used, "cpu": staged + used, "wall": wall}


def reads(count):
    """An attribute that the query did not ask for, of each of its entities."""
    session = connect()
    tasks = session.query(f"select id from Task limit {count}").all()
    values, used, wall = timed(lambda: [task["bid"] for task in tasks])
    assert len(values) == count and any(values)
    return {"cpu": used, "wall": wall}


def hear(count):
    """So many events with 500 subscriptions, of which one is for each."""
    session = connect()
    hub = session.event_hub
    hub.connect()
    seen, told = {}, []

    def heard(event):
        n = event["data"]["n"]
        if n < 0:
            told.append(n)
        else:
            seen[n] = seen.get(n, 0) + 1

    for at in range(SUBSCRIPTIONS):
        hub.subscribe(f"topic=bench.{at}", heard)
    hub.publish(ftrack_api.event.base.Event(topic=f"bench.{SUBSCRIPTIONS - 1}", data={"n": -1}))
    while not told:
        hub.wait(0.1)
    began, start, last, before = cpu(), time.perf_counter(), time.perf_counter(), 0
    print("ready", flush=True)
    while len(seen) < count:
        hub.wait(0.5)
        if len(seen) != before:
            last, before = time.perf_counter(), len(seen)
        elif before and time.perf_counter() - last > 10:
            break
    doubled = sum(times - 1 for times in seen.values())
    return {"cpu": cpu() - began, "wall": (time.perf_counter() - start) * 1e6, "heard": len(seen), "doubled": doubled}


def main():
    mode = globals()[sys.argv[1]]
    print(json.dumps(mode(int(sys.argv[5]) if len(sys.argv) > 5 else 1)))


if __name__ == "__main__":
    main()
