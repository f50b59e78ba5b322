"""Carries out scenarios with the official ftrack client: `runner.py SANDBOX_URL SCHEMA_FOLDER`.

Each line of the input is one scenario, `{"options": {...}, "steps": [...]}`; each line of the output is the list of what
its steps brought, `{"value": ...}` or `{"error": CLASS, "text": ...}`. What a step means is said in `README.md` beside;
`haft.rs` does the same with haft.
"""

import datetime
import json
import logging
import os
import shutil
import sys
import urllib.parse
import urllib.request
import warnings

import arrow
import ftrack_api
import ftrack_api.collection
import ftrack_api.entity.base
import ftrack_api.accessor.disk
import ftrack_api.exception
import ftrack_api.inspection
import ftrack_api.operation
import ftrack_api.structure.entity_id
import ftrack_api.structure.id
import ftrack_api.structure.standard
import ftrack_api.symbol

logging.disable(logging.CRITICAL)
warnings.simplefilter("ignore")
URL, FOLDER = sys.argv[1:3]
# Rows of the seed that scenarios name.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "rows.json")) as rows:
    ROWS = json.load(rows)
# Where scenarios have their files.
ROWS["FOLDER"] = {"id": os.path.join(FOLDER, "files")}
STRUCTURES = {
    "entity_id": ftrack_api.structure.entity_id.EntityIdStructure,
    "id": ftrack_api.structure.id.IdStructure,
    "standard": ftrack_api.structure.standard.StandardStructure,
}
NOT_SET = ftrack_api.symbol.NOT_SET
STATES = {"CREATED": "created", "MODIFIED": "modified", "DELETED": "deleted"}


def paths_of(select):
    """The ways that projections lead: {"status": {"name": {}}}."""
    paths = {}
    for projection in select.split(","):
        at = paths
        for step in projection.strip().split("."):
            at = at.setdefault(step.split("[")[0], {})
    return paths


def paths_of_query(text):
    text = text.strip()
    return paths_of(text[len("select"):text.find(" from ")]) if text.startswith("select") and " from " in text else {}


def reference(entity):
    out = {"__entity_type__": entity.entity_type}
    with entity.session.auto_populating(False):
        out.update(ftrack_api.inspection.primary_key(entity))
    return out


def known(entity, paths):
    """An entity with what is known of it; related ones along the paths as well."""
    out = {"__entity_type__": entity.entity_type}
    for attribute in entity.attributes:
        value = attribute.get_local_value(entity)
        if value is NOT_SET:
            value = attribute.get_remote_value(entity)
        if value is not NOT_SET:
            out[attribute.name] = shown(value, paths.get(attribute.name))
    return out


def shown(value, paths=None):
    if value is NOT_SET:
        return "NOT_SET"
    if isinstance(value, ftrack_api.entity.base.Entity):
        return reference(value) if paths is None else known(value, paths)
    if isinstance(value, ftrack_api.collection.MappedCollectionProxy):
        with value.collection.entity.session.auto_populating(False):
            return {entity["key"]: shown(entity["value"]) for entity in value.collection}
    if isinstance(value, ftrack_api.collection.Collection):
        return [shown(item, paths) for item in value]
    if isinstance(value, arrow.Arrow):
        return value.to("utc").isoformat()
    if isinstance(value, datetime.datetime):
        return arrow.get(value).to("utc").isoformat()
    if isinstance(value, dict):
        return {key: shown(item, paths) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(item, paths) for item in value]
    return value


def text_of(error):
    try:
        return str(error)
    except Exception:
        # A brace in the server's words breaks the client's own errors.
        return ""


def sandbox(path, pairs, method):
    url = f"{URL}/_ftrack{path}?{pairs}"
    with urllib.request.urlopen(urllib.request.Request(url, method=method)) as answer:
        return json.load(answer)


class Scenario:
    def __init__(self, options):
        self.options = options
        self.session = None
        self.kept = dict(ROWS)

    def found(self, name):
        at = self.kept
        for step in name.split("."):
            at = at[int(step)] if step.isdigit() else at[step]
        return at

    def text(self, value):
        """Text with `<name>` replaced by the identifier of what was kept."""
        out, rest = "", value
        while "<" in rest:
            before, _, rest = rest.partition("<")
            name, _, rest = rest.partition(">")
            out += before + str(self.found(name)["id"])
        return out + rest

    def meant(self, value):
        """What a value of a scenario stands for."""
        if isinstance(value, str):
            return self.found(value[1:]) if value.startswith("@") else self.text(value)
        if isinstance(value, list):
            return [self.meant(item) for item in value]
        if isinstance(value, dict):
            if "$date" in value:
                return arrow.get(value["$date"])
            return {key: self.meant(item) for key, item in value.items()}
        return value

    def run(self, steps):
        out = []
        shutil.rmtree(ROWS["FOLDER"]["id"], ignore_errors=True)
        if not (steps and steps[0]["do"] == "open"):
            steps = [{"do": "open", "quiet": True}, *steps]
        for step in steps:
            try:
                result = {"value": self.step(step)}
                json.dumps(result)
            except Exception as error:
                result = {"error": type(error).__name__, "text": text_of(error)}
            if not step.get("quiet") or "error" in result:
                out.append(result)
        if self.session is not None:
            self.session.close()
        return out

    def step(self, step):
        session = self.session
        if session is None or step["do"] == "open":
            return getattr(self, "do_" + step["do"])(step)
        before = session.auto_populate, session.record_operations
        session.auto_populate = step.get("auto_populate", before[0])
        session.record_operations = step.get("record", before[1])
        try:
            return getattr(self, "do_" + step["do"])(step)
        finally:
            session.auto_populate, session.record_operations = before

    def keep(self, step, value):
        if "keep" in step:
            self.kept[step["keep"]] = value
        return value

    # Sessions, and the server itself.

    def do_open(self, step):
        options = {
            "api_user": "jenkins", "api_key": "secret-key", "schema_cache_path": FOLDER, "plugin_paths": [],
            "auto_connect_event_hub": False, **self.options, **step.get("options", {}),
        }
        if options["schema_cache_path"] is True:
            options["schema_cache_path"] = FOLDER
        places = options.pop("location", [])
        self.session = ftrack_api.Session(URL, **options)
        for place in places:
            location = self.known_location(self.text(place["id"]))
            _, _, prefix = self.text(place["accessor"]).partition(":")
            location.accessor = ftrack_api.accessor.disk.DiskAccessor(prefix=prefix)
            location.structure = STRUCTURES[place["structure"]]()
            location.priority = place["priority"]

    def known_location(self, key):
        """A location of which no more is known than which one it is, or one of those that are built in."""
        name = next(name for name, row in ROWS.items() if row["id"] == key)
        words = {"id": key, "name": ROWS[name]["name"]}
        return self.session.create("Location", words, reconstructing=True)

    def do_close(self, step):
        self.session.close()

    def do_order(self, step):
        sandbox("", step["order"], "POST")

    def do_server(self, step):
        return sandbox("/query", urllib.parse.urlencode({"expression": self.text(step["text"])}), "GET")

    def do_information(self, step):
        return self.session.server_information

    def do_types(self, step):
        return sorted(self.session.types)

    def do_type(self, step):
        kind = self.session.types[step["name"]]
        attributes = {
            attribute.name: {"mutable": attribute.mutable, "computed": attribute.computed} for attribute in kind.attributes
        }
        return {
            "name": kind.entity_type, "primary_key": kind.primary_key_attributes,
            "default_projections": kind.default_projections, "attributes": attributes,
        }

    # Reading.

    def do_query(self, step):
        text = self.text(step["text"])
        for name, value in step.get("bind", {}).items():
            text = text.replace("{" + name + "}", json.dumps(value))
        paths = paths_of_query(text)
        query = self.session.query(text, **{key: step[key] for key in ("page_size",) if key in step})
        if step.get("first") or step.get("one"):
            found = query.first() if step.get("first") else query.one()
            return self.keep(step, found) and known(found, paths)
        found = self.keep(step, query.all())
        return [known(entity, paths) for entity in found]

    def do_pages(self, step):
        query = self.session.query(self.text(step["text"]), page_size=step["page_size"])
        found = [query[at] for at in range(step["items"])]
        return [known(entity, paths_of_query(step["text"])) for entity in found]

    def do_get(self, step):
        entity = self.keep(step, self.session.get(step["type"], self.meant(step["key"])))
        return entity and known(entity, {})

    def do_read(self, step):
        value = self.keep(step, self.meant(step["of"])[step["name"]])
        return shown(value)

    def do_populate(self, step):
        entities = self.meant(step["entities"])
        self.session.populate(entities, step["select"])
        return [known(entity, paths_of(step["select"])) for entity in entities]

    def do_known(self, step):
        return known(self.meant(step["of"]), {})

    def do_search(self, step):
        operation = {"action": "search", **{key: self.meant(value) for key, value in step.items() if key != "do"}}
        found = self.session.call([operation])[0]["data"]
        return [known(entity, {}) for entity in found]

    # Changing.

    def do_create(self, step):
        return known(self.keep(step, self.session.create(step["type"], self.meant(step["data"]))), {})

    def do_set(self, step):
        entity = self.meant(step["of"])
        for name, value in step["data"].items():
            entity[name] = self.meant(value)
        return known(entity, {})

    def do_map(self, step):
        entity = self.meant(step["of"])
        for key, value in step.get("set", {}).items():
            entity[step["name"]][key] = self.meant(value)
        for key in step.get("remove", []):
            del entity[step["name"]][key]
        return shown(entity[step["name"]])

    def do_replace(self, step):
        entity = self.meant(step["of"])
        entity[step["name"]] = self.meant(step["value"])
        return shown(entity[step["name"]])

    def do_append(self, step):
        entity = self.meant(step["of"])
        for item in self.meant(step["items"]):
            entity[step["name"]].append(item)
        return shown(entity[step["name"]])

    def do_remove(self, step):
        entity = self.meant(step["of"])
        for item in self.meant(step["items"]):
            entity[step["name"]].remove(item)
        return shown(entity[step["name"]])

    def do_delete(self, step):
        self.session.delete(self.meant(step["of"]))

    def do_revert(self, step):
        entity = self.meant(step["of"])
        for name in step["names"]:
            del entity[name]
        return known(entity, {})

    def do_ensure(self, step):
        entity = self.session.ensure(step["type"], self.meant(step["data"]), step.get("keys"))
        return known(self.keep(step, entity), {})

    def do_commit(self, step):
        self.session.commit()

    def do_rollback(self, step):
        self.session.rollback()

    def do_reset(self, step):
        self.session.reset()

    def do_state(self, step):
        state = ftrack_api.inspection.state(self.meant(step["of"]))
        return None if state is NOT_SET else STATES[state.name]

    def do_states(self, step):
        session = self.session
        lists = {"created": session.created, "modified": session.modified, "deleted": session.deleted}
        return {name: sorted(reference(one).items() for one in entities) for name, entities in lists.items()} if step.get("all") else {
            name: len(entities) for name, entities in lists.items()
        }

    def do_operations(self, step):
        out = []
        for operation in self.session.recorded_operations:
            kind = type(operation).__name__.replace("EntityOperation", "").lower()
            out.append([kind, operation.entity_type, list(operation.entity_key.values()), getattr(operation, "attribute_name", None)])
        return out

    # Services.

    def do_call(self, step):
        return [self.bare(result) for result in self.session.call(self.meant(step["operations"]))]

    def bare(self, value):
        if isinstance(value, ftrack_api.entity.base.Entity):
            return known(value, {name: {} for name in value.keys()})
        if isinstance(value, dict):
            return {key: self.bare(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.bare(item) for item in value]
        return shown(value)

    def do_encode(self, step):
        return json.loads(self.session.encode(self.meant(step["value"]), entity_attribute_strategy=step.get("strategy", "set_only")))

    def do_decode(self, step):
        return self.bare(self.session.decode(self.text(step["text"])))

    def do_note(self, step):
        options = {key: self.meant(step[key]) for key in ("recipients", "category", "labels") if key in step}
        note = self.meant(step["of"]).create_note(step["content"], self.meant(step["author"]), **options)
        return known(self.keep(step, note), {})

    def do_reply(self, step):
        reply = self.meant(step["of"]).create_reply(step["content"], self.meant(step["author"]))
        return known(self.keep(step, reply), {})

    def do_start_timer(self, step):
        options = {key: self.meant(step[key]) for key in ("context", "comment", "name", "force") if key in step}
        return known(self.keep(step, self.meant(step["of"]).start_timer(**options)), {})

    def do_stop_timer(self, step):
        return known(self.keep(step, self.meant(step["of"]).stop_timer()), {})

    def do_statuses(self, step):
        found = self.meant(step["of"]).get_statuses(step["schema"], self.meant(step.get("type_id")))
        return [status["name"] for status in found]

    def do_kinds(self, step):
        return [kind["name"] for kind in self.meant(step["of"]).get_types(step["schema"])]

    def do_widget(self, step):
        return self.session.get_widget_url(step["name"], entity=self.meant(step.get("of")), theme=step.get("theme"))

    def do_invite(self, step):
        users = self.meant(step["users"])
        self.session.send_user_invites(users) if len(users) != 1 else self.session.send_user_invite(users[0])

    def do_review_invite(self, step):
        self.session.send_review_session_invites(self.meant(step["invitees"]))

    def do_reset_remote(self, step):
        return self.bare(self.session.reset_remote(step["type"], entity=self.meant(step.get("of"))))

    def do_delayed_job(self, step):
        operation = {"action": "delayed_job", "job_type": step["type"]}
        if "data" in step:
            operation["data"] = step["data"]
        job = self.session.call([operation])[0]["data"]
        return job and known(job, {})

    # Components.

    def do_file(self, step):
        path = os.path.join(ROWS["FOLDER"]["id"], step["name"])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(step["text"])

    def do_lose(self, step):
        os.remove(os.path.join(ROWS["FOLDER"]["id"], step["name"]))

    def do_files(self, step):
        """What is in a folder of the scenario."""
        top, out = os.path.join(ROWS["FOLDER"]["id"], step["in"]), {}
        for folder, _, names in os.walk(top):
            for name in names:
                with open(os.path.join(folder, name)) as file:
                    out[os.path.relpath(os.path.join(folder, name), top)] = file.read()
        return [list(pair) for pair in sorted(out.items(), key=lambda pair: (pair[1], pair[0]))]

    def do_location(self, step):
        return reference(self.keep(step, self.known_location(self.text(step["id"]))))

    def do_component(self, step):
        options = {"data": self.meant(step["data"])} if "data" in step else {}
        location = self.meant(step.get("location"))
        return known(self.keep(step, self.session.create_component(self.text(step["path"]), location=location, **options)), {})

    def do_add(self, step):
        options = {"recursive": step["recursive"]} if "recursive" in step else {}
        of, source = self.meant(step["of"]), self.meant(step["from"])
        location = self.meant(step["location"])
        location.add_components(of, source, **options) if isinstance(of, list) else location.add_component(of, source, **options)

    def do_take(self, step):
        options = {"recursive": step["recursive"]} if "recursive" in step else {}
        self.meant(step["location"]).remove_component(self.meant(step["of"]), **options)

    def do_availability(self, step):
        return self.session.get_component_availability(self.meant(step["of"]), self.meant(step.get("locations")))

    def do_identifier(self, step):
        return self.meant(step["location"]).get_resource_identifier(self.meant(step["of"]))

    def do_path(self, step):
        return self.meant(step["location"]).get_filesystem_path(self.meant(step["of"]))

    def do_url(self, step):
        location, of = self.meant(step["location"]), self.meant(step["of"])
        if "thumbnail" in step:
            size = step["thumbnail"]
            return location.get_thumbnail_url(of, **({} if size is True else {"size": size}))
        return location.get_url(of)

    def do_pick(self, step):
        location = self.session.pick_location(self.meant(step.get("of")))
        return location and reference(location)

    def do_thumbnail(self, step):
        return known(self.keep(step, self.meant(step["of"]).create_thumbnail(self.text(step["path"]))), {})

    def do_encode_media(self, step):
        options = {key: self.meant(step[key]) for key in ("version_id", "keep_original") if key in step}
        return known(self.session.encode_media(self.meant(step["of"]), **options), {})


def main():
    for line in sys.stdin:
        scenario = json.loads(line)
        out = Scenario(scenario.get("options", {})).run(scenario["steps"])
        print(json.dumps(out, default=str), flush=True)


main()
