//! Sessions: overlays on what is committed (section 3.7). A session is the list of its changes; what it sees is the
//! committed store with those carried out on it, made anew whenever another session has committed.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tonic::Status;

use super::id::Id;
use super::pb::Guid;
use super::store::Store;

/// A change. Called with true when it is carried out again, after others have committed.
pub type Op = Arc<dyn Fn(&mut Store, bool) -> Result<(), Status> + Send + Sync>;

struct Session {
    ops: Vec<Op>,
    view: Option<(u64, Arc<Store>)>,
    used: f64,
    opened: f64,
}

/// All sessions and what is committed.
pub struct Sessions {
    committed: Arc<Store>,
    version: u64,
    all: HashMap<Id, Session>,
    next_key: i64,
}

impl Sessions {
    /// None, on this store.
    pub fn new(store: Store) -> Self {
        Self { committed: Arc::new(store), version: 0, all: HashMap::new(), next_key: 1000 }
    }

    /// Opens one.
    pub fn open(&mut self, now: f64) -> Id {
        let id = Id::random();
        self.all.insert(id, Session { ops: Vec::new(), view: None, used: now, opened: now });
        id
    }

    /// The session of a request.
    pub fn find(&self, guid: Option<&Guid>) -> Result<Id, Status> {
        let guid = guid.ok_or_else(|| Status::invalid_argument("session_id is not set"))?;
        let id = Id::of(guid).ok_or_else(|| Status::invalid_argument("a guid must have 16 bytes"))?;
        if self.all.contains_key(&id) { Ok(id) } else { Err(Self::gone(id)) }
    }

    fn gone(id: Id) -> Status {
        Status::not_found(format!("Session with id {} not found.", id.braced()))
    }

    /// Notes the end of a call.
    pub fn touch(&mut self, id: Id, now: f64) {
        if let Some(session) = self.all.get_mut(&id) {
            session.used = now;
        }
    }

    /// Forgets those that nobody used for too long.
    pub fn sweep(&mut self, now: f64, timeout: f64) {
        self.all.retain(|_, session| now - session.used <= timeout);
    }

    /// Forgets one and its changes.
    pub fn end(&mut self, id: Id) -> Result<(), Status> {
        self.all.remove(&id).map(drop).ok_or_else(|| Self::gone(id))
    }

    /// What a session sees. A change that cannot be carried out any more is passed over; the commit will tell.
    pub fn view(&mut self, id: Id) -> Arc<Store> {
        let Some(session) = self.all.get_mut(&id) else { return Arc::clone(&self.committed) };
        if session.ops.is_empty() {
            return Arc::clone(&self.committed);
        }
        if let Some((version, store)) = &session.view
            && *version == self.version
        {
            return Arc::clone(store);
        }
        let mut store = Store::clone(&self.committed);
        for op in &session.ops {
            let before = store.clone();
            if op(&mut store, true).is_err() {
                store = before;
            }
        }
        let store = Arc::new(store);
        session.view = Some((self.version, Arc::clone(&store)));
        store
    }

    /// Carries out a change in a session.
    pub fn change(&mut self, id: Id, op: Op) -> Result<(), Status> {
        let mut store = Store::clone(&self.view(id));
        op(&mut store, false)?;
        let session = self.all.get_mut(&id).ok_or_else(|| Self::gone(id))?;
        session.ops.push(op);
        session.view = Some((self.version, Arc::new(store)));
        Ok(())
    }

    /// Publishes the changes of a session.
    pub fn commit(&mut self, id: Id) -> Result<(), Status> {
        let session = self.all.get_mut(&id).ok_or_else(|| Self::gone(id))?;
        if session.ops.is_empty() {
            return Ok(());
        }
        let mut store = Store::clone(&self.committed);
        for op in &session.ops {
            op(&mut store, true).map_err(|why| {
                if why.message().starts_with("Missing owner") {
                    return why;
                }
                Status::aborted(format!(
                    "session {id} is corrupt due to changes done by some other session, rollback your changes to fix your session"
                ))
            })?;
        }
        let fresh: Vec<Id> = store.series.iter().filter(|(_, series)| !series.committed).map(|(id, _)| *id).collect();
        for id in fresh {
            if let Some(series) = super::store::entry(&mut store.series, &id) {
                series.committed = true;
                if series.wants_key {
                    series.key = self.next_key;
                    self.next_key += 1;
                }
            }
        }
        session.ops.clear();
        session.view = None;
        self.committed = Arc::new(store);
        self.version += 1;
        Ok(())
    }

    /// Drops the changes of a session.
    pub fn rollback(&mut self, id: Id) -> Result<(), Status> {
        let session = self.all.get_mut(&id).ok_or_else(|| Self::gone(id))?;
        session.ops.clear();
        session.view = None;
        Ok(())
    }

    /// Changes what is committed, as somebody else's commit does.
    pub fn publish(&mut self, change: impl FnOnce(&mut Store) -> Result<(), Status>) -> Result<(), Status> {
        let mut store = Store::clone(&self.committed);
        change(&mut store)?;
        self.committed = Arc::new(store);
        self.version += 1;
        Ok(())
    }

    /// Forgets a session, or all.
    pub fn kill(&mut self, which: Option<Id>) -> usize {
        let before = self.all.len();
        self.all.retain(|id, _| which.is_some_and(|which| which != *id));
        before - self.all.len()
    }

    /// As `/_mesh` shows them.
    pub fn to_json(&self, now: f64) -> Value {
        let mut all: Vec<_> = self.all.iter().collect();
        all.sort_by(|a, b| a.1.opened.total_cmp(&b.1.opened));
        all.iter()
            .map(|(id, session)| {
                json!({ "id": id.to_string(), "changes": session.ops.len(), "idle": now - session.used, "age": now - session.opened })
            })
            .collect()
    }
}
