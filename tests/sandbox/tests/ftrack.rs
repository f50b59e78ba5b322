//! The ftrack server against raw requests and hand-written frames: transactions, errors, faults, uploads, the hub.

mod peer;

use std::io::{Read, Write};
use std::net::TcpStream;

use haft_sandbox::{FtrackSetup, Options, Sandbox};
use peer::{connect, request};
use serde_json::{Value, json};

const CREDENTIALS: &str = "ftrack-user: jenkins\r\nftrack-api-key: secret-key\r\n";
const TASK: &str = "adb4ad6c-7679-11e2-8df2-f23c91df25eb";

fn start() -> Sandbox {
    Sandbox::start(Options { ftrack: Some(FtrackSetup::default()), ..Options::default() }).unwrap()
}

fn body(answer: &str) -> Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)).unwrap_or(Value::Null)
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

fn call(sandbox: &Sandbox, operations: &Value) -> Value {
    body(&request(&sandbox.http, "POST", "/api", CREDENTIALS, operations.to_string().as_bytes()))
}

fn query(sandbox: &Sandbox, expression: &str) -> Value {
    call(sandbox, &json!([{"action": "query", "expression": expression}]))[0]["data"].clone()
}

fn create(entity: &str, data: Value) -> Value {
    json!({"action": "create", "entity_type": entity, "entity_data": data})
}

#[test]
fn errors_have_their_status_when_it_is_asked_for() {
    let sandbox = start();
    let unknown = json!([{"action": "nonsense"}]).to_string();
    for (more, operations, loose, strict, exception) in [
        ("", "[]", "200", "401", "InvalidCredentialsError"),
        ("ftrack-user: jenkins\r\nftrack-api-key: wrong\r\n", "[]", "200", "401", "InvalidCredentialsError"),
        (CREDENTIALS, "{}", "200", "422", "ValidationError"),
        (CREDENTIALS, "not json", "200", "422", "ValidationError"),
        (CREDENTIALS, &unknown, "200", "422", "ValidationError"),
        (CREDENTIALS, r#"[{"action":"query","expression":"Task where"}]"#, "200", "400", "ParseError"),
        (
            CREDENTIALS,
            r#"[{"action":"delete","entity_type":"Task","entity_key":["x"]}]"#,
            "200",
            "404",
            "NotFoundError",
        ),
    ] {
        let answer = request(&sandbox.http, "POST", "/api", more, operations.as_bytes());
        assert_eq!((status(&answer), &body(&answer)["exception"]), (loose, &json!(exception)), "{operations}");
        let more = format!("{more}ftrack-strict-api: true\r\n");
        let answer = request(&sandbox.http, "POST", "/api", &more, operations.as_bytes());
        assert_eq!((status(&answer), &body(&answer)["exception"]), (strict, &json!(exception)), "{operations}");
    }
    let answer = call(&sandbox, &json!([{"action": "nonsense"}]));
    assert_eq!(answer["content"], "Invalid action u'nonsense'");
    let answer = request(&sandbox.http, "POST", "/api", "", b"[]");
    assert_eq!(body(&answer)["error_code"], "api_credentials_invalid");
}

#[test]
fn a_failing_operation_undoes_those_before_it() {
    let sandbox = start();
    let before = query(&sandbox, "select id, name, bid from Task");
    let refused = call(
        &sandbox,
        &json!([
            create("Task", json!({"name": "new", "parent_id": TASK})),
            {"action": "update", "entity_type": "Task", "entity_key": [TASK], "entity_data": {"bid": 1, "name": "changed"}},
            {"action": "delete", "entity_type": "Shot", "entity_key": query(&sandbox, "Shot")[0]["id"]},
            create("Task", json!({"nothing": 1})),
        ]),
    );
    assert_eq!(refused["exception"], "ValidationError");
    assert_eq!(refused["error"]["index"], 3);
    assert_eq!(query(&sandbox, "select id, name, bid from Task"), before);
    assert_eq!(query(&sandbox, "Shot").as_array().unwrap().len(), 3);
    // A reference may come before what it refers to, but at the end both must be there.
    let scope = json!({"__entity_type__": "Scope", "id": "s"});
    let refused = call(&sandbox, &json!([create("Task", json!({"name": "new", "scopes": [scope]}))]));
    assert_eq!(refused["exception"], "IntegrityError");
    let done = call(
        &sandbox,
        &json!([
            create("Task", json!({"name": "new", "scopes": [scope]})),
            create("Scope", json!({"id": "s", "name": "x"}))
        ]),
    );
    assert_eq!(done.as_array().unwrap().len(), 2, "{done}");
}

#[test]
fn an_entity_is_in_full_once() {
    let sandbox = start();
    let expression = "select status.name, status.state.short from Task where status.name is 'Not started'";
    let tasks = query(&sandbox, expression);
    assert_eq!(tasks[0]["status"]["name"], "Not started");
    assert_eq!(tasks[0]["status"]["state"]["short"], "NOT_STARTED");
    let keys: Vec<&String> = tasks[1]["status"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["__entity_type__", "id"]);
    let more = format!("{CREDENTIALS}ftrack-api-options: strict:1;denormalize:1\r\n");
    let operations = json!([{"action": "query", "expression": expression}]).to_string();
    let answer = body(&request(&sandbox.http, "POST", "/api", &more, operations.as_bytes()));
    assert_eq!(answer[0]["data"][1]["status"]["name"], "Not started");
    assert!(answer[0]["data"][1]["project_id"].is_null(), "strict loads what was asked for only");
}

#[test]
fn pages_end() {
    let sandbox = start();
    let page = |offset: u32| {
        let expression = format!("select id from Task order by id offset {offset} limit 4");
        let answer = call(&sandbox, &json!([{"action": "query", "expression": expression}]));
        (answer[0]["data"].as_array().unwrap().len(), answer[0]["metadata"]["next"]["offset"].clone())
    };
    assert_eq!(
        [page(0), page(4), page(8), page(20)],
        [(4, json!(4)), (4, json!(8)), (2, Value::Null), (0, Value::Null)]
    );
}

#[test]
fn faults_strike_as_ordered() {
    let sandbox = start();
    let order = |text: &str| sandbox.ftrack_order(text).unwrap();
    // The answer is lost, the work is done.
    order("fault=cut&action=create&skip=1");
    let answer = call(&sandbox, &json!([create("Scope", json!({"name": "one"}))]));
    assert_eq!(answer[0]["action"], "create");
    let lost = request(
        &sandbox.http,
        "POST",
        "/api",
        CREDENTIALS,
        json!([create("Scope", json!({"name": "two"}))]).to_string().as_bytes(),
    );
    assert_eq!(lost, "");
    assert_eq!(sandbox.ftrack_query("Scope where name is two").unwrap().as_array().unwrap().len(), 1);
    // Neither is done.
    order("fault=cut&action=create&when=before");
    let lost = request(
        &sandbox.http,
        "POST",
        "/api",
        CREDENTIALS,
        json!([create("Scope", json!({"name": "three"}))]).to_string().as_bytes(),
    );
    assert_eq!(lost, "");
    assert_eq!(sandbox.ftrack_query("Scope where name is three").unwrap(), json!([]));
    order("fault=error&op=1&exception=PermissionError&content=no");
    let refused =
        call(&sandbox, &json!([create("Scope", json!({"name": "four"})), create("Scope", json!({"name": "five"}))]));
    assert_eq!(
        refused,
        json!({"exception": "PermissionError", "content": "no", "error_code": null, "error": {"index": 1}})
    );
    assert_eq!(sandbox.ftrack_query("Scope where name in (four, five)").unwrap(), json!([]));
    order("fault=status&status=502&when=before");
    assert_eq!(status(&request(&sandbox.http, "POST", "/api", CREDENTIALS, b"[]")), "502");
    order("fault=truncate&sent=3&action=query_schemas");
    let cut = request(&sandbox.http, "POST", "/api", CREDENTIALS, br#"[{"action":"query_schemas"}]"#);
    assert_eq!(cut.split_once("\r\n\r\n").unwrap().1.len(), 3);
    let length: usize = cut.split("Content-Length: ").nth(1).unwrap().split('\r').next().unwrap().parse().unwrap();
    assert!(length > 10_000, "{cut}");
    // Whatever is not known is refused, and nothing is left over.
    for text in ["fault=nonsense", "set=1&nothing=2", "hub=nonsense", "schema=Nothing&attribute=x", ""] {
        assert!(sandbox.ftrack_order(text).is_err(), "{text}");
    }
    assert_eq!(request(&sandbox.http, "DELETE", "/_ftrack", "", b"").split(' ').nth(1), Some("204"));
    assert_eq!(query(&sandbox, "Scope").as_array().unwrap().len(), 1);
}

#[test]
fn the_schemas_have_the_hash_that_is_told() {
    let sandbox = start();
    let operations = json!([{"action": "query_server_information", "values": ["schema_hash"]}]);
    let first = call(&sandbox, &operations)[0].clone();
    assert_eq!(first.as_object().unwrap().len(), 1);
    let changed = sandbox.ftrack_order("schema=Task&attribute=more&kind=boolean").unwrap();
    assert_ne!(changed, first);
    assert_eq!(call(&sandbox, &operations)[0], changed);
    sandbox.ftrack_order("schema=Task&attribute=more&kind=none").unwrap();
    assert_eq!(call(&sandbox, &operations)[0], first);
}

fn put(url: &str, more: &str, bytes: &[u8]) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, target) = rest.split_at(rest.find('/').unwrap());
    request(&format!("http://{host}"), "PUT", target, more, bytes)
}

#[test]
fn parts_of_an_upload_become_one_file() {
    let sandbox = start();
    let operations =
        json!([{"action": "get_upload_metadata", "component_id": "c", "file_name": "f", "file_size": 6, "parts": 3}]);
    let upload = call(&sandbox, &operations)[0].clone();
    assert!(upload["urls"][0]["signed_url"].as_str().unwrap().starts_with(sandbox.ftrack_storage.as_ref().unwrap()));
    sandbox.ftrack_order("fault=status&action=upload&part=2&times=2&status=500").unwrap();
    let mut parts = Vec::new();
    for (at, piece) in ["ab", "cd", "ef"].iter().enumerate() {
        let url = upload["urls"][at]["signed_url"].as_str().unwrap();
        let mut answer = put(url, "", piece.as_bytes());
        if at == 1 {
            assert_eq!(status(&answer), "500");
            assert_eq!(status(&put(url, "", piece.as_bytes())), "500");
            answer = put(url, "", piece.as_bytes());
        }
        let tag = answer.split("ETag: \"").nth(1).unwrap().split('"').next().unwrap();
        parts.push(json!({"part_number": at + 1, "e_tag": tag}));
    }
    let complete = |parts: &[Value]| json!([{"action": "complete_multipart_upload", "component_id": "c", "upload_id": upload["upload_id"], "parts": parts}]);
    let swapped: Vec<Value> = parts.iter().rev().cloned().collect();
    assert_eq!(call(&sandbox, &complete(&swapped))["exception"], "ValidationError");
    assert_eq!(call(&sandbox, &complete(&parts[..2]))["exception"], "ValidationError");
    assert_eq!(call(&sandbox, &complete(&parts))[0]["component_id"], "c");
    let target = "/component/get?id=c&username=jenkins&apiKey=secret-key";
    let answer = request(&sandbox.http, "GET", target, "", b"");
    assert_eq!(status(&answer), "302");
    sandbox.ftrack_order("set=1&redirect=0").unwrap();
    assert!(request(&sandbox.http, "GET", target, "", b"").ends_with("\r\n\r\nabcdef"));
    let part = request(&sandbox.http, "GET", target, "Range: bytes=4-\r\n", b"");
    assert!(part.contains("Content-Range: bytes 4-5/6") && part.ends_with("\r\n\r\nef"), "{part}");
    assert_eq!(status(&request(&sandbox.http, "GET", target, "Range: bytes=6-\r\n", b"")), "416");
    assert_eq!(status(&request(&sandbox.http, "GET", "/component/get?id=c&username=jenkins&apiKey=x", "", b"")), "403");
}

#[test]
fn uploads_are_checked() {
    let sandbox = start();
    let operations = json!([{"action": "get_upload_metadata", "component_id": "c", "file_name": "a.png", "file_size": 5,
                             "checksum": "XUFAKrxLKna5cZ2REBfFkg=="}]);
    let upload = call(&sandbox, &operations)[0].clone();
    assert_eq!(upload["headers"]["Content-MD5"], "XUFAKrxLKna5cZ2REBfFkg==");
    let url = upload["url"].as_str().unwrap();
    // MD5 of "hello" as Python's hashlib has it.
    let sum = "Content-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n";
    assert_eq!(status(&put(url, sum, b"other")), "400");
    assert_eq!(status(&put(url, &format!("{sum}ftrack-api-key: x\r\n"), b"hello")), "400");
    assert_eq!(status(&put(url, sum, b"hello")), "200");
}

/// A client of the hub that writes its frames itself.
struct Client(TcpStream);

impl Client {
    fn new(sandbox: &Sandbox) -> Self {
        let answer = request(&sandbox.http, "GET", "/socket.io/1/?api_user=jenkins&api_key=secret-key", "", b"");
        let shaken = answer.split_once("\r\n\r\n").unwrap().1;
        let parts: Vec<&str> = shaken.split(':').collect();
        assert_eq!(parts[1..], ["60", "60", "websocket"]);
        let mut stream = connect(&sandbox.http);
        let head = format!(
            "GET /socket.io/1/websocket/{} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            parts[0]
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let mut client = Self(stream);
        assert_eq!(client.packet().as_deref(), Some("1::"));
        client
    }

    fn put(&mut self, packet: &str) {
        let mut frame = vec![0x81];
        match u8::try_from(packet.len()).ok().filter(|length| *length < 126) {
            Some(length) => frame.push(0x80 | length),
            None => {
                frame.push(0xfe);
                frame.extend_from_slice(&u16::try_from(packet.len()).unwrap().to_be_bytes());
            }
        }
        frame.extend_from_slice(&[0; 4]);
        frame.extend_from_slice(packet.as_bytes());
        self.0.write_all(&frame).unwrap();
    }

    /// The next text; `None` at the end or at a close frame.
    fn packet(&mut self) -> Option<String> {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).ok()?;
        let mut length = usize::from(head[1]);
        if length == 126 {
            let mut more = [0; 2];
            self.0.read_exact(&mut more).ok()?;
            length = usize::from(u16::from_be_bytes(more));
        }
        let mut payload = vec![0; length];
        self.0.read_exact(&mut payload).ok()?;
        (head[0] == 0x81).then(|| String::from_utf8(payload).unwrap())
    }

    fn send(&mut self, number: u32, topic: &str, data: &Value, target: &str) {
        let event = json!({"topic": topic, "id": format!("e{number}"), "data": data, "sent": null, "source": {"id": "s"},
                           "target": target, "inReplyToEvent": null, "unknown": 1});
        self.put(&format!("5:{number}+::{}", json!({"name": "ftrack.event", "args": [event]})));
    }

    fn subscribe(&mut self, number: u32, id: &str, expression: &str) -> String {
        let data = json!({"subscriber": {"id": id}, "subscription": expression});
        self.send(number, "ftrack.meta.subscribe", &data, "");
        self.packet().unwrap()
    }

    fn event(&mut self) -> Value {
        let packet = self.packet().unwrap();
        let data: Value = serde_json::from_str(packet.strip_prefix("5:::").unwrap()).unwrap();
        assert_eq!(data["name"], "ftrack.event");
        data["args"][0].clone()
    }
}

#[test]
fn events_go_where_they_are_wanted() {
    let sandbox = start();
    let (mut one, mut two) = (Client::new(&sandbox), Client::new(&sandbox));
    assert_eq!(one.subscribe(1, "a", "topic=x"), r#"6:::1+[{"success":true}]"#);
    assert_eq!(one.subscribe(2, "b", "topic=*"), r#"6:::2+[{"success":true}]"#);
    assert!(one.subscribe(3, "b", "topic=*").starts_with(r#"6:::3+[{"message":"#));
    assert!(one.subscribe(4, "c", "topic").contains(r#""success":false"#));
    assert_eq!(two.subscribe(1, "d", "topic=x and data.n>1"), r#"6:::1+[{"success":true}]"#);
    two.send(2, "x", &json!({"n": 1}), "");
    assert_eq!(two.packet().unwrap(), r#"6:::2+[{"success":true}]"#);
    let event = one.event();
    assert_eq!((&event["id"], &event["data"]), (&json!("e2"), &json!({"n": 1})));
    assert!(event.get("unknown").is_none(), "an event has no other keys");
    two.send(3, "x", &json!({"n": 2}), "id=d");
    assert_eq!(two.packet().unwrap(), r#"6:::3+[{"success":true}]"#);
    assert_eq!(two.event()["id"], "e3");
    one.send(5, "y", &json!({"text": "a:b::c"}), "");
    assert_eq!(one.packet().unwrap(), r#"6:::5+[{"success":true}]"#);
    // Nothing of what went to the other came before.
    assert_eq!(one.event()["data"]["text"], "a:b::c");
}

#[test]
fn commits_are_told_with_the_tokens_of_who_made_them() {
    let sandbox = start();
    let mut client = Client::new(&sandbox);
    client.subscribe(1, "a", "topic=ftrack.update");
    let more = format!("{CREDENTIALS}ftrack-clienttoken: mine\r\nftrack-pushtoken: push\r\n");
    let operations = json!([
        {"action": "update", "entity_type": "Task", "entity_key": TASK, "entity_data": {"bid": 1}},
        {"action": "update", "entity_type": "Task", "entity_key": [TASK], "entity_data": {"bid": 1}},
    ]);
    request(&sandbox.http, "POST", "/api", &more, operations.to_string().as_bytes());
    let data = client.event()["data"].clone();
    assert_eq!((&data["clientToken"], &data["pushToken"]), (&json!("mine"), &json!("push")));
    // What changes nothing is not told.
    assert_eq!(data["entities"].as_array().unwrap().len(), 1);
    assert_eq!(data["entities"][0]["changes"], json!({"bid": {"old": 3600, "new": 1}}));
    // What was undone is not told either: the next event is another one.
    let refused =
        json!([{"action": "update", "entity_type": "Task", "entity_key": TASK, "entity_data": {"bid": 2}}, {}]);
    assert_eq!(call(&sandbox, &refused)["exception"], "ValidationError");
    call(&sandbox, &json!([create("Scope", json!({"name": "next"}))]));
    assert_eq!(client.event()["data"]["entities"][0]["entity_type"], "Scope");
}

#[test]
fn faults_of_the_hub() {
    let sandbox = start();
    let order = |text: &str| sandbox.ftrack_order(text).unwrap();
    order("set=1&heartbeat=0.02");
    let mut client = Client::new(&sandbox);
    assert_eq!(client.packet().as_deref(), Some("2::"));
    client.put("2:::");
    order("hub=heartbeat&on=0");
    order("hub=packet&text=9::x");
    while let Some(packet) = client.packet().filter(|packet| packet != "9::x") {
        assert_eq!(packet, "2::");
    }
    client.subscribe(1, "a", "topic=x");
    order("hub=duplicate");
    order("hub=event&topic=x&data={\"n\":1}");
    assert_eq!(client.event(), client.event());
    order("hub=unacknowledged");
    client.send(2, "x", &json!({}), "");
    assert_eq!(client.event()["id"], "e2");
    order("hub=cut");
    client.send(3, "x", &json!({}), "");
    assert_eq!(client.packet(), None);
    for (text, end) in [("hub=close&code=1001", true), ("hub=abort", false), ("hub=restart", false)] {
        let mut client = Client::new(&sandbox);
        order(text);
        let mut byte = [0];
        let found = loop {
            match client.0.read(&mut byte) {
                Ok(1) if byte[0] == 0x88 => break true,
                Ok(1) => {}
                _ => break false,
            }
        };
        assert_eq!(found, end, "{text}");
    }
    order("hub=handshake&status=500");
    let shake = || request(&sandbox.http, "GET", "/socket.io/1/?api_user=jenkins&api_key=secret-key", "", b"");
    assert_eq!(status(&shake()), "500");
    order("hub=handshake&body=nonsense");
    assert!(shake().ends_with("nonsense"));
    assert_eq!(status(&request(&sandbox.http, "GET", "/socket.io/1/?api_user=jenkins&api_key=x", "", b"")), "403");
    assert_eq!(status(&request(&sandbox.http, "GET", "/socket.io/1/websocket/unknown", "", b"")), "403");
}

#[test]
fn the_log_is_the_same_for_the_same_calls() {
    let run = || {
        let sandbox = start();
        let id = query(&sandbox, "Shot limit 1")[0]["id"].clone();
        call(
            &sandbox,
            &json!([{"entity_type": "Shot", "entity_key": [id], "action": "update", "entity_data": {"bid": 1}}]),
        );
        let mut client = Client::new(&sandbox);
        client.subscribe(1, "8d8b5e0e5b1a4c0fa9f8c0a7a1d2e3f4", "topic=x");
        let mut log = sandbox.ftrack_log(0, true);
        log.as_array_mut().unwrap().iter_mut().for_each(|entry| drop(entry.as_object_mut().unwrap().remove("seq")));
        log
    };
    let log = run();
    assert_eq!(log, run());
    assert_eq!(log[1]["body"][0]["entity_key"], json!(["<id 1>"]));
    assert_eq!(log[3]["packets"][0]["data"]["args"][0]["data"]["subscriber"]["id"], "<id 2>");
    assert!(!log.to_string().contains("secret-key"));
}
