"""Plays parts in scenarios of the event hub with the official ftrack client: `hub_runner.py`.

Each line of the input is one step of one part, `{"who": NAME, "do": ...}`; each line of the output is what it brought,
`{"value": ...}` or `{"error": CLASS, "text": ...}`. `hub.rs` plays the same parts with haft.
"""

import json
import logging
import sys
import threading
import time
import warnings

import ftrack_api
import ftrack_api.event.base
import ftrack_api.exception

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
WAIT_S = 20


class Part:
    def __init__(self, step):
        self.session = ftrack_api.Session(
            step["url"], "secret-key", step["user"], schema_cache_path=step["schemas"], plugin_paths=[],
            **{"auto_connect_event_hub": False, **step.get("options", {})},
        )
        self.hub = self.session.event_hub
        self.heard = []
        self.changed = threading.Condition()
        self.ended = False
        self.thread = None
        if step.get("options", {}).get("auto_connect_event_hub"):
            self.listen()

    def listen(self):
        if self.thread is None:
            self.thread = threading.Thread(target=self.wait, daemon=True)
            self.thread.start()

    def wait(self):
        """Python delivers only inside of wait."""
        while not self.ended:
            try:
                self.hub.wait(0.02)
            except ftrack_api.exception.EventHubConnectionError:
                time.sleep(0.01)

    def until(self, done):
        with self.changed:
            assert self.changed.wait_for(done, WAIT_S), "it did not come"

    def do_connect(self, step):
        self.hub.connect()
        self.listen()

    def do_disconnect(self, step):
        self.hub.disconnect(unsubscribe=False)

    def do_subscribe(self, step):
        def take(event):
            with self.changed:
                self.heard.append({"by": step["id"], **shown(event)})
                self.changed.notify_all()
            if step.get("stop"):
                event.stop()
            if step.get("fail"):
                raise RuntimeError("on purpose")
            return {"by": step["id"], "echo": event["data"]} if step.get("echo") else step.get("reply")

        metadata = {**step.get("metadata", {}), "id": step["id"]}
        self.hub.subscribe(step["expression"], take, metadata, **{key: step[key] for key in ("priority",) if key in step})

    def do_unsubscribe(self, step):
        self.hub.unsubscribe(step["id"])

    def do_publish(self, step):
        event = ftrack_api.event.base.Event(
            step["topic"], **{key: step[key] for key in ("data", "target", "source") if key in step}
        )
        if step.get("synchronous"):
            return self.hub.publish(event, synchronous=True)
        replies = []

        def take(reply):
            with self.changed:
                replies.append({"data": reply["data"], "by": reply["source"]["id"], "from": reply["source"]["user"]["username"]})
                self.changed.notify_all()

        wanted = step.get("replies", 0)
        self.hub.publish(event, on_reply=take if wanted else None)
        self.until(lambda: len(replies) >= wanted)
        return replies if wanted else None

    def do_heard(self, step):
        topics = lambda: [event["topic"] for event in self.heard]
        self.until(lambda: step["until"] in topics() if "until" in step else len(self.heard) >= step["count"])
        with self.changed:
            return list(self.heard)

    def do_reply(self, step):
        event = ftrack_api.event.base.Event(**{
            "topic": self.heard[step["to"]]["topic"], "id": self.heard[step["to"]]["id"],
            "source": self.heard[step["to"]]["source"],
        })
        self.hub.publish_reply(event, step["data"])

    def do_commit(self, step):
        entity = self.session.get(step["type"], step["key"])
        for name, value in step["data"].items():
            entity[name] = value
        self.session.commit()

    def do_settle(self, step):
        """Waits until the server has taken what was said before."""
        taken = threading.Event()
        self.hub._publish(ftrack_api.event.base.Event("twin.settle"), callback=lambda *_: taken.set())
        assert taken.wait(WAIT_S), "it was not acknowledged"

    def do_end(self, step):
        self.ended = True
        if self.thread is not None:
            self.thread.join()
        self.session.close()


def shown(event):
    out = {key: event[key] for key in ("topic", "id", "data", "source", "target", "in_reply_to_event")}
    out["source"] = {key: value for key, value in out["source"].items() if key != "host"}
    return out


def main():
    parts = {}
    for line in sys.stdin:
        step = json.loads(line)
        try:
            if step["do"] == "begin":
                parts[step["who"]] = Part(step)
                result = None
            else:
                result = getattr(parts[step["who"]], "do_" + step["do"])(step)
            out = {"value": result}
        except Exception as error:
            try:
                text = str(error)
            except Exception:
                # A brace in its text breaks the client's own ParseError.
                text = ""
            out = {"error": type(error).__name__, "text": text}
        print(json.dumps(out), flush=True)


main()
