//! The data channels of a connection by their labels (RFC 8831): wanted, on their way, open.

use str0m::channel::ChannelId;

use crate::error::{Error, Result, code};

/// What waits for a channel to be open.
#[derive(Debug)]
pub struct Step {
    /// Bytes, not text.
    pub binary: bool,
    /// The message.
    pub data: Vec<u8>,
}

#[derive(Debug)]
struct Channel {
    label: Box<str>,
    /// None while it is only wanted.
    id: Option<ChannelId>,
    open: bool,
    waiting: Vec<Step>,
}

/// The channels of a connection.
#[derive(Debug, Default)]
pub struct Channels {
    /// Whether the connection has a data section.
    pub agreed: bool,
    list: Vec<Channel>,
}

impl Channels {
    fn find(&mut self, label: &str) -> &mut Channel {
        let at = self.list.iter().position(|channel| *channel.label == *label);
        let at = at.unwrap_or(self.list.len());
        if at == self.list.len() {
            self.list.push(Channel { label: label.into(), id: None, open: false, waiting: Vec::new() });
        }
        #[expect(clippy::indexing_slicing, reason = "it was made just now")]
        &mut self.list[at]
    }

    /// A channel is wanted.
    pub fn want(&mut self, label: &str) {
        self.find(label);
    }

    /// The next channel that is wanted and not on its way.
    pub fn next_wanted(&self) -> Option<Box<str>> {
        self.list.iter().find(|channel| channel.id.is_none()).map(|channel| channel.label.clone())
    }

    /// A channel is on its way.
    pub fn opening(&mut self, label: &str, id: ChannelId) {
        self.find(label).id = Some(id);
    }

    /// A channel goes with an offer.
    pub fn offered(&mut self, label: &str, id: ChannelId) {
        self.opening(label, id);
    }

    /// The offer is not to be answered.
    pub fn withdrawn(&mut self) {
        if !self.agreed {
            self.list.clear();
        }
    }

    /// Whether a data section was agreed on.
    pub fn agreed(&mut self, data: bool) {
        self.agreed = data;
        if !data {
            self.list.clear();
        }
    }

    /// A channel is open: what waited for it.
    pub fn opened(&mut self, id: ChannelId, label: &str) -> Vec<Step> {
        let Some(channel) = self.list.iter_mut().find(|channel| channel.id == Some(id)) else {
            // The other side's. If there is one of ours with the label, theirs is a second one of that name, which is heard;
            // ours is spoken on.
            self.list.push(Channel { label: label.into(), id: Some(id), open: true, waiting: Vec::new() });
            return Vec::new();
        };
        channel.open = true;
        std::mem::take(&mut channel.waiting)
    }

    /// A channel is closed: its label.
    pub fn closed(&mut self, id: ChannelId) -> Option<Box<str>> {
        let at = self.list.iter().position(|channel| channel.id == Some(id))?;
        Some(self.list.remove(at).label)
    }

    /// The open channel of a label.
    pub fn open(&self, label: &str) -> Option<ChannelId> {
        self.list.iter().find(|channel| channel.open && *channel.label == *label)?.id
    }

    /// The channel of a label, open or on its way.
    pub fn id(&self, label: &str) -> Option<ChannelId> {
        self.list.iter().find(|channel| *channel.label == *label)?.id
    }

    /// The label of a channel.
    pub fn label(&self, id: ChannelId) -> Option<Box<str>> {
        self.list.iter().find(|channel| channel.id == Some(id)).map(|channel| channel.label.clone())
    }

    /// Keeps a message until its channel is open.
    ///
    /// # Errors
    /// `limit`.
    pub fn keep(&mut self, label: &str, binary: bool, data: &[u8], most: usize) -> Result<()> {
        let waiting: usize = self.list.iter().flat_map(|channel| &channel.waiting).map(|step| step.data.len()).sum();
        if waiting + data.len() > most {
            return Err(Error::new(&code::LIMIT, format!("too much waits on the channel {label}")));
        }
        self.find(label).waiting.push(Step { binary, data: data.to_vec() });
        Ok(())
    }
}
