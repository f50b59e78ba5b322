"""The official Python SDK in a session together with haft. Reads orders as lines of JSON, answers each with one."""

import json
import sys
import uuid

import grpc
import volue.mesh as mesh

connection = mesh.Connection.insecure(sys.argv[1])
session = None
for line in sys.stdin:
    order = json.loads(line)
    try:
        if order["do"] == "join":
            session = connection.connect_to_session(uuid.UUID(order["id"]))
            answer = order["id"]
        elif order["do"] == "open":
            session = connection.create_session()
            session.open()
            answer = str(session.session_id)
        elif order["do"] == "read":
            answer = session.get_attribute(order["path"]).value
        elif order["do"] == "write":
            answer = session.update_simple_attribute(order["path"], order["value"])
        elif order["do"] == "commit":
            answer = session.commit()
        print(json.dumps({"answer": answer}), flush=True)
    except grpc.RpcError as error:
        print(json.dumps({"error": error.details()}), flush=True)
