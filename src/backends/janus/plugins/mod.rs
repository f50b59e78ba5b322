//! What the plugins of Janus take, as tables: requests with their fields, refusals, names of events, and what of a handle's
//! state can be brought about again (Janus specification 3, appendix A). [`check`] finds mistakes before anything is sent.
//!
//! Fields are texts in the notation of [`field`]: they are read when a request is made, cost a few bytes each, and say the
//! same as the documentation of the plugin does.

mod audiobridge;
mod check;
mod echotest;
mod events;
pub mod field;
mod nosip;
mod recordplay;
mod refusals;
mod sip;
mod state;
mod streaming;
mod textroom;
mod videocall;
mod videoroom;
mod voicemail;

#[cfg(test)]
mod tests;

pub use check::{Checked, check, check_channel};
pub use events::event_name;
pub use refusals::refused;
pub use state::{Again, Declared, noted, recognized};

use crate::error::Code;

/// A plugin of the server.
#[derive(Debug)]
pub struct Plugin {
    /// `janus.plugin.NAME`.
    pub package: &'static str,
    /// Its requests.
    pub requests: &'static [Request],
    /// Objects within fields, by name.
    pub groups: &'static [(&'static str, &'static str)],
    /// What it refuses by.
    pub refusals: &'static [(i64, &'static Code)],
    /// The members by which an event without a name of its own is named, the first that is there.
    pub events: &'static [&'static str],
}

/// A request of a plugin.
#[derive(Debug)]
pub struct Request {
    /// The verb.
    pub name: &'static str,
    /// What the message calls it: another name where the verb's is taken, and nothing where requests have no names.
    pub wire: Option<&'static str>,
    /// How it is answered.
    pub way: Way,
    /// Its fields.
    pub fields: &'static [&'static str],
    /// Those that it has under a condition.
    pub cases: &'static [Case],
    /// Whether a description of a media session goes along.
    pub jsep: Jsep,
    /// What becomes of the handle's state.
    pub keeps: Keeps,
}

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// At once, by `success`.
    Sync,
    /// Taken by `ack`, and answered by an event.
    Later,
    /// Only over the handle's data channel.
    Channel,
}

/// Fields that a request has when other fields have certain values.
#[derive(Debug)]
pub struct Case {
    /// The fields that decide, with their values: a word, `true`, or nothing for a field that is not given.
    pub when: &'static [(&'static str, &'static str)],
    /// The fields.
    pub fields: &'static [&'static str],
}

/// Whether `jsep` goes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jsep {
    /// The plugin has no use for it.
    No,
    /// It may.
    May,
    /// Without it the plugin refuses.
    Must,
}

/// What a request that went well makes of the handle's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Nothing that a new handle would lack.
    Nothing,
    /// It begins anew: all before it is gone. Fields that the server chose are learned from the answer.
    Begins(&'static [&'static str]),
    /// The same, and what is made again is another request, which takes the same fields.
    BeginsAs(&'static str, &'static [&'static str]),
    /// It adds to what is there; another one of the same name and the same values of these fields adds to it.
    Adds(&'static [&'static str]),
    /// It changes what an earlier one brought about in a way that cannot be made again from outside.
    Alters,
    /// It ends what requests of these names brought about, when these fields have the same values.
    Ends(&'static [&'static str], &'static [&'static str]),
    /// It ends all.
    EndsAll,
}

impl Request {
    const fn new(name: &'static str, way: Way, fields: &'static [&'static str]) -> Request {
        Request { name, wire: Some(name), way, fields, cases: &[], jsep: Jsep::No, keeps: Keeps::Nothing }
    }

    /// One that is answered at once.
    pub const fn sync(name: &'static str, fields: &'static [&'static str]) -> Request {
        Request::new(name, Way::Sync, fields)
    }

    /// One that is answered by an event; descriptions of media go along with most of them.
    const fn later(name: &'static str, fields: &'static [&'static str]) -> Request {
        Request::new(name, Way::Later, fields).jsep(Jsep::May)
    }

    /// One of the data channel.
    const fn channel(name: &'static str, fields: &'static [&'static str]) -> Request {
        Request::new(name, Way::Channel, fields)
    }

    /// The same under another name on the wire, or under none.
    pub const fn wire(mut self, name: Option<&'static str>) -> Request {
        self.wire = name;
        self
    }

    const fn cases(mut self, cases: &'static [Case]) -> Request {
        self.cases = cases;
        self
    }

    const fn jsep(mut self, jsep: Jsep) -> Request {
        self.jsep = jsep;
        self
    }

    const fn keeps(mut self, keeps: Keeps) -> Request {
        self.keeps = keeps;
        self
    }

    /// All fields, under whatever condition.
    pub fn all_fields(&'static self) -> impl Iterator<Item = field::Field> {
        let under = self.cases.iter().flat_map(|case| case.fields.iter());
        self.fields.iter().chain(under).flat_map(|text| field::read(text))
    }

    /// Whether a field has this name, so that an argument of this name is that field.
    pub fn has(&'static self, name: &str) -> bool {
        self.all_fields().any(|field| field.name == name)
    }
}

/// The plugins that are known.
pub static PLUGINS: [&Plugin; 10] = [
    &echotest::PLUGIN,
    &videoroom::PLUGIN,
    &videocall::PLUGIN,
    &textroom::PLUGIN,
    &audiobridge::PLUGIN,
    &streaming::PLUGIN,
    &recordplay::PLUGIN,
    &sip::PLUGIN,
    &nosip::PLUGIN,
    &voicemail::PLUGIN,
];

/// The plugin of that package, if it is known.
pub fn find(package: &str) -> Option<&'static Plugin> {
    PLUGINS.into_iter().find(|plugin| plugin.package == package)
}

impl Plugin {
    /// Its name without the package; the member of its answers that says what they are.
    pub fn name(&self) -> &'static str {
        self.package.rsplit('.').next().unwrap_or(self.package)
    }

    /// The request that a verb is.
    pub fn request(&self, verb: &str) -> Option<&'static Request> {
        self.requests.iter().find(|request| request.name == verb)
    }

    /// The fields of a group.
    pub fn group(&self, name: &str) -> &'static str {
        self.groups.iter().find(|(group, _)| *group == name).map_or("", |(_, fields)| fields)
    }
}
