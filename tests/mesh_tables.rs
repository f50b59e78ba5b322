//! The messages of Mesh: proto/ and the tables made of it are the list that was written from the specification (spec/mesh.md
//! section 1), field by field; and the tables are those that the tools would make now.

use std::{collections::BTreeMap, path::Path};

use haft::backends::mesh::schema::{Kind, tables::SERVICES};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, field_descriptor_proto};

/// Lines of the list, by what they are about: `message package.Name` and the like.
type Listed = BTreeMap<String, Vec<String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The list, as it was written down.
fn listed() -> Listed {
    let text = std::fs::read_to_string(root().join("tests/mesh/tables.txt")).unwrap();
    let (mut package, mut at) = (String::new(), String::new());
    let mut listed = Listed::new();
    for line in text.lines() {
        match line.split_once(' ').unwrap() {
            ("package", name) => package = name.to_owned(),
            ("rpc", rest) => {
                let (name, shape) = rest.split_once(' ').unwrap();
                listed.insert(format!("rpc {package}.{name}"), vec![shape.to_owned()]);
            }
            ("", entry) => listed.get_mut(&at).unwrap().push(entry.trim().to_owned()),
            (what, name) => {
                at = format!("{what} {package}.{name}");
                listed.insert(at.clone(), Vec::new());
            }
        }
    }
    listed
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_by_key(|line| line.split(' ').next().and_then(|number| number.parse::<u32>().ok()));
    lines
}

fn enumeration(prefix: &str, one: &EnumDescriptorProto, found: &mut Listed) {
    let values = one.value.iter().map(|value| format!("{} {}", value.number(), value.name()));
    found.insert(format!("enum {prefix}{}", one.name()), values.collect());
}

fn field(one: &FieldDescriptorProto, owner: &DescriptorProto) -> String {
    use field_descriptor_proto::{Label, Type};
    let kind = match one.r#type() {
        Type::Message | Type::Enum => one.type_name().trim_start_matches('.').to_owned(),
        Type::String => "string".into(),
        Type::Bytes => "bytes".into(),
        Type::Bool => "bool".into(),
        Type::Int32 => "int32".into(),
        Type::Int64 => "int64".into(),
        Type::Uint32 => "uint32".into(),
        Type::Double => "double".into(),
        other => panic!("{other:?}"),
    };
    let mut line = format!("{} {} {kind}", one.number(), one.name());
    if one.label() == Label::Repeated {
        line.push_str(" repeated");
    }
    if one.proto3_optional() {
        line.push_str(" optional");
    } else if let Some(group) = one.oneof_index {
        line.push_str(" of ");
        line.push_str(owner.oneof_decl[usize::try_from(group).unwrap()].name());
    }
    line
}

fn message(prefix: &str, one: &DescriptorProto, found: &mut Listed) {
    let name = format!("{prefix}{}", one.name());
    let fields = one.field.iter().map(|member| field(member, one)).collect();
    found.insert(format!("message {name}"), sorted(fields));
    one.enum_type.iter().for_each(|nested| enumeration(&format!("{name}."), nested, found));
    one.nested_type.iter().for_each(|nested| message(&format!("{name}."), nested, found));
}

#[test]
fn the_proto_files_are_the_list_of_the_specification() {
    let set = haft_tools::proto::compile(root()).unwrap();
    let mut found = Listed::new();
    for file in set.file.iter().filter(|file| file.package().starts_with("volue.")) {
        let prefix = format!("{}.", file.package());
        file.enum_type.iter().for_each(|one| enumeration(&prefix, one, &mut found));
        file.message_type.iter().for_each(|one| message(&prefix, one, &mut found));
        for service in &file.service {
            for method in &service.method {
                let shape = match (method.client_streaming(), method.server_streaming()) {
                    (false, false) => "unary",
                    (false, true) => "server-stream",
                    (true, true) => "bidi-stream",
                    (true, false) => "client-stream",
                };
                let line = format!(
                    "{} {shape} {}",
                    method.input_type().trim_start_matches('.'),
                    method.output_type().trim_start_matches('.')
                );
                found.insert(format!("rpc {prefix}{}/{}", service.name(), method.name()), vec![line]);
            }
        }
    }
    let listed: Listed = listed()
        .into_iter()
        .map(|(name, lines)| {
            if name.starts_with("enum") {
                (name, lines.into_iter().map(swapped).collect())
            } else {
                (name, sorted(lines))
            }
        })
        .collect();
    let count = |what: &str| listed.keys().filter(|name| name.starts_with(what)).count();
    assert_eq!((count("message"), count("enum"), count("rpc")), (224, 9, 114));
    for (name, lines) in &listed {
        assert_eq!(found.get(name), Some(lines), "{name}");
    }
    assert_eq!(found.keys().collect::<Vec<_>>(), listed.keys().collect::<Vec<_>>());
}

/// `NUMBER NAME`, however the list has it.
fn swapped(line: String) -> String {
    let (first, second) = line.split_once(' ').unwrap();
    if first.parse::<i32>().is_ok() { line } else { format!("{second} {first}") }
}

#[test]
fn the_tables_have_every_call_and_reach_every_message_of_it() {
    let listed = listed();
    let mut calls = 0;
    let mut seen = std::collections::BTreeSet::new();
    for service in SERVICES {
        for method in service.methods {
            let line = &listed[&format!("rpc {}/{}", service.name, method.name)][0];
            assert_eq!(
                (method.asks_many, method.answers_many),
                (line.contains(" bidi"), !line.contains(" unary ")),
                "{line}"
            );
            calls += 1;
            walk(method.input, &mut seen);
            walk(method.output, &mut seen);
        }
    }
    assert_eq!(calls, 114);
    // Google's own and the id are no messages of the tables.
    assert!(seen.len() > 200, "{}", seen.len());
}

fn walk(kind: Kind, seen: &mut std::collections::BTreeSet<usize>) {
    let Kind::Message(of) = kind else { return };
    if !seen.insert(std::ptr::from_ref(of) as usize) {
        return;
    }
    let mut last = 0;
    for field in of.fields {
        assert!(field.number > last, "{}.{} is out of order", of.name, field.name);
        last = field.number;
        walk(field.kind, seen);
    }
}

#[test]
fn the_tables_are_those_that_the_tools_make() {
    haft_tools::proto::check(root()).unwrap();
}
