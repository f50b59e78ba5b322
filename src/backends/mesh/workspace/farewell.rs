//! Sessions whose handles the host let go of without closing them: the server is told by the reactor, and the connection
//! goes with the last one.

use std::{sync::Arc, time::Duration};

use super::{END, Workspace, named};
use crate::{
    backends::mesh::{Core, form::Guid},
    engine::{net::cancel::Cancel, reactor::vigil::Vigil},
    log,
    sys::lock::Mutex,
};

/// How long telling the server may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// Who still uses the connection after its handles are gone.
#[derive(Default)]
pub struct Farewells(Mutex<State>);

#[derive(Default)]
struct State {
    /// Goodbyes under way.
    running: usize,
    /// The handle that carries the connection is gone.
    over: bool,
}

impl Farewells {
    /// The host let go of a handle. Never waits.
    pub fn abandoned(&self, core: &Arc<Core>, workspace: &Workspace) {
        let id = workspace.part().filter(|_| !workspace.keeps());
        self.0.lock().over |= workspace.root;
        match id {
            Some(id) => self.say(core, id),
            None => self.settle(core),
        }
    }

    /// A session ended by itself: with the root's, nothing needs the connection any more.
    pub fn ended(&self, core: &Arc<Core>, workspace: &Workspace) {
        if workspace.root {
            self.0.lock().over = true;
            self.settle(core);
        }
    }

    fn say(&self, core: &Arc<Core>, id: Guid) {
        self.0.lock().running += 1;
        let goodbye = Goodbye(Arc::clone(core));
        let said = core.lent.reactor.run(async move {
            let core = &goodbye.0;
            let mut vigil = Vigil::new(Arc::<Cancel>::default());
            if let Err(error) = Box::pin(core.ask(END, &named(id), GOODBYE, &mut vigil)).await {
                log::debug(c"mesh", || format!("session {id} was not ended: {error}"));
            }
        });
        if let Err(error) = said {
            log::debug(c"mesh", || format!("session {id} was not ended: {error}"));
        }
    }

    /// Ends the connection when nobody needs it.
    fn settle(&self, core: &Core) {
        let state = self.0.lock();
        let over = state.over && state.running == 0;
        drop(state);
        if over {
            core.wire.web.abandon();
        }
    }
}

/// One goodbye, also when the reactor drops it.
struct Goodbye(Arc<Core>);

impl Drop for Goodbye {
    fn drop(&mut self) {
        let farewells = &self.0.farewells;
        {
            let mut state = farewells.0.lock();
            state.running = state.running.saturating_sub(1);
        }
        farewells.settle(&self.0);
    }
}
