//! Free, close and the other side's end at once; children.

use std::sync::Arc;

use haft::{
    args::Args,
    session::{Kind, Session},
};
use shuttle::thread;

use super::{
    backend::{Heard, check_answers, drain, session},
    search::explore,
};

/// The host frees while the other side brings and ends: everything goes, the threads too.
pub fn freed_meanwhile() {
    let (session, script) = session();
    let heard = Arc::<Heard>::default();
    session.subscribe("news", &Args::new(), heard.callback(), 0).unwrap();
    drop(session.submit(Some("wait"), None, &Args::new()));
    let source = {
        let script = Arc::clone(&script);
        thread::spawn(move || {
            script.bring(0, [1]);
            script.end();
        })
    };
    drop(session);
    source.join().unwrap();
    assert_eq!(script.feeds(), 0);
}

/// A close and the end of the other side: one CLOSED, and calls are refused afterwards.
fn closed_and_ended() {
    let (session, script) = session();
    let state = Arc::<Heard>::default();
    session.subscribe("haft.state", &Args::new(), state.callback(), 0).unwrap();
    let call = session.submit(Some("wait"), None, &Args::new());
    let other = thread::spawn(move || script.end());
    session.close(&Args::new()).unwrap();
    other.join().unwrap();
    check_answers(&drain(&session), call.into_iter().collect());
    assert_eq!(session.request(None, None, &Args::new()).unwrap_err().code(), "closed");
    assert_eq!(state.kinds(), [Kind::Message, Kind::Message, Kind::Closed]);
    state.check();
}

/// Attach against the close of the parent: the child is refused or closed, never left behind.
fn attached_meanwhile() {
    let (session, _script) = session();
    let attacher = {
        let session = Arc::clone(&session);
        thread::spawn(move || {
            let child: Option<Session> = session.attach("child", &Args::new()).ok();
            let call = child.as_ref().and_then(|child| child.submit(Some("wait"), None, &Args::new()).ok());
            (child, call)
        })
    };
    session.close(&Args::new()).unwrap();
    let (child, call) = attacher.join().unwrap();
    if let Some(child) = child {
        check_answers(&drain(&child), call.into_iter().collect());
        assert_eq!(child.request(None, None, &Args::new()).unwrap_err().code(), "closed");
    }
    check_answers(&drain(&session), Vec::new());
}

/// Two children, one freed and one used, while the root ends.
fn children_of_an_ended_root() {
    let (session, script) = session();
    let (freed, used) = (session.attach("a", &Args::new()).unwrap(), session.attach("b", &Args::new()).unwrap());
    let other = thread::spawn(move || script.end());
    let free = thread::spawn(move || drop(freed));
    let call = used.submit(Some("wait"), None, &Args::new());
    let events = drain(&used);
    check_answers(&events, call.into_iter().collect());
    check_answers(&drain(&session), Vec::new());
    other.join().unwrap();
    free.join().unwrap();
    session.close(&Args::new()).unwrap();
}

#[test]
fn a_free_meets_the_end() {
    explore(freed_meanwhile);
}

#[test]
fn a_close_meets_the_end() {
    explore(closed_and_ended);
}

#[test]
fn an_attach_meets_the_close() {
    explore(attached_meanwhile);
}

#[test]
fn a_root_takes_its_children_along() {
    explore(children_of_an_ended_root);
}
