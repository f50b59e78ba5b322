"""The other side of tests/mesh_crosstalk.rs: the official SDK, told line by line what to do, answering line by line."""

import json
import sys
import uuid

from volue.mesh import Connection


def main():
    connection = Connection.insecure(sys.argv[1])
    sessions = {}
    for line in sys.stdin:
        order = json.loads(line)
        name, what = order["session"], order["what"]
        try:
            answer = None
            if what == "open":
                sessions[name] = connection.create_session()
                sessions[name].open()
                answer = str(sessions[name].session_id)
            elif what == "join":
                sessions[name] = connection.connect_to_session(uuid.UUID(order["id"]))
            elif what == "read":
                answer = sessions[name].get_attribute(order["path"]).value
            elif what == "write":
                sessions[name].update_simple_attribute(order["path"], order["value"])
            elif what == "commit":
                sessions[name].commit()
            elif what == "close":
                sessions.pop(name).close()
            print(json.dumps({"answer": answer}), flush=True)
        except Exception as error:
            print(json.dumps({"error": str(error)}), flush=True)


main()
