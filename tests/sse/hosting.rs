//! Streams whose requests need the host's code: it runs on the worker, and is let go of there.

use std::sync::mpsc::{Sender, channel};

use haft::{
    args::Args,
    clock::control::freeze,
    error::Status,
    session::Kind,
    value::{Provider, Tree},
};

use crate::peer::{Peer, args, create, data, push, seconds, told};

/// Says on which thread it is asked, and let go of.
#[derive(Debug)]
struct Token(Sender<String>);

fn here() -> String {
    std::thread::current().name().unwrap_or_default().to_owned()
}

impl Provider for Token {
    fn call(&self, _call: Tree, reply: &mut Args) -> Status {
        self.0.send(format!("asked on {}", here())).unwrap();
        reply.set_json(None, r#"{"headers": {"Authorization": "Token 1"}}"#);
        Status::Ok
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let _ = self.0.send(format!("dropped on {}", here()));
    }
}

#[test]
fn a_provider_is_asked_for_each_connection() {
    let clock = freeze();
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    let (tell, hear) = channel();
    let mut own = args("{}");
    own.set("auth", Tree::Provider(std::sync::Arc::new(Token(tell))));
    let id = session.subscribe("sse:/", &own, None, 0).unwrap();
    drop(own);
    for round in 0..2 {
        let mut line = peer.accept();
        assert_eq!(line.field("Authorization"), Some("Token 1"));
        assert_eq!(line.field("Accept"), Some("text/event-stream"));
        assert_eq!(hear.recv().unwrap(), "asked on haft-worker");
        line.open(format!("data: {round}\n\n"));
        if round == 1 {
            told(&session, Kind::Restored);
        }
        assert_eq!(data(&session), round.to_string());
        drop(line);
        told(&session, Kind::Lost).unwrap();
        clock.awaited(seconds(3)..=seconds(3));
        if round == 0 {
            clock.advance(seconds(3));
        }
    }
    // The worker has let go of the request before it does this: what waits for its next try is the last to hold the host's.
    let (_, pushed) = push(&session, "haft.state", "{}");
    pushed.recv().unwrap();
    session.unsubscribe(id);
    assert_eq!(hear.recv().unwrap(), "dropped on haft-worker");
    session.close(&args("{}")).unwrap();
}

/// A file is nothing for the reactor.
#[test]
fn a_netrc_file_is_read_for_each_connection() {
    let clock = freeze();
    let peer = Peer::new();
    let session = create(&peer.url(), "{}");
    let folder = haft_tools::native::scratch("sse_netrc");
    let file = folder.join("netrc");
    std::fs::write(&file, "machine 127.0.0.1 login one password secret\n").unwrap();
    let own = serde_json::json!({"auth": {"type": "netrc", "file": file.to_str().unwrap()}});
    session.subscribe("sse:/", &args(&own.to_string()), None, 0).unwrap();
    let line = peer.accept();
    assert_eq!(line.field("Authorization"), Some("Basic b25lOnNlY3JldA=="));
    std::fs::write(&file, "machine 127.0.0.1 login two password secret\n").unwrap();
    drop(line);
    told(&session, Kind::Lost).unwrap();
    clock.awaited(seconds(3)..=seconds(3));
    clock.advance(seconds(3));
    assert_eq!(peer.accept().field("Authorization"), Some("Basic dHdvOnNlY3JldA=="));
    session.close(&args("{}")).unwrap();
}
