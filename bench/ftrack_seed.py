"""Writes what the ftrack server of the measurements holds: the sandbox's own rows, and tasks up to 20,000 of them.

    ftrack_seed.py SEED OUT

Each task has five relations (status, type, priority, a shot of a thousand, project) and as much text as tasks have.
"""

import json
import random
import sys

TASKS, SHOTS = 20000, 1000


def main():
    with open(sys.argv[1]) as file:
        seed = json.load(file)
    rows = seed["rows"]
    by = random.Random(20000)
    ids = lambda kind: [row["id"] for row in rows if row["__entity_type__"] == kind]
    key = lambda: f"{by.getrandbits(32):08x}-{by.getrandbits(16):04x}-4{by.getrandbits(12):03x}-a{by.getrandbits(12):03x}-{by.getrandbits(48):012x}"
    statuses, types, priorities, user = ids("Status"), ids("Type"), ids("Priority"), ids("User")[0]
    sequence = ids("Sequence")[0]
    shots = [
        {"__entity_type__": "Shot", "id": key(), "name": f"bench_{at:04}", "parent_id": sequence, "status_id": by.choice(statuses)}
        for at in range(SHOTS)
    ]
    rows += shots
    for at in range(TASKS - len(ids("Task"))):
        rows.append({
            "__entity_type__": "Task", "id": key(), "name": f"task_{at:05}", "parent_id": by.choice(shots)["id"],
            "status_id": by.choice(statuses), "type_id": by.choice(types), "priority_id": by.choice(priorities),
            "created_by_id": user, "bid": by.randrange(1, 80) * 3600, "sort": by.randrange(100000) / 100,
            "start_date": f"2026-{by.randrange(1, 13):02}-{by.randrange(1, 29):02}T{by.randrange(24):02}:00:00",
            "end_date": f"2027-{by.randrange(1, 13):02}-{by.randrange(1, 29):02}T{by.randrange(24):02}:00:00",
            "description": " ".join(by.choice(("roto", "comp", "für", "light", "anim", "hold")) for _ in range(12)),
        })
    with open(sys.argv[2], "w") as file:
        json.dump(seed, file)


if __name__ == "__main__":
    main()
