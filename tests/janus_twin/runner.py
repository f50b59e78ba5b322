"""Carries scenarios out with the Python client of Janus (`janus_client`).

One scenario a line comes on standard input, with the addresses of the server in `ws` and `admin_ws`; one line of JSON goes
out when its steps are done: what each of them brought, and `seen`, the last transaction, behind which nothing more is sent
until the next line comes.
"""

import asyncio
import inspect
import json
import logging
import math
import pathlib
import struct
import sys
import tempfile
import wave

import janus_client
from aiortc.contrib.media import MediaPlayer

PLUGINS = {
    "echotest": janus_client.JanusEchoTestPlugin,
    "textroom": janus_client.JanusTextRoomPlugin,
    "videocall": janus_client.JanusVideoCallPlugin,
    "videoroom": janus_client.JanusVideoRoomPlugin,
}
# How long a step may take; what waits for ever is told as such.
PATIENCE_S = 20


# It tells every message that passes.
logging.disable(logging.ERROR)


def write_sound(path):
    """Ten seconds of a tone: enough for an offer."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48000)
        out.writeframes(b"".join(struct.pack("<h", int(8000 * math.sin(at / 17))) for at in range(480000)))


class Nameless(janus_client.JanusPlugin):
    """A plugin of any name."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    async def on_receive(self, response):
        pass


def failure(error):
    if isinstance(error, janus_client.PluginAttachFail):
        # It keeps the server's error as text alone.
        return {"error": int(str(error).split("'code': ")[1].split(",")[0])}
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return {"raised": "timeout"}
    code = getattr(error, "error_code", None)
    # Those below 1 are not the server's.
    return {"error": code} if code is not None and code > 0 else {"raised": type(error).__name__, "text": str(error)}


async def carry_out(scenario, sound):
    session = janus_client.JanusSession(base_url=scenario["ws"], **scenario.get("auth", {}))
    names = {"session": session, "SOUND": str(sound), "sound": lambda: MediaPlayer(str(sound))}
    offers = {}

    async def take(handle, player):
        """Accepts the call that came or comes."""
        return await handle.accept(await asyncio.wait_for(offers[handle], PATIENCE_S), player=player)

    async def attach(name):
        await Nameless(name).attach(session)

    names |= {"take": take, "attach": attach}
    ends = []
    needs_admin = any(step["on"] == "admin" for step in scenario["steps"])
    if needs_admin:
        admin = janus_client.JanusAdminMonitorClient(scenario["admin_ws"], "janusoverlord")
        await admin.connect()
        names["admin"] = admin
        ends.append(admin.disconnect)
    else:
        ends.append(session.transport.disconnect)
        # It speaks to nobody before it is connected, though its documentation says so.
        await session.transport.connect()
    for name, plugin in scenario.get("handles", {}).items():
        handle = PLUGINS[plugin]()
        await handle.attach(session)
        names[name] = handle
        if plugin == "videocall":
            offers[handle] = asyncio.get_running_loop().create_future()
            incoming = janus_client.VideoCallEventType.INCOMINGCALL
            handle.on_event(incoming, lambda data, to=offers[handle]: to.set_result(data["jsep"]))
    results = []
    for step in scenario["steps"]:
        try:
            value = eval(step["python"], names)
            if inspect.isawaitable(value):
                value = await asyncio.wait_for(value, PATIENCE_S)
            results.append({"value": value})
        except Exception as error:
            results.append(failure(error))
    # Answered when all before it has been sent.
    seen = (await admin.ping() if needs_admin else await session.transport.ping())["transaction"]
    print(json.dumps({"row": scenario["row"], "results": results, "seen": seen}, default=str), flush=True)
    return session, ends


async def main():
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        sound = pathlib.Path(folder) / "sound.wav"
        write_sound(sound)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            scenario = json.loads(line)
            session, ends = await carry_out(scenario, sound)
            await loop.run_in_executor(None, sys.stdin.readline)
            if session.created:
                await session.destroy()
            for end in ends:
                await end()
            # Whatever it leaves behind is told when it is collected, and is not the next one's.
            print(json.dumps({"ended": scenario["row"]}), flush=True)


asyncio.run(main())
