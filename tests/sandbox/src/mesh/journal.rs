//! The calls that were received, for `/_mesh/log`: method, metadata and messages, which are shown by the names of
//! `proto/` and as they travelled.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, LazyLock, Mutex};

use http::HeaderMap;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, SerializeOptions, Value as Held};
use serde_json::{Map, Value, json};

use super::id::Id;
use super::pb::Guid;
use crate::endpoint::to_hex;
use crate::log::{Origin, lock};

/// Messages above this size are logged as their length only.
const MESSAGE_MAX_BYTES: usize = 64 << 10;
/// Older calls are dropped beyond this count.
const CALLS_MAX: usize = 100_000;

/// One call.
pub struct Record {
    seq: u64,
    listener: &'static str,
    connection: u64,
    method: String,
    metadata: Map<String, Value>,
    /// Each message and its length.
    messages: Mutex<Vec<(Option<Vec<u8>>, usize)>>,
    /// Set when the call was refused before any answer.
    status: Mutex<Option<(String, String)>>,
}

impl Record {
    /// Adds a message.
    pub fn message(&self, bytes: &[u8]) {
        let kept = (bytes.len() <= MESSAGE_MAX_BYTES).then(|| bytes.to_vec());
        lock(&self.messages).push((kept, bytes.len()));
    }

    /// Notes the status, if the answer is nothing but that.
    pub fn head(&self, headers: &HeaderMap) {
        let text = |name: &str| headers.get(name).map(|value| crate::request::latin1(value.as_bytes()));
        if let Some(code) = text("grpc-status") {
            let message = text("grpc-message").unwrap_or_default();
            let message = crate::request::percent_decode(&message, false);
            *lock(&self.status) = Some((code, String::from_utf8_lossy(&message).into_owned()));
        }
    }

    fn to_json(&self) -> Value {
        let messages: Value = lock(&self.messages)
            .iter()
            .map(|(bytes, length)| match bytes {
                Some(bytes) => json!({ "hex": to_hex(bytes), "length": length, "fields": fields(&self.method, bytes) }),
                None => json!({ "length": length }),
            })
            .collect();
        let mut out = json!({
            "seq": self.seq,
            "listener": self.listener,
            "connection": self.connection,
            "method": self.method,
            "metadata": self.metadata,
            "messages": messages,
        });
        if let Some((code, text)) = &*lock(&self.status) {
            out["status"] = code.parse::<i64>().map_or(Value::Null, Value::from);
            out["text"] = text.as_str().into();
        }
        out
    }
}

/// All calls.
#[derive(Default)]
pub struct Journal {
    calls: Mutex<(u64, VecDeque<Arc<Record>>)>,
}

impl Journal {
    /// Adds a call.
    pub fn push(&self, origin: &Origin, method: &str, metadata: Map<String, Value>) -> Arc<Record> {
        let mut calls = lock(&self.calls);
        calls.0 += 1;
        let record = Arc::new(Record {
            seq: calls.0,
            listener: origin.listener,
            connection: origin.connection,
            method: method.to_owned(),
            metadata,
            messages: Mutex::default(),
            status: Mutex::default(),
        });
        if calls.1.len() >= CALLS_MAX {
            calls.1.pop_front();
        }
        calls.1.push_back(Arc::clone(&record));
        record
    }

    /// Forgets all; numbers go on.
    pub fn clear(&self) {
        lock(&self.calls).1.clear();
    }

    /// The calls after number `since`, of one method if it is named. With `ids`, every id is replaced by its number in
    /// order of appearance, and what no two runs share is left out.
    pub fn to_json(&self, since: u64, method: Option<&str>, ids: bool) -> Value {
        let records: Vec<_> = lock(&self.calls).1.iter().filter(|record| record.seq > since).cloned().collect();
        let mut names = HashMap::new();
        records
            .iter()
            .filter(|record| method.is_none_or(|name| record.method.rsplit('/').next() == Some(name)))
            .map(|record| {
                let mut one = record.to_json();
                if ids {
                    let fields: Value =
                        one["messages"].as_array().into_iter().flatten().map(|m| m["fields"].clone()).collect();
                    one = json!({ "method": one["method"], "messages": fields });
                    number(&mut one, &mut names);
                }
                one
            })
            .collect()
    }
}

fn number(value: &mut Value, names: &mut HashMap<String, usize>) {
    match value {
        Value::String(text) if Id::parse(text).is_some() => {
            let next = names.len() + 1;
            *text = format!("<id {}>", names.entry(text.to_lowercase()).or_insert(next));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| number(item, names)),
        Value::Object(map) => map.values_mut().for_each(|item| number(item, names)),
        _ => {}
    }
}

/// The files of `proto/`, each under the name that others import it by.
const FILES: [(&str, &str); 11] = {
    macro_rules! file {
        ($($path:literal),*) => {
            [$((concat!("volue/mesh/grpc/", $path), include_str!(concat!("../../../../proto/volue/mesh/grpc/", $path)))),*]
        };
    }
    file!(
        "auth/v1alpha/auth.proto",
        "availability/v1alpha/availability.proto",
        "calc/v1alpha/calc.proto",
        "config/v1alpha/config.proto",
        "hydsim/v1alpha/hydsim.proto",
        "model/v1alpha/model.proto",
        "model_definition/v1alpha/model_definition.proto",
        "resource/v1alpha/resource.proto",
        "session/v1alpha/session.proto",
        "time_series/v1alpha/time_series.proto",
        "type/type.proto"
    )
};

struct Files;

impl protox::file::FileResolver for Files {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        if let Some((name, text)) = FILES.iter().find(|(known, _)| *known == name) {
            return protox::file::File::from_source(name, text);
        }
        protox::file::GoogleFileResolver::new().open_file(name)
    }
}

/// Read when the first message is shown.
static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| {
    let mut compiler = protox::Compiler::with_file_resolver(Files);
    for (name, _) in FILES {
        compiler.open_file(name).ok()?;
    }
    Some(compiler.descriptor_pool())
});

/// A message by the names of its fields; null if it is none. Only fields that are present are shown, ids in their
/// written form.
fn fields(method: &str, bytes: &[u8]) -> Value {
    let read = || {
        let (service, name) = method.split_once('/')?;
        let service = POOL.as_ref()?.get_service_by_name(service)?;
        let method = service.methods().find(|method| method.name() == name)?;
        let mut shown = shown(&DynamicMessage::decode(method.input(), bytes).ok()?);
        write_ids(&mut shown);
        Some(shown)
    };
    read().unwrap_or_default()
}

/// A message as JSON. What has no form there, which is masks of names with capitals and moments beyond the year 9999, is
/// shown as it is, and everything around it as usual.
fn shown(message: &DynamicMessage) -> Value {
    let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
    if let Ok(shown) = message.serialize_with_options(serde_json::value::Serializer, &options) {
        return shown;
    }
    if let Ok(mask) = message.transcode_to::<prost_types::FieldMask>()
        && message.descriptor().full_name() == "google.protobuf.FieldMask"
    {
        return mask.paths.join(",").into();
    }
    if message.descriptor().full_name().starts_with("google.protobuf.") {
        return message.to_string().into();
    }
    let each = message.fields().map(|(field, value)| {
        let value = match value {
            Held::Message(inner) => shown(inner),
            Held::List(items) if items.iter().all(|item| item.as_message().is_some()) => {
                items.iter().filter_map(Held::as_message).map(shown).collect()
            }
            value => {
                let mut alone = DynamicMessage::new(message.descriptor());
                alone.set_field(&field, value.clone());
                shown(&alone)[field.name()].take()
            }
        };
        (field.name().to_owned(), value)
    });
    Value::Object(each.collect())
}

fn write_ids(value: &mut Value) {
    use base64::Engine;
    let guid = value.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("bytes_le")).and_then(|text| {
        let bytes = base64::engine::general_purpose::STANDARD.decode(text.as_str()?).ok()?;
        Id::of(&Guid { bytes_le: bytes })
    });
    match (guid, value) {
        (Some(id), value) => *value = id.to_string().into(),
        (None, Value::Array(items)) => items.iter_mut().for_each(write_ids),
        (None, Value::Object(map)) => map.values_mut().for_each(write_ids),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{FILES, fields};

    #[test]
    fn messages_are_shown_by_their_names() {
        assert!(FILES.iter().all(|(_, text)| text.contains("proto3")));
        let bytes = crate::endpoint::from_hex(
            "0a120a1033221100554477668899aabbccddeeff120218091a100a0608909f97b40512060890 8099b405"
                .replace(' ', "")
                .as_str(),
        );
        let shown =
            fields("volue.mesh.grpc.time_series.v1alpha.TimeseriesService/ReadTimeseries", &bytes.unwrap_or_default());
        assert_eq!(shown["session_id"], "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(shown["timeseries_id"]["timeseries_key"], 9);
        assert_eq!(shown["interval"]["start_time"], "2016-01-01T01:00:00Z");
    }

    /// A filter of two names with capitals: `1: "DblAtt"`, `1: "name"`; and a moment of the year 10000.
    #[test]
    fn what_json_has_no_form_for_is_shown_as_it_is() {
        let session = "0a120a1033221100554477668899aabbccddeeff";
        let shown = |method: &str, rest: &str| {
            let bytes = crate::endpoint::from_hex(&format!("{session}{rest}")).unwrap_or_default();
            fields(&format!("volue.mesh.grpc.{method}"), &bytes)
        };
        let object = shown(
            "model.v1alpha.ModelService/GetObject",
            "1203120141 2210 0a0e 0a0644626c417474 0a046e616d65 2a04 0a026964".replace(' ', "").as_str(),
        );
        assert_eq!(object["session_id"], "00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(object["attributes_masks"]["name_mask"], "DblAtt,name", "{object}");
        assert_eq!(object["attribute_field_mask"], "id");
        let read = shown(
            "time_series.v1alpha.TimeseriesService/ReadTimeseries",
            "12021809 1a09 0a07 088083d1ffaf07".replace(' ', "").as_str(),
        );
        assert_eq!(read["timeseries_id"]["timeseries_key"], 9, "{read}");
        assert!(read["interval"]["start_time"].is_string(), "{read}");
    }
}
