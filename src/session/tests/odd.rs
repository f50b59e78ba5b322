//! What no program can bring about from outside: a back end that panics, or that does not end.

use std::sync::Arc;

use crate::sys::lock::Mutex;

use super::{
    super::{Kind, Response, Session},
    scripted::Bell,
};
use crate::{
    args::Args,
    backends::{Answer, Backend, Call},
    engine::net::cancel::Cancel,
    error::{Error, Outcome, Result, Status, code},
    sys::panic::silence,
    value::{Object, Tree},
};

/// Does as the verb says.
#[derive(Default)]
struct Odd {
    /// Held by a test as long as "wait" is to wait.
    gate: Arc<Mutex<()>>,
    /// Raised by a "wait" that has begun.
    begun: Arc<Bell>,
}

impl Backend for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }

    fn url(&self) -> String {
        "odd:".into()
    }

    fn request(&self, call: &Call<'_>) -> Result<Box<dyn Answer>> {
        match call.verb {
            Some("panic") => panic!("a bug"),
            Some("wait") => {
                // Deaf to cancel.
                self.begun.ring();
                drop(self.gate.lock());
                Err(Error::new(&code::CANCELLED, "late"))
            }
            _ => Ok(Response::of_value(&Tree::Int(1), Object::default()).into_answer()),
        }
    }

    fn check(&self, _call: &Call<'_>) -> Result<()> {
        Ok(())
    }

    fn configure(&self, _args: &Args) -> Result<()> {
        Ok(())
    }

    fn inspect(&self, _what: &str, _args: &Args) -> Result<Option<Tree>> {
        Ok(None)
    }

    fn snapshots(&self) -> &'static [&'static str] {
        &[]
    }

    fn attach(&self, _name: &str, _args: &Args, _cancel: &Arc<Cancel>) -> Result<Arc<dyn Backend>> {
        Ok(Arc::new(Odd::default()))
    }

    fn close(&self, _keep: bool, _deadline: std::time::Instant) -> Result<()> {
        Err(Error::new(&code::IO, "the server did not say good-bye"))
    }
}

fn session() -> Session {
    Session::assemble(Arc::default(), Arc::new(Odd::default()), None, None)
}

#[test]
fn a_panic_on_the_worker_is_an_answer_and_poisons() {
    silence();
    let session = session();
    let id = session.submit(Some("panic"), None, &Args::new()).unwrap();
    let event = session.poll(20_000).unwrap().unwrap();
    assert_eq!((event.kind(), event.id()), (Kind::Response, id));
    assert_eq!(event.failure().unwrap().error().status(), Status::Internal);
    let refused = session.request(Some("fine"), None, &Args::new()).unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("poisoned", Status::State));
    // It can still be left, and says how that went.
    assert_eq!(session.close(&Args::new()).unwrap_err().code(), "io");
    assert_eq!(session.poll(0).unwrap().unwrap().kind(), Kind::Closed);
}

#[test]
fn poison_concerns_one_handle() {
    let session = session();
    let child = session.attach("x", &Args::new()).unwrap();
    child.poison();
    assert!(child.request(Some("fine"), None, &Args::new()).is_err());
    assert!(session.request(Some("fine"), None, &Args::new()).is_ok());
}

#[test]
fn a_childs_failure_does_not_keep_the_parent_open() {
    let session = session();
    let child = session.attach("x", &Args::new()).unwrap();
    assert_eq!(session.close(&Args::new()).unwrap_err().code(), "io");
    for handle in [&session, &child] {
        assert_eq!(handle.poll(0).unwrap().unwrap().kind(), Kind::Closed);
        assert_eq!(handle.close(&Args::new()).map_err(|error| error.code().to_owned()), Ok(()));
    }
}

#[test]
fn close_does_not_wait_longer_than_it_was_told() {
    let gate = Arc::new(Mutex::new(()));
    let held = gate.lock();
    let odd = Odd { gate: Arc::clone(&gate), begun: Arc::default() };
    let begun = Arc::clone(&odd.begun);
    let session = Session::assemble(Arc::default(), Arc::new(odd), None, None);
    let id = session.submit(Some("wait"), None, &Args::new()).unwrap();
    begun.wait();
    let mut args = Args::new();
    args.set("timeout", 0_i64);
    let error = session.close(&args).unwrap_err();
    assert_eq!((error.status(), error.code()), (Status::Timeout, "total_timeout"));
    // It is answered all the same, and before CLOSED.
    let answer = session.poll(0).unwrap().unwrap();
    assert_eq!((answer.kind(), answer.id()), (Kind::Response, id));
    let error = answer.failure().unwrap().error();
    assert_eq!((error.code(), error.known_outcome()), ("cancelled", Some(Outcome::Unknown)));
    assert_eq!(session.poll(0).unwrap().unwrap().kind(), Kind::Closed);
    drop(held);
}
