"""Servers of the `websockets` package: the first line of output names their ports, each connection that ends is one more.

Echo at every path; /count?N sends N numbered messages, /close?CODE closes. The end of standard input ends it.
"""

import asyncio
import json
import ssl
import sys

from websockets.asyncio.server import basic_auth, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

LIMIT = 64 << 20


def tell(line):
    print(json.dumps(line), flush=True)


async def talk(socket):
    path, _, query = socket.request.path.partition("?")
    if path == "/count":
        for number in range(int(query)):
            await socket.send(f"message {number}" if number % 2 else f"bytes {number}".encode())
    elif path == "/close":
        await socket.close(int(query), "as asked")
    async for message in socket:
        await socket.send(message)


async def handler(socket):
    try:
        await talk(socket)
    except Exception:  # the end of the connection, told below
        pass
    await socket.wait_closed()
    tell({"code": socket.close_code, "reason": socket.close_reason, "subprotocol": socket.subprotocol,
          "extensions": [type(extension).__name__ for extension in socket.protocol.extensions]})


async def main(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    small = [ServerPerMessageDeflateFactory(server_max_window_bits=9, client_max_window_bits=9)]
    resets = [ServerPerMessageDeflateFactory(server_no_context_takeover=True, client_no_context_takeover=True)]
    kinds = {
        "plain": {},
        "tls": {"ssl": context},
        "uncompressed": {"compression": None},
        "small": {"extensions": small, "compression": None},
        "resets": {"extensions": resets, "compression": None},
        "login": {"process_request": basic_auth(realm="peer", credentials=("user", "pass"))},
        "chat": {"subprotocols": ["chat", "superchat"]},
        "quick": {"ping_interval": 0.01, "ping_timeout": 20},
    }
    servers = {
        name: await serve(handler, "127.0.0.1", 0, max_size=LIMIT, **options) for name, options in kinds.items()
    }
    tell({name: server.sockets[0].getsockname()[1] for name, server in servers.items()})
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server in servers.values():
        server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
