//! What a host asks of `media` (docs/janus.md "Media"), read and checked before anything is done.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use super::super::{
    handle::{Handle, only},
    plugins, settings,
};
use crate::{
    args::{Args, text},
    engine::media::{Codec, Kind, peer::Direction},
    error::{Error, Result, code},
    options::nearest,
    value::{Object, Tree},
};

/// The arguments of `media`.
pub const NAMES: &[&str] = &[
    "play_from",
    "record_to",
    "tracks",
    "role",
    "feeds",
    "room",
    "username",
    "id",
    "channel",
    "body",
    "ice_servers",
    "local_addresses",
    "trickle",
    "until",
    "duration",
    "loop",
    "haft",
];
/// The label of a data channel of which only was said that there is to be one.
pub const LABEL: &str = "JanusDataChannel";

/// What this side does, by plugin and role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// EchoTest.
    Echo,
    /// VideoRoom: publishes.
    Publish,
    /// VideoRoom: receives feeds.
    Subscribe,
    /// VideoCall: calls somebody.
    Call,
    /// VideoCall: takes a call.
    Accept,
    /// Streaming: watches a mountpoint.
    Watch,
    /// AudioBridge: speaks and hears.
    Bridge,
    /// Record&Play: has the server record.
    Record,
    /// Record&Play: has the server play.
    Replay,
    /// TextRoom: a data channel.
    Text,
}

impl Part {
    /// Whether media goes out.
    pub fn sends(self) -> bool {
        !matches!(self, Part::Subscribe | Part::Watch | Part::Replay | Part::Text)
    }

    /// Whether media comes in.
    pub fn receives(self) -> bool {
        !matches!(self, Part::Publish | Part::Record | Part::Text)
    }

    /// The arguments that mean something here beside those that all have.
    fn own(self) -> &'static [&'static str] {
        match self {
            Part::Publish => &["role", "room", "channel"],
            Part::Subscribe => &["role", "room", "feeds"],
            Part::Call => &["role", "username", "channel"],
            Part::Accept => &["role"],
            Part::Watch | Part::Replay | Part::Record => &["id"],
            Part::Bridge => &["room"],
            Part::Echo | Part::Text => &["channel"],
        }
    }

    /// The requests of the plugin whose fields `body` may have.
    fn requests(self) -> &'static [&'static str] {
        match self {
            Part::Echo => &["echo"],
            Part::Publish => &["join", "publish"],
            Part::Subscribe => &["join"],
            Part::Call => &["register", "call", "set"],
            Part::Accept => &["register", "accept", "set"],
            Part::Watch => &["watch"],
            Part::Bridge => &["join", "configure"],
            Part::Record => &["record"],
            Part::Replay => &["play"],
            Part::Text => &["setup"],
        }
    }

    /// In messages.
    pub fn words(self) -> &'static str {
        match self {
            Part::Echo => "EchoTest",
            Part::Publish => "a publisher",
            Part::Subscribe => "a subscriber",
            Part::Call => "a caller",
            Part::Accept => "a callee",
            Part::Watch => "who watches a mountpoint",
            Part::Bridge => "AudioBridge",
            Part::Record => "a recording",
            Part::Replay => "who plays a recording",
            Part::Text => "TextRoom",
        }
    }
}

/// One of `tracks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// What it carries.
    pub kind: Kind,
    /// How; any when it is not said.
    pub codec: Option<Codec>,
    /// Which way; as the part wants it when it is not said.
    pub direction: Option<Direction>,
    /// Where the other side makes the offer: the track of that name.
    pub mid: Option<Box<str>>,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Order {
    /// Which side of which plugin.
    pub part: Part,
    /// The file that is played.
    pub play_from: Option<PathBuf>,
    /// The files that are written, with `{feed}`, `{mid}` and `{kind}` in it.
    pub record_to: Option<Box<str>>,
    /// The tracks; those of the file when nothing was said.
    pub tracks: Option<Vec<Wanted>>,
    /// The feeds of a subscriber.
    pub feeds: Vec<Tree>,
    /// The room that is joined first.
    pub room: Option<Tree>,
    /// Whom to call.
    pub username: Option<Box<str>>,
    /// The mountpoint, the recording.
    pub id: Option<Tree>,
    /// The label of the data channel.
    pub channel: Option<Box<str>>,
    /// Further fields of the plugin's requests.
    pub body: Object,
    /// STUN servers.
    pub stun: Vec<Box<str>>,
    /// Addresses to bind to.
    pub addresses: Vec<IpAddr>,
    /// Whether candidates may come after the description.
    pub trickle: bool,
    /// Whether the call ends when media can flow.
    pub until_connected: bool,
    /// How long media flows at the most.
    pub duration: Option<Duration>,
    /// Whether the file is played again and again.
    pub loops: bool,
    /// How long it may take until media can flow.
    pub timeout: Duration,
}

impl Order {
    /// Reads it.
    ///
    /// # Errors
    /// `argument`, `unsupported`.
    pub fn read(handle: &Handle, args: &Args) -> Result<Order> {
        only("media", args, NAMES)?;
        let part = part(handle, args)?;
        taken(part, args)?;
        let (mut stun, trickle) = (Vec::new(), args.bool("trickle")?);
        for server in args.array("ice_servers")?.unwrap_or_default() {
            servers(server, &mut stun)?;
        }
        let until_connected = match args.str("until")? {
            None | Some("end") => false,
            Some("connected") => true,
            Some(other) => {
                return Err(Error::option("until", format!("until was {other:?}; it takes \"end\" and \"connected\"")));
            }
        };
        let filled = |key: &str| match args.str(key)? {
            Some("") => Err(Error::option(key, format!("{key} was empty"))),
            path => Ok(path),
        };
        let order = Order {
            part,
            play_from: filled("play_from")?.map(PathBuf::from),
            record_to: filled("record_to")?.map(Into::into),
            tracks: args.array("tracks")?.map(|list| list.iter().map(wanted).collect()).transpose()?,
            feeds: args.array("feeds")?.unwrap_or_default().to_vec(),
            room: id(args, "room")?,
            username: filled("username")?.map(Into::into),
            id: if part.own().contains(&"id") { id(args, "id")? } else { None },
            channel: channel(args)?,
            body: body(handle, part, args)?,
            trickle: trickle.unwrap_or(!stun.is_empty()),
            stun,
            addresses: addresses(args)?,
            until_connected,
            duration: duration(args)?,
            loops: args.bool("loop")?.unwrap_or(false),
            timeout: settings::timeout(args)?.unwrap_or_else(|| handle.session.line.terms().timeout),
        };
        order.complete()?;
        Ok(order)
    }

    /// A data channel of TextRoom that nobody asked for by itself.
    pub fn of_text(timeout: Duration) -> Order {
        Order {
            part: Part::Text,
            play_from: None,
            record_to: None,
            tracks: None,
            feeds: Vec::new(),
            room: None,
            username: None,
            id: None,
            channel: None,
            body: Object::default(),
            stun: Vec::new(),
            addresses: Vec::new(),
            trickle: false,
            until_connected: true,
            duration: None,
            loops: false,
            timeout,
        }
    }

    /// Whether all that the part needs was said.
    fn complete(&self) -> Result<()> {
        let needs = |key: &str, why: &str| {
            Err(Error::option(key, format!("media of {} needs {key}: {why}", self.part.words())))
        };
        let sends = self.play_from.is_some() || self.tracks.as_ref().is_some_and(|tracks| !tracks.is_empty());
        match self.part {
            Part::Subscribe if self.feeds.is_empty() => needs("feeds", "the feeds that are received"),
            Part::Subscribe if self.room.is_none() => needs("room", "the room of the feeds"),
            Part::Call if self.username.is_none() => needs("username", "who is called"),
            Part::Watch if self.id.is_none() => needs("id", "the mountpoint"),
            Part::Replay if self.id.is_none() => {
                needs("id", "the recording; or play_from, the file that the server records")
            }
            Part::Echo if !sends && self.channel.is_none() => {
                needs("play_from", "the file that is played; or tracks for frames of your own, or channel")
            }
            Part::Publish | Part::Record if !sends => {
                needs("play_from", "the file that is played; or tracks for frames of your own")
            }
            Part::Record if self.body.get("name").is_none() => needs("body", "name is what the recording is called"),
            _ => self.consistent(),
        }
    }

    fn consistent(&self) -> Result<()> {
        if self.tracks.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::option("tracks", "tracks was an empty list: without it all tracks go"));
        }
        if self.loops && self.play_from.is_none() {
            return Err(Error::option("loop", "loop was given without play_from: there is nothing to play again"));
        }
        let offers = !matches!(self.part, Part::Accept | Part::Subscribe | Part::Watch | Part::Replay | Part::Text);
        let named = |track: &&Wanted| track.mid.is_some();
        if offers && self.tracks.iter().flatten().find(named).is_some() {
            let message = "a track had a mid, and the offer is made here: it has names when it was made";
            return Err(Error::option("tracks", message));
        }
        if self.part == Part::Bridge && self.tracks.iter().flatten().any(|track| track.kind == Kind::Video) {
            return Err(Error::option("tracks", "a track was video, and AudioBridge takes sound alone"));
        }
        let tells_apart = self.record_to.as_deref().is_none_or(|to| to.contains("{feed}") || to.contains("{mid}"));
        if self.feeds.len() > 1 && !tells_apart {
            let message =
                "record_to had neither {feed} nor {mid}, and there are several feeds: each has a file of its own";
            return Err(Error::option("record_to", message));
        }
        Ok(())
    }
}

/// What the plugin is asked for, by what was given.
fn part(handle: &Handle, args: &Args) -> Result<Part> {
    let sends = args.get("play_from").is_some() || args.get("tracks").is_some();
    let role = args.str("role")?;
    let name = handle.plugin().strip_prefix("janus.plugin.").unwrap_or_default();
    let wrong = |takes: &str| {
        let role = role.unwrap_or_default();
        Err(Error::option("role", format!("role was {role:?}; media of {} takes {takes}", handle.plugin())))
    };
    match (name, role) {
        ("echotest", None) => Ok(Part::Echo),
        ("videoroom", None) if !sends && args.get("feeds").is_some() => Ok(Part::Subscribe),
        ("videoroom", Some("subscriber")) => Ok(Part::Subscribe),
        ("videoroom", None | Some("publisher")) => Ok(Part::Publish),
        ("videoroom", _) => wrong("\"publisher\" and \"subscriber\""),
        ("videocall", None) if args.get("username").is_some() => Ok(Part::Call),
        ("videocall", Some("caller")) => Ok(Part::Call),
        ("videocall", None | Some("callee")) => Ok(Part::Accept),
        ("videocall", _) => wrong("\"caller\" and \"callee\""),
        ("streaming", None) => Ok(Part::Watch),
        ("audiobridge", None) => Ok(Part::Bridge),
        ("recordplay", None) => Ok(if sends { Part::Record } else { Part::Replay }),
        ("textroom", None) => Ok(Part::Text),
        ("echotest" | "streaming" | "audiobridge" | "recordplay" | "textroom", Some(_)) => wrong("no role"),
        _ => {
            let message = format!("media is not known for {}; its jsep can be passed through", handle.plugin());
            Err(Error::new(&code::UNSUPPORTED, message).with("key", "verb"))
        }
    }
}

/// Refuses what means nothing to the part.
fn taken(part: Part, args: &Args) -> Result<()> {
    for (key, value) in args.root().iter().filter(|(_, value)| !value.is_null()) {
        let fits = match key {
            "play_from" | "loop" => part.sends(),
            "tracks" => part != Part::Text,
            "record_to" => part.receives(),
            "role" | "feeds" | "room" | "username" | "channel" => part.own().contains(&key),
            // Elsewhere it is the number of the call.
            _ => true,
        };
        if !fits {
            let _ = value;
            return Err(Error::option(key, format!("{key} means nothing to {}", part.words())));
        }
    }
    Ok(())
}

/// How long media flows. No time at all is no wish that a host can have, but what is left of a sum of its own.
fn duration(args: &Args) -> Result<Option<Duration>> {
    match args.duration("duration")? {
        Some(Duration::ZERO) => {
            Err(Error::option("duration", "duration was zero; leave it out to let media go on to its end"))
        }
        time => Ok(time),
    }
}

/// The tracks that are asked for, in their order.
fn wanted(track: &Tree) -> Result<Wanted> {
    const KNOWN: [&str; 4] = ["kind", "codec", "mid", "direction"];
    let track = match track {
        Tree::Object(track) => track,
        other => return Err(Error::option("tracks", format!("a track was {}; it is an object", other.kind_name()))),
    };
    if let Some(key) = track.keys().find(|key| !KNOWN.contains(key)) {
        let hint = nearest(key, KNOWN.into_iter()).map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
        return Err(Error::option("tracks", format!("a track had {key:?}, which it does not take{hint}")));
    }
    let word = |key: &str| track.get(key).map_or(Ok(None), |value| text(&format!("tracks.{key}"), value));
    let codec = match word("codec")? {
        None => None,
        Some(name) => Some(Codec::named(name).ok_or_else(|| {
            let message = format!("a track had the codec {name:?}; there are vp8, vp9, h264, av1 and opus");
            Error::new(&code::MEDIA_CODEC, message).with("key", "tracks")
        })?),
    };
    let said = match word("kind")? {
        None => None,
        Some("audio") => Some(Kind::Audio),
        Some("video") => Some(Kind::Video),
        Some(other) => {
            return Err(Error::option("tracks", format!("a track had the kind {other:?}; there are audio and video")));
        }
    };
    let by_codec = codec.and_then(Codec::kind);
    let kind = match (said, by_codec) {
        (Some(kind), Some(other)) if kind != other => {
            let message = format!("a track was {}, and its codec is for {}", kind.name(), other.name());
            return Err(Error::option("tracks", message));
        }
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) => return Err(Error::option("tracks", "a track had neither kind nor codec")),
    };
    let direction = match word("direction")? {
        None => None,
        Some("sendrecv") => Some(Direction::SendRecv),
        Some("sendonly") => Some(Direction::SendOnly),
        Some("recvonly") => Some(Direction::RecvOnly),
        Some("inactive") => Some(Direction::Inactive),
        Some(other) => {
            let message =
                format!("a track had the direction {other:?}; there are sendrecv, sendonly, recvonly, inactive");
            return Err(Error::option("tracks", message));
        }
    };
    Ok(Wanted { kind, codec, direction, mid: word("mid")?.map(Into::into) })
}

/// A room, a mountpoint: a number or a text.
fn id(args: &Args, key: &str) -> Result<Option<Tree>> {
    match args.get(key) {
        None | Some(Tree::Null) => Ok(None),
        Some(id @ (Tree::Int(_) | Tree::Number(..) | Tree::Text(_))) => Ok(Some(id.clone())),
        Some(other) => Err(Error::option(key, format!("{key} was {}; it is a number or text", other.kind_name()))),
    }
}

fn channel(args: &Args) -> Result<Option<Box<str>>> {
    match args.get("channel") {
        None | Some(Tree::Null | Tree::Bool(false)) => Ok(None),
        Some(Tree::Bool(true)) => Ok(Some(LABEL.into())),
        Some(Tree::Text(label)) if !label.is_empty() => Ok(Some((**label).into())),
        Some(Tree::Text(_)) => Err(Error::option("channel", "channel was empty; it is a label, or true")),
        Some(other) => {
            Err(Error::option("channel", format!("channel was {}; it is a label, or true", other.kind_name())))
        }
    }
}

/// Fields for the plugin, which one of its requests has.
fn body(handle: &Handle, part: Part, args: &Args) -> Result<Object> {
    let Some(body) = args.object("body")? else { return Ok(Object::default()) };
    let Some(plugin) = plugins::find(handle.plugin()) else { return Ok(body.clone()) };
    let requests = || part.requests().iter().filter_map(|name| plugin.request(name));
    for key in body.keys() {
        if requests().any(|request| request.has(key)) {
            continue;
        }
        let names: Vec<&str> = requests().flat_map(plugins::Request::all_fields).map(|field| field.name).collect();
        let hint = nearest(key, names.into_iter()).map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
        let words = part.requests().join(" and ");
        let message = format!("body had {key:?}, which {} does not take with {words}{hint}", handle.plugin());
        return Err(Error::option(&format!("body.{key}"), message));
    }
    Ok(body.clone())
}

/// The STUN servers of an entry of `ice_servers`.
fn servers(entry: &Tree, stun: &mut Vec<Box<str>>) -> Result<()> {
    let entry = match entry {
        Tree::Object(entry) => entry,
        other => {
            let message = format!("an entry of ice_servers was {}; it is an object with urls", other.kind_name());
            return Err(Error::option("ice_servers", message));
        }
    };
    let urls: Vec<&Tree> = match entry.get("urls") {
        Some(Tree::Array(urls)) => urls.iter().collect(),
        Some(url) => vec![url],
        None => return Err(Error::option("ice_servers", "an entry of ice_servers had no urls")),
    };
    for url in urls {
        let Some(url) = text("ice_servers.urls", url)? else { continue };
        match url.split_once(':') {
            Some(("stun", place)) if !place.is_empty() => {
                let has_port = place.rsplit_once(':').is_some_and(|(host, port)| {
                    !host.is_empty() && port.parse::<u16>().is_ok() && (!host.contains(':') || host.starts_with('['))
                });
                stun.push(if has_port { place.into() } else { format!("{place}:3478").into() });
            }
            Some(("turn" | "turns" | "stuns", _)) => {
                let message = format!("{url:?} was among ice_servers, and only stun: is spoken");
                return Err(Error::new(&code::UNSUPPORTED, message).with("key", "ice_servers"));
            }
            _ => {
                return Err(Error::option(
                    "ice_servers",
                    format!("{url:?} was among ice_servers; it is stun:host:port"),
                ));
            }
        }
    }
    Ok(())
}

fn addresses(args: &Args) -> Result<Vec<IpAddr>> {
    let list = args.array("local_addresses")?.unwrap_or_default();
    let read = |address: &Tree| -> Result<IpAddr> {
        let text = text("local_addresses", address)?.unwrap_or_default();
        let address: IpAddr =
            text.parse().map_err(|_| Error::option("local_addresses", format!("{text:?} was no IP address")))?;
        if address.is_unspecified() || address.is_multicast() {
            return Err(Error::option("local_addresses", format!("{text:?} was no address to be reached by")));
        }
        Ok(address)
    };
    let mut addresses = Vec::with_capacity(list.len());
    for address in list {
        let address = read(address)?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}
