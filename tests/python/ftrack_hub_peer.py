"""The official Python client as the other side of the event hub.

Reads one JSON object per line, does what it says, answers with one JSON object per line; ends with its input. What is
heard comes as lines of its own.
"""

import json
import logging
import sys
import threading

import ftrack_api

logging.disable(logging.CRITICAL)
OUT = threading.Lock()


def tell(**what):
    with OUT:
        print(json.dumps(what), flush=True)


def main():
    url, user, key = sys.argv[1:4]
    session = ftrack_api.Session(
        server_url=url, api_key=key, api_user=user, schema_cache_path=False, auto_connect_event_hub=False
    )
    hub = session.event_hub
    hub.connect()

    def heard(event):
        tell(heard=dict(event))

    def answer(event):
        tell(heard=dict(event))
        return {"echo": event["data"], "by": "python"}

    # Python delivers only inside of wait.
    threading.Thread(target=hub.wait, daemon=True).start()
    tell(ready=hub.id)
    for line in sys.stdin:
        order = json.loads(line)
        topic = order.get("topic")
        if order["do"] == "subscribe":
            hub.subscribe(topic, answer if order.get("answer") else heard, subscriber=order.get("metadata"))
            tell(done="subscribe")
        elif order["do"] == "publish":
            event = ftrack_api.event.base.Event(topic=topic, data=order["data"])
            if order.get("target"):
                event["target"] = order["target"]
            hub.publish(event, on_reply=lambda reply: tell(reply=dict(reply)))
            tell(done=event["id"])
        elif order["do"] == "commit":
            session.get("Task", order["id"])["name"] = order["name"]
            session.commit()
            tell(done="commit")


main()
