//! Statistics as events: the topic `haft.statistics` (docs/janus.md "Statistics").
//!
//! The course of a session of media asks who is due and tells them: there is no clock of its own here, and no timer while
//! nobody listens.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::running::News;
use crate::{
    args::Args,
    backends::{
        Feed, Sink,
        janus::{handle::Handle, topics},
    },
    error::{Error, Result},
    sys::lock::Mutex,
    value::{Document, Object},
};

/// How often they are told unless the host says.
const INTERVAL: Duration = Duration::from_secs(1);
/// The shortest interval: below it nothing new would be told.
const SHORTEST: Duration = Duration::from_millis(100);

/// Who hears the statistics of a handle.
#[derive(Default)]
pub struct Gauges(Mutex<Listed>);

#[derive(Default)]
struct Listed {
    list: Vec<Gauge>,
    /// The last number of a subscription.
    last: u64,
}

struct Gauge {
    number: u64,
    interval: Duration,
    /// When the next are told; none while no media flows.
    next: Option<Instant>,
    sink: Arc<dyn Sink>,
}

/// Subscribes; `interval` says how often.
///
/// # Errors
/// `argument` for an interval that is none, and for what events of Janus cannot do.
pub fn listen(handle: &Handle, args: &Args, sink: Arc<dyn Sink>) -> Result<Feed> {
    topics::check(args, &*sink)?;
    let interval = args.duration("interval")?.unwrap_or(INTERVAL);
    if interval < SHORTEST {
        let message = format!("interval was {} s; it is 0.1 s or more", interval.as_secs_f64());
        return Err(Error::option("interval", message));
    }
    let gauges = Arc::clone(handle.media.gauges());
    let mut listed = gauges.0.lock();
    listed.last += 1;
    let number = listed.last;
    listed.list.push(Gauge { number, interval, next: None, sink });
    drop(listed);
    // What waits for something later looks again.
    if let Some(running) = handle.media.running() {
        running.tell(News::Listened);
    }
    Ok(Box::new(Listening { gauges, number }))
}

impl Gauges {
    /// When somebody is due next.
    pub fn next(&self) -> Option<Instant> {
        self.0.lock().list.iter().filter_map(|gauge| gauge.next).min()
    }

    /// The shortest interval that somebody asked for.
    pub fn shortest(&self) -> Option<Duration> {
        self.0.lock().list.iter().map(|gauge| gauge.interval).min()
    }

    /// Who is due by now. One that is new is so after its first interval; moments that have passed are not made up for.
    pub fn due(&self, now: Instant) -> Vec<Arc<dyn Sink>> {
        let mut listed = self.0.lock();
        let mut due = Vec::new();
        for gauge in &mut listed.list {
            let after = |moment: Instant| moment.checked_add(gauge.interval);
            match gauge.next {
                None => gauge.next = after(now),
                Some(next) if next <= now => {
                    gauge.next = after(next).filter(|next| *next > now).or_else(|| after(now));
                    due.push(Arc::clone(&gauge.sink));
                }
                Some(_) => {}
            }
        }
        due
    }

    /// Everybody, for the last time of this session of media.
    pub fn all(&self) -> Vec<Arc<dyn Sink>> {
        let mut listed = self.0.lock();
        listed.list.iter_mut().for_each(|gauge| gauge.next = None);
        listed.list.iter().map(|gauge| Arc::clone(&gauge.sink)).collect()
    }
}

/// Tells them. No lock may be held.
pub fn tell(hearers: &[Arc<dyn Sink>], shown: &Object) {
    for sink in hearers {
        sink.bring(&mut std::iter::once(Document::from_object(shown)));
    }
}

/// One subscription; dropping it ends it.
struct Listening {
    gauges: Arc<Gauges>,
    number: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listed = self.gauges.0.lock();
        let at = listed.list.iter().position(|gauge| gauge.number == self.number);
        let gone = at.map(|at| listed.list.remove(at));
        drop(listed);
        drop(gone);
    }
}
