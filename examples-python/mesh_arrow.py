#!/usr/bin/env python3
"""A series of Mesh in pyarrow, without a copy of it. Usage: mesh_arrow.py [HOST:PORT]

haft_value_arrow gives the two structs of the Arrow C data interface, and pyarrow takes them over by their addresses.
HAFT_LIBRARY names the library when it is not where the system looks.
"""

import ctypes
import ctypes.util
import os
import sys

try:
    import pyarrow
except ImportError:
    print("pyarrow is not installed: pip install pyarrow")
    sys.exit()

# Room for struct ArrowSchema (72 bytes) and struct ArrowArray (80 bytes) on machines of 64 bits.
Struct = ctypes.c_uint64 * 10


class Haft:
    def __init__(self, path):
        self.lib = ctypes.CDLL(path)
        for name in ("haft_args_new", "haft_response_value", "haft_error_message"):
            getattr(self.lib, name).restype = ctypes.c_void_p

    def check(self, status, error):
        if status != 0:
            sys.exit(ctypes.string_at(self.lib.haft_error_message(error)).decode())

    def session(self, url):
        session, error = ctypes.c_void_p(), ctypes.c_void_p()
        self.check(self.lib.haft_session_create(url.encode(), None, ctypes.byref(session), ctypes.byref(error)), error)
        return session

    def read_series(self, session, target, start, end):
        args = ctypes.c_void_p(self.lib.haft_args_new())
        for key, moment in (("start", start), ("end", end)):
            self.lib.haft_args_set(args, key.encode(), moment.encode())
        response, error = ctypes.c_void_p(), ctypes.c_void_p()
        status = self.lib.haft_session_request(
            session, b"read_series", target.encode(), args, ctypes.byref(response), ctypes.byref(error)
        )
        self.lib.haft_args_free(args)
        self.check(status, error)
        schema, array, error = Struct(), Struct(), ctypes.c_void_p()
        value = ctypes.c_void_p(self.lib.haft_response_value(response))
        self.check(self.lib.haft_value_arrow(value, schema, array, ctypes.byref(error)), error)
        # The columns live on in pyarrow.
        self.lib.haft_response_free(response)
        return pyarrow.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))


def main():
    haft = Haft(os.environ.get("HAFT_LIBRARY") or ctypes.util.find_library("haft") or "libhaft.so")
    server = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("HAFT_DEMO_MESH", "localhost:50051")
    session = haft.session(f"mesh+http://{server}")
    batch = haft.read_series(session, "key:3", "2016-01-01T01:00:00Z", "2016-01-01T09:00:00Z")
    print(batch.schema)
    print(batch.to_pydict())
    batch.validate(full=True)
    haft.lib.haft_session_close(session, None, None)
    haft.lib.haft_session_free(session)
    # Still there.
    assert batch.column("values").to_pylist()[:3] == [100.0, 200.0, 300.0]
    assert str(batch.schema.field("times").type) == "timestamp[ms, tz=UTC]" and batch.schema.field("flags").type == pyarrow.uint32()


main()
