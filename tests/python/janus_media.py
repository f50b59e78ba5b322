"""The Python client of Janus (`janus_client`) as the other party of media.

The first line of standard input says what it does: `{"do": NAME, "ws": URL, ...}`; every further line is the next order for
it, and an empty one, or the end of the input, ends it. Each order is answered by one line.

`publish`: goes into `room` as `id` and publishes `file`, which it decodes and encodes again; answers when media can flow.
`watch`: subscribes to `feed` of `room`, answers when media can flow; then `{"pictures": N}` waits for N of them and tells
the MD5 of each picture as it was decoded, its size, and how many samples of sound came.
`call`, `accept`: a VideoCall with `username` (and `to`), which sends `file`; otherwise as `watch`.
`echo`: the client's own `start` on EchoTest, with `file` and `out`; then `{"seconds": N}` lets it play and ends it, and tells
what processor time was taken, children's too.

Nobody but the machine itself is spoken to: addresses are 127.0.0.1, and STUN servers none.
"""

import asyncio
import hashlib
import json
import logging
import os
import resource
import sys

import aioice.ice
import janus_client
from aiortc import RTCConfiguration
from aiortc.contrib.media import MediaPlayer
from aiortc.mediastreams import MediaStreamError

# How long one order may take besides the time that it names.
PATIENCE_S = 60
# How long media may take to flow.
LOST_S = 10

aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
# It tells every message that passes.
logging.disable(logging.CRITICAL)


class Taker:
    """Takes the place of a recorder: notes what arrives, and gives no way to what would wait."""

    def __init__(self):
        self.pictures, self.samples, self.tasks = [], 0, []
        self.size, self.came = None, asyncio.Condition()

    def addTrack(self, track):
        self.tasks.append(asyncio.ensure_future(self.take(track)))

    async def take(self, track):
        try:
            while True:
                frame = await track.recv()
                async with self.came:
                    if track.kind == "video":
                        self.pictures.append(summed_up(frame))
                        self.size = [frame.width, frame.height]
                    else:
                        self.samples += frame.samples
                    self.came.notify_all()
        except MediaStreamError:
            pass

    async def start(self):
        pass

    async def stop(self):
        pass

    async def tell(self, pictures):
        async with self.came:
            await self.came.wait_for(lambda: len(self.pictures) >= pictures)
            return {"pictures": self.pictures, "size": self.size, "samples": self.samples}


def summed_up(frame):
    """MD5 of a picture's planes without the padding of their rows, as ffmpeg has it."""
    summary = hashlib.md5()
    for plane in frame.planes:
        rows = memoryview(plane)
        for at in range(0, plane.height * plane.line_size, plane.line_size):
            summary.update(rows[at : at + plane.width])
    return summary.hexdigest()


def used():
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


class Party:
    def __init__(self, order):
        self.order, self.taker = order, Taker()
        self.session = janus_client.JanusSession(base_url=order["ws"])
        self.handle, self.offer = None, asyncio.get_running_loop().create_future()

    async def attach(self, plugin):
        self.handle = plugin(pc_config=RTCConfiguration(iceServers=[]))
        self.up = asyncio.Event()
        heard = self.handle.on_receive

        async def hear(response):
            if response["janus"] == "webrtcup":
                self.up.set()
            # What it does with its own of an offer is only to keep it; the offer of a call it does not even keep.
            if response.get("jsep", {}).get("type") == "offer" and not self.offer.done():
                self.offer.set_result(response["jsep"])
            await heard(response)

        self.handle.on_receive = hear
        await self.handle.attach(self.session)

    def player(self):
        return MediaPlayer(self.order["file"])

    async def publish(self):
        await self.attach(janus_client.JanusVideoRoomPlugin)
        await self.handle.join_as_publisher(self.order["room"], publisher_id=self.order["id"])
        codec = self.order.get("videocodec")
        await self.handle.publish(self.player(), videocodec=codec)
        await self.up.wait()
        return {"published": self.handle.publisher_id}

    async def watch(self):
        await self.attach(janus_client.JanusVideoRoomPlugin)
        streams = [{"feed": self.order["feed"]}]
        await self.handle.subscribe_to_publisher(self.order["room"], streams, recorder=self.taker)
        await self.up.wait()
        return {"watching": True}

    async def call(self):
        await self.attach(janus_client.JanusVideoCallPlugin)
        await self.handle.register(self.order["username"])
        await self.handle.call(self.order["to"], player=self.player(), recorder=self.taker)
        await self.up.wait()
        return {"called": True}

    async def accept(self):
        """Answers twice: when it can be called, and, asked again, when media can flow."""
        await self.attach(janus_client.JanusVideoCallPlugin)
        await self.handle.register(self.order["username"])
        return {"registered": True}

    async def accepted(self):
        await self.handle.accept(await self.offer, player=self.player(), recorder=self.taker)
        await self.up.wait()
        return {"accepted": True}

    async def echo(self):
        await self.attach(janus_client.JanusEchoTestPlugin)
        self.began = used()
        await self.handle.start(self.order["file"], self.order["out"])
        # When it lost the answer, media never flows.
        await asyncio.wait_for(self.up.wait(), LOST_S)
        return {"started": True}

    async def go_on(self, order):
        if "pictures" in order:
            return await self.taker.tell(order["pictures"])
        if "seconds" in order:
            await asyncio.sleep(order["seconds"])
            await self.handle.close_stream()
            return {"cpu": used() - self.began, "whole_cpu": used()}
        return await getattr(self, order["do"])()


async def main():
    loop = asyncio.get_running_loop()
    party = None
    while line := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        order = json.loads(line)
        try:
            if party is None:
                party = Party(order)
                told = await asyncio.wait_for(getattr(party, order["do"])(), PATIENCE_S)
            else:
                told = await asyncio.wait_for(party.go_on(order), PATIENCE_S + order.get("seconds", 0))
        except Exception as error:
            told = {"raised": f"{type(error).__name__}: {error}"}
            if party is not None:
                told |= {"pictures": len(party.taker.pictures), "samples": party.taker.samples}
        print(json.dumps(told), flush=True)
    if party is not None and party.handle is not None:
        try:
            await asyncio.wait_for(party.handle.destroy(), 5)
        except Exception:
            pass
    # It leaves tasks and threads behind that wait for minutes.
    os._exit(0)


asyncio.run(main())
