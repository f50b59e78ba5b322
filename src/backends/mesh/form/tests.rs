//! Messages as JSON and as bytes. The bytes were written by Python's protobuf from the official client's own classes.

use super::{decode, encode};
use crate::{
    backends::mesh::schema::{
        self, Kind, Message,
        tables::{availability, common, hydsim, model, time_series},
    },
    value::{Document, Object, Series, Tree},
};

const ID: &str = "00112233-4455-6677-8899-aabbccddeeff";
/// The same in a message of its own.
const ID_HEX: &str = "0a1033221100554477668899aabbccddeeff";

fn hex(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn tree(json: &str) -> Tree {
    Tree::from_json(&json.replace("ID", ID)).unwrap()
}

fn json(tree: &Tree) -> String {
    Document::from_tree(tree).root().to_json()
}

fn input(method: &str) -> Kind {
    schema::method(&format!("volue.mesh.grpc.{method}")).unwrap().1.input
}

fn written(kind: Kind, text: &str) -> String {
    to_hex(&encode(kind, &tree(text)).unwrap())
}

fn message(of: &'static Message, text: &str) -> String {
    written(Kind::Message(of), text)
}

fn mistake(of: &'static Message, text: &str) -> (String, String) {
    let error = encode(Kind::Message(of), &tree(text)).unwrap_err();
    assert_eq!(error.code(), "argument");
    (error.detail().get("key").and_then(Tree::as_str).unwrap_or_default().to_owned(), error.message().to_owned())
}

#[test]
fn requests_are_the_measured_bytes() {
    assert_eq!(written(input("session.v1alpha.SessionService/Commit"), "\"ID\""), ID_HEX);
    assert_eq!(written(input("session.v1alpha.SessionService/StartSession"), "null"), "");
    let session = format!("0a12{ID_HEX}");
    assert_eq!(written(input("model.v1alpha.ModelService/ListModels"), r#"{"session_id": "ID"}"#), session);
    let read = input("time_series.v1alpha.TimeseriesService/ReadTimeseries");
    let expected = format!("{session}120218091a100a0608909f97b405120608908099b405");
    for interval in [
        r#"["2016-01-01T01:00:00Z", 1451638800000]"#,
        r#"{"start_time": 1451610000000, "end_time": "2016-01-01T09:00"}"#,
    ] {
        let text = format!(r#"{{"interval": {interval}, "timeseries_id": "key:9", "session_id": "ID"}}"#);
        assert_eq!(written(read, &text), expected);
    }
    let simple = input("model.v1alpha.ModelService/UpdateSimpleAttribute");
    assert!(
        written(simple, r#"{"attribute_id": "p", "new_singular_value": {"double_value": 3.5}}"#)
            .ends_with("1a09110000000000000c40")
    );
    assert!(
        written(simple, r#"{"attribute_id": "p", "new_singular_value": {"boolean_value": true}}"#)
            .ends_with("1a021801")
    );
    // Cleared: nothing but who and what.
    assert_eq!(
        written(simple, r#"{"session_id": "ID", "attribute_id": "p", "new_collection_values": []}"#),
        format!("{session}1203120170")
    );
}

#[test]
fn every_kind_is_written_and_read_as_protobuf_does() {
    for (of, text, bytes) in [
        (&model::ATTRIBUTE_VALUE, r#"{"int_value":-3}"#, "08fdffffffffffffffff01"),
        (&model::ATTRIBUTE_VALUE, r#"{"double_value":0.0}"#, "110000000000000000"),
        (&model::ATTRIBUTE_VALUE, r#"{"boolean_value":false}"#, "1800"),
        (&model::ATTRIBUTE_VALUE, r#"{"string_value":""}"#, "2200"),
        (&model::ATTRIBUTE_VALUE, r#"{"utc_time_value":-500}"#, "2a1108ffffffffffffffffff011080cab5ee01"),
        (
            &model::ATTRIBUTE_VALUE,
            r#"{"link_relation_value":{"target_object_id":"ID"}}"#,
            "42140a120a1033221100554477668899aabbccddeeff",
        ),
        (
            &model::ATTRIBUTE_VALUE,
            r#"{"versioned_link_relation_value":{"versions":[{"valid_from_time":1451610000123},{"target_object_id":"ID","valid_from_time":0}]}}"#,
            "4a270a0d120b08909f97b40510c0a9d33a0a160a120a1033221100554477668899aabbccddeeff1200",
        ),
        (
            &model::ATTRIBUTES_MASKS,
            r#"{"name_mask":["a","b"],"types":["INT","STRING",200]}"#,
            "0a060a01610a016222040104c801",
        ),
        (
            &availability::RECURRENCE,
            r#"{"status":"s","description":"","recurrence_type":"YEARLY","recur_every":0}"#,
            "0a017318042000",
        ),
        (
            &common::MESH_ID,
            r#"{"id":"ID","path":"","timeseries_key":-9223372036854775808}"#,
            "0a120a1033221100554477668899aabbccddeeff12001880808080808080808001",
        ),
    ] {
        let short = text.replace("\"INT\",\"STRING\"", "\"ATTRIBUTE_VALUE_TYPE_INT\",\"ATTRIBUTE_VALUE_TYPE_STRING\"");
        assert_eq!(message(of, text), bytes, "{text}");
        assert_eq!(json(&decode(Kind::Message(of), &hex(bytes)).unwrap()), json(&tree(&short)), "{bytes}");
    }
    let simulation = r#"{"session_id":"ID","simulation":{"path":"Model/é"},"interval":{"start_time":1,"end_time":2},"resolution":-1.5,"scenario":-1,"return_datasets":true}"#;
    let bytes = "0a120a1033221100554477668899aabbccddeeff120a12084d6f64656c2fc3a91a0c0a0410c0843d12041080897a221608ffffffffffffffffff011080b6ca91feffffffff0128ffffffffffffffffff013001";
    assert_eq!(message(&hydsim::RUN_HYDRO_SIMULATION_REQUEST, simulation), bytes);
    assert_eq!(
        json(&decode(Kind::Message(&hydsim::RUN_HYDRO_SIMULATION_REQUEST), &hex(bytes)).unwrap()),
        json(&tree(simulation))
    );
    // Numbers one after the other in one field, of which JSON has no form for infinity.
    let curve = "1210000000000000f03f00000000000004401a10000000000000f0bf000000000000f07f";
    let found = decode(Kind::Message(&model::XY_CURVE), &hex(curve)).unwrap();
    assert_eq!(found.get("y_values"), Some(&Tree::Array(vec![Tree::Double(-1.0), Tree::Double(f64::INFINITY)])));
    assert_eq!(to_hex(&encode(Kind::Message(&model::XY_CURVE), &found).unwrap()), curve);
    // The same not packed, as an old writer has it.
    let loose = decode(Kind::Message(&model::XY_CURVE), &hex("11000000000000f03f 110000000000000440")).unwrap();
    assert_eq!(loose.get("x_values"), Some(&Tree::Array(vec![Tree::Double(1.0), Tree::Double(2.5)])));
}

#[test]
fn what_stands_around_one_value_is_read_and_written() {
    let text = r#"{"a":[1.0,null,true,{"b":"c"}]}"#;
    let bytes = "0a280a0161122332210a0911000000000000f03f0a0208000a0220010a0c2a0a0a080a016212031a0163";
    assert_eq!(written(Kind::Struct, text), bytes);
    assert_eq!(json(&decode(Kind::Struct, &hex(bytes)).unwrap()), json(&tree(text)));
    assert_eq!(written(Kind::TextValue, "\"tok\""), "0a03746f6b");
    assert_eq!(decode(Kind::TextValue, &hex("0a03746f6b")).unwrap().as_str(), Some("tok"));
    assert_eq!(decode(Kind::TextValue, &[]).unwrap().as_str(), Some(""));
    let bytes = Tree::Bytes([0, 1].as_slice().into());
    assert_eq!(to_hex(&encode(Kind::BytesValue, &bytes).unwrap()), "0a020001");
    assert_eq!(decode(Kind::BytesValue, &hex("0a020001")).unwrap().as_bytes(), Some(&[0, 1][..]));
    assert_eq!(written(Kind::Empty, "{}"), "");
    assert_eq!(written(Kind::FieldMask, "\"a, b\""), "0a01610a0162");
    assert_eq!(written(Kind::Guid, "\"ID\""), ID_HEX);
    assert!(decode(Kind::Guid, &[]).unwrap().is_null(), "an id without bytes is none");
    // Rounded towards the past, as times before 1970 are as well.
    assert_eq!(decode(Kind::Timestamp, &hex("10bf843d")).unwrap().as_int(), Some(0));
}

#[test]
fn what_is_not_known_is_passed_over_or_shown_as_a_number() {
    let resource = decode(Kind::Message(&time_series::TIMESERIES_RESOURCE), &hex("08032a0208023202084d")).unwrap();
    assert_eq!(resource.get("resolution").and_then(|found| found.get("type")), Some(&Tree::Int(77)));
    assert_eq!(
        resource.get("curve_type").and_then(|found| found.get("type")).and_then(Tree::as_str),
        Some("PIECEWISELINEAR")
    );
    assert_eq!(resource.get("time_zone"), None, "absent");
    assert_eq!(resource.get("name").and_then(Tree::as_str), Some(""), "a default");
    // What is shown can be written.
    assert_eq!(message(&common::RESOLUTION, "77"), "084d");
    // Fields 100 (number), 101 (eight bytes), 102 (bytes), 103 (four bytes) of a newer server around field 3.
    let newer = "a00601 a9060000000000000000 1a0161 b2060178 bd0600000000";
    let object = decode(Kind::Message(&model::OBJECT), &hex(newer)).unwrap();
    assert_eq!(object.get("name").and_then(Tree::as_str), Some("a"));
    // The last of a group counts, and the last of a field.
    let value = decode(Kind::Message(&model::ATTRIBUTE_VALUE), &hex("0801 1801 2201 61 0805")).unwrap();
    assert_eq!(json(&value), r#"{"int_value":5}"#);
}

#[test]
fn a_mistake_names_the_member_that_it_is_in() {
    for (of, text, key, words) in [
        (&model::GET_OBJECT_REQUEST, r#"{"objekt_id": "x"}"#, "objekt_id", "the nearest is \"object_id\""),
        (&model::GET_OBJECT_REQUEST, r#"{"object_id": "id:123"}"#, "object_id", "\"123\" was no id"),
        (&model::GET_OBJECT_REQUEST, r#"{"object_id": true}"#, "object_id", "boolean"),
        (&model::GET_OBJECT_REQUEST, r#"{"object_id": "key:x"}"#, "object_id", "whole numbers"),
        (&model::GET_OBJECT_REQUEST, r#"{"object_id": {"path": 7}}"#, "object_id.path", "text was expected"),
        (
            &model::GET_OBJECT_REQUEST,
            r#"{"attributes_masks": {"name_mask": [1]}}"#,
            "attributes_masks.name_mask",
            "field names",
        ),
        (&model::UPDATE_XY_SETS_REQUEST, r#"{"xy_sets": {}}"#, "xy_sets", "a list was expected"),
        (
            &model::UPDATE_XY_SETS_REQUEST,
            r#"{"xy_sets": [{"xy_curves": [{"x_values": ["1"]}]}]}"#,
            "xy_sets.xy_curves.x_values",
            "a list of numbers",
        ),
        (&model::UPDATE_XY_SETS_REQUEST, r#"{"interval": [1]}"#, "interval", "[start, end]"),
        (&model::UPDATE_XY_SETS_REQUEST, r#"{"interval": [1, "soon"]}"#, "interval.end_time", "ISO 8601"),
        (&model::ATTRIBUTE_VALUE, r#"{"int_value": 1, "double_value": 2.0}"#, "double_value", "cannot both be given"),
        (&model::ATTRIBUTE_VALUE, r#"{"int_value": 1.5}"#, "int_value", "a whole number"),
        (&availability::RECURRENCE, r#"{"recur_every": -1}"#, "recur_every", "it can be 0 to 4294967295"),
        (&availability::RECURRENCE, r#"{"recurrence_type": "NEVER"}"#, "recurrence_type", "there are NONE, DAILY"),
        (
            &hydsim::RUN_HYDRO_SIMULATION_REQUEST,
            r#"{"scenario": 3000000000}"#,
            "scenario",
            "it can be -2147483648 to 2147483647",
        ),
        (&hydsim::RUN_HYDRO_SIMULATION_REQUEST, r#"{"resolution": "HOUR"}"#, "resolution", "a number of seconds"),
        (
            &time_series::WRITE_TIMESERIES_REQUEST,
            r#"{"timeseries": {"series": [1]}}"#,
            "timeseries.series",
            "must be a point",
        ),
    ] {
        let (found, message) = mistake(of, text);
        assert_eq!(found, key, "{text}: {message}");
        assert!(message.contains(words), "{text}: {message}");
    }
    let mut deep = Tree::Null;
    for _ in 0..300 {
        let mut object = Object::default();
        object.insert("a", deep);
        deep = Tree::Object(object);
    }
    assert!(encode(Kind::Struct, &deep).unwrap_err().message().contains("too deep"));
}

#[test]
fn what_is_damaged_is_an_error() {
    let object = Kind::Message(&model::OBJECT);
    for (kind, bytes) in [
        (object, "0a"),                                  // cut off
        (object, "0aff"),                                // longer than it is
        (object, "0800"),                                // a number where an id was expected
        (object, "1a02c328"),                            // text that is not UTF-8
        (object, "0a040a020102"),                        // an id of two bytes
        (object, "00"),                                  // field 0
        (object, "0b"),                                  // a group
        (object, "08ffffffffffffffffffff01"),            // a number without end
        (Kind::Message(&model::XY_CURVE), "1203000000"), // half a number
        (Kind::Timestamp, "0a00"),
    ] {
        let found = decode(kind, &hex(bytes));
        if bytes == "0a00" {
            assert_eq!(found.unwrap().as_int(), Some(0), "another shape of field is passed over");
            continue;
        }
        assert_eq!(found.unwrap_err().code(), "protocol", "{bytes}");
    }
    // Values within values without end.
    let mut deep = Vec::new();
    for _ in 0..300 {
        // Value { struct_value { fields { key: "", value: … } } }, from the inside out.
        let wrap = |number: u8, inner: &[u8]| {
            let mut out = vec![number << 3 | 2];
            crate::engine::grpc::protobuf::put_varint(inner.len() as u64, &mut out);
            out.extend_from_slice(inner);
            out
        };
        deep = wrap(5, &wrap(1, &wrap(2, &deep)));
    }
    let mut entry = vec![0x12];
    crate::engine::grpc::protobuf::put_varint(deep.len() as u64, &mut entry);
    entry.extend_from_slice(&deep);
    let mut whole = vec![0x0a];
    crate::engine::grpc::protobuf::put_varint(entry.len() as u64, &mut whole);
    whole.extend_from_slice(&entry);
    assert!(decode(Kind::Struct, &whole).unwrap_err().message().contains("too deep"));
}

#[test]
fn damage_at_random_is_an_error_or_a_value_and_what_was_read_can_be_written() {
    let series = Series { times: vec![0, 3_600_000], flags: vec![0, 1], values: vec![1.0, 2.0] };
    let mut points = Object::default();
    points.insert("series", Tree::Series(series.into()));
    points.insert("id", Tree::from("key:3"));
    let seeds = [
        (
            Kind::Message(&time_series::TIMESERIES),
            encode(Kind::Message(&time_series::TIMESERIES), &Tree::Object(points)).unwrap(),
        ),
        (
            Kind::Message(&model::ATTRIBUTE_VALUE),
            hex("4a270a0d120b08909f97b40510c0a9d33a0a160a120a1033221100554477668899aabbccddeeff1200"),
        ),
        (
            Kind::Message(&model::OBJECT),
            hex("0a120a1033221100554477668899aabbccddeeff1203612f621a0162220154320b0a00220708012a030a0161"),
        ),
        (Kind::Struct, hex("0a280a0161122332210a0911000000000000f03f0a0208000a0220010a0c2a0a0a080a016212031a0163")),
    ];
    // xorshift64: the same damage in every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap()
    };
    let (mut good, mut bad) = (0, 0);
    for round in 0..40_000 {
        let (kind, seed) = &seeds[round % seeds.len()];
        let mut bytes = seed.clone();
        for _ in 0..=next() % 4 {
            let at = next() % bytes.len().max(1);
            match next() % 4 {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), next() as u8),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = next() as u8;
                    }
                }
            }
        }
        match decode(*kind, &bytes) {
            Ok(value) => {
                good += 1;
                // What an absent inner id becomes, null, is left out again.
                let again =
                    encode(*kind, &value).unwrap_or_else(|error| panic!("{}: {}", to_hex(&bytes), error.message()));
                decode(*kind, &again).unwrap();
            }
            Err(error) => {
                bad += 1;
                assert!(
                    ["protocol", "arrow"].contains(&error.code()) || error.code().contains("points"),
                    "{} {}",
                    error.code(),
                    error.message()
                );
            }
        }
    }
    assert!(good > 1000 && bad > 1000, "{good} {bad}");
}
