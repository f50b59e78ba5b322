//! Cases after the examples of the standard and after the subjects of the web platform tests on the format; expected is
//! what the standard's algorithm gives.

use std::time::Duration;

use super::{Event, Parser, TooLarge};

type Seen = (String, String, String);

fn seen(event: Event<'_>) -> Seen {
    (event.event.to_owned(), event.data.to_owned(), event.id.to_owned())
}

/// The events of a stream that comes in pieces of `size` bytes.
fn parse_in(size: usize, stream: &[u8]) -> (Vec<Seen>, Parser) {
    let (mut parser, mut events) = (Parser::new("", 1 << 20), Vec::new());
    for piece in stream.chunks(size) {
        parser.feed(piece, &mut |event| events.push(seen(event))).unwrap();
    }
    (events, parser)
}

fn message(data: &str) -> (&str, &str, &str) {
    ("message", data, "")
}

/// Name, stream, events as type, data, id.
type Case<'a> = (&'a str, &'a [u8], Vec<(&'a str, &'a str, &'a str)>);

fn cases() -> Vec<Case<'static>> {
    vec![
        // The examples of section 9.2.6.
        ("three lines are one event", b"data: GOOG\ndata: +3\ndata: 72\n\n", vec![message("GOOG\n+3\n72")]),
        (
            "a comment, an id, an id that is emptied, a space that is kept",
            b": a test\n\ndata: one\nid: 1\n\ndata:two\nid\n\ndata:  three\n\n",
            vec![("message", "one", "1"), ("message", "two", ""), ("message", " three", "")],
        ),
        (
            "empty data, two empty lines, and one that is not complete",
            b"data\n\ndata\ndata\n\ndata:",
            vec![message(""), message("\n")],
        ),
        ("the space after the colon is optional", b"data:test\n\ndata: test\n\n", vec![message("test"); 2]),
        (
            "types",
            b"event: add\ndata: 73\n\nevent: remove\ndata: 21\n\ndata: plain\n\n",
            vec![("add", "73", ""), ("remove", "21", ""), ("message", "plain", "")],
        ),
        // Lines.
        ("LF", b"data: a\ndata: b\n\n", vec![message("a\nb")]),
        ("CR", b"data: a\rdata: b\r\r", vec![message("a\nb")]),
        ("CRLF", b"data: a\r\ndata: b\r\n\r\n", vec![message("a\nb")]),
        ("all of them", b"data: a\rdata: b\r\ndata: c\n\r\ndata: d\r\n\n", vec![message("a\nb\nc"), message("d")]),
        ("CR LF LF is an empty line", b"data: a\r\n\n", vec![message("a")]),
        ("LF CR is an empty line", b"data: a\n\r", vec![message("a")]),
        ("a CR at the end of everything", b"data: a\r\r", vec![message("a")]),
        ("many empty lines", b"\n\n\r\r\n\ndata: a\n\n\n\n", vec![message("a")]),
        (
            "other line ends of Unicode are text",
            "data: a\u{85}b\u{2028}c\u{b}d\u{c}e\n\n".as_bytes(),
            vec![message("a\u{85}b\u{2028}c\u{b}d\u{c}e")],
        ),
        // The beginning.
        ("a byte order mark", b"\xEF\xBB\xBFdata: a\n\n", vec![message("a")]),
        (
            "two of them: the second is of the name",
            b"\xEF\xBB\xBF\xEF\xBB\xBFdata: a\n\ndata: b\n\n",
            vec![message("b")],
        ),
        (
            "one that is not at the beginning",
            b"data: a\n\n\xEF\xBB\xBFdata: b\n\ndata: c\n\n",
            vec![message("a"), message("c")],
        ),
        ("half of one", b"\xEF\xBBdata: a\n\ndata: b\n\n", vec![message("b")]),
        ("one in the value", b"data:\xEF\xBB\xBFa\n\n", vec![message("\u{feff}a")]),
        // Fields.
        ("names are case sensitive", b"DATA: a\nData: b\n\nEvent: c\ndata: d\n\n", vec![message("d")]),
        ("a name has no spaces", b" data: a\ndata : b\n\tdata: c\ndata: d\n\n", vec![message("d")]),
        ("unknown fields", b"cow: moo\ndata: a\nevents: x\nids: 1\n\n", vec![message("a")]),
        ("comments", b":\n: data: x\n:data: y\ndata: a\n::\n\n", vec![message("a")]),
        ("colons in the value", b"data: a:b\ndata::c\ndata:: d\n\n", vec![message("a:b\n:c\n: d")]),
        ("only one space goes", b"data:   a \n\n", vec![message("  a ")]),
        ("a tab stays", b"data:\ta\n\n", vec![message("\ta")]),
        ("a NUL in data stays", b"data: a\0b\n\n", vec![message("a\0b")]),
        ("a NUL in a name makes it another", b"data\0: a\n\n", vec![]),
        ("a field without a colon", b"data\nevent\n\n", vec![message("")]),
        ("no data, no event", b"event: x\nid: 5\n\ndata: a\n\n", vec![("message", "a", "5")]),
        ("the last type counts", b"event: a\nevent: b\ndata: x\n\n", vec![("b", "x", "")]),
        ("an empty type is a message", b"event: a\nevent:\ndata: x\n\n", vec![message("x")]),
        // Ids.
        ("an id stays", b"id: 7\ndata: a\n\ndata: b\n\n", vec![("message", "a", "7"), ("message", "b", "7")]),
        ("the last id counts", b"id: 1\nid: 2\ndata: a\n\n", vec![("message", "a", "2")]),
        (
            "an id with NUL is none",
            b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n",
            vec![("message", "a", "1"), ("message", "b", "1")],
        ),
        ("an id is text", "id: \u{2026}\ndata: a\n\n".as_bytes(), vec![("message", "a", "\u{2026}")]),
        // UTF-8, by the decoder of the Encoding standard.
        ("more than ASCII", "data: ok\u{2026}\u{1f600}\n\n".as_bytes(), vec![message("ok\u{2026}\u{1f600}")]),
        ("a byte that is none", b"data: a\xFFb\n\n", vec![message("a\u{fffd}b")]),
        (
            "a sequence cut by the line",
            b"data: a\xE2\x82\ndata: b\xF0\x9F\x98\n\n",
            vec![message("a\u{fffd}\nb\u{fffd}")],
        ),
        ("an overlong one", b"data: \xC0\x80\n\n", vec![message("\u{fffd}\u{fffd}")]),
        ("a surrogate", b"data: \xED\xA0\x80\n\n", vec![message("\u{fffd}\u{fffd}\u{fffd}")]),
        ("in type and id", b"event: \xFF\nid: \xFE\ndata: x\n\n", vec![("\u{fffd}", "x", "\u{fffd}")]),
        // The end.
        ("not complete", b"data: a\n\ndata: b\n", vec![message("a")]),
        ("not complete, without a line end", b"data: a\n\ndata: b", vec![message("a")]),
        ("nothing", b"", vec![]),
    ]
}

#[test]
fn streams_give_their_events_however_they_are_cut() {
    for (name, stream, expected) in cases() {
        for size in 1..=stream.len().max(1) {
            let (events, _) = parse_in(size, stream);
            let events: Vec<_> = events.iter().map(|(event, data, id)| (&**event, &**data, &**id)).collect();
            assert_eq!(events, expected, "{name}, {size} bytes at once");
        }
    }
}

#[test]
fn an_event_is_shown_with_the_first_byte_of_its_end() {
    let mut parser = Parser::new("", 1 << 20);
    let mut events = Vec::new();
    parser.feed(b"data: a\r\n\r", &mut |event| events.push(seen(event))).unwrap();
    assert_eq!(events.len(), 1, "the LF may come much later");
    parser.feed(b"\ndata: b\n\n", &mut |event| events.push(seen(event))).unwrap();
    assert_eq!(events.len(), 2);
}

#[test]
fn retry_takes_digits_alone() {
    for (value, expected) in [
        ("3000", Some(3000)),
        ("0", Some(0)),
        ("007", Some(7)),
        ("3000 ", None),
        (" 3000", None),
        ("3000x", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("", None),
        ("0x10", None),
        ("\u{661}", None),
    ] {
        let (_, mut parser) = parse_in(3, format!("retry: {value}\ndata: x\n").as_bytes());
        assert_eq!(parser.take_retry(), expected.map(Duration::from_millis), "{value:?}");
        assert_eq!(parser.take_retry(), None, "it is told once");
    }
    let (_, mut parser) = parse_in(64, format!("retry: {}\n", "9".repeat(40)).as_bytes());
    assert!(parser.take_retry().is_some(), "long, and not an overflow");
    let (_, mut parser) = parse_in(64, b"retry: 5\nretry: x\n");
    assert_eq!(parser.take_retry(), Some(Duration::from_millis(5)));
}

#[test]
fn the_place_to_go_on_from_is_that_of_the_last_complete_event() {
    for (stream, last) in [
        ("id: 1\ndata: a\n\nid: 2\ndata: b\n", "1"),
        ("id: 1\ndata: a\n\nid: 2", "1"),
        ("id: 1\ndata: a\n\nid: 2\n\n", "2"),
        ("id: 1\ndata: a\n\nid\n\n", ""),
        ("id: 1\ndata: a\n\n", "1"),
    ] {
        assert_eq!(parse_in(5, stream.as_bytes()).1.last_event_id(), last, "{stream:?}");
    }
    let mut parser = Parser::new("41", 1 << 20);
    let mut ids = Vec::new();
    parser.feed(b"data: a\n\nid: 42\ndata: b\n\n", &mut |event| ids.push(event.id.to_owned())).unwrap();
    assert_eq!(ids, ["41", "42"], "a new connection goes on where the old one was");
}

#[test]
fn an_event_that_is_too_large_is_an_error_and_takes_no_more_room() {
    for stream in ["data: ", "event: ", "id: ", ": ", "x"] {
        let (mut parser, mut fed) = (Parser::new("", 1000), 0);
        let mut result = parser.feed(stream.as_bytes(), &mut |_| {});
        while result.is_ok() {
            result = parser.feed(&[b'y'; 64], &mut |_| {});
            fed += 64;
        }
        assert_eq!(result, Err(TooLarge));
        assert!(fed <= 1064 && parser.line.capacity() <= 4096, "{stream:?} after {fed}");
    }
    let (mut parser, mut fed) = (Parser::new("", 1000), 0);
    while parser.feed(b"data: 0123456789\n", &mut |_| {}).is_ok() {
        fed += 11;
    }
    assert!((900..=1000).contains(&fed), "many lines are one event: {fed}");
    let mut parser = Parser::new("", 1000);
    for _ in 0..100 {
        parser.feed(b"data: 0123456789\n\n", &mut |_| {}).expect("each one counts for itself");
    }
}
