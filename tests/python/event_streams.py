"""Reads event streams as sseclient does: one line of hexadecimal each in, one line of JSON each out."""

import json
import sys

import sseclient


class Source:
    """A stream in pieces of a few bytes."""

    def __init__(self, stream):
        self.pieces = [stream[at : at + 7] for at in range(0, len(stream), 7)]

    def __iter__(self):
        return iter(self.pieces)

    def close(self):
        pass


for line in sys.stdin:
    events = sseclient.SSEClient(Source(bytes.fromhex(line))).events()
    print(json.dumps([[event.event, event.data, event.id] for event in events]))
