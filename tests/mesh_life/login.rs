//! Tokens: given, brought by the host, earned by tickets (spec/mesh.md 2.4, 2.5).

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use haft::{
    args::Args,
    error::{Error, Status},
    session::{Kind, Session},
    value::{Provider, Tree},
};
use serde_json::{Value, json};

use crate::{
    bed::{args, inspect, next, read, why},
    keys::usual,
    peer::Peer,
};

type Script = dyn Fn(usize, &Value, &mut Args) -> Status + Send + Sync;

/// A provider that does what a test says, and counts.
struct Host {
    script: Box<Script>,
    asked: Mutex<Vec<(Value, Option<String>)>>,
    count: AtomicUsize,
}

impl Host {
    fn new(script: impl Fn(usize, &Value, &mut Args) -> Status + Send + Sync + 'static) -> Arc<Host> {
        Arc::new(Host { script: Box::new(script), asked: Mutex::default(), count: AtomicUsize::new(0) })
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Who gives a number of tokens, one after the other, each good for so many seconds.
    fn of_tokens(expires_in: Option<f64>) -> Arc<Host> {
        Host::new(move |number, _, reply| {
            reply.set("value", format!("token-{number}"));
            if let Some(seconds) = expires_in {
                reply.set("expires_in", seconds);
            }
            Status::Ok
        })
    }
}

impl Provider for Host {
    fn call(&self, call: Tree, reply: &mut Args) -> Status {
        let number = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        let token = call
            .get("arguments")
            .and_then(|arguments| arguments.get("token"))
            .and_then(Tree::as_bytes)
            .map(<[u8]>::to_vec);
        let mut shown: Value = json!({"provider": call.get("provider").and_then(Tree::as_str), "method": call.get("method").and_then(Tree::as_str)});
        for name in ["service_principal", "user_principal"] {
            shown[name] = call.get("arguments").and_then(|arguments| arguments.get(name)).and_then(Tree::as_str).into();
        }
        shown["token"] = token.map(|token| String::from_utf8(token).unwrap()).into();
        let thread = std::thread::current().name().map(str::to_owned);
        self.asked.lock().unwrap().push((shown.clone(), thread));
        (self.script)(number, &shown, reply)
    }
}

struct Bed {
    peer: Peer,
    roots: String,
}

impl Bed {
    fn new(tokens: &[&str]) -> Bed {
        let keys = usual();
        let peer = Peer::tls(keys.config);
        peer.state(|state| state.tokens = Some(tokens.iter().map(|token| (*token).to_owned()).collect()));
        Bed { peer, roots: keys.pem }
    }

    fn allow(&self, token: &str) {
        self.peer.state(|state| state.tokens.as_mut().unwrap().insert(token.to_owned()));
    }

    fn forbid(&self, token: &str) {
        self.peer.state(|state| state.tokens.as_mut().unwrap().remove(token));
    }

    fn open(&self, set: impl FnOnce(&mut Args)) -> Result<Session, Error> {
        let mut args = args("{}");
        args.set("root_certs", self.roots.as_str());
        set(&mut args);
        Session::create(&format!("mesh+https://{}", self.peer.address), &args)
    }

    fn with(&self, provider: &Arc<Host>) -> Result<Session, Error> {
        self.open(|args| args.set("access_token", Arc::clone(provider) as Arc<dyn Provider>))
    }

    fn last_token(&self) -> Option<String> {
        self.peer.state(|state| state.seen.last().and_then(|seen| seen.token.clone()))
    }
}

fn configure(session: &Session, token: &str) -> Result<(), Error> {
    let mut args = Args::new();
    args.set("access_token", token);
    session.configure(&args)
}

#[test]
fn a_token_of_the_host() {
    let bed = Bed::new(&["one"]);
    let session = bed.open(|args| args.set("access_token", "one")).unwrap();
    read(&session).unwrap();
    assert!(
        bed.peer.state(|state| state.seen.iter().all(|seen| seen.token.as_deref() == Some("one"))),
        "every call, the handshake too"
    );
    bed.forbid("one");
    bed.allow("two");
    let error = read(&session).unwrap_err();
    assert_eq!(
        (error.status(), error.detail().get("grpc_status").and_then(Tree::as_str)),
        (Status::Auth, Some("UNAUTHENTICATED"))
    );
    let refused = bed.peer.count("ListModels");
    configure(&session, "two").unwrap();
    read(&session).unwrap();
    assert_eq!(bed.peer.count("ListModels"), refused + 1, "the host's own token is not tried twice");
    // Children share it.
    let child = session.attach("session", &Args::new()).unwrap();
    read(&child).unwrap();
    assert_eq!(bed.last_token().as_deref(), Some("two"));
    for wrong in ["", "a b", "line\nbreak"] {
        assert_eq!(configure(&session, wrong).unwrap_err().code(), "argument", "{wrong:?}");
    }
    let error = session.request(Some("revoke"), None, &Args::new()).unwrap_err();
    assert_eq!(
        (error.status(), error.message()),
        (Status::Unsupported, "Authentication not configured for this connection")
    );
    let options = inspect(&session, "options");
    assert_eq!((&options["access_token"], &options["keepalive"]), (&json!("***"), &json!(150.0)));
    assert!(!options.to_string().contains("two"));
    session.close(&Args::new()).unwrap();
}

#[test]
fn tokens_need_tls_and_the_right_mode() {
    let bed = Bed::new(&["one"]);
    let error = bed.open(|args| args.set("access_token", "wrong")).unwrap_err();
    assert_eq!((error.status(), bed.peer.count("StartSession")), (Status::Auth, 0));
    let plain = Peer::start();
    for json in [r#"{"access_token": "one"}"#, r#"{"kerberos": {"service_principal": "HOST/x"}}"#] {
        let error = Session::create(&plain.url(), &args(json)).unwrap_err();
        assert_eq!(error.status(), Status::Argument, "{json}");
        assert!(error.message().contains("TLS alone"), "{error}");
    }
    assert!(plain.methods().is_empty());
    let session = Session::create(&plain.url(), &Args::new()).unwrap();
    let error = configure(&session, "one").unwrap_err();
    assert_eq!(
        (error.status(), error.message()),
        (Status::Argument, "connection is not using external access token mode")
    );
    assert_eq!(
        session.request(Some("revoke"), None, &Args::new()).unwrap_err().message(),
        "Authentication not configured for this connection"
    );
    assert_eq!(plain.count("RevokeAccessToken"), 0);
    session.close(&Args::new()).unwrap();
}

/// Asked on the caller's thread, held while it is good, and once more when the server does not take it.
#[test]
fn a_provider_brings_tokens() {
    let bed = Bed::new(&["token-1"]);
    let host = Host::of_tokens(None);
    let session = bed.with(&host).unwrap();
    for _ in 0..5 {
        read(&session).unwrap();
    }
    assert_eq!(host.count(), 1);
    let (asked, thread) = host.asked.lock().unwrap()[0].clone();
    assert_eq!((&asked["provider"], &asked["method"]), (&json!("access_token"), &json!("token")));
    assert_ne!(thread.as_deref(), Some("haft-reactor"));
    bed.forbid("token-1");
    bed.allow("token-2");
    read(&session).unwrap();
    assert_eq!((host.count(), bed.last_token().as_deref()), (2, Some("token-2")));
    // Once: what is not taken either is the host's to hear.
    bed.forbid("token-2");
    let before = bed.peer.count("ListModels");
    assert_eq!(read(&session).unwrap_err().status(), Status::Auth);
    assert_eq!((host.count(), bed.peer.count("ListModels")), (3, before + 2));
    bed.allow("token-4");
    read(&session).unwrap();
    session.close(&Args::new()).unwrap();
}

/// A submitted call is sent again with another token, and the provider is never asked by the reactor.
#[test]
fn a_provider_and_submitted_calls() {
    let bed = Bed::new(&["token-1"]);
    let host = Host::of_tokens(None);
    let session = bed.with(&host).unwrap();
    for round in 2..5 {
        bed.forbid(&format!("token-{}", round - 1));
        bed.allow(&format!("token-{round}"));
        session.submit(Some("get_object"), Some("Model/X"), &Args::new()).unwrap();
        let answer = next(&session, Kind::Response);
        assert!(answer.failure().is_none(), "{:?}", answer.failure().map(|failure| failure.error().to_string()));
        assert_eq!((host.count(), bed.last_token()), (round, Some(format!("token-{round}"))));
    }
    bed.forbid("token-4");
    session.submit(Some("get_object"), Some("Model/X"), &Args::new()).unwrap();
    assert_eq!(why(&next(&session, Kind::Response)).2["grpc_status"], "UNAUTHENTICATED");
    let threads: Vec<_> = host.asked.lock().unwrap().iter().map(|(_, thread)| thread.clone()).collect();
    assert!(threads.iter().all(|thread| thread.as_deref() != Some("haft-reactor")), "{threads:?}");
    bed.allow("token-6");
    session.close(&Args::new()).unwrap();
}

/// Eight threads that need a token at the same time have it asked for once.
#[test]
fn one_at_a_time_asks() {
    let bed = Bed::new(&["token-1", "token-2"]);
    let host = Host::new(|number, _, reply| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        reply.set("value", format!("token-{number}"));
        Status::Ok
    });
    let session = bed.with(&host).unwrap();
    bed.forbid("token-1");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| read(&session).unwrap());
        }
    });
    assert_eq!(host.count(), 2);
    session.close(&Args::new()).unwrap();
}

#[test]
fn a_provider_that_fails() {
    let bed = Bed::new(&["token-1"]);
    let broken: [(fn(&mut Args) -> Status, &str); 5] = [
        (
            |reply| {
                reply.set("message", "the vault is closed");
                Status::Denied
            },
            "the vault is closed",
        ),
        (|_| Status::NotFound, "did not say why"),
        (|_| Status::Ok, "nothing"),
        (
            |reply| {
                reply.set("value", 7_i64);
                Status::Ok
            },
            "instead of a token",
        ),
        (
            |reply| {
                reply.set("value", "a\nb");
                Status::Ok
            },
            "header",
        ),
    ];
    for (script, words) in broken {
        let host = Host::new(move |_, _, reply| script(reply));
        let error = bed.with(&host).unwrap_err();
        assert_eq!(error.code(), "provider");
        assert!(error.message().contains(words), "{error}");
    }
    assert!(bed.peer.methods().is_empty());
}

fn kerberos(bed: &Bed, host: &Arc<Host>) -> Result<Session, Error> {
    bed.open(|args| {
        args.set("kerberos.service_principal", "HOST/mesh.example");
        args.set("kerberos.user_principal", "jane");
        args.set("kerberos.provider", Arc::clone(host) as Arc<dyn Provider>);
    })
}

/// Answers a leg with what it was asked with, in capitals.
fn legs() -> Arc<Host> {
    Host::new(|_, asked, reply| {
        let leg = asked["token"].as_str().map_or("first".to_owned(), str::to_uppercase);
        reply.set("value", Tree::Bytes(leg.into_bytes().into()));
        Status::Ok
    })
}

/// Legs go to and fro in one call, which carries no token.
#[test]
fn tickets_earn_a_token() {
    for count in [1, 2, 5] {
        let bed = Bed::new(&[]);
        bed.peer.state(|state| state.legs = count);
        let host = legs();
        let session = kerberos(&bed, &host).unwrap();
        read(&session).unwrap();
        assert_eq!(host.count(), count);
        bed.peer.wait("AuthenticateKerberos", 1);
        let seen = bed
            .peer
            .state(|state| state.seen.iter().find(|seen| seen.method == "AuthenticateKerberos").cloned().unwrap());
        assert_eq!((seen.token, seen.client, seen.legs.len()), (None, None, count));
        let expected: Vec<&[u8]> = vec![b"first", b"TSRIF", b"FIRST", b"TSRIF", b"FIRST"];
        assert_eq!(seen.legs, expected[..count]);
        let (asked, _) = host.asked.lock().unwrap()[0].clone();
        assert_eq!(
            asked,
            json!({"provider": "kerberos", "method": "step", "service_principal": "HOST/mesh.example", "user_principal": "jane", "token": null})
        );
        assert_eq!(bed.last_token().as_deref(), Some("earned"));
        assert_eq!(bed.peer.count("AuthenticateKerberos"), 1);
        session.close(&Args::new()).unwrap();
    }
}

/// Longer than any clock has room for: good for ever.
#[test]
fn a_token_that_is_never_over() {
    let bed = Bed::new(&[]);
    bed.peer.state(|state| state.token_seconds = i64::MAX);
    let session = kerberos(&bed, &legs()).unwrap();
    read(&session).unwrap();
    assert_eq!(bed.peer.count("AuthenticateKerberos"), 1);
    session.close(&Args::new()).unwrap();
    let bed = Bed::new(&["token-1"]);
    for seconds in [1e15, 9.2e18, 1.8e19] {
        let host = Host::of_tokens(Some(seconds));
        match bed.with(&host) {
            Ok(session) => {
                read(&session).unwrap();
                assert_eq!(host.count(), 1, "{seconds}");
                session.close(&Args::new()).unwrap();
            }
            // More seconds than there can be.
            Err(error) => assert_eq!(error.code(), "provider", "{seconds}: {error}"),
        }
    }
}

/// A revoked token is not taken any more, and the next call earns another one.
#[test]
fn a_revoked_token_is_earned_again() {
    let bed = Bed::new(&[]);
    bed.peer.state(|state| state.given = ["a".to_owned(), "b".to_owned(), "c".to_owned()].into());
    let host = legs();
    let session = kerberos(&bed, &host).unwrap();
    session.request(Some("revoke"), None, &Args::new()).unwrap();
    assert_eq!((bed.peer.count("RevokeAccessToken"), bed.last_token().as_deref()), (1, Some("a")));
    read(&session).unwrap();
    assert_eq!(bed.last_token().as_deref(), Some("b"));
    // The server's own doing.
    bed.forbid("b");
    session.submit(Some("get_object"), Some("Model/X"), &Args::new()).unwrap();
    assert!(next(&session, Kind::Response).failure().is_none());
    assert_eq!((bed.last_token().as_deref(), host.count()), (Some("c"), 6));
    assert_eq!(configure(&session, "x").unwrap_err().message(), "connection is not using external access token mode");
    session.close(&Args::new()).unwrap();
}

#[test]
fn tickets_that_earn_nothing() {
    let bed = Bed::new(&[]);
    let host = Host::new(|_, _, reply| {
        reply.set("value", Tree::Bytes(b"wrong".to_vec().into()));
        Status::Ok
    });
    let error = kerberos(&bed, &host).unwrap_err();
    assert_eq!(
        (error.status(), error.detail().get("grpc_status").and_then(Tree::as_str)),
        (Status::Auth, Some("UNAUTHENTICATED"))
    );
    assert!(error.message().contains("somebody else"), "{error}");
    let host = Host::new(|number, _, reply| {
        reply.set("message", "no ticket");
        if number == 1 {
            reply.set("value", Tree::Bytes(b"leg".to_vec().into()));
            Status::Ok
        } else {
            Status::Auth
        }
    });
    let error = kerberos(&bed, &host).unwrap_err();
    assert_eq!((error.code(), error.status()), ("provider", Status::Auth));
    // A minute is what a token is renewed before its end.
    for seconds in [0, 30, 60] {
        bed.peer.state(|state| state.token_seconds = seconds);
        let error = kerberos(&bed, &legs()).unwrap_err();
        assert!(error.message().contains("Invalid Mesh token duration"), "{error}");
    }
    bed.peer.state(|state| state.legs = 1000);
    assert!(kerberos(&bed, &legs()).unwrap_err().message().contains("legs"));
    assert_eq!(bed.peer.count("GetVersion"), 0);
    for (json, words) in [
        (r#"{"kerberos": {"user_principal": "jane"}}"#, "service_principal"),
        (r#"{"kerberos": {"service_principal": ""}}"#, "service_principal"),
        (r#"{"kerberos": {"principal": "x"}}"#, "no member"),
        (r#"{"kerberos": 1}"#, "kerberos"),
        (r#"{"kerberos": {"service_principal": "x"}, "access_token": "y"}"#, "together"),
    ] {
        let url = format!("mesh+https://{}", bed.peer.address);
        let error = Session::create(&url, &args(json)).unwrap_err();
        assert_eq!(error.status(), Status::Argument, "{json}");
        assert!(error.message().contains(words), "{json}: {error}");
    }
}

/// Without a provider the system's library is asked, which has no ticket here or is not there.
#[test]
fn no_tickets_of_the_system() {
    let bed = Bed::new(&[]);
    let error =
        bed.open(|args| args.set("kerberos.service_principal", "HOST/mesh.invalid@INVALID.EXAMPLE")).unwrap_err();
    assert!(matches!(error.status(), Status::Auth | Status::Unsupported), "{error}");
    assert!(bed.peer.methods().is_empty());
}
