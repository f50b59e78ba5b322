//! The parser against an independent one, `sseclient` for Python, on streams of random lines.
//!
//! Left out is what that one does otherwise than the standard: line ends of several kinds in one stream, what is not UTF-8,
//! byte order marks, an event that is not complete at the end, and ids that hold on to later events.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use haft::engine::sse::parser::Parser;
use haft_tools::native::root;
use serde_json::{Value, json};

const STREAMS: u64 = 900;
const LINES: &[&str] = &[
    "data",
    "data:",
    "data: ",
    "data:a",
    "data: b",
    "data:  c",
    "data: d: e",
    "data:\t",
    "data: \u{2028}\u{85}",
    "data: \u{1f600}",
    "Data: x",
    " data: x",
    "data : x",
    "datas: x",
    ": comment",
    ":",
    "::",
    "event",
    "event: ",
    "event: add",
    "event:remove",
    "event: \u{e9}",
    "id: 7",
    "id:",
    "id: \u{fc}",
    "retry: 5",
    "retry: x",
    "unknown: y",
    "unknown",
    "  ",
    "",
    "",
    "",
    "",
];

#[test]
fn random_streams_are_read_as_another_client_reads_them() {
    let python = root().join(".venv/bin/python");
    assert!(python.exists(), "scripts/test makes .venv");
    let mut seed = 1_u64;
    let mut random = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    let streams: Vec<String> = (0..STREAMS)
        .map(|number| {
            let end = ["\n", "\r", "\r\n"][number as usize % 3];
            let mut stream: String = (0..random(40)).flat_map(|_| [LINES[random(LINES.len())], end]).collect();
            stream.push_str(end);
            stream.push_str(end);
            stream
        })
        .collect();
    let mut command = Command::new(python);
    command.arg(root().join("tests/python/event_streams.py")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = streams.iter().map(|stream| hex(stream.as_bytes()) + "\n").collect();
    let writer = std::thread::Builder::new().spawn(move || stdin.write_all(lines.as_bytes()).unwrap()).unwrap();
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    let out = String::from_utf8(out.stdout).unwrap();
    let mut count = 0;
    for (stream, theirs) in streams.iter().zip(out.lines()) {
        let mut theirs: Vec<Value> = serde_json::from_str(theirs).unwrap();
        let mut ours = Vec::new();
        let mut parser = Parser::new("", 1 << 20);
        for piece in stream.as_bytes().chunks(5) {
            parser.feed(piece, &mut |event| ours.push(json!([event.event, event.data, event.id]))).unwrap();
        }
        for (ours, theirs) in ours.iter().zip(&mut theirs) {
            if theirs[2].is_null() {
                theirs[2] = ours[2].clone();
            }
        }
        assert_eq!(ours, theirs, "{stream:?}");
        count += ours.len();
    }
    assert_eq!(out.lines().count(), streams.len());
    assert!(count > 1000, "{count} events");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
