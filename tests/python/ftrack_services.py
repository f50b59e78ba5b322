"""Runs the services of the official ftrack client against a sandbox, and prints the requests of each as the sandbox saw
them: `ftrack_services.py http://127.0.0.1:PORT`. The output is kept as tests/ftrack/services.json."""
import json
import sys
import urllib.request

import ftrack_api

URL = sys.argv[1]
TASK = "adb4ad6c-7679-11e2-8df2-f23c91df25eb"
USER = "d07ae5d0-66e1-11e1-b5e9-f23c91df25eb"
OTHER = "f422bd48-7aae-5c22-af9a-4d8c001fafb5"
NOTE = "f5a4896f-2c64-5c53-aa46-7c287ccf362f"
LABEL = "b2f57132-a6f2-519e-ad6b-6f8f0d4a5f3c"
SCHEMA = "69cb7f92-4dbf-11e1-9902-f23c91df25eb"
RIGGING = "02036fca-845f-5133-ae02-0f27b8f31c79"
COMPONENT = "4c47050b-2b4d-54f7-88c5-fb5bfa169ded"


def log(since=0):
    with urllib.request.urlopen(f"{URL}/_ftrack/log?since={since}") as answer:
        return json.load(answer)


def session():
    return ftrack_api.Session(URL, "secret-key", "jenkins", schema_cache_path=False, auto_connect_event_hub=False)


def reset(entity_type, key):
    """An entity of which nothing is known but who it is."""
    return current.create(entity_type, {"id": key}, reconstructing=True)


def note():
    task = reset("Task", TASK)
    task.create_note("hello", reset("User", USER), recipients=[reset("User", OTHER)], labels=[reset("NoteLabel", LABEL)])
    current.commit()


def reply():
    reset("Note", NOTE).create_reply("yes", reset("User", USER))
    current.commit()


def statuses_of_tasks():
    reset("ProjectSchema", SCHEMA).get_statuses("Task")


def statuses_of_rigging():
    reset("ProjectSchema", SCHEMA).get_statuses("Task", RIGGING)


def statuses_of_shots():
    reset("ProjectSchema", SCHEMA).get_statuses("Shot")


def statuses_of_versions():
    reset("ProjectSchema", SCHEMA).get_statuses("AssetVersion")


def types_of_tasks():
    reset("ProjectSchema", SCHEMA).get_types("Task")


def timer():
    user = reset("User", USER)
    user.start_timer(reset("Task", TASK), comment="c", name="n")
    user.stop_timer()


def forced_timer():
    reset("User", USER).start_timer(force=True)


def widget():
    current.get_widget_url("info", entity=reset("Task", TASK), theme="light")
    current.get_widget_url("tasks_browser")


def invites():
    current.send_user_invites([reset("User", USER), reset("User", OTHER)])


def api_key():
    reset("User", OTHER).reset_api_key()


def encode_media():
    current.encode_media(reset("FileComponent", COMPONENT))


out = {}
for run in (note, reply, statuses_of_tasks, statuses_of_rigging, statuses_of_shots, statuses_of_versions, types_of_tasks,
            timer, forced_timer, widget, invites, api_key, encode_media):
    current = session()
    before = max((entry["seq"] for entry in log()), default=0)
    run()
    out[run.__name__] = [entry["body"] for entry in log(before) if entry["path"] == "/api"]
    current.close()
print(json.dumps(out, indent=1, sort_keys=True))
