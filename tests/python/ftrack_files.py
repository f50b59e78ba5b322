"""Moves components about with the official ftrack client against a sandbox, and prints the requests of each scenario as the
sandbox saw them, with what came of it: `ftrack_files.py http://127.0.0.1:PORT FOLDER`. FOLDER must be empty and stands as
ROOT in the output, which is kept as tests/ftrack_files/python.json."""
import json
import os
import sys
import urllib.request

import ftrack_api
import ftrack_api.accessor.disk
import ftrack_api.exception
import ftrack_api.structure.entity_id
import ftrack_api.structure.id
import ftrack_api.structure.standard

URL, ROOT = sys.argv[1], os.path.abspath(sys.argv[2])
TEST = "b96b3f33-e8f2-57ca-bd52-d57135ad3635"
SECOND = "07b82a97-8cf9-11e3-9383-20c9d081909b"
ORIGIN = "ce9b348f-8809-11e3-821c-20c9d081909b"
UNMANAGED = "cb268ecc-8809-11e3-a7e2-20c9d081909b"
SERVER = "3a372bde-05bc-11e4-8908-20c9d081909b"
VERSION = "99de99c3-101d-53f8-ab76-ced22b7aecd9"
PLATE = "4c47050b-2b4d-54f7-88c5-fb5bfa169ded"


def log(since=0):
    with urllib.request.urlopen(f"{URL}/_ftrack/log?since={since}") as answer:
        return json.load(answer)


def at(name):
    return os.path.join(ROOT, name)


def write(name, text):
    os.makedirs(os.path.dirname(at(name)), exist_ok=True)
    with open(at(name), "w") as file:
        file.write(text)
    return at(name)


def known(entity_type, key):
    """An entity of which nothing is known but who it is."""
    return current.create(entity_type, {"id": key}, reconstructing=True)


def configured(key, prefix, structure, priority=1):
    location = known("Location", key)
    location["name"]
    location.accessor = ftrack_api.accessor.disk.DiskAccessor(prefix=at(prefix))
    location.structure = structure
    location.priority = priority
    return location


def by_id(prefix="store"):
    return configured(TEST, prefix, ftrack_api.structure.id.IdStructure())


def standard(prefix="store"):
    return configured(TEST, prefix, ftrack_api.structure.standard.StandardStructure())


def origin():
    return current.get("Location", ORIGIN)


def forget(component):
    """Another session that knows the component's type and key alone."""
    global current
    kind, key = component.entity_type, component["id"]
    current.close()
    current = session()
    return known(kind, key)


def automatic():
    start()
    current.create_component(write("in/a.txt", "hello"), {"name": "first"})


def review():
    start()
    current.create_component(write("in/r.mp4", "movie"), {"name": "ftrackreview-mp4"})


def to_disk():
    location = by_id()
    start()
    component = current.create_component(write("in/b.exr", "pixels"), {"name": "b"}, location=location)
    return [location.get_resource_identifier(component), location.get_filesystem_path(component)]


def later():
    location = by_id()
    path = write("in/c.exr", "pixels")
    start()
    component = current.create_component(path, {"name": "c"}, location=None)
    current.commit()
    location.add_component(component, origin())
    return location.get_filesystem_path(component)


def together():
    """Not committed before it is added."""
    location = by_id()
    path = write("in/d.exr", "pixels")
    start()
    component = current.create_component(path, {"name": "d"}, location=None)
    location.add_component(component, origin())


def sequence():
    location = by_id()
    for index in (1, 2, 5):
        write(f"in/seq.{index:04d}.exr", "x" * index)
    start()
    component = current.create_component(at("in/seq.%04d.exr [1-2, 5]"), {"name": "seq"}, location=location)
    return [location.get_resource_identifier(component)] + [
        location.get_resource_identifier(member) for member in component["members"]
    ]


def sequence_without_files():
    start()
    component = current.create_component(at("in/none.%d.exr [8-11]"), {"name": "n", "size": 10}, location=None)
    current.commit()
    return [component["size"], component["padding"], component["file_type"]] + [
        [member["name"], member["size"], member["file_type"]] for member in component["members"]
    ]


def standard_file():
    location = standard()
    path = write("in/e.exr", "pixels")
    version = known("AssetVersion", VERSION)
    start()
    component = version.create_component(path, {"name": "Bläu e\u0301 (1)"}, location=location)
    return location.get_resource_identifier(component)


def standard_sequence():
    location = standard()
    for index in (1, 2):
        write(f"in/std.{index:04d}.exr", "x" * index)
    version = known("AssetVersion", VERSION)
    start()
    component = version.create_component(at("in/std.%04d.exr [1-2]"), {"name": "Std Seq"}, location=location)
    return [location.get_resource_identifier(component)] + [
        location.get_resource_identifier(member) for member in component["members"]
    ]


def standard_without_version():
    location = standard()
    path = write("in/f.exr", "pixels")
    start()
    try:
        current.create_component(path, {"name": "f"}, location=location)
    except ftrack_api.exception.LocationError as error:
        return type(error.details["error"]).__name__


def container():
    location = by_id()
    start()
    whole = current.create("ContainerComponent", {"name": "whole"})
    part = current.create_component(write("in/g.txt", "part"), {"name": "part", "container": whole}, location=None)
    current.commit()
    origin().add_component(whole, at("in"), recursive=False)
    location.add_component(whole, origin())
    return [location.get_resource_identifier(whole), location.get_resource_identifier(part)]


def twice():
    location = by_id()
    component = current.create_component(write("in/h.exr", "pixels"), {"name": "h"}, location=location)
    start()
    try:
        location.add_component(component, origin())
    except ftrack_api.exception.ComponentInLocationError as error:
        return type(error).__name__


def overwriting():
    location = standard()
    version = known("AssetVersion", VERSION)
    version.create_component(write("in/i.exr", "pixels"), {"name": "same"}, location=location)
    start()
    try:
        version.create_component(at("in/i.exr"), {"name": "same"}, location=location)
    except ftrack_api.exception.LocationError as error:
        return type(error.details["error"]).__name__


def between():
    """From one location of the server to another."""
    location = by_id()
    component = current.create_component(write("in/j.exr", "pixels"), {"name": "j"}, location=location)
    component = forget(component)
    location = by_id()
    second = configured(SECOND, "second", ftrack_api.structure.entity_id.EntityIdStructure(), 2)
    start()
    second.add_component(component, location)
    return second.get_resource_identifier(component)


def remove():
    location = by_id()
    component = current.create_component(write("in/k.exr", "pixels"), {"name": "k"}, location=location)
    path = location.get_filesystem_path(component)
    component = forget(component)
    location = by_id()
    start()
    location.remove_component(component)
    return os.path.exists(path)


def remove_sequence():
    location = by_id()
    for index in (1, 2):
        write(f"in/gone.{index:04d}.exr", "x" * index)
    component = current.create_component(at("in/gone.%04d.exr [1-2]"), {"name": "gone"}, location=location)
    path = location.get_filesystem_path(component["members"][0])
    component = forget(component)
    location = by_id()
    start()
    location.remove_component(component)
    return os.path.exists(path)


def missing():
    location = by_id()
    start()
    try:
        location.get_filesystem_path(known("FileComponent", PLATE))
    except ftrack_api.exception.ComponentNotInLocationError as error:
        return type(error).__name__


def places():
    location = by_id()
    component = current.create_component(write("in/l.exr", "pixels"), {"name": "l"}, location=location)
    component = forget(component)
    location = by_id()
    start()
    return [location.get_resource_identifier(component), location.get_filesystem_path(component)]


def availability():
    component = current.create_component(write("in/m.exr", "pixels"), {"name": "m"})
    component = forget(component)
    start()
    return component.get_availability()


def availability_of_a_sequence():
    location = by_id()
    for index in (1, 2, 3):
        write(f"in/some.{index:04d}.exr", "x" * index)
    component = current.create_component(at("in/some.%04d.exr [1-3]"), {"name": "some"}, location=location)
    location.remove_component(component["members"][1])
    component = forget(component)
    locations = [known("Location", TEST), known("Location", UNMANAGED)]
    start()
    return component.get_availability(locations)


def pick():
    by_id()
    start()
    return current.pick_location()["id"]


def pick_for_a_component():
    location = by_id()
    component = current.create_component(write("in/o.exr", "pixels"), {"name": "o"}, location=location)
    component = forget(component)
    by_id()
    start()
    return current.pick_location(component)["id"]


def pick_for_nothing():
    by_id()
    component = known("FileComponent", PLATE)
    start()
    return current.pick_location(component)


def server_url():
    component = current.create_component(write("in/p.txt", "text"), {"name": "p"}, location=current.get("Location", SERVER))
    component = forget(component)
    start()
    return current.get("Location", SERVER).get_url(component)


def session():
    return ftrack_api.Session(URL, "secret-key", "jenkins", schema_cache_path=False, auto_connect_event_hub=False)


before = 0


def start():
    global before
    before = max((entry["seq"] for entry in log()), default=0)


out = {}
only = sys.argv[3:]
for run in (automatic, review, to_disk, later, together, sequence, sequence_without_files, standard_file, standard_sequence,
            standard_without_version, container, twice, overwriting, between, remove, remove_sequence, missing, places,
            availability, availability_of_a_sequence, pick, pick_for_a_component, pick_for_nothing, server_url):
    if only and run.__name__ not in only:
        continue
    current = session()
    result = run()
    out[run.__name__] = {"result": result, "sent": [entry["body"] for entry in log(before) if entry["path"] == "/api"]}
    current.close()
text = json.dumps(out, indent=1, sort_keys=True)
print(text.replace(ROOT, "ROOT").replace(URL, "URL"))
