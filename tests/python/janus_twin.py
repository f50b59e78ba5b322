"""Carries scenarios out with the Python client of Janus (`janus_client`).

A line of standard input is a scenario: `ws` and `admin_ws` say where the server is, `auth` what the session is opened with,
`handles` which plugins are attached under which names, `steps` what is done, each a Python expression. One line goes out when
the steps are done: what each of them brought, and `seen`, the last transaction, behind which nothing more is sent until the
next line comes. That is either more steps for the same session, or an empty one, which ends it.

Besides the handles, `session` and `admin`, a step knows `sound()`, a player; `take(handle, player)`, which accepts the call that
came or comes; `attach(plugin)`; and `event(handle)`, the next message that is no answer.
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


class Party:
    """A session with its handles, and what the steps know of it."""

    def __init__(self, scenario, sound):
        self.session = janus_client.JanusSession(base_url=scenario["ws"], **scenario.get("auth", {}))
        self.offers, self.inboxes, self.admin = {}, {}, None
        self.names = {
            "session": self.session,
            "SOUND": str(sound),
            "sound": lambda: MediaPlayer(str(sound)),
            "take": self.take,
            "attach": self.attach,
            "event": self.event,
        }

    async def begin(self, scenario):
        if any(step["on"] == "admin" for step in scenario["steps"]):
            self.admin = janus_client.JanusAdminMonitorClient(scenario["admin_ws"], "janusoverlord")
            await self.admin.connect()
            self.names["admin"] = self.admin
        else:
            # It speaks to nobody before it is connected, though its documentation says so.
            await self.session.transport.connect()
        for name, plugin in scenario.get("handles", {}).items():
            self.names[name] = handle = PLUGINS[plugin]()
            self.listen(handle)
            await handle.attach(self.session)

    def listen(self, handle):
        inbox, offer = asyncio.Queue(), asyncio.get_running_loop().create_future()
        heard = handle.on_receive

        async def hear(response):
            inbox.put_nowait(response)
            if response.get("jsep", {}).get("type") == "offer" and not offer.done():
                offer.set_result(response["jsep"])
            await heard(response)

        handle.on_receive = hear
        self.inboxes[handle], self.offers[handle] = inbox, offer

    async def take(self, handle, player):
        return await handle.accept(await self.offers[handle], player=player)

    async def attach(self, name):
        await Nameless(name).attach(self.session)

    async def event(self, handle):
        return await self.inboxes[handle].get()

    async def carry_out(self, steps):
        results = []
        for step in steps:
            try:
                value = eval(step["python"], self.names)
                if inspect.isawaitable(value):
                    value = await asyncio.wait_for(value, PATIENCE_S)
                results.append({"value": value})
            except Exception as error:
                results.append(failure(error))
        # Answered when all before it has been sent.
        last = await (self.admin or self.session.transport).ping()
        return {"results": results, "seen": last["transaction"]}

    async def end(self):
        if self.session.created:
            await self.session.destroy()
        await (self.admin or self.session.transport).disconnect()


async def main():
    loop = asyncio.get_running_loop()

    async def line():
        return (await loop.run_in_executor(None, sys.stdin.readline)).strip()

    def tell(what):
        print(json.dumps(what, default=str), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        sound = pathlib.Path(folder) / "sound.wav"
        write_sound(sound)
        while order := await line():
            scenario = json.loads(order)
            party = Party(scenario, sound)
            await party.begin(scenario)
            tell(await party.carry_out(scenario["steps"]))
            while order := await line():
                tell(await party.carry_out(json.loads(order)["steps"]))
            await party.end()
            tell({"ended": True})


asyncio.run(main())
