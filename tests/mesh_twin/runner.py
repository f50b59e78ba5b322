"""Runs the scenarios with the official Python SDK and prints what it sent and what it got, as JSON.

runner.py SCENARIOS ADDRESS CONTROL: the sandbox's Mesh address, and the URL of its control pages.
"""

import base64
import datetime
import json
import sys
import urllib.request
import uuid

import grpc
import pyarrow
import volue.mesh as mesh
import volue.mesh.calc.common as common
import volue.mesh.calc.transform as transform
from volue.mesh import Timeseries
from volue.mesh.availability import (
    EventType,
    Recurrence,
    RecurrenceType,
    RestrictionBasicRecurrence,
    RestrictionComplexRecurrence,
    RevisionRecurrence,
    TimePoint,
)

UTC = datetime.timezone.utc


def t(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=UTC)


def s(**seconds):
    return datetime.timedelta(**seconds)


def u(text):
    return uuid.UUID(text)


def points(times, flags, values):
    arrays = [
        pyarrow.array([t(time) for time in times], pyarrow.timestamp("ms")),
        pyarrow.array(flags, pyarrow.uint32()),
        pyarrow.array(values, pyarrow.float64()),
    ]
    return pyarrow.Table.from_arrays(arrays, schema=Timeseries.schema)


def ms(moment):
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def named(**members):
    return {name: show(value) for name, value in members.items() if value is not None}


def owner(of):
    if of.owner_id is None:
        return None
    return {"id": str(of.owner_id), "path": of.owner_path}


def definition(of):
    if of is None:
        return None
    return named(id=of.id, path=of.path, name=of.name, description=of.description, name_space=of.namespace,
                 type_name=of.type_name, minimum_cardinality=of.minimum_cardinality,
                 maximum_cardinality=of.maximum_cardinality)


def attribute(of):
    shown = named(id=of.id, path=of.path, name=of.name)
    shown["owner_id"] = owner(of)
    if of.definition is not None:
        shown["definition"] = definition(of.definition)
    if isinstance(of, mesh.TimeseriesAttribute):
        resource = named(time_series_resource=of.time_series_resource)
        shown["value"] = resource | {"expression": of.expression, "is_local_expression": of.is_local_expression}
    elif hasattr(of, "value"):
        shown["value"] = show(of.value)
    elif hasattr(of, "target_object_ids"):
        # The SDK does not show whether there is one or a list: a list of one is either.
        shown["value"] = {"one or many": show(of.target_object_ids)}
    elif hasattr(of, "entries"):
        shown["value"] = {"one or many": [show(entry.versions) for entry in of.entries]}
    return shown


def recurrence(of):
    shown = named(status=of.status, description=of.description, recur_every=of.recur_every,
                  recur_until=of.recur_until)
    return shown | {"recurrence_type": of.recurrence_type.name}


def period(of):
    return {"start_time": ms(of.period_start), "end_time": ms(of.period_end)}


def event(of):
    shown = {"owner_id": owner(of)} | named(event_id=of.event_id, local_id=of.local_id, reason=of.reason)
    for name in ("created", "last_changed"):
        info = getattr(of, name)
        shown[name] = {"author": info.author, "timestamp": ms(info.timestamp)}
    return shown


def series(of):
    table = of.arrow_table
    columns = [table[at].to_pylist() for at in range(3)]
    shown = {
        "times": [ms(time) for time in columns[0]],
        "flags": columns[1],
        "values": [None if value != value else value for value in columns[2]],
    }
    out = {"series": shown} | named(id=of.uuid, path=of.full_name or None)
    if of.timskey:
        out["key"] = of.timskey
    resolution = of.resolution
    if isinstance(resolution, Timeseries.Resolution):
        out["resolution"] = resolution.name
    return out


def show(value):
    kind = type(value).__name__
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return None if value != value else value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return ms(value)
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, dict):
        return {name: show(member) for name, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [show(item) for item in value]
    if isinstance(value, Timeseries):
        return series(value)
    if isinstance(value, mesh.AttributeBase):
        return attribute(value)
    if kind == "Object":
        shown = named(id=value.id, path=value.path, name=value.name, type_name=value.type_name)
        if value.owner_id is not None:
            shown["owner_id"] = owner(value)
        return shown | {"attributes": [attribute(one) for one in value.attributes.values()]}
    if kind == "TimeseriesResource":
        shown = named(timeseries_key=value.timeseries_key, path=value.path, name=value.name,
                      temporary=value.temporary, time_zone=value.time_zone)
        if value.virtual_timeseries_expression is not None:
            shown["virtual_timeseries_expression"] = value.virtual_timeseries_expression
        if value.unit_of_measurement is not None:
            shown["unit_of_measurement"] = {"name": value.unit_of_measurement}
        for name, found in (("curve_type", value.curve_type), ("resolution", value.resolution)):
            shown[name] = {"type": found.name}
        return shown
    if kind == "LinkRelationVersion":
        return named(target_object_id=value.target_object_id, valid_from_time=value.valid_from_time)
    if kind == "XySet":
        return named(valid_from_time=value.valid_from_time, xy_curves=value.xy_curves)
    if kind == "XyCurve":
        return {"reference_value": value.z, "x_values": [x for x, _ in value.xy], "y_values": [y for _, y in value.xy]}
    if kind == "RatingCurveVersion":
        return {"x_range_from": value.x_range_from, "x_value_segments": show(value.x_value_segments),
                "from": ms(value.valid_from_time)}
    if kind == "RatingCurveSegment":
        return named(x_range_until=value.x_range_until, factor_a=value.factor_a, factor_b=value.factor_b,
                     factor_c=value.factor_c)
    if kind in ("VersionInfo", "UserIdentity"):
        return show(vars(value))
    if kind == "LogMessage":
        return {"message": value.message}
    if kind == "HydSimDataset":
        return {"name": value.name, "data": show(value.data)}
    if kind == "Revision":
        return event(value) | {"recurrences": show(value.recurrences)}
    if kind == "RevisionRecurrence":
        return {"recurrence_id": value.id, "recurrence": recurrence(value.recurrence), "period": period(value)}
    if kind == "Restriction":
        return event(value) | {"category": value.category, "restriction_recurrence": show(value.recurrence)}
    if kind == "RestrictionBasicRecurrence":
        basic = {"recurrence": recurrence(value.recurrence), "period": period(value), "value": value.value}
        return {"basic_recurrence": basic}
    if kind == "RestrictionComplexRecurrence":
        times = [{"value": point.value, "timestamp": ms(point.timestamp)} for point in value.time_points]
        return {"complex_recurrence": {"recurrence": recurrence(value.recurrence), "values": times}}
    if kind == "RevisionInstance":
        return {"period": period(value)}
    if kind == "RestrictionInstance":
        return {"period": period(value), "value": value.value}
    raise TypeError(f"nobody said how {kind} is shown")


def run(pieces):
    """What a run brought, sorted by kind."""
    out = {"log_messages": [], "datasets": [], "mc_file": None}
    for piece in pieces:
        if isinstance(piece, str):
            out["mc_file"] = piece
        else:
            out["log_messages" if type(piece).__name__ == "LogMessage" else "datasets"].append(show(piece))
    return {name: value for name, value in out.items() if value is not None}


def calculated(functions, expression):
    """What any expression calculates, by the functions that the SDK's own calculations are made of."""
    response = functions.run(expression)
    kind = response.WhichOneof("calculation_result_oneof")
    if kind == "numeric_results":
        return common._read_proto_numeric_reply(response.numeric_results)
    if kind == "string_results":
        return list(response.string_results.value)
    found = common._parse_timeseries_list_response(response)
    return found[0] if len(found) == 1 else found


def control(url, method="GET"):
    with urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def step(expression, names):
    try:
        return {"value": show(eval(expression, names))}
    except grpc.RpcError as error:
        return {"error": error.details()}
    except Exception as error:
        return {"refused": type(error).__name__}


def main():
    scenarios, address, pages = sys.argv[1:]
    found = {}
    for line in open(scenarios, encoding="utf-8"):
        if not line.strip():
            continue
        scenario = json.loads(line)
        control(f"{pages}/_mesh", "DELETE")
        for order in scenario.get("orders", []):
            control(f"{pages}/_mesh?{order}", "POST")
        connection = mesh.Connection.insecure(address)
        with connection.create_session() as session:
            control(f"{pages}/_mesh/log", "DELETE")
            names = globals() | {"session": session, "connection": connection, "kept": {}}
            results = [step(one["python"], names) for one in scenario["steps"]]
            log = control(f"{pages}/_mesh/log?ids=1")
        found[scenario["row"]] = {"requests": log, "results": results}
    json.dump(found, sys.stdout, ensure_ascii=False, indent=1, sort_keys=True)
    print()


main()
