"""Writes an answer as an ftrack server gives it: 20,000 entities of 13 attributes and 4 references. document.py FILE"""

import json
import random
import sys
import uuid

ENTITIES = 20_000
STATUSES = ["Not started", "In progress", "Pending Review", "Approved", "On Hold", "Omitted"]
FACES = "ÄÖÜ 東京 \"quoted\" \\ path\n"

chance = random.Random(20)


def key():
    return str(uuid.UUID(int=chance.getrandbits(128), version=4))


def reference(kind, **more):
    return {"__entity_type__": kind, "id": key(), **more}


def entity(number):
    return {
        "__entity_type__": "Task",
        "id": key(),
        "name": f"shot_{number:05}",
        "description": FACES if number % 50 == 0 else f"Part {number}",
        "type_id": key(),
        "bid": chance.random() * 100000,
        "priority": chance.randrange(10),
        "is_open": number % 3 == 0,
        "start_date": f"2024-0{1 + number % 9}-1{number % 10}T08:00:00",
        "end_date": None if number % 5 == 0 else f"2025-0{1 + number % 9}-1{number % 10}T18:30:00",
        "created_at": "2024-02-03T04:05:06",
        "thumbnail_url": f"/thumb/{number:08}.jpg",
        "sort": number,
        "status": reference("Status", name=chance.choice(STATUSES)),
        "parent": reference("Shot", name=f"seq{number % 40:03}"),
        "project": reference("Project"),
        "assignee": reference("User", username=f"artist{number % 120}"),
    }


document = {"action": "query", "data": [entity(number) for number in range(ENTITIES)], "metadata": {"next": {"offset": None}}}
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(document, file, ensure_ascii=False, separators=(",", ":"))
