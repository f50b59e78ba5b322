"""Python's side of parse.c: json.loads of the same document, and letting it go. parse.py FILE TIMES"""

import gc
import json
import pathlib
import resource
import sys


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return round((usage.ru_utime + usage.ru_stime) * 1e6)


def resident():
    for line in open("/proc/self/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])


body = pathlib.Path(sys.argv[1]).read_bytes()
times, added = [], None
for _ in range(int(sys.argv[2])):
    before, began = resident(), cpu()
    value = json.loads(body)
    parsed = cpu() - began
    added = resident() - before if added is None else added
    assert len(value["data"]) == 20000
    began = cpu()
    del value
    times.append(parsed + cpu() - began)
print(json.dumps({"cpu": times, "added": added}))
