//! Tickets of a real Kerberos: a realm on loopback, its tickets through the system's library to a Mesh server that looks at
//! them by the same library's other side (spec/mesh.md 2.4). Needs MIT Kerberos' programs (Debian: krb5-kdc,
//! krb5-admin-server, krb5-user), which `scripts/test` installs.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "mesh_kerberos/acceptor.rs"]
mod acceptor;
#[path = "mesh_life/bed.rs"]
mod bed;
#[path = "mesh_life/keys.rs"]
mod keys;
#[path = "mesh_life/peer.rs"]
mod peer;
#[path = "mesh_kerberos/realm.rs"]
mod realm;

use std::{process::Command, sync::Arc};

use haft::{
    args::Args,
    error::{Error, Status},
    session::Session,
};

use bed::read;
use peer::Peer;
use realm::Realm;

/// Starts a test of this file once more, in a process whose environment leads to the realm.
fn inside(realm: &Realm, name: &str, cache: &str) {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--ignored", "--nocapture"])
        .env_clear()
        .envs(realm.environment(cache))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&child.stdout).into_owned() + &String::from_utf8_lossy(&child.stderr);
    assert!(child.status.success() && text.contains("1 passed"), "{name}: {text}");
}

#[test]
fn tickets_of_a_realm() {
    let realm = Realm::start();
    realm.kinit("alice", "alice.cache");
    inside(&realm, "within_the_realm", "alice.cache");
    inside(&realm, "without_tickets", "nobody.cache");
    realm.short_lived("alice", "short.cache");
    inside(&realm, "tickets_that_are_over", "short.cache");
    // The service has other keys than those that the tickets are made with.
    realm.kinit("alice", "alice.cache");
    realm.change_key("HOST/localhost");
    inside(&realm, "a_server_with_old_keys", "alice.cache");
    realm.kinit("alice", "alice.cache");
    realm.stop();
    inside(&realm, "nobody_gives_tickets", "alice.cache");
}

/// A server that looks at tickets, and the root of its certificate.
struct Bed {
    peer: Peer,
    roots: String,
}

impl Bed {
    fn new() -> Bed {
        let keys = keys::usual();
        let peer = Peer::tls(keys.config);
        peer.state(|state| {
            state.tokens = Some(Default::default());
            state.accept = Some(Arc::new(acceptor::accept));
        });
        Bed { peer, roots: keys.pem }
    }

    fn open(&self, service: &str, user: Option<&str>) -> Result<Session, Error> {
        let mut args = Args::new();
        args.set("root_certs", self.roots.as_str());
        args.set("trust_env", false);
        args.set("kerberos.service_principal", service);
        if let Some(user) = user {
            args.set("kerberos.user_principal", user);
        }
        Session::create(&format!("mesh+https://{}", self.peer.address), &args)
    }

    fn refused(&self, service: &str, user: Option<&str>) -> String {
        let error = self.open(service, user).unwrap_err();
        assert_eq!(error.status(), Status::Auth, "{service} {user:?}: {error}");
        assert!(!error.message().contains('\n') && !error.message().contains('\0'), "{error}");
        error.message().to_owned()
    }
}

#[test]
#[ignore = "in the realm that another test makes"]
fn within_the_realm() {
    let bed = Bed::new();
    for (service, user) in [
        ("HOST/localhost@HAFT.TEST", None),
        ("HOST/localhost", None),
        ("HOST@localhost", None),
        ("HOST/localhost", Some("alice")),
        ("HOST/localhost", Some("alice@HAFT.TEST")),
    ] {
        let session = bed.open(service, user).unwrap_or_else(|error| panic!("{service} {user:?}: {error}"));
        read(&session).unwrap();
        let last = bed.peer.state(|state| state.seen.last().cloned().unwrap());
        assert_eq!(last.token.as_deref(), Some("token-of-alice@HAFT.TEST"), "{service} {user:?}");
        // Revoked, the next call earns another one, with another ticket.
        session.request(Some("revoke"), None, &Args::new()).unwrap();
        let before = bed.peer.count("AuthenticateKerberos");
        read(&session).unwrap();
        bed.peer.wait("AuthenticateKerberos", before + 1);
        session.close(&Args::new()).unwrap();
    }
    let asked: Vec<_> = bed
        .peer
        .state(|state| state.seen.iter().filter(|seen| seen.method == "AuthenticateKerberos").cloned().collect());
    // One leg each: nobody asked for the server's answer. No two are the same.
    assert!(asked.iter().all(|seen| seen.legs.len() == 1 && seen.token.is_none() && seen.client.is_none()));
    let legs: std::collections::BTreeSet<_> = asked.iter().map(|seen| seen.legs[0].clone()).collect();
    assert_eq!(legs.len(), asked.len());
    let sent = bed.peer.methods().len();
    assert!(bed.refused("HOST/elsewhere@HAFT.TEST", None).contains("not found in Kerberos database"));
    assert!(bed.refused("HOST/localhost@OTHER.TEST", None).len() > 20);
    assert!(bed.refused("HOST/localhost", Some("bob@HAFT.TEST")).len() > 20);
    assert!(bed.refused("HOST/localhost", Some("alice@OTHER.TEST")).len() > 20);
    assert_eq!(bed.peer.methods().len(), sent, "without a ticket nothing is said");
}

#[test]
#[ignore = "in the realm that another test makes"]
fn without_tickets() {
    let bed = Bed::new();
    let why = bed.refused("HOST/localhost", None);
    assert!(why.contains("credential"), "{why}");
    assert!(bed.peer.methods().is_empty());
}

#[test]
#[ignore = "in the realm that another test makes"]
fn tickets_that_are_over() {
    let bed = Bed::new();
    let why = bed.refused("HOST/localhost", None);
    assert!(why.contains("expired"), "{why}");
    assert!(bed.peer.methods().is_empty());
}

#[test]
#[ignore = "in the realm that another test makes"]
fn a_server_with_old_keys() {
    let bed = Bed::new();
    let error = bed.open("HOST/localhost", None).unwrap_err();
    assert_eq!(error.status(), Status::Auth, "{error}");
    assert!(error.message().contains("UNAUTHENTICATED"), "{error}");
    assert!(!bed.peer.methods().contains(&"GetVersion".to_owned()), "without a token nothing else is asked");
}

#[test]
#[ignore = "in the realm that another test makes"]
fn nobody_gives_tickets() {
    let bed = Bed::new();
    let why = bed.refused("HOST/localhost", None);
    assert!(why.contains("Cannot contact any KDC"), "{why}");
}
