"""The official ftrack client, as it is on the package index, against `haft-sandbox ftrack`.

`ftrack_client.py READY`, where READY is the sandbox's ready file. Each function below whose name begins with `case_` is
one case; the last line is `N cases, M failed`.
"""

import json
import os
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import urllib.request
import uuid

import ftrack_api
import ftrack_api.event.base
import ftrack_api.exception
import ftrack_api.inspection
import ftrack_api.symbol

PROJECT = "5671dcb0-66de-11e1-8e6e-f23c91df25eb"
TASK = "adb4ad6c-7679-11e2-8df2-f23c91df25eb"
USER = "d07ae5d0-66e1-11e1-b5e9-f23c91df25eb"

with open(sys.argv[1]) as ready:
    SANDBOX = json.load(ready)


def order(**pairs):
    """Gives the sandbox an order."""
    url = f"{SANDBOX['ftrack']}/_ftrack?{urllib.parse.urlencode(pairs)}"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:
        return json.load(answer)


def state():
    with urllib.request.urlopen(f"{SANDBOX['ftrack']}/_ftrack") as answer:
        return json.load(answer)


def logged():
    """The requests so far; their number is where the next look begins."""
    with urllib.request.urlopen(f"{SANDBOX['ftrack']}/_ftrack/log") as answer:
        return json.load(answer)


def since(before):
    return logged()[len(before):]


def actions(entries):
    return [operation["action"] for entry in entries if entry["path"] == "/api" for operation in entry["body"]]


def session(**options):
    options.setdefault("schema_cache_path", False)
    options.setdefault("api_user", SANDBOX["ftrack_user"])
    options.setdefault("api_key", SANDBOX["ftrack_key"])
    return ftrack_api.Session(SANDBOX["ftrack"], **options)


def unique():
    return f"client-{uuid.uuid4().hex}"


def fails(kind, what, *arguments, **options):
    try:
        what(*arguments, **options)
    except kind as error:
        return str(error)
    raise AssertionError(f"{kind.__name__} was expected")


def case_a_cold_session_asks_twice_and_a_warm_one_once():
    with tempfile.TemporaryDirectory() as cache:
        before = logged()
        session(schema_cache_path=cache)
        assert actions(since(before)) == ["query_server_information", "query_schemas"], since(before)
        before = logged()
        session(schema_cache_path=cache)
        assert actions(since(before)) == ["query_server_information"]
        order(schema="Task", attribute="added_later")
        try:
            before = logged()
            found = session(schema_cache_path=cache)
            assert actions(since(before)) == ["query_server_information", "query_schemas"]
            assert "added_later" in [attribute.name for attribute in found.types["Task"].attributes]
        finally:
            order(schema="Task", attribute="added_later", kind="none")


def case_wrong_credentials_are_refused():
    for options in ({"api_key": "wrong"}, {"api_user": "nobody"}):
        for strict in (False, True):
            text = fails(ftrack_api.exception.ServerError, session, strict_api=strict, **options)
            assert "InvalidCredentialsError" in text, text


def case_old_servers_are_refused():
    order(set=1, version="3.3.10")
    try:
        fails(ftrack_api.exception.ServerCompatibilityError, session)
    finally:
        order(set=1, version="4.13.8.1234")


def case_queries():
    one = session()
    assert one.query(f"Task where id is {TASK}").one()["name"] == "t1"
    names = [task["name"] for task in one.query('select name from Task where parent.name is "sh010" order by name')]
    assert names == ["animation", "compositing", "lighting"], names
    kinds = {entity.entity_type for entity in one.query(f"Context where project_id is {PROJECT}")}
    assert {"Project", "Folder", "Task", "Sequence", "Shot", "AssetBuild"} <= kinds, kinds
    assert one.query("Task where type.name is Animation or (name is t1 and not bid > 4000)").all()
    assert len(one.query("Shot where children any (assignments any (resource[User].username is martin))")) == 1
    assert len(one.query("Shot where not notes any ()")) == 3
    assert len(one.query('Shot where name like "sh0%" and name not_like "%20"')) == 2
    assert len(one.query("Shot where id in (select parent_id from Task where type.name is Lighting)")) == 3
    assert len(one.query("User where username in (martin,jane)")) == 2
    assert len(one.query("User where thumbnail is none and is_active is true")) >= 12
    assert len(one.query('Task where created_at > "2020-01-01" and created_at before "2120-01-01T00:00:00"')) >= 10
    assert one.query("Asset where versions.components.file_type is '.exr'").one()["latest_version"]["version"] == 2
    assert one.query("User where username is nobody").first() is None
    fails(ftrack_api.exception.NoResultFoundError, one.query("User where username is nobody").one)
    fails(ftrack_api.exception.MultipleResultsFoundError, one.query("User").one)
    for text in ("Task where", "Task where name is", "Task where nothing is 1", "select from Task"):
        fails(ftrack_api.exception.ServerError, one.query(text).all)


def case_pages():
    one = session()
    before = logged()
    users = one.query("User order by username", page_size=5).all()
    asked = [operation["expression"] for entry in since(before) for operation in entry["body"]]
    assert len(asked) == len(users) // 5 + 1 and asked[1].endswith("offset 5 limit 5"), asked
    assert [user["username"] for user in users] == sorted(user["username"] for user in users)


def case_an_entity_repeated_in_an_answer_is_whole():
    one = session()
    with one.auto_populating(False):
        tasks = one.query("select status.name, status.state.short, parent.name from Task where status.name is 'Not started'").all()
        assert len(tasks) > 5
        for task in tasks:
            assert task["status"]["name"] == "Not started" and task["status"]["state"]["short"] == "NOT_STARTED"


def case_create_update_delete():
    one, name = session(), unique()
    project = one.get("Project", PROJECT)
    shot = one.create("Shot", {"name": name, "parent": project})
    task = one.create("Task", {"name": name, "parent": shot, "bid": 20, "type": one.query("Type").first()})
    one.commit()
    other = session()
    found = other.query(f"select link, project_id, parent.parent.name, created_by.username from Task where id is {task['id']}").one()
    assert [item["name"] for item in found["link"]] == ["python_api", name, name]
    assert found["project_id"] == PROJECT and found["created_by"]["username"] == "jenkins"
    found["bid"] = 40
    found["description"] = "ü \U0001f600 \\ \""
    other.commit()
    one.populate(task, "description")
    assert task["description"] == "ü \U0001f600 \\ \""
    one.delete(shot)
    one.commit()
    assert session().get("Task", task["id"]) is None
    fails(ftrack_api.exception.ServerError, lambda: (other.delete(found), other.commit()))


def case_versions_count_up():
    one = session()
    asset = one.create("Asset", {"name": unique(), "parent": one.get("Project", PROJECT)})
    versions = [one.create("AssetVersion", {"asset": asset}) for _ in range(3)]
    one.commit()
    assert [version["version"] for version in versions] == [1, 2, 3]
    found = session().query(f"select latest_version.version, versions.is_latest_version from Asset where id is {asset['id']}").one()
    assert found["latest_version"]["version"] == 3
    assert sorted(version["is_latest_version"] for version in found["versions"]) == [False, False, True]


def case_a_request_is_one_transaction():
    one, name = session(), unique()
    one.create("Scope", {"name": name})
    one.create("User", {"username": "jenkins"})
    text = fails(ftrack_api.exception.ServerError, one.commit)
    assert "DuplicateEntryError" in text, text
    assert session().query(f"Scope where name is {name}").first() is None
    one.rollback()
    one.create("Scope", {"name": name})
    order(fault="error", action="create", exception="ValidationError", content="not today")
    assert "not today" in fails(ftrack_api.exception.ServerError, one.commit)
    one.commit()
    assert len(session().query(f"Scope where name is {name}")) == 1


def case_an_answer_that_is_lost():
    one, name = session(), unique()
    one.create("Scope", {"name": name})
    order(fault="cut", action="create")
    fails(Exception, one.commit)
    assert len(session().query(f"Scope where name is {name}")) == 1
    order(fault="cut", action="query", when="before")
    fails(Exception, one.query("User").all)
    order(fault="truncate", action="query")
    fails(Exception, one.query("User").all)
    order(fault="garbage", action="query")
    assert "unexpected format" in fails(ftrack_api.exception.ServerError, one.query("User").all)


def case_rollback():
    one = session()
    user = one.get("User", USER)
    user["first_name"] = "Another"
    one.create("Scope", {"name": unique()})
    one.rollback()
    assert user["first_name"] == "Jen" and not one.recorded_operations


def case_metadata():
    one = session()
    task = one.create("Task", {"name": unique(), "parent": one.get("Project", PROJECT), "metadata": {"a": "1", "b": "2"}})
    one.commit()
    task["metadata"]["a"] = "3"
    del task["metadata"]["b"]
    one.commit()
    found = session().query(f"select metadata from Task where id is {task['id']}").one()
    assert dict(found["metadata"].items()) == {"a": "3"}
    assert session().query('Task where metadata any (key is a and value is "3")').one()["id"] == task["id"]


def case_custom_attributes():
    one = session()
    shot = one.query("Shot where name is sh020").one()
    assert shot["custom_attributes"]["fstart"] == 1001 and set(shot["custom_attributes"].keys()) == {"fstart", "fend", "htest"}
    shot["custom_attributes"]["fstart"] = 42
    one.commit()
    assert session().query("Shot where custom_attributes any (key is fstart and value is 42)").one()["name"] == "sh020"
    project = one.get("Project", PROJECT)
    project["custom_attributes"]["htest"] = 99
    one.commit()
    assert session().query("Shot where name is sh020").one()["custom_attributes"]["htest"] == 99
    fails(KeyError, lambda: shot["custom_attributes"]["nothing"])
    new = one.create("Shot", {"name": unique(), "parent": project})
    new["custom_attributes"]["fend"] = 7
    one.commit()
    assert session().get("Shot", new["id"])["custom_attributes"]["fend"] == 7


def case_notes():
    one = session()
    task, user = one.get("Task", TASK), one.get("User", USER)
    label = one.query("NoteLabel").first()
    note = task.create_note("hello", user, recipients=[one.query("User where username is jane").one()], labels=[label])
    one.commit()
    note.create_reply("and back", user)
    one.commit()
    found = session().query(f"select recipients.resource_id, replies.content, author.username from Note where id is {note['id']}").one()
    assert len(found["recipients"]) == 2 and found["replies"][0]["content"] == "and back"
    assert found["author"]["username"] == "jenkins"
    assert note["id"] in [entry["id"] for entry in session().query(f"select notes from Task where id is {TASK}").one()["notes"]]


def case_collections():
    one = session()
    scope = one.create("Scope", {"name": unique()})
    task = one.create("Task", {"name": unique(), "parent": one.get("Project", PROJECT)})
    task["scopes"].append(scope)
    one.commit()
    query = f"Task where scopes.name is {scope['name']}"
    assert session().query(query).one()["id"] == task["id"]
    task["scopes"].remove(scope)
    one.commit()
    assert not session().query(query).all()


def case_components_on_disk():
    one = session()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "image.png")
        with open(path, "wb") as file:
            file.write(b"not an image")
        component = one.create_component(path, location=None)
        unmanaged = one.query('Location where name is "ftrack.unmanaged"').one()
        unmanaged.add_component(component, one.query('Location where name is "ftrack.origin"').one())
        assert unmanaged.get_component_availability(component) == 100.0
        assert unmanaged.get_filesystem_path(component) == path
        fails(ftrack_api.exception.ComponentInLocationError, unmanaged.add_component, component, unmanaged)
        unmanaged.remove_component(component)
        assert session().query(f"ComponentLocation where component_id is {component['id']}").all() == []


def case_components_on_the_server():
    one, content = session(), os.urandom(70_000)
    server = one.query('Location where name is "ftrack.server"').one()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "noise.bin")
        with open(path, "wb") as file:
            file.write(content)
        before = logged()
        component = one.create_component(path, location=server)
        put = [entry for entry in since(before) if entry["method"] == "PUT"]
        assert len(put) == 1 and "content-md5" in put[0]["headers"]
        assert not [name for name in put[0]["headers"] if name.startswith("ftrack-")]
    file = server.accessor.open(component["id"], "rb")
    assert file.read() == content
    file.close()
    with urllib.request.urlopen(server.get_thumbnail_url(component, size=10)) as answer:
        assert answer.read().startswith(b"\x89PNG")
    request = urllib.request.Request(server.get_url(component), headers={"Range": "bytes=10-19"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 206 and answer.read() == content[10:20]
    server.remove_component(component)
    assert component["id"] not in state()["files"]


def case_sequences():
    one = session()
    with tempfile.TemporaryDirectory() as folder:
        for number in (1, 2, 3):
            with open(os.path.join(folder, f"f.{number:04}.exr"), "wb") as file:
                file.write(b"x" * number)
        component = one.create_component(os.path.join(folder, "f.%04d.exr [1-3]"), location=None)
        one.commit()
    found = session().query(f"select members.name, size, padding from SequenceComponent where id is {component['id']}").one()
    assert sorted(member["name"] for member in found["members"]) == ["0001", "0002", "0003"]
    assert found["size"] == 6 and found["padding"] == 4


def case_timers():
    one = session()
    user = one.create("User", {"username": unique()})
    one.commit()
    user.start_timer(one.get("Task", TASK), comment="work")
    fails(ftrack_api.exception.NotUniqueError, user.start_timer)
    one.rollback()
    timelog = user.stop_timer()
    found = session().query(f"select duration, comment from Timelog where id is {timelog['id']}").one()
    assert found["comment"] == "work" and 0 <= found["duration"] < 60
    fails(ftrack_api.exception.NoResultFoundError, user.stop_timer)


def case_statuses_and_types():
    one = session()
    schema = one.get("Project", PROJECT)["project_schema"]
    rigging = one.query("Type where name is Rigging").one()
    assert [status["name"] for status in schema.get_statuses("Task", rigging["id"])] == ["Not started", "Approved"]
    assert {status["name"] for status in schema.get_statuses("Shot")} == {"Normal", "Omitted", "On Hold"}
    assert {kind["name"] for kind in schema.get_types("AssetBuild")} == {"Character", "Prop", "Environment", "Matte Painting"}


def case_services():
    one = session()
    assert one.get_widget_url("tasks").startswith(SANDBOX["ftrack"])
    user = one.create("User", {"username": unique()})
    one.commit()
    user.send_invite()
    key = user.reset_api_key()
    fails(ftrack_api.exception.ServerError, session, api_user=user["username"])
    assert session(api_user=user["username"], api_key=key)
    assert "Invalid action u'nonsense'" in fails(ftrack_api.exception.ServerError, one.call, [{"action": "nonsense"}])
    assert one.call([]) == []
    assert one.call([{"action": "query", "expression": "select count(id) from Shot"}])[0]["data"] == [{"count(id)": 3}]


def case_search():
    one = session()
    found = one.call([{"action": "search", "entity_type": "User", "terms": ["jen"], "expression": "select username from User"}])
    assert found[0]["action"] == "search" and [user["username"] for user in found[0]["data"]] == ["jenkins"]


def case_ensure():
    one, name = session(), unique()
    user = one.ensure("User", {"username": name, "email": "a@example.com"}, identifying_keys=["username"])
    assert one.ensure("User", {"username": name, "email": "b@example.com"}, identifying_keys=["username"]) is user
    assert session().query(f"User where username is {name}").one()["email"] == "b@example.com"


def case_packed_answers():
    order(set=1, gzip=1)
    try:
        assert len(session().query("Task").all()) >= 10
    finally:
        order(set=1, gzip=0)


class Listener:
    """A session whose hub is waited on by a thread."""

    def __init__(self, **options):
        self.session = session(**options)
        self.hub = self.session.event_hub
        self.hub.connect()
        self.heard = []
        self.changed = threading.Condition()
        self.ended = False
        self.thread = threading.Thread(target=self.wait, daemon=True)
        self.thread.start()

    def wait(self):
        while not self.ended:
            try:
                self.hub.wait(0.2)
            except ftrack_api.exception.EventHubConnectionError:
                time.sleep(0.05)

    def take(self, event):
        with self.changed:
            self.heard.append(event)
            self.changed.notify_all()

    def subscribe(self, expression, **metadata):
        key = self.hub.subscribe(expression, self.take, metadata)
        until(lambda: key in subscribers())
        return key

    def until(self, count, seconds=20):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.heard) >= count, seconds), self.heard
            return list(self.heard)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()
        self.session.close()


def subscribers(after=0):
    """The ids of all subscribers that the server knows, of connections after that one."""
    links = [link for link in state()["hub"]["connections"] if link["connection"] > after]
    return {one["id"] for link in links for one in link["subscribers"]}


def until(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.01)


def case_publish_and_subscribe():
    with Listener() as one, Listener() as two:
        one.subscribe("topic=my.topic and data.kind=x")
        one.subscribe("topic=my.*")
        two.subscribe("topic=my.topic", applicationId="two")
        two.hub.publish(ftrack_api.event.base.Event("my.topic", data={"kind": "x", "text": "a:b:c ü"}))
        # One copy for each connection, though two of its subscribers match.
        assert [event["data"]["text"] for event in one.until(2)] == ["a:b:c ü"] * 2
        two.until(1)
        one.hub.publish(ftrack_api.event.base.Event("my.topic", data={"kind": "y"}, target="applicationId=two"))
        assert two.until(2)[1]["data"] == {"kind": "y"}
        time.sleep(0.3)
        assert len(one.heard) == 2 and len(two.heard) == 2


def case_replies():
    with Listener() as one, Listener() as two:
        key = one.hub.subscribe("topic=question", lambda event: {"answer": event["data"]["n"] * 2})
        until(lambda: {key, two.hub.id} <= subscribers())
        two.hub.publish(ftrack_api.event.base.Event("question", data={"n": 21}), on_reply=two.take)
        reply = two.until(1)[0]
        assert reply["data"] == {"answer": 42} and reply["topic"] == "ftrack.meta.reply"


def case_updates_are_told():
    with Listener() as one:
        one.subscribe("topic=ftrack.update and source.user.username=jenkins")
        other = session()
        name = unique()
        task = other.create("Task", {"name": name, "parent": other.get("Project", PROJECT)})
        other.commit()
        task["bid"] = 7
        other.commit()
        other.delete(task)
        other.commit()
        told = [event["data"] for event in one.until(3)]
        entities = [data["entities"][0] for data in told]
        assert [entity["action"] for entity in entities] == ["add", "update", "remove"]
        assert {entity["entityId"] for entity in entities} == {task["id"]}
        assert entities[1]["changes"] == {"bid": {"old": None, "new": 7}} and entities[1]["keys"] == ["bid"]
        assert entities[0]["entityType"] == "task" and entities[0]["parents"][-1]["entityId"] == PROJECT
        assert told[0]["user"] == {"userid": USER, "name": "jenkins"} and told[0]["clientToken"] is None


def case_hub_credentials_are_checked():
    one = session()
    one.event_hub._api_key = "wrong"
    fails(ftrack_api.exception.EventHubConnectionError, one.event_hub.connect)
    order(hub="handshake", status=503)
    one = session()
    fails(ftrack_api.exception.EventHubConnectionError, one.event_hub.connect)


def case_subscribers_go_with_their_connection():
    with Listener() as one:
        key = one.subscribe("topic=anything")
        assert {key, one.hub.id} <= subscribers()
    until(lambda: not {key, one.hub.id} & subscribers())


def case_connections_that_are_lost_come_back():
    for kind in ("disconnect", "abort", "reset", "restart"):
        with Listener() as one:
            key = one.subscribe("topic=after.loss")
            count = state()["hub"]["connected"]
            order(hub=kind)
            until(lambda: key in subscribers(after=count))
            order(hub="event", topic="after.loss", data='{"kind": "%s"}' % kind)
            assert one.until(1)[0]["data"] == {"kind": kind}


def case_duplicates_and_heartbeats():
    order(set=1, heartbeat=0.05)
    try:
        with Listener() as one:
            one.subscribe("topic=twice")
            order(hub="duplicate")
            order(hub="event", topic="twice")
            events = one.until(2)
            assert events[0]["id"] == events[1]["id"]
            order(hub="packet", text="3:::a message")
            order(hub="event", topic="twice")
            one.until(3)
            # Each beat is answered at once, for as long as the client listens.
            until(lambda: sum(packet["type"] == "2" for entry in logged() for packet in entry.get("packets", [])) > 3)
    finally:
        order(set=1, heartbeat=5)


def main():
    cases = [(name, case) for name, case in globals().items() if name.startswith("case_")]
    wanted = sys.argv[2:]
    cases = [(name, case) for name, case in cases if not wanted or any(word in name for word in wanted)]
    failed = 0
    for name, case in cases:
        begun = time.monotonic()
        order(reset=1)
        try:
            case()
        except Exception:
            failed += 1
            print(f"{name} failed")
            traceback.print_exc(file=sys.stdout)
        else:
            print(f"{name} {time.monotonic() - begun:.2f} s")
    print(f"{len(cases)} cases, {failed} failed")
    # Threads of the client that are stuck in a connection must not keep the program.
    sys.stdout.flush()
    os._exit(1 if failed else 0)


if __name__ == "__main__":
    main()
