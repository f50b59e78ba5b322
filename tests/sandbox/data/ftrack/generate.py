#!/usr/bin/env python3
"""Writes schemas.json and seed.json, the state that `haft-sandbox ftrack` begins with.

`generate.py` writes both files beside itself; `generate.py --check` fails if they are not what it would write.

A line of SCHEMAS is `Name [= Base] [key a,b] [show a,b] : attributes`. An attribute is a name and a kind:
    name:s  string      name:d  date-time    name:b  boolean    name:i  integer   name:n  number
    name:v  variable    name:o  object       each may end in =DEFAULT (JSON, or bare text)
    name>T  reference with the foreign key name_id, name>T@key with another one
    name*T  collection  name%T  map of keys and values
and `!` in front makes it immutable, `~` computed. `= Base` takes over all that Base has.
"""

import json
import pathlib
import sys
import uuid

HERE = pathlib.Path(__file__).parent

CONTEXT = """name:s= !context_type:s parent>Context project_id:s !link:s !created_at:d created_by>User thumbnail>Component
 children*Context notes*Note assets*Asset assignments*Appointment appointments*Appointment allocations*Appointment
 timelogs*Timelog scopes*Scope managers*Manager custom_attributes%ContextCustomAttributeValue !~thumbnail_url:o"""
TYPED = """project>Project object_type>ObjectType status>Status type>Type priority>Priority description:s sort:n bid:n
 start_date:d end_date:d ~time_logged:n ~bid_time_logged_difference:n ancestors*TypedContext descendants*TypedContext
 lists*TypedContextList incoming_links*TypedContextLink outgoing_links*TypedContextLink status_changes*StatusChange
 metadata%Metadata"""
COMPONENT = """name:s="main" file_type:s size:i=0 !system_type:s version>AssetVersion container>ContainerComponent
 component_locations*ComponentLocation metadata%Metadata"""
LISTED = """name:s !system_type:s category>ListCategory project>Project owner>User@user_id is_open:b=true date:d
 custom_attributes%ListCustomAttributeValue metadata%Metadata"""
VALUE = "!configuration>CustomAttributeConfiguration !entity_id:s !key:s value:v"

SCHEMAS = f"""
Context show context_type,id,name : {CONTEXT}
Project show context_type,id,name : {CONTEXT} full_name:s status:s start_date:d end_date:d root:s is_private:b=false is_global:b=false color:s project_schema>ProjectSchema descendants*TypedContext review_sessions*ReviewSession metadata%Metadata
TypedContext show context_type,id,name : {CONTEXT} {TYPED}
Task = TypedContext :
Shot = TypedContext :
Sequence = TypedContext :
Episode = TypedContext :
Milestone = TypedContext :
AssetBuild = TypedContext :
Folder = TypedContext :
Status : name:s color:s="#FFFFFF" sort:i=0 is_active:b=true state>State tasks*Task
State : name:s short:s
Type : name:s color:s="#510100" sort:i=0 is_billable:b=true tasks*Task
Priority : name:s color:s="#FFFFFF" sort:i=0 value:n=0
ObjectType : name:s sort:i=0 is_leaf:b=false is_taskable:b=true is_statusable:b=true is_typeable:b=true is_schedulable:b=true is_time_reportable:b=false icon:s="default"
ProjectSchema : name:s _task_workflow>WorkflowSchema@task_workflow_schema_id task_workflow_schema>WorkflowSchema _version_workflow>WorkflowSchema@asset_version_workflow_schema_id asset_version_workflow_schema>WorkflowSchema _task_type_schema>TaskTypeSchema@task_type_schema_id task_type_schema>TaskTypeSchema _schemas*Schema schemas*Schema _overrides*ProjectSchemaOverride overrides*ProjectSchemaOverride object_types*ObjectType
ProjectSchemaOverride : project_schema>ProjectSchema type>Type workflow_schema>WorkflowSchema
WorkflowSchema : name:s statuses*Status
TaskTypeSchema : name:s types*Type
Schema : project_schema>ProjectSchema type_id:s object_type>ObjectType@type_id statuses*Status types*Type
SchemaStatus key status_id,schema_id : !status_id:s !schema_id:s task_status>Status@status_id schema>Schema
SchemaType key type_id,schema_id : !type_id:s !schema_id:s task_type>Type@type_id schema>Schema
Resource show resource_type,id : !resource_type:s allocations*Appointment
User : username:s first_name:s last_name:s email:s is_active:b !resource_type:s="user" user_type>UserType thumbnail>Component !~thumbnail_url:o timelogs*Timelog assignments*Appointment allocations*Appointment memberships*Membership metadata%Metadata custom_attributes%UserCustomAttributeValue
UserType : name:s
Group : name:s local:b=false !resource_type:s="group" parent>Group children*Group memberships*Membership allocations*Appointment metadata%Metadata
Membership : user>User group>Group
Asset : name:s type>AssetType parent>Context@context_id project_id:s versions*AssetVersion ~latest_version>AssetVersion thumbnail>Component metadata%Metadata custom_attributes%AssetCustomAttributeValue
AssetType : name:s short:s component:s="main"
AssetVersion show id,version : !version:i comment:s= asset>Asset task>Task user>User status>Status date:d is_published:b=true ~is_latest_version:b !link:s project_id:s components*Component uses_versions*AssetVersion used_in_versions*AssetVersion notes*Note thumbnail>Component !~thumbnail_url:o lists*AssetVersionList incoming_links*AssetVersionLink outgoing_links*AssetVersionLink metadata%Metadata custom_attributes%AssetVersionCustomAttributeValue
AssetVersionLink key from_id,to_id : !from>AssetVersion !to>AssetVersion
Component show id,system_type : {COMPONENT}
FileComponent show id,system_type : {COMPONENT}
SequenceComponent show id,system_type : {COMPONENT} padding:i=0 members*Component
ContainerComponent show id,system_type : {COMPONENT} members*Component
Location : name:s label:s description:s location_components*ComponentLocation
ComponentLocation : component>Component location>Location resource_identifier:s ~url:o
Note : content:s author>User@user_id parent_id:s parent_type:s project_id:s date:d is_todo:b=false completed_at:d completed_by>User category>NoteCategory in_reply_to>Note replies*Note recipients*Recipient note_label_links*NoteLabelLink note_components*NoteComponent metadata%Metadata
NoteComponent key component_id,note_id : !component>Component !note>Note thumbnail_url:o url:o
NoteCategory : name:s sort:i=0
NoteLabel : name:s color:s="#FFFFFF" sort:i=0
NoteLabelLink key label_id,note_id : !label>NoteLabel !note>Note
Recipient key note_id,resource_id : !note>Note !resource>Resource recipient>Resource@resource_id user>User@resource_id text_mentioned:s
Metadata key parent_id,key show parent_id,key,value,parent_type : !parent_id:s !key:s value:s parent_type:s
CustomAttributeConfiguration : key:s label:s entity_type:s type>CustomAttributeType object_type>ObjectType project_id:s default:v is_hierarchical:b=false core:b=false sort:i=0 config:s="{{}}" group>CustomAttributeGroup values*CustomAttributeValue
CustomAttributeType : name:s
CustomAttributeGroup : name:s
CustomAttributeValue key configuration_id,entity_id show configuration_id,entity_id,key,value : {VALUE}
ContextCustomAttributeValue key configuration_id,entity_id show configuration_id,entity_id,key,value : {VALUE}
AssetVersionCustomAttributeValue key configuration_id,entity_id show configuration_id,entity_id,key,value : {VALUE}
AssetCustomAttributeValue key configuration_id,entity_id show configuration_id,entity_id,key,value : {VALUE}
UserCustomAttributeValue key configuration_id,entity_id show configuration_id,entity_id,key,value : {VALUE}
ListCustomAttributeValue key configuration_id,entity_id show configuration_id,entity_id,key,value : {VALUE}
Appointment : type:s context>Context resource>Resource
Timelog : user>User context>Context name:s comment:s= start:d duration:n=0
Timer : user>User context>Context name:s comment:s= start:d
Job : !type:s="api_job" status:s="queued" data:s user>User !created_at:d finished_at:d job_components*JobComponent
JobComponent key component_id,job_id : !component>Component !job>Job url:o
Scope : name:s
Manager : type>ManagerType user>User context>Context
ManagerType : name:s
TypedContextLink : from>TypedContext to>TypedContext
StatusChange : status>Status from_status>Status user>User parent_id:s parent_type:s date:d
List show id,system_type,name : {LISTED}
TypedContextList show id,name : {LISTED} items*TypedContext
AssetVersionList show id,name : {LISTED} items*AssetVersion
ListCategory : name:s
ReviewSession : name:s description:s project>Project start_date:d end_date:d is_open:b=true is_moderated:b=true created_by>User !created_at:d review_session_objects*ReviewSessionObject review_session_invitees*ReviewSessionInvitee thumbnail>Component metadata%Metadata
ReviewSessionObject : name:s version:s description:s review_session>ReviewSession asset_version>AssetVersion sort_order:i=0 notes*Note
ReviewSessionInvitee : name:s email:s review_session>ReviewSession sent_invite:b=false
Setting key name,group : !name:s !group:s value:v
Dashboard : name:s is_shared:b=false created_by>User
SecurityRole : name:s type:s="PROJECT"
UserSecurityRole : user>User security_role>SecurityRole is_all_projects:b=false is_all_open_projects:b=false
Disk : name:s unix:s windows:s
"""

OBJECT_TYPES = {
    "Task": "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c",
    "Shot": "bad911de-3bd6-47b9-8b46-3476e237cb36",
    "Sequence": "e5139355-61da-4c8f-9db4-3abc870166bc",
    "Episode": "22139355-61da-4c8f-9db4-3abc870166bc",
    "Milestone": "01decdd1-51cb-11e3-9d5b-20c9d0831e59",
    "AssetBuild": "4be63b64-5010-42fb-bf1f-428af9d638f0",
    "Folder": "0fc6d59a-e7b8-4b5f-8d4b-7a9f7e3f3a11",
}
PRIORITY = "9661b320-3a0c-11e2-81c1-0800200c9a66"
SCALARS = {"s": "string", "d": "string", "b": "boolean", "i": "integer", "n": "number", "v": "variable", "o": "object"}
LOADED = {"context_type", "object_type_id", "project_id", "resource_type", "system_type"}


def default_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def schema_of(line, made):
    head, _, attributes = line.partition(" : ") if " : " in line else (line.rstrip(" :"), "", "")
    words = head.split()
    name, options = words[0], dict(zip(words[1::2], words[2::2]))
    if "=" in options:
        schema = json.loads(json.dumps(made[options["="]]))
        schema["id"] = name
        return finish(schema)
    key = options.get("key", "id").split(",")
    shown = options.get("show", ",".join(key)).split(",")
    properties, immutable, computed = {}, set(), set()
    if key == ["id"]:
        properties["id"] = {"type": "string", "default": "{uid}"}
        immutable.add("id")
    for word in attributes.split():
        marks = word[: len(word) - len(word.lstrip("!~"))]
        word = word.lstrip("!~")
        at = min(word.find(sign) for sign in ":>*%" if sign in word)
        attribute, sign, kind = word[:at], word[at], word[at + 1 :]
        if sign == ":":
            kind, given, default = kind.partition("=")
            fragment = {"type": SCALARS[kind]}
            if kind == "d":
                fragment["format"] = "date-time"
            if given and default:
                fragment["default"] = default_of(default)
            elif given:
                fragment["default"] = ""
        elif sign == ">":
            kind, _, foreign = kind.partition("@")
            foreign = foreign or attribute + "_id"
            properties.setdefault(foreign, {"type": "string", "format": "foreign_key"})
            if "!" in marks:
                immutable.add(foreign)
            fragment = {"$ref": kind}
        else:
            fragment = {"type": "array" if sign == "*" else "mapped_array", "items": {"$ref": kind}}
        properties[attribute] = fragment
        if "!" in marks:
            immutable.add(attribute)
        if "~" in marks:
            computed.add(attribute)
    schema = {
        "id": name,
        "type": "object",
        "properties": properties,
        "primary_key": key,
        "default_projections": shown,
        "required": key,
        "immutable": sorted(immutable | set(key)),
        "computed": sorted(computed),
        "system_projections": sorted(set(key) | LOADED & set(properties)),
    }
    if name == "Project":
        schema["alias_for"] = "Show"
    return finish(schema)


def finish(schema):
    object_type = OBJECT_TYPES.get(schema["id"])
    if object_type:
        schema["properties"]["object_type_id"] = {"type": "string", "format": "foreign_key", "default": object_type}
        schema["properties"]["priority_id"] = {"type": "string", "format": "foreign_key", "default": PRIORITY}
        schema["immutable"] = sorted(set(schema["immutable"]) | {"object_type_id"})
        schema["alias_for"] = {"id": "Task", "classifiers": {"object_typeid": object_type}}
    for reference, kind in (("FileComponent", "file"), ("SequenceComponent", "sequence"), ("ContainerComponent", "container")):
        if schema["id"] == reference:
            schema["properties"]["system_type"]["default"] = kind
    return schema


def schemas():
    made = {}
    for line in SCHEMAS.replace("\n ", " ").strip().splitlines():
        schema = schema_of(line, made)
        made[schema["id"]] = schema
    return list(made.values())


def uid(*words):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "haft-sandbox/" + "/".join(words)))


def seed():
    rows = []

    def add(kind_of_row, name=None, **values):
        if "id" not in values and name is not None:
            values["id"] = uid(kind_of_row, name)
        if name is not None:
            values["name"] = name
        rows.append({"__entity_type__": kind_of_row, **values})
        return values.get("id")

    states = {short: add("State", name, short=short) for name, short in
              (("Not started", "NOT_STARTED"), ("In progress", "IN_PROGRESS"), ("Done", "DONE"), ("Blocked", "BLOCKED"))}
    statuses = {}
    for at, (name, state) in enumerate((
            ("Not started", "NOT_STARTED"), ("In progress", "IN_PROGRESS"), ("Awaiting approval", "IN_PROGRESS"),
            ("Approved", "DONE"), ("Normal", "NOT_STARTED"), ("Omitted", "DONE"), ("On Hold", "BLOCKED"),
            ("Pending", "IN_PROGRESS"))):
        statuses[name] = add("Status", name, sort=at, state_id=states[state])
    types = {}
    for at, name in enumerate((
            "Generic", "Animation", "Modeling", "Previz", "Lookdev", "Hair", "Cloth", "FX", "Lighting", "Compositing",
            "Tracking", "Rigging", "test 1", "test type 2", "Character", "Prop", "Environment", "Matte Painting")):
        types[name] = add("Type", name, sort=at)
    for at, (name, key) in enumerate((("None", PRIORITY), ("Low", None), ("Medium", None), ("High", None))):
        add("Priority", name, sort=at, value=at, **({"id": key} if key else {}))
    for at, (name, key) in enumerate(OBJECT_TYPES.items()):
        add("ObjectType", name, id=key, sort=at, is_leaf=name in ("Task", "Milestone"), is_taskable=name != "Task",
            is_time_reportable=name == "Task")

    tasks = add("WorkflowSchema", "Task workflow",
                statuses=[statuses[name] for name in ("Not started", "In progress", "Awaiting approval", "Approved")])
    versions = add("WorkflowSchema", "Version workflow", statuses=[statuses["Approved"], statuses["Pending"]])
    rigging = add("WorkflowSchema", "Rigging workflow", statuses=[statuses["Not started"], statuses["Approved"]])
    kinds = add("TaskTypeSchema", "Task types", types=list(types.values())[:14])
    scheme = add("ProjectSchema", "VFX Scheme", id="69cb7f92-4dbf-11e1-9902-f23c91df25eb", task_workflow_schema_id=tasks,
                 asset_version_workflow_schema_id=versions, task_type_schema_id=kinds,
                 object_types=list(OBJECT_TYPES.values()))
    add("ProjectSchemaOverride", id=uid("override"), project_schema_id=scheme, type_id=types["Rigging"],
        workflow_schema_id=rigging)
    for name in ("Shot", "Sequence", "Episode", "AssetBuild", "Folder"):
        schema = add("Schema", id=uid("Schema", name), project_schema_id=scheme, type_id=OBJECT_TYPES[name])
        for status in ("Normal", "Omitted", "On Hold"):
            rows.append({"__entity_type__": "SchemaStatus", "schema_id": schema, "status_id": statuses[status]})
        if name == "AssetBuild":
            for kind in ("Character", "Prop", "Environment", "Matte Painting"):
                rows.append({"__entity_type__": "SchemaType", "schema_id": schema, "type_id": types[kind]})

    person = add("UserType", "Employee")
    first = add("User", id="d07ae5d0-66e1-11e1-b5e9-f23c91df25eb", username="jenkins", first_name="Jen", last_name="Kins",
                email="jenkins@example.com", user_type_id=person)
    users = [first] + [
        add("User", id=uid("User", name), username=name, first_name=name.title(), last_name="Tester",
            email=name + "@example.com", user_type_id=person)
        for name in ("martin", "probe", "jane", "john", "ada", "grace", "linus", "ken", "dennis", "barbara", "edsger")]
    group = add("Group", "Artists")
    for user in users[1:4]:
        add("Membership", id=uid("Membership", user), user_id=user, group_id=group)

    for name, key, label in (
            ("ftrack.origin", "ce9b348f-8809-11e3-821c-20c9d081909b", "Origin"),
            ("ftrack.unmanaged", "cb268ecc-8809-11e3-a7e2-20c9d081909b", "Unmanaged"),
            ("ftrack.review", "cd41be70-8809-11e3-b98a-20c9d081909b", "Review"),
            ("ftrack.server", "3a372bde-05bc-11e4-8908-20c9d081909b", "Server"),
            ("ftrack.connect", "07b82a97-8cf9-11e3-9383-20c9d081909b", "Connect"),
            ("test.location", uid("Location", "test.location"), "Test")):
        add("Location", name, id=key, label=label)

    for name in ("text", "boolean", "date", "enumerator", "number", "expression"):
        add("CustomAttributeType", name)
    number, text, boolean = (uid("CustomAttributeType", name) for name in ("number", "text", "boolean"))
    production = add("CustomAttributeGroup", "Production")

    def configure(key, kind, entity_type, object_type=None, default=None, hierarchical=False):
        return add("CustomAttributeConfiguration", id=uid("CustomAttributeConfiguration", entity_type, object_type or "", key),
                   key=key, label=key, type_id=kind, entity_type=entity_type, default=default,
                   object_type_id=OBJECT_TYPES.get(object_type), is_hierarchical=hierarchical, group_id=production)

    custom = {
        "customNumber": configure("customNumber", number, "task", "Task", 0),
        "fstart": configure("fstart", number, "task", "Shot", 1001),
        "fend": configure("fend", number, "task", "Shot", 1100),
        "versiontest": configure("versiontest", number, "assetversion", None, 123),
        "NumberField": configure("NumberField", number, "assetversion", None, 0),
        "htest": configure("htest", number, "show", None, 7, True),
        "listbool": configure("listbool", boolean, "list", None, False),
        "teststring": configure("teststring", text, "user", None, "default"),
        "showtext": configure("showtext", text, "show", None, ""),
    }

    project = add("Project", "python_api", id="5671dcb0-66de-11e1-8e6e-f23c91df25eb", full_name="Python API tests",
                  project_schema_id=scheme, created_by_id=first)
    other = add("Project", "client_test", full_name="A second project", project_schema_id=scheme, created_by_id=first)
    folder = add("Folder", "tasks", parent_id=project)
    task = add("Task", "t1", id="adb4ad6c-7679-11e2-8df2-f23c91df25eb", parent_id=folder, type_id=types["Generic"],
               status_id=statuses["Not started"], bid=3600)
    sequence = add("Sequence", "sq010", parent_id=project)
    shots = []
    for at in range(1, 4):
        shot = add("Shot", f"sh{at:02}0", parent_id=sequence, status_id=statuses["Normal"])
        shots.append(shot)
        for kind in ("Animation", "Lighting", "Compositing"):
            step = add("Task", kind.lower(), id=uid("Task", str(at), kind), parent_id=shot, type_id=types[kind],
                       status_id=statuses["Not started"])
            add("Appointment", id=uid("Appointment", str(at), kind), type="assignment", context_id=step,
                resource_id=users[at])
    add("AssetBuild", "hero", parent_id=project, type_id=types["Character"], status_id=statuses["Normal"])
    add("Episode", "ep01", parent_id=other)
    add("Milestone", "delivery", parent_id=other, type_id=types["Generic"])

    plate = add("AssetType", "Image Sequence", short="img")
    add("AssetType", "Geometry", short="geo")
    upload = add("AssetType", "Upload", short="upload")
    asset = add("Asset", "plate", type_id=plate, context_id=shots[0])
    add("Asset", "notes", type_id=upload, context_id=project)
    for at in (1, 2):
        version = add("AssetVersion", id=uid("AssetVersion", str(at)), asset_id=asset, task_id=task, user_id=first,
                      status_id=statuses["Pending"], comment=f"version {at}")
        add("FileComponent", "main", id=uid("FileComponent", str(at)), version_id=version, file_type=".exr", size=1024 * at)

    for owner, kind, key, value in (
            (task, "Context", "customNumber", 5), (shots[0], "Context", "fstart", 1010),
            (uid("AssetVersion", "1"), "AssetVersion", "NumberField", 12)):
        rows.append({"__entity_type__": kind + "CustomAttributeValue", "configuration_id": custom[key], "entity_id": owner,
                     "value": value})

    # Categories are the labels of old: they share their ids.
    for at, name in enumerate(("Internal", "Client feedback")):
        add("NoteLabel", name, id=add("NoteCategory", name, sort=at), sort=at)
    add("Note", id=uid("Note"), content="A first note", user_id=first, parent_id=task, parent_type="task")
    rows.append({"__entity_type__": "Metadata", "parent_id": project, "parent_type": "Project", "key": "origin", "value": "seed"})
    add("Timelog", id=uid("Timelog"), user_id=first, context_id=task, start="2026-01-02T09:00:00", duration=3600)
    add("ListCategory", "Default")
    add("TypedContextList", "dailies", category_id=uid("ListCategory", "Default"), project_id=project, items=[task])
    add("Scope", "Animation")
    add("ManagerType", "Supervisor")
    add("SecurityRole", "Project manager")
    add("SecurityRole", "Administrator", type="API")
    rows.append({"__entity_type__": "Setting", "name": "week_startday", "group": "GENERAL", "value": 1})
    return {"api_key": "secret-key", "rows": rows}


def text_of(value):
    if isinstance(value, dict):
        lines = [json.dumps(key) + ": " + (text_of(inner) if key == "rows" else json.dumps(inner)) for key, inner in value.items()]
        return "{\n" + ",\n".join(lines) + "\n}"
    return "[\n" + ",\n".join(json.dumps(row) for row in value) + "\n]"


def main():
    stale = []
    for name, value in (("schemas.json", schemas()), ("seed.json", seed())):
        text = text_of(value) + "\n"
        path = HERE / name
        if "--check" in sys.argv[1:]:
            if not path.exists() or path.read_text() != text:
                stale.append(name)
        else:
            path.write_text(text)
    if stale:
        sys.exit(f"not what generate.py writes: {', '.join(stale)}")


if __name__ == "__main__":
    main()
