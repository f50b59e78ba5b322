//! The messages of Mesh: from the `.proto` files to tables that the library reads and writes messages by, and to the types
//! and traits that the sandbox's server is built on. Nothing is generated while building: what is made here is checked in.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};

/// Where the `.proto` files are.
pub const PROTO: &str = "proto";
/// Where the library's tables go.
pub const TABLES: &str = "src/backends/mesh/schema/tables";
/// Where the server's types go.
pub const SERVER: &str = "tests/sandbox/src/mesh/wire";

const NOTE: &str = "// Made by `cargo run -p haft-tools -- proto` from proto/; edits are lost.\n";

/// Writes tables and types.
///
/// # Errors
/// What could not be compiled, read or written.
pub fn write(root: &Path) -> Result<(), String> {
    for (path, text) in files(root)? {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap_or(root)).map_err(|error| error.to_string())?;
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

/// Compares tables and types with what would be written.
///
/// # Errors
/// The file that is out of date.
pub fn check(root: &Path) -> Result<(), String> {
    for (path, text) in files(root)? {
        if fs::read_to_string(root.join(&path)).unwrap_or_default() != text {
            return Err(format!("{path} is out of date; run: cargo run -p haft-tools -- proto"));
        }
    }
    Ok(())
}

/// All messages, services and enumerations.
///
/// # Errors
/// The mistake in a `.proto` file.
pub fn compile(root: &Path) -> Result<FileDescriptorSet, String> {
    let base = root.join(PROTO);
    let mut paths = Vec::new();
    find(&base, &mut paths)?;
    paths.sort();
    let mut compiler = protox::Compiler::new([&base]).map_err(|error| error.to_string())?;
    compiler.include_imports(true).include_source_info(false);
    compiler.open_files(paths).map_err(|error| format!("{error:?}"))?;
    Ok(compiler.file_descriptor_set())
}

fn find(folder: &Path, into: &mut Vec<std::path::PathBuf>) -> Result<(), String> {
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            find(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            into.push(path);
        }
    }
    Ok(())
}

fn files(root: &Path) -> Result<BTreeMap<String, String>, String> {
    let set = compile(root)?;
    let mut files = tables(&set);
    files.extend(server(set)?);
    Ok(files)
}

/// The server's types and traits, by the field's own generator.
fn server(set: FileDescriptorSet) -> Result<BTreeMap<String, String>, String> {
    let out = tempfile::tempdir().map_err(|error| error.to_string())?;
    tonic_prost_build::configure()
        .build_client(false)
        .out_dir(out.path())
        .include_file("mod.rs")
        .compile_fds(set)
        .map_err(|error| error.to_string())?;
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(out.path()).map_err(|error| error.to_string())? {
        let path = entry.map_err(|error| error.to_string())?.path();
        let text = fs::read_to_string(&path).map_err(|error| error.to_string())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        files.insert(format!("{SERVER}/{name}"), format!("{NOTE}{text}"));
    }
    Ok(files)
}

/// The library's tables: a file for each package.
fn tables(set: &FileDescriptorSet) -> BTreeMap<String, String> {
    let ours: Vec<&FileDescriptorProto> = set.file.iter().filter(|file| file.package().starts_with("volue.")).collect();
    let mut files = BTreeMap::new();
    let mut index = format!("{NOTE}//! Messages, enumerations and calls of Mesh, a module for each package.\n\n");
    for file in &ours {
        let _ = writeln!(index, "pub mod {};", module(file.package()));
        files.insert(format!("{TABLES}/{}.rs", module(file.package())), package(file));
    }
    index.push_str("\nuse super::Service;\n\n/// Every service.\npub static SERVICES: &[&Service] = &[\n");
    for file in &ours {
        for service in &file.service {
            let _ = writeln!(index, "    &{}::{},", module(file.package()), constant(service.name()));
        }
    }
    index.push_str("];\n");
    files.insert(format!("{TABLES}/mod.rs"), index);
    files
}

fn package(file: &FileDescriptorProto) -> String {
    let package = file.package();
    let mut out = format!("{NOTE}//! `{package}`.\n\n");
    out.push_str("use super::super::{Enumeration, Field, Form, Kind, Label, Message, Method, Service};\n");
    for one in &file.enum_type {
        enumeration(&mut out, "", one);
    }
    for one in &file.message_type {
        message(&mut out, package, "", one);
    }
    for service in &file.service {
        let _ = write!(out, "\n/// `{0}`.\npub static {1}: Service = Service {{\n    name: \"{package}.{0}\",\n    methods: &[\n", service.name(), constant(service.name()));
        for method in &service.method {
            let _ = writeln!(
                out,
                "        Method {{ name: {:?}, input: {}, output: {}, asks_many: {}, answers_many: {} }},",
                method.name(),
                kind_of_message(method.input_type(), package),
                kind_of_message(method.output_type(), package),
                method.client_streaming(),
                method.server_streaming()
            );
        }
        out.push_str("    ],\n};\n");
    }
    for unused in ["Enumeration", "Service", "Method", "Form", "Message", "Field", "Kind", "Label"] {
        let body = out.split_once(";\n").map_or("", |(_, body)| body);
        if !body.contains(&format!("{unused} {{")) && !body.contains(&format!("{unused}::")) {
            out = out.replacen(&format!("{unused}, "), "", 1).replacen(&format!(", {unused}}}"), "}", 1);
        }
    }
    out
}

fn enumeration(out: &mut String, outer: &str, one: &EnumDescriptorProto) {
    let name = format!("{outer}{}", one.name());
    let _ = write!(out, "\n/// `{name}`.\npub static {}: Enumeration = Enumeration {{\n    name: {name:?},\n    values: &[", constant(&name));
    let values: Vec<String> = one.value.iter().map(|value| format!("({:?}, {})", value.name(), value.number())).collect();
    let _ = write!(out, "{}],\n}};\n", values.join(", "));
}

fn message(out: &mut String, package: &str, outer: &str, one: &DescriptorProto) {
    let name = format!("{outer}{}", one.name());
    let inner = format!("{name}.");
    for nested in &one.enum_type {
        enumeration(out, &inner, nested);
    }
    for nested in &one.nested_type {
        message(out, package, &inner, nested);
    }
    if kind_of_message(&format!(".{package}.{name}"), package) == "Kind::Guid" {
        return;
    }
    let _ = write!(out, "\n/// `{name}`.\npub static {}: Message = Message {{\n    name: {name:?},\n    form: Form::{},\n    fields: &[", constant(&name), form(package, &name));
    let mut fields: Vec<&FieldDescriptorProto> = one.field.iter().collect();
    fields.sort_by_key(|field| field.number());
    for field in &fields {
        let points = package == "volue.mesh.grpc.time_series.v1alpha" && name == "Timeseries" && field.name() == "data";
        // The columns are shown as what they are.
        let (field_name, kind) = if points { ("series", "Kind::Points".into()) } else { (field.name(), kind(field, package)) };
        let label = match (field.label(), field.proto3_optional(), field.oneof_index) {
            (Label::Repeated, ..) => "Label::Many".to_owned(),
            (_, true, _) => "Label::Optional".to_owned(),
            (_, false, Some(group)) => format!("Label::OneOf({group})"),
            _ => "Label::One".to_owned(),
        };
        let _ = write!(out, "\n        Field {{ number: {}, name: {field_name:?}, kind: {kind}, label: {label} }},", field.number());
    }
    out.push_str(if fields.is_empty() { "],\n};\n" } else { "\n    ],\n};\n" });
}

/// How hosts write some messages.
fn form(package: &str, name: &str) -> &'static str {
    match (package, name) {
        ("volue.mesh.grpc.type", "MeshId") => "Address",
        ("volue.mesh.grpc.type", "UtcInterval") => "Interval",
        ("volue.mesh.grpc.type", "Resolution" | "Curve") => "Word",
        _ => "Plain",
    }
}

fn kind(field: &FieldDescriptorProto, package: &str) -> String {
    match field.r#type() {
        Type::Double => "Kind::Double".into(),
        Type::Int64 => "Kind::Int64".into(),
        Type::Int32 => "Kind::Int32".into(),
        Type::Uint32 => "Kind::Uint32".into(),
        Type::Bool => "Kind::Bool".into(),
        Type::String => "Kind::Text".into(),
        Type::Bytes => "Kind::Bytes".into(),
        Type::Enum => format!("Kind::Enum(&{})", place(field.type_name(), package)),
        Type::Message => kind_of_message(field.type_name(), package),
        other => panic!("{}: no table knows {other:?}", field.name()),
    }
}

fn kind_of_message(name: &str, package: &str) -> String {
    match name {
        ".volue.mesh.grpc.type.Guid" => "Kind::Guid".into(),
        ".google.protobuf.Timestamp" => "Kind::Timestamp".into(),
        ".google.protobuf.Duration" => "Kind::Duration".into(),
        ".google.protobuf.Empty" => "Kind::Empty".into(),
        ".google.protobuf.FieldMask" => "Kind::FieldMask".into(),
        ".google.protobuf.Struct" => "Kind::Struct".into(),
        ".google.protobuf.BytesValue" => "Kind::BytesValue".into(),
        ".google.protobuf.StringValue" => "Kind::TextValue".into(),
        other => format!("Kind::Message(&{})", place(other, package)),
    }
}

/// The constant of a message or an enumeration, as seen from a package.
fn place(name: &str, package: &str) -> String {
    let name = name.trim_start_matches('.');
    let local = name.strip_prefix(package).and_then(|rest| rest.strip_prefix('.'));
    if let Some(local) = local {
        return constant(local);
    }
    let at = name.find(|letter: char| letter.is_ascii_uppercase()).unwrap_or(0);
    let (other, local) = name.split_at(at);
    format!("super::{}::{}", module(other.trim_end_matches('.')), constant(local))
}

/// `volue.mesh.grpc.model.v1alpha` is `model`.
fn module(package: &str) -> &str {
    match package.split('.').nth(3) {
        Some("type") => "common",
        Some(name) => name,
        None => package,
    }
}

/// `Resolution.ResolutionType` is `RESOLUTION_RESOLUTION_TYPE`.
fn constant(name: &str) -> String {
    let mut out = String::new();
    let mut lower = false;
    for letter in name.chars() {
        if letter == '.' {
            out.push('_');
            lower = false;
        } else {
            if letter.is_ascii_uppercase() && lower {
                out.push('_');
            }
            lower = !letter.is_ascii_uppercase();
            out.push(letter.to_ascii_uppercase());
        }
    }
    out
}
