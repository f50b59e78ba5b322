//! Nobody is there, or not who was meant; tokens and sessions that the server does not take.

use std::net::TcpListener;

use haft::{
    args::Args,
    error::{Error, Status},
    session::Session,
};
use haft_sandbox::Sandbox;
use serde_json::json;

use crate::{
    bed::{args, id},
    guard::{discreet, ten},
    sand::{PLANT, call, close, commit, detail, open, order, sandbox, stage, staged, told},
};

const NOBODY: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";

#[test]
fn nobody_is_there() {
    ten("unreachable", &[], |_| {
        let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = Session::create(&format!("mesh+http://{place}"), &Args::new()).unwrap_err();
        assert_eq!(error.status(), Status::Io);
        assert_eq!((told(&error).1, told(&error).2), (json!("UNAVAILABLE"), json!("not_sent")), "{error}");
    });
}

/// Over TLS, to one of the sandbox's listeners by name.
fn secured(sandbox: &Sandbox, listener: &str, set: impl FnOnce(&mut Args)) -> Result<Session, Error> {
    let mut args = args(r#"{"ip_version": 4}"#);
    set(&mut args);
    let port = sandbox.mesh[listener].rsplit(':').next().unwrap().to_owned();
    Session::create(&format!("mesh+https://localhost:{port}"), &args)
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn certificates_of_somebody_else() {
    let sandbox = sandbox();
    let [own, named] = &sandbox.mesh_certificates;
    ten("wrong root", &[], |_| {
        for (listener, root) in [
            ("mesh_selfsigned", Some(named)),
            ("mesh_selfsigned", None),
            ("mesh_tls", Some(own)),
            ("mesh_cn", Some(own)),
            ("mesh_cn", None),
        ] {
            let refused = secured(&sandbox, listener, |args| {
                if let Some(root) = root {
                    args.set("root_certs", path(root));
                }
            });
            let error = refused.unwrap_err();
            assert_eq!((error.status(), error.code()), (Status::Tls, "certificate"), "{listener}: {error}");
            assert_eq!((told(&error).1, told(&error).2), (json!("UNAVAILABLE"), json!("not_sent")), "{error}");
        }
        // A name that is only common counts for the certificate that was given itself, and not when that is switched off.
        let error = secured(&sandbox, "mesh_cn", |args| {
            args.set("root_certs", path(named));
            args.set("verify_common_name", false);
        });
        assert_eq!(error.unwrap_err().code(), "certificate");
        close(&secured(&sandbox, "mesh_cn", |args| args.set("root_certs", path(named))).unwrap());
    });
}

/// Not taken any more in the middle of the work: told as it is, the work stays, and goes on with another one.
#[test]
fn a_token_that_is_over() {
    let sandbox = sandbox();
    ten("expired token", &["secret"], |turn| {
        order(&sandbox, "set=1&token=secret-first");
        let session = secured(&sandbox, "mesh_tls", |args| {
            args.set("root_certs", path(&sandbox.ca));
            args.set("access_token", "secret-first");
        })
        .unwrap();
        let attribute = format!("{PLANT}.DblAtt");
        stage(&session, "update_attribute", &attribute, &format!(r#"{{"value": {turn}.5}}"#)).unwrap();
        order(&sandbox, "set=1&token=secret-second");
        let error = call(&session, "get_object", PLANT, "{}").unwrap_err();
        assert_eq!(
            (error.status(), told(&error).1, told(&error).2),
            (Status::Auth, json!("UNAUTHENTICATED"), json!("not_sent"))
        );
        let error = commit(&session).unwrap_err();
        assert_eq!((error.status(), staged(&session)), (Status::Auth, 1));
        told(&error);
        let error = stage(&session, "update_attribute", &attribute, r#"{"value": 0.5}"#).unwrap_err();
        assert_eq!((error.status(), staged(&session)), (Status::Auth, 1));
        discreet(&session, &["secret"]);
        let mut swap = Args::new();
        swap.set("access_token", "secret-second");
        session.configure(&swap).unwrap();
        let held = crate::bed::value(&call(&session, "get_attribute", &attribute, "{}").unwrap());
        assert_eq!(held["value"], f64::from(u32::try_from(turn).unwrap()) + 0.5, "the workspace is the same");
        assert_eq!(commit(&session).unwrap().as_array().unwrap().len(), 1);
        close(&session);
    });
}

#[test]
fn a_session_that_is_not_there() {
    let sandbox = sandbox();
    ten("wrong session id", &[], |_| {
        let parent = open(&sandbox, "{}");
        let error = Session::create(&crate::sand::url(&sandbox), &args(&json!({"session_id": NOBODY}).to_string()))
            .unwrap_err();
        let attached = parent.attach(&format!("session:{NOBODY}"), &Args::new()).unwrap_err();
        for error in [error, attached] {
            assert_eq!((error.status(), error.code()), (Status::NotFound, "session_lost"));
            assert_eq!((detail(&error, "session_id"), told(&error).1), (json!(NOBODY), json!("NOT_FOUND")));
            assert!(error.message().contains(&NOBODY.to_uppercase()), "{error}");
        }
        for wrong in ["", "5", "0f1e2d3c", &NOBODY[1..]] {
            let error = Session::create(&crate::sand::url(&sandbox), &args(&json!({"session_id": wrong}).to_string()));
            let attached = parent.attach(&format!("session:{wrong}"), &Args::new());
            assert_eq!(
                (error.unwrap_err().code(), attached.unwrap_err().code()),
                ("argument", "argument"),
                "{wrong:?}"
            );
        }
        close(&parent);
    });
}

/// The server has let it run out. Every call says so and which it was; nothing is committed, and nothing is forgotten here.
#[test]
fn a_session_that_ran_out() {
    let sandbox = sandbox();
    ten("expired session id", &[], |_| {
        let session = open(&sandbox, "{}");
        let name = id(&session);
        stage(&session, "update_attribute", &format!("{PLANT}.DblAtt"), r#"{"value": 99.5}"#).unwrap();
        order(&sandbox, "set=1&advance=301");
        let lost = |error: Error| {
            assert_eq!(
                (error.status(), error.code(), told(&error).2),
                (Status::NotFound, "session_lost", json!("not_sent"))
            );
            assert_eq!(detail(&error, "session_id"), name.as_str());
            assert!(error.message().contains(&name.to_uppercase()), "{error}");
        };
        lost(call(&session, "get_object", PLANT, "{}").unwrap_err());
        lost(call(&session, "search_objects", PLANT, r#"{"query": "*", "stream": true}"#).unwrap_err());
        lost(crate::sand::read(&session, 1, 2, "").unwrap_err());
        lost(stage(&session, "delete_object", PLANT, "{}").unwrap_err());
        lost(call(&session, "extend", "", "{}").unwrap_err());
        lost(session.attach(&format!("session:{name}"), &Args::new()).unwrap_err());
        lost(commit(&session).unwrap_err());
        lost(session.rollback(&Args::new()).unwrap_err());
        close(&session);
        let other = open(&sandbox, "{}");
        let held = crate::bed::value(&call(&other, "get_attribute", &format!("{PLANT}.DblAtt"), "{}").unwrap());
        assert_eq!(held["value"], 1000.0);
        close(&other);
    });
}
