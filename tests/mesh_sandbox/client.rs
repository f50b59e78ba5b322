//! A gRPC client of a hundred lines: messages as JSON by the names of `proto/`, ids in their written form. It shares
//! nothing with the library or with the sandbox but the `.proto` files.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::{BufMut, Bytes, BytesMut};
use haft_sandbox::{MeshSetup, Options, Sandbox};
use protox::prost::Message;
use protox::prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::{Value, json};

/// What a call that went wrong says.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    /// The status, or -1 when the connection or the stream ended.
    pub code: i64,
    pub text: String,
}

impl Refused {
    fn lost(why: impl std::fmt::Display) -> Self {
        Self { code: -1, text: why.to_string() }
    }
}

pub type Answer = Result<Vec<Value>, Refused>;

fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        let root = haft_tools::native::root().join("proto");
        let mut files = Vec::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        DescriptorPool::from_file_descriptor_set(protox::compile(files, [root]).unwrap()).unwrap()
    })
}

/// A sandbox with a client of its listener without TLS.
pub struct Bed {
    pub sandbox: Sandbox,
    pub token: Option<String>,
    runtime: tokio::runtime::Runtime,
    sender: std::sync::Mutex<Option<h2::client::SendRequest<Bytes>>>,
}

impl Bed {
    pub fn new() -> Self {
        let sandbox = Sandbox::start(Options { mesh: Some(MeshSetup::default()), ..Options::default() }).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { sandbox, token: None, runtime, sender: std::sync::Mutex::default() }
    }

    pub fn order(&self, order: &str) -> Value {
        self.sandbox.mesh_order(order).unwrap()
    }

    /// Opens a session; its id.
    pub fn open(&self) -> String {
        let answer = self.call("session", "SessionService/StartSession", json!({})).unwrap();
        answer[0]["session_id"].as_str().unwrap().to_owned()
    }

    /// One call of a session, with the messages of its answer.
    pub fn of(&self, session: &str, service: &str, method: &str, mut message: Value) -> Answer {
        message["session_id"] = session.into();
        self.call(service, method, message)
    }

    /// The same for a call that must succeed with one message.
    pub fn one(&self, session: &str, service: &str, method: &str, message: Value) -> Value {
        self.of(session, service, method, message).unwrap().remove(0)
    }

    /// A call whose message is the id itself.
    pub fn about(&self, session: &str, method: &str) -> Answer {
        let message = json!({ "bytes_le": STANDARD.encode(swapped(session)) });
        self.call("session", &format!("SessionService/{method}"), message)
    }

    pub fn call(&self, service: &str, method: &str, message: Value) -> Answer {
        let package = format!("volue.mesh.grpc.{service}.v1alpha");
        let (service, name) = method.split_once('/').unwrap();
        let descriptor = pool().get_service_by_name(&format!("{package}.{service}")).unwrap();
        let method = descriptor.methods().find(|method| method.name() == name).unwrap();
        let mut message = message;
        write_ids(&mut message);
        let bytes = match method.input().full_name() {
            // JSON shows what these hold, not their fields.
            "google.protobuf.Empty" => Vec::new(),
            "google.protobuf.BytesValue" | "google.protobuf.StringValue" => {
                let held = message.as_str().unwrap().as_bytes();
                [&[0x0a, u8::try_from(held.len()).unwrap()], held].concat()
            }
            _ => DynamicMessage::deserialize(method.input(), message).unwrap().encode_to_vec(),
        };
        self.send(&format!("/{package}.{service}/{name}"), &bytes, &method.output())
    }

    async fn connect(&self) -> Result<h2::client::SendRequest<Bytes>, Refused> {
        let tcp = tokio::net::TcpStream::connect(&self.sandbox.mesh["mesh"]).await.map_err(Refused::lost)?;
        let mut builder = h2::client::Builder::new();
        builder.initial_window_size(16 << 20).initial_connection_window_size(16 << 20);
        let (sender, connection) = builder.handshake(tcp).await.map_err(Refused::lost)?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Sends bytes as the one message of a call.
    pub fn send(&self, path: &str, message: &[u8], output: &MessageDescriptor) -> Answer {
        let whole = async {
            let mut stored = self.sender.lock().unwrap().take();
            if let Some(sender) = stored.take() {
                stored = sender.ready().await.ok();
            }
            let sender = if let Some(sender) = stored { sender } else { self.connect().await? };
            let answer = exchange(&sender, path, message, self.token.as_deref()).await;
            // A connection that failed once is not asked again.
            *self.sender.lock().unwrap() = answer.is_ok().then_some(sender);
            answer
        };
        let (code, text, body) = self.runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(10), whole).await.map_err(|_| Refused::lost("no answer"))?
        })?;
        if code != 0 {
            return Err(Refused { code, text });
        }
        let mut rest = body.as_ref();
        let mut messages = Vec::new();
        while let [_, a, b, c, d, after @ ..] = rest {
            let (one, next) = after.split_at(u32::from_be_bytes([*a, *b, *c, *d]) as usize);
            let message = DynamicMessage::decode(output.clone(), one).map_err(Refused::lost)?;
            let options = SerializeOptions::new()
                .use_proto_field_name(true)
                .stringify_64_bit_integers(false)
                .use_enum_numbers(true)
                .skip_default_fields(false);
            let mut shown = message.serialize_with_options(serde_json::value::Serializer, &options).unwrap();
            read_ids(&mut shown);
            messages.push(shown);
            rest = next;
        }
        Ok(messages)
    }
}

async fn exchange(
    sender: &h2::client::SendRequest<Bytes>,
    path: &str,
    message: &[u8],
    token: Option<&str>,
) -> Result<(i64, String, Bytes), Refused> {
    let mut request = http::Request::post(format!("http://sandbox{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("x-volue-mesh-client-version", "1.16.0");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut sender = sender.clone().ready().await.map_err(Refused::lost)?;
    let (answer, mut stream) = sender.send_request(request.body(()).unwrap(), false).map_err(Refused::lost)?;
    let mut framed = BytesMut::with_capacity(message.len() + 5);
    framed.put_u8(0);
    framed.put_u32(u32::try_from(message.len()).unwrap());
    framed.put_slice(message);
    // A refusal may come while the message is still on its way.
    let sent = stream.send_data(framed.freeze(), true);
    let answer = answer.await.map_err(Refused::lost)?;
    drop(sent);
    let text = |map: &http::HeaderMap, name: &str| map.get(name).map(|value| value.to_str().unwrap().to_owned());
    let (head, mut body) = answer.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data.map_err(Refused::lost)?;
        body.flow_control().release_capacity(data.len()).unwrap();
        bytes.put_slice(&data);
    }
    let trailers = body.trailers().await.map_err(Refused::lost)?.unwrap_or_default();
    let map = if trailers.contains_key("grpc-status") { &trailers } else { &head.headers };
    let code = text(map, "grpc-status").ok_or_else(|| Refused::lost("no status"))?.parse().unwrap();
    let message = text(map, "grpc-message").unwrap_or_default();
    Ok((code, percent(&message), bytes.freeze()))
}

fn percent(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        bytes.push(match (first, after) {
            (b'%', [a, b, next @ ..]) => {
                rest = next;
                u8::from_str_radix(std::str::from_utf8(&[*a, *b]).unwrap(), 16).unwrap()
            }
            _ => *first,
        });
    }
    String::from_utf8(bytes).unwrap()
}

/// The sixteen bytes of a written id, the first three groups with their low byte first.
pub fn swapped(id: &str) -> Vec<u8> {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    let mut bytes: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&digits[at * 2..at * 2 + 2], 16).unwrap()).collect();
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.chars().filter(|c| *c == '-').count() == 4
}

fn write_ids(value: &mut Value) {
    match value {
        Value::String(text) if is_id(text) => *value = json!({ "bytes_le": STANDARD.encode(swapped(text)) }),
        Value::Array(items) => items.iter_mut().for_each(write_ids),
        Value::Object(map) => map.values_mut().for_each(write_ids),
        _ => {}
    }
}

fn read_ids(value: &mut Value) {
    if let Some(map) = value.as_object()
        && map.len() == 1
        && let Some(text) = map.get("bytes_le").and_then(Value::as_str)
    {
        let mut bytes = STANDARD.decode(text).unwrap();
        if bytes.len() == 16 {
            bytes[..4].reverse();
            bytes[4..6].reverse();
            bytes[6..8].reverse();
            let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            *value = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]).into();
        }
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(read_ids),
        Value::Object(map) => map.values_mut().for_each(read_ids),
        _ => {}
    }
}
