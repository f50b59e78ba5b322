#!/usr/bin/env python3
"""A session in the loop of asyncio, by ctypes and nothing else. Usage: asyncio_loop.py [URL]

The loop watches the session's descriptor; every submitted call is a future. It also shows what a garbage collector does
to handles: it may free a session on any thread, also while calls are in flight, and nothing waits for anything.
HAFT_LIBRARY names the library when it is not where the system looks.
"""

import asyncio
import ctypes
import ctypes.util
import gc
import json
import os
import sys
import threading
from ctypes import POINTER, byref, c_char_p, c_int, c_int32, c_int64, c_uint64, c_void_p

RESPONSE, CLOSED = 2, 7
OK, CANCELLED = 0, -7

library = ctypes.CDLL(os.environ.get("HAFT_LIBRARY") or ctypes.util.find_library("haft") or "libhaft.so")


def declare(name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


# A pointer is a plain number here: what is borrowed is copied at once and never kept.
out = POINTER(c_void_p)
session_create = declare("haft_session_create", c_int32, c_char_p, c_void_p, out, out)
session_submit = declare("haft_session_submit", c_int32, c_void_p, c_char_p, c_char_p, c_void_p, POINTER(c_uint64), out)
session_cancel = declare("haft_session_cancel", None, c_void_p, c_uint64)
session_poll = declare("haft_session_poll", c_int32, c_void_p, c_int64, out, out)
session_fd = declare("haft_session_fd", c_int, c_void_p)
session_close = declare("haft_session_close", c_int32, c_void_p, c_void_p, out)
session_free = declare("haft_session_free", None, c_void_p)
args_new = declare("haft_args_new", c_void_p)
args_set_json = declare("haft_args_set_json", None, c_void_p, c_char_p, c_char_p)
args_free = declare("haft_args_free", None, c_void_p)
event_kind = declare("haft_event_kind", c_int32, c_void_p)
event_id = declare("haft_event_id", c_uint64, c_void_p)
event_response = declare("haft_event_response", c_void_p, c_void_p)
event_error = declare("haft_event_error", c_void_p, c_void_p)
event_free = declare("haft_event_free", None, c_void_p)
response_status = declare("haft_response_status", c_int32, c_void_p)
response_body = declare("haft_response_body", c_void_p, c_void_p, POINTER(ctypes.c_size_t))
error_status = declare("haft_error_status", c_int32, c_void_p)
error_message = declare("haft_error_message", c_char_p, c_void_p)
error_free = declare("haft_error_free", None, c_void_p)


class HaftError(Exception):
    def __init__(self, error):
        super().__init__(error_message(error).decode())
        self.status = error_status(error)


def check(status, error):
    if status != OK:
        failure = HaftError(error)
        error_free(error)
        raise failure


class Session:
    """A session whose calls are futures of the running loop."""

    def __init__(self, url):
        self.handle, error = c_void_p(), c_void_p()
        check(session_create(url.encode(), None, byref(self.handle), byref(error)), error)
        self.calls = {}
        self.loop = asyncio.get_running_loop()
        self.descriptor = session_fd(self.handle)
        self.loop.add_reader(self.descriptor, self.drain)

    def submit(self, verb, target, **options):
        number, error, args = c_uint64(), c_void_p(), args_new()
        args_set_json(args, None, json.dumps(options).encode())
        status = session_submit(self.handle, verb.encode(), target.encode(), args, byref(number), byref(error))
        args_free(args)
        check(status, error)
        # The answer cannot come before this line has been done: it is read by this same thread.
        future = self.calls[number.value] = self.loop.create_future()
        # A cancelled future cancels its call, which never waits; its answer then finds nobody.
        future.add_done_callback(lambda it: it.cancelled() and session_cancel(self.handle, number.value))
        return future

    def drain(self):
        """The descriptor is readable: takes all that is there. asyncio's readers are level-triggered, so one at a time
        would do as well."""
        while self.handle:
            event, error = c_void_p(), c_void_p()
            check(session_poll(self.handle, 0, byref(event), byref(error)), error)
            if not event:
                return
            kind = event_kind(event)
            if kind == RESPONSE:
                future = self.calls.pop(event_id(event), None)
                if future is not None and not future.done():
                    self.settle(future, event)
            event_free(event)
            if kind == CLOSED:
                return self.let_go()

    @staticmethod
    def settle(future, event):
        if event_error(event):
            future.set_exception(HaftError(event_error(event)))
        else:
            size = ctypes.c_size_t()
            body = response_body(event_response(event), byref(size))
            future.set_result((response_status(event_response(event)), ctypes.string_at(body, size.value)))

    async def close(self):
        """close waits for the network, so it runs beside the loop (ctypes lets go of the interpreter's lock)."""
        handle, error = self.handle, c_void_p()
        check(await asyncio.to_thread(session_close, handle, None, byref(error)), error)
        self.drain()

    def let_go(self):
        # First out of the loop, then freed: the descriptor goes with the session.
        self.loop.remove_reader(self.descriptor)
        handle, self.handle = self.handle, None
        session_free(handle)


class Careless:
    """A session that nobody closes: the garbage collector frees it, on whatever thread it runs."""

    freed_by = []

    def __init__(self, url):
        self.handle, error = c_void_p(), c_void_p()
        check(session_create(url.encode(), None, byref(self.handle), byref(error)), error)
        self.itself = self  # a cycle, so that only the collector finds it
        for _ in range(20):
            check(session_submit(self.handle, b"GET", b"/fault/stall", None, None, byref(error)), error)

    def __del__(self):
        session_free(self.handle)  # cancels what is in flight, waits for nothing
        Careless.freed_by.append(threading.current_thread().name)


async def main(url):
    session = Session(url)

    answers = await asyncio.gather(*(session.submit("GET", "/get", params={"n": n}) for n in range(200)))
    numbers = [int(json.loads(body)["args"]["n"]) for status, body in answers if status == 200]
    assert numbers == list(range(200)), numbers
    print(f"{len(numbers)} answers, each to who asked")

    try:
        await asyncio.wait_for(session.submit("GET", "/fault/stall"), 0.05)
        raise AssertionError("nothing can have come")
    except asyncio.TimeoutError:
        print("a call was given up")
    try:
        await session.submit("GET", "/status/503", raise_for_status=True)
        raise AssertionError("503 was no failure")
    except HaftError as failure:
        print(f"a call failed: {failure}")

    stalled = session.submit("GET", "/fault/stall")
    await session.close()
    try:
        await stalled
        raise AssertionError("nothing can have come")
    except HaftError as failure:
        assert failure.status == CANCELLED
        print("closed, and what was in flight was told so")

    # The loop goes on while another thread collects.
    for _ in range(10):
        Careless(url)
    collector = threading.Thread(target=gc.collect, name="collector")
    gc.disable()
    collector.start()
    while collector.is_alive():
        await asyncio.sleep(0)
    gc.enable()
    assert Careless.freed_by.count("collector") == 10, Careless.freed_by
    print("10 sessions with 200 calls in flight were freed by a garbage collector")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else os.environ["HAFT_DEMO_HTTP"]))
