"""The official Mesh SDK as the peer of mesh.c, with the same modes and the same output: mesh.py HOST:PORT MODE ROUNDS.
The SDK and what it needs must be importable (PYTHONPATH)."""

import datetime
import json
import resource
import sys
import threading

import pyarrow
from volue.mesh import Connection, Timeseries

POINTS, MANY, DAY = 200_000, 1000, 24
START = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e6


def status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def table():
    first = int(START.timestamp() * 1000)
    columns = [
        pyarrow.array(range(first, first + POINTS * 3_600_000, 3_600_000), pyarrow.timestamp("ms")),
        pyarrow.array([0] * POINTS, pyarrow.uint32()),
        pyarrow.array([float(at % 97) for at in range(POINTS)], pyarrow.float64()),
    ]
    return pyarrow.Table.from_arrays(columns, schema=Timeseries.schema)


def connect(address):
    return Connection.insecure(address, grpc_max_receive_message_length=8 << 20)


def read(session, number, hours):
    found = session.read_timeseries_points(100_000 + number, START, START + hours * HOUR)
    assert found.number_of_points >= hours
    return found


def begin(address):
    """What a process needs from nothing to the first answer."""
    before = cpu()
    connection = connect(address)
    session = connection.create_session()
    session.open()
    read(session, 0, DAY)
    spent = cpu() - before
    session.close()
    return spent


def keep(address, count):
    connection = connect(address)
    sessions = [connection.create_session() for _ in range(count)]
    sessions[0].open()
    before = status("VmRSS")
    for session in sessions[1:]:
        session.open()
    used = cpu()
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps({"cpu": cpu() - used, "memory": status("VmRSS") - before, "threads": threading.active_count()}), flush=True)
    for session in sessions:
        session.close()


def main():
    address, mode, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if mode == "keep":
        return keep(address, rounds)
    if mode == "open":
        begin(address)
        print(json.dumps({"cpu": sum(begin(address) for _ in range(rounds)) / rounds}))
        return
    points = table()
    with connect(address).create_session() as session:

        def once():
            before = cpu()
            if mode == "read":
                read(session, 0, POINTS)
            elif mode == "write":
                session.write_timeseries_points(Timeseries(table=points, timskey=100_000))
                session.rollback()
            elif mode == "single":
                read(session, 0, DAY)
            else:
                for number in range(MANY):
                    read(session, number, DAY)
            return cpu() - before

        resident = status("VmRSS")
        once()
        used = sum(once() for _ in range(rounds)) / rounds
        print(json.dumps({"cpu": used, "memory": status("VmHWM") - resident}))


main()
