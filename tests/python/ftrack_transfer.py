"""Moves files with the official ftrack client: `ftrack_transfer.py http://127.0.0.1:PORT FILE FOLDER`. What it sends is
read from the sandbox's log, and compared with what haft sends."""
import sys

import ftrack_api

URL, FILE, FOLDER = sys.argv[1:]
TASK = "adb4ad6c-7679-11e2-8df2-f23c91df25eb"
SERVER = "3a372bde-05bc-11e4-8908-20c9d081909b"


def mark(session, name):
    """A request that separates two scenarios in the log."""
    session.call([{"action": "query", "expression": f"select id from Type where name is \"{name}\""}])


session = ftrack_api.Session(URL, "secret-key", "jenkins", schema_cache_path=False, auto_connect_event_hub=False)
server = session.get("Location", SERVER)

mark(session, "upload")
component = session.create_component(FILE, location=server)

mark(session, "download")
data = server.accessor.open(component["id"], "rb")
with open(f"{FOLDER}/python", "wb") as out:
    out.write(data.read())

mark(session, "thumbnail")
task = session.create("Task", {"id": TASK}, reconstructing=True)
task.create_thumbnail(FILE)

mark(session, "encode")
job = session.encode_media(FILE)

mark(session, "remove")
server.remove_component(component)

mark(session, "urls")
print(server.accessor.get_url("an id"))
print(server.accessor.get_thumbnail_url("an id", size=300))
print(server.accessor.get_thumbnail_url("an id"))
