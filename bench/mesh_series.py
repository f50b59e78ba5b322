"""The official Mesh SDK as the peer of mesh_series.c: mesh_series.py HOST:PORT read|write|many ROUNDS. The SDK and what it
needs must be importable (PYTHONPATH)."""

import datetime
import json
import resource
import sys

import pyarrow
from volue.mesh import Connection, Timeseries

POINTS, MANY = 200_000, 1000
START = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)


def cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def table():
    first = int(START.timestamp() * 1000)
    columns = [
        pyarrow.array(range(first, first + POINTS * 3_600_000, 3_600_000), pyarrow.timestamp("ms")),
        pyarrow.array([0] * POINTS, pyarrow.uint32()),
        pyarrow.array([float(at % 97) for at in range(POINTS)], pyarrow.float64()),
    ]
    return pyarrow.Table.from_arrays(columns, schema=Timeseries.schema)


def main():
    address, mode, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
    points = table()
    connection = Connection.insecure(address, grpc_max_receive_message_length=8 << 20)
    with connection.create_session() as session:

        def once():
            if mode == "read":
                read = session.read_timeseries_points(100_000, START, START + POINTS * HOUR)
                assert read.number_of_points >= POINTS
            elif mode == "write":
                session.write_timeseries_points(Timeseries(table=points, timskey=100_000))
            else:
                for number in range(MANY):
                    session.read_timeseries_points(100_000 + number, START, START + 24 * HOUR)

        once()
        before = cpu()
        for _ in range(rounds):
            once()
        print(json.dumps({"cpu": (cpu() - before) / rounds}))


main()
