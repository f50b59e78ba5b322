//! The official Python client as the other side: each publishes and the other replies, and commits are heard.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use haft::error::Status;
use haft_sandbox::Sandbox;
use haft_tools::native::root;
use serde_json::{Value, json};

use super::{
    bed::{TASK, sandbox},
    hearing::{Answerer, call, connected, hub, members, messages, settle, subscribe},
};

struct Python {
    child: Child,
    orders: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    id: String,
    /// Lines that nobody has asked for yet.
    early: Vec<Value>,
}

impl Python {
    fn start(sandbox: &Sandbox, user: &str) -> Python {
        let python = root().join(".venv/bin/python");
        assert!(python.exists(), "{} is needed: scripts/test makes it", python.display());
        let mut command = Command::new(python);
        command.arg(root().join("tests/python/ftrack_hub_peer.py")).args([&*sandbox.http, user, "secret-key"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut python = Python { orders: child.stdin.take(), child, lines, id: String::new(), early: Vec::new() };
        python.id = python.next("ready").as_str().unwrap().to_owned();
        python
    }

    /// The next line of that kind.
    fn next(&mut self, kind: &str) -> Value {
        // A reply may come before the word that the question was sent.
        if let Some(at) = self.early.iter().position(|line| line.get(kind).is_some()) {
            return self.early.remove(at)[kind].clone();
        }
        loop {
            let line: Value = serde_json::from_str(&self.lines.next().expect("Python ended").unwrap()).unwrap();
            if let Some(value) = line.get(kind) {
                return value.clone();
            }
            self.early.push(line);
        }
    }

    fn tell(&mut self, order: &Value) {
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
    }

    fn ask(&mut self, order: &Value) -> Value {
        self.tell(order);
        self.next("done")
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// Waits until the server knows what Python has said: its packets are taken in order.
fn python_settles(python: &mut Python, session: &haft::session::Session) {
    let id = subscribe(session, "topic=test.python.settle", "{}");
    settle(session);
    python.ask(&json!({"do": "publish", "topic": "test.python.settle", "data": {}}));
    assert_eq!(messages(session, 1)[0]["topic"], "test.python.settle");
    session.unsubscribe(id);
}

#[test]
fn haft_asks_and_python_replies() {
    let sandbox = sandbox();
    let mut python = Python::start(&sandbox, "martin");
    let session = connected(&sandbox, "jenkins");
    python.ask(&json!({"do": "subscribe", "topic": "topic=test.ask and source.user.username=jenkins", "answer": true, "metadata": {"id": "desk", "applicationId": "ünï"}}));
    python_settles(&mut python, &session);
    for n in 0..10 {
        let json =
            json!({"data": {"n": n, "text": "ü\"\\:"}, "event_target": "applicationId=\"ünï\"", "replies": true})
                .to_string();
        let replies = call(&session, "publish", "test.ask", &json).unwrap();
        let heard = python.next("heard");
        assert_eq!(heard["data"], json!({"n": n, "text": "ü\"\\:"}));
        assert_eq!(heard["source"]["id"], hub(&session)["id"]);
        assert_eq!(replies[0]["data"], json!({"by": "python", "echo": {"n": n, "text": "ü\"\\:"}}));
        assert_eq!((&replies[0]["in_reply_to_event"], &replies[0]["source"]["id"]), (&heard["id"], &json!("desk")));
    }
}

#[test]
fn python_asks_and_haft_replies() {
    let sandbox = sandbox();
    let mut python = Python::start(&sandbox, "martin");
    let session = connected(&sandbox, "jenkins");
    let answerer = Answerer::new(|event, reply| {
        reply.set("n", event["data"]["n"].as_i64().unwrap());
        reply.set("by", "haft");
        Status::Ok
    });
    answerer.subscribe(&session, "topic=test.ask", r#"{"id": "answerer"}"#);
    subscribe(&session, "topic=test.pull", "{}");
    settle(&session);
    for n in 0..10 {
        let id = python.ask(&json!({"do": "publish", "topic": "test.ask", "data": {"n": n}}));
        let reply = python.next("reply");
        assert_eq!(reply["data"], json!({"n": n, "by": "haft"}));
        assert_eq!((&reply["in_reply_to_event"], &reply["source"]["id"]), (&id, &json!("answerer")));
        assert_eq!(reply["source"]["user"]["username"], "jenkins");
        assert_eq!(reply["target"], format!("id={}", python.id));
    }
    // By hand.
    let id = python.ask(&json!({"do": "publish", "topic": "test.pull", "data": {"n": 7}}));
    let event = messages(&session, 1).remove(0);
    assert_eq!(
        (&event["id"], &event["data"], &event["source"]["user"]["username"]),
        (&id, &json!({"n": 7}), &json!("martin"))
    );
    call(&session, "reply", event["id"].as_str().unwrap(), r#"{"data": {"hand": true}}"#).unwrap();
    assert_eq!(python.next("reply")["data"], json!({"hand": true}));
}

#[test]
fn a_commit_of_python_is_heard() {
    let sandbox = sandbox();
    let mut python = Python::start(&sandbox, "martin");
    let session = connected(&sandbox, "jenkins");
    subscribe(&session, "topic=ftrack.update and source.user.username=martin", "{}");
    settle(&session);
    python.ask(&json!({"do": "commit", "id": TASK, "name": "by Python"}));
    let event = messages(&session, 1).remove(0);
    assert_eq!(event["data"]["entities"][0]["changes"]["name"]["new"], "by Python");
}

/// Connections of both sides break while they talk; Python needs a packet for it, a close frame it does not survive.
#[test]
fn both_sides_survive_a_loss() {
    let sandbox = sandbox();
    let mut python = Python::start(&sandbox, "martin");
    let session = connected(&sandbox, "jenkins");
    subscribe(&session, "topic=test.python", "{}");
    python.ask(&json!({"do": "subscribe", "topic": "topic=test.haft"}));
    settle(&session);
    for n in 0..3 {
        sandbox.ftrack_order("hub=close&user=jenkins").unwrap();
        super::hearing::next(&session, haft::session::Kind::Restored);
        settle(&session);
        python.ask(&json!({"do": "publish", "topic": "test.python", "data": {"n": n}}));
        assert_eq!(members(&messages(&session, 1), "n"), [n]);
    }
    python_settles(&mut python, &session);
    call(&session, "publish", "test.haft", r#"{"data": {"n": 1}}"#).unwrap();
    assert_eq!(python.next("heard")["data"]["n"], 1);
}
