//! What is read off descriptions and changed in them, as text (RFC 8866, 8829): which codecs a track may have and in which
//! order, which way a track goes, and what of another side's description is of no use here.

use std::fmt::{Display, Formatter, Result, Write};

use super::{
    super::{Codec, Kind},
    Direction,
};

/// A description: lines of the session, and lines of each section.
#[derive(Clone, Debug)]
pub struct Description {
    session: Vec<String>,
    /// The sections, each of which begins with its `m=`.
    pub sections: Vec<Section>,
}

/// The same offer, of whose codecs each section has only the one that `wanted` names for it, where it has that.
#[must_use]
pub fn narrowed(offer: &str, wanted: &dyn Fn(Kind, &str) -> Option<Codec>) -> Option<String> {
    let mut description = Description::read(offer)?;
    for section in &mut description.sections {
        let codec = section.kind().zip(section.mid()).and_then(|(kind, mid)| wanted(kind, mid));
        if let Some(codec) = codec.filter(|codec| section.codecs().any(|(_, other)| other == *codec)) {
            section.keep(&[codec]);
        }
    }
    Some(description.to_string())
}

/// A section of a description.
#[derive(Clone, Debug)]
pub struct Section(Vec<String>);

impl Description {
    /// Reads a description; `None` when it is none.
    #[must_use]
    pub fn read(text: &str) -> Option<Description> {
        let mut description = Description { session: Vec::new(), sections: Vec::new() };
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            if line.starts_with("m=") {
                description.sections.push(Section(vec![line.to_owned()]));
            } else if let Some(Section(lines)) = description.sections.last_mut() {
                // Janus hands the answer of a VideoCall on with its name said twice in a section.
                if !(line.starts_with("a=mid:") && lines.iter().any(|known| known == line)) {
                    lines.push(line.to_owned());
                }
            } else {
                description.session.push(line.to_owned());
            }
        }
        (description.session.first()? == "v=0" && !description.sections.is_empty()).then_some(description)
    }

    /// Leaves out the candidates that are of no use, and tells them.
    pub fn leave_out(&mut self, mut useless: impl FnMut(&str) -> bool) {
        for lines in self.sections.iter_mut().map(|section| &mut section.0).chain([&mut self.session]) {
            lines.retain(|line| !(line.starts_with("a=candidate:") && useless(line)));
        }
    }

    /// The tracks that share the transport.
    fn bundle(&mut self) -> Option<&mut String> {
        self.session.iter_mut().find(|line| line.starts_with("a=group:BUNDLE"))
    }

    /// Makes the group name the sections that are not refused, in their order. Who names another order means the same.
    pub fn regroup(&mut self) {
        let mut group = "a=group:BUNDLE".to_owned();
        let old: Option<Vec<String>> = self.bundle().map(|line| line.split(' ').skip(1).map(str::to_owned).collect());
        for section in &self.sections {
            let mid = section.mid().unwrap_or_default();
            let inside = old.as_ref().is_some_and(|old| old.iter().any(|one| one == mid));
            if !section.is_refused() || inside {
                let _ = write!(group, " {mid}");
            }
        }
        match self.bundle() {
            Some(line) => *line = group,
            None => self.session.push(group),
        }
    }

    /// Takes a section out of the transport that all share.
    pub fn refuse(&mut self, at: usize) {
        let Some(section) = self.sections.get_mut(at) else { return };
        section.refuse();
        let mid = section.mid().unwrap_or_default().to_owned();
        if let Some(line) = self.bundle() {
            *line = line.split(' ').filter(|word| *word != mid).collect::<Vec<_>>().join(" ");
        }
    }
}

impl Display for Description {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for line in self.session.iter().chain(self.sections.iter().flat_map(|section| &section.0)) {
            write!(f, "{line}\r\n")?;
        }
        Ok(())
    }
}

impl Section {
    fn head(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The value of the first `a=name:`.
    fn attribute(&self, name: &str) -> Option<&str> {
        let value = |line: &'_ str| -> Option<usize> {
            line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':').map(|value| line.len() - value.len())
        };
        self.0.iter().find_map(|line| line.get(value(line)?..))
    }

    /// Its name.
    #[must_use]
    pub fn mid(&self) -> Option<&str> {
        self.attribute("mid")
    }

    /// Gives it a name when it has none: a section that was refused may lack it.
    pub fn name(&mut self, mid: &str) {
        if self.mid().is_none() {
            self.0.push(format!("a=mid:{mid}"));
        }
    }

    /// What it carries; `None` for data.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        match self.head().strip_prefix("m=")?.split(' ').next()? {
            "audio" => Some(Kind::Audio),
            "video" => Some(Kind::Video),
            _ => None,
        }
    }

    /// Whether its port is 0.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.head().split(' ').nth(1) == Some("0")
    }

    /// The stream that the sender puts it into.
    #[must_use]
    pub fn stream(&self) -> Option<&str> {
        self.attribute("msid").and_then(|value| value.split(' ').next()).filter(|stream| *stream != "-")
    }

    /// Which way it goes, seen from who wrote it.
    #[must_use]
    pub fn direction(&self) -> Direction {
        let named = self.0.iter().filter_map(|line| line.strip_prefix("a=")).find_map(Direction::named);
        named.unwrap_or(Direction::SendRecv)
    }

    /// Has it go that way.
    pub fn turn(&mut self, direction: Direction) {
        self.0.retain(|line| line.strip_prefix("a=").and_then(Direction::named).is_none());
        self.0.push(format!("a={}", direction.name()));
    }

    /// Makes sure that it says which way it goes.
    pub fn complete(&mut self) {
        if self.kind().is_some() {
            self.turn(self.direction());
        }
    }

    fn payloads(&self) -> impl Iterator<Item = &str> {
        self.head().split(' ').skip(3)
    }

    /// The codecs that it names, in its order, with their payload types. H.264 without the packetization that carries any frame
    /// is none (RFC 6184 6.2).
    pub fn codecs(&self) -> impl Iterator<Item = (&str, Codec)> {
        self.payloads().filter_map(|payload| {
            let named = |name: &str| {
                let value = |line: &str| -> Option<usize> {
                    let rest = line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')?;
                    rest.strip_prefix(payload)?.strip_prefix(' ').map(|value| line.len() - value.len())
                };
                self.0.iter().find_map(|line| line.get(value(line)?..))
            };
            let codec = Codec::named(named("rtpmap")?.split('/').next()?)?;
            let whole = named("fmtp").is_some_and(|format| format.contains("packetization-mode=1"));
            (codec.kind() == self.kind() && (codec != Codec::H264 || whole)).then_some((payload, codec))
        })
    }

    /// The payload type that another one is repeated by.
    fn repeated(&self, payload: &str) -> Option<&str> {
        let marked = format!(" apt={payload}");
        let line = self.0.iter().find(|line| line.starts_with("a=fmtp:") && line.ends_with(&marked))?;
        line.strip_prefix("a=fmtp:")?.split(' ').next()
    }

    /// Leaves only these codecs in it, in this order.
    pub fn keep(&mut self, codecs: &[Codec]) {
        let mut kept: Vec<String> = Vec::new();
        for wanted in codecs {
            for (payload, _) in self.codecs().filter(|(_, codec)| codec == wanted) {
                kept.push(payload.to_owned());
                kept.extend(self.repeated(payload).map(str::to_owned));
            }
        }
        let dropped: Vec<String> =
            self.payloads().filter(|payload| !kept.iter().any(|one| one == payload)).map(str::to_owned).collect();
        self.0.retain(|line| {
            let value = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:"].iter().find_map(|name| line.strip_prefix(name));
            let payload = value.and_then(|value| value.split(' ').next());
            !payload.is_some_and(|payload| dropped.iter().any(|one| one == payload))
        });
        self.list(&kept);
    }

    fn list(&mut self, payloads: &[String]) {
        let fixed: Vec<&str> = self.head().split(' ').take(3).collect();
        let head = format!("{} {}", fixed.join(" "), payloads.join(" "));
        if let Some(line) = self.0.first_mut() {
            *line = head;
        }
    }

    /// Port 0: there is no such track.
    fn refuse(&mut self) {
        let mut words: Vec<&str> = self.head().split(' ').collect();
        if let Some(port) = words.get_mut(1) {
            *port = "0";
        }
        let head = words.join(" ");
        if let Some(line) = self.0.first_mut() {
            *line = head;
        }
    }

    /// A refused section names a format all the same (RFC 3264 6).
    pub fn fill(&mut self) {
        if self.is_refused() && self.payloads().all(str::is_empty) {
            self.list(&["0".to_owned()]);
        }
    }

    /// Says that Opus has two channels (RFC 7587 7): who is not told decodes one.
    pub fn stereo(&mut self) {
        let opus: Vec<String> = self
            .codecs()
            .filter(|(_, codec)| *codec == Codec::Opus)
            .map(|(payload, _)| format!("a=fmtp:{payload} "))
            .collect();
        for line in &mut self.0 {
            if opus.iter().any(|start| line.starts_with(start)) && !line.contains("stereo=") {
                line.push_str(";stereo=1;sprop-stereo=1");
            }
        }
    }
}
