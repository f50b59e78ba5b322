"""The Python client `janus_client` as a peer: janus_peer.py URL ping|window|message|sessions|negotiate COUNT [ORDER], with the
modes and figures of janus_bare.rs. `negotiate` runs the client's own `start` without media behind it: its peer connection is
replaced by one that always offers what ORDER says, and counts the answers that it is given."""

import asyncio
import json
import logging
import os
import sys
import time
import types

import janus_client
from janus_client import plugin_base, plugin_echotest

WINDOW, NEGOTIATIONS = 256, 16
# How long an answer is waited for after `start` returned without one.
LOST_S = 2


class Plain(janus_client.JanusPlugin):
    name = "janus.plugin.echotest"

    async def on_receive(self, response):
        pass


async def windowed(count, window, once):
    left = iter(range(count))

    async def work():
        for _ in left:
            await once()

    await asyncio.gather(*(work() for _ in range(min(window, count))))


async def ping(session, count):
    times = []
    for _ in range(count + 100):
        began = time.perf_counter()
        await session.transport.ping()
        times.append((time.perf_counter() - began) * 1e6)
    times = sorted(times[100:])
    return {"p50": times[count // 2], "p99": times[count * 99 // 100]}


async def window(session, count):
    began = time.perf_counter()
    await windowed(count, WINDOW, session.transport.ping)
    return {"per_second": count / (time.perf_counter() - began)}


async def message(session, count):
    handle = Plain()
    await handle.attach(session)

    async def once():
        asked = await handle.send({"janus": "message", "body": {"audio": True}})
        await asked.get(matcher={"janus": "event"}, timeout=30)
        await asked.done()

    began = time.perf_counter()
    await windowed(count, WINDOW, once)
    return {"per_second": count / (time.perf_counter() - began)}


async def sessions(session, count):
    made = [janus_client.JanusSession(transport=session.transport) for _ in range(count)]
    left = iter(made)
    began = time.perf_counter()
    await windowed(count, WINDOW, lambda: next(left).create())
    took = (time.perf_counter() - began) * 1000
    kept = 0
    for one in made:
        asked = await one.send({"janus": "keepalive"})
        await asked.get(matcher={"janus": "ack"}, timeout=30)
        await asked.done()
        kept += 1
    for one in made:
        one.keepalive_task.cancel()
    return {"took": took, "kept": kept}


class Connection:
    """A peer connection that has always the same to say."""

    signalingState = "stable"
    localDescription = None

    def __init__(self, configuration=None):
        self.answered = asyncio.Event()

    def addTrack(self, track):
        pass

    def on(self, event):
        return lambda hearer: hearer

    async def createOffer(self):
        return None

    async def setLocalDescription(self, description):
        pass

    async def setRemoteDescription(self, description):
        self.answered.set()

    async def close(self):
        self.signalingState = "closed"


class Recorder:
    """Without one the client fails at the end of a stream, and with it everything on that transport."""

    def __init__(self, path):
        pass

    async def start(self):
        pass

    async def stop(self):
        pass


async def negotiate(session, count, order):
    Connection.localDescription = types.SimpleNamespace(**order["jsep"])
    plugin_base.RTCPeerConnection = Connection
    plugin_echotest.MediaPlayer = lambda path: types.SimpleNamespace(audio=True, video=True)
    plugin_echotest.MediaRecorder = Recorder
    answered = 0

    async def once():
        nonlocal answered
        handle = janus_client.JanusEchoTestPlugin()
        await handle.attach(session)
        await handle.start("nothing", "nothing")
        try:
            await asyncio.wait_for(handle.pc.answered.wait(), LOST_S)
            answered += 1
        except asyncio.TimeoutError:
            pass
        await handle.destroy()

    began = time.perf_counter()
    await windowed(count, NEGOTIATIONS, once)
    return {"answered": answered, "took": time.perf_counter() - began}


async def main():
    logging.disable(logging.CRITICAL)
    url, mode, count, *more = sys.argv[1:]
    session = janus_client.JanusSession(base_url=url)
    await session.create()
    print(json.dumps(await globals()[mode](session, int(count), *map(json.loads, more))), flush=True)
    # It leaves tasks behind that wait for minutes.
    os._exit(0)


asyncio.run(main())
