//! How connections of HTTP/2 begin and behave, set by `/_control?h2=1` for those that come later, and what is told
//! about each connection on `/_h2`.

use std::sync::Mutex;

use serde_json::{Map, Value, json};

use crate::h2::frame::{error_name, setting_name};
use crate::log::lock;
use crate::request::Args;

/// Bytes that a client may send on a stream before the endpoint reads them.
const WINDOW_BYTES: u32 = 1 << 20;
/// Bytes that a client may send on all streams before the server takes them.
const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// Reports of connections kept, so that a long run does not fill the memory.
const REPORTS_MAX: usize = 10_000;

/// Settings of a connection, and the faults that strike it as a whole. Absent settings are not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// SETTINGS_MAX_CONCURRENT_STREAMS; more are refused with REFUSED_STREAM.
    pub max_concurrent: Option<u32>,
    /// SETTINGS_INITIAL_WINDOW_SIZE: what a client may send on a stream.
    pub window: u32,
    /// What it may send on the connection; never below 65535, with which every connection begins.
    pub connection_window: u32,
    /// SETTINGS_MAX_FRAME_SIZE.
    pub max_frame: Option<u32>,
    /// SETTINGS_MAX_HEADER_LIST_SIZE, announced and not enforced.
    pub max_header_list: Option<u32>,
    /// The TCP connection is reset when its N-th stream begins.
    pub reset_on_stream: Option<u64>,
    /// GOAWAY is sent when the N-th stream begins, which is not processed.
    pub goaway_on_stream: Option<u64>,
    /// Whether PING is answered.
    pub ping_ack: bool,
    /// Whether SETTINGS of the client are acknowledged.
    pub settings_ack: bool,
    /// Whether the server sends SETTINGS at all, with which it must begin.
    pub settings: bool,
    /// Whether WINDOW_UPDATE is ever sent.
    pub window_updates: bool,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            max_concurrent: None,
            window: WINDOW_BYTES,
            connection_window: CONNECTION_WINDOW_BYTES,
            max_frame: None,
            max_header_list: None,
            reset_on_stream: None,
            goaway_on_stream: None,
            ping_ack: true,
            settings_ack: true,
            settings: true,
            window_updates: true,
        }
    }
}

impl Tuning {
    /// Reads `/_control?h2=1&...`; what is not named has its default.
    pub fn from_args(args: &Args) -> Self {
        let number = |name| args.get(name).and_then(|text| text.parse().ok());
        let unless = |name| args.get(name).is_none() || args.flag(name);
        Self {
            max_concurrent: number("max_concurrent"),
            window: number("window").unwrap_or(WINDOW_BYTES),
            connection_window: number("connection_window").unwrap_or(CONNECTION_WINDOW_BYTES),
            max_frame: number("max_frame"),
            max_header_list: number("max_header_list"),
            reset_on_stream: args.get("reset_on_stream").and_then(|text| text.parse().ok()),
            goaway_on_stream: args.get("goaway_on_stream").and_then(|text| text.parse().ok()),
            ping_ack: unless("ping_ack"),
            settings_ack: unless("settings_ack"),
            settings: unless("settings"),
            window_updates: unless("window_updates"),
        }
    }

    /// As `/_control` shows it.
    pub fn to_json(&self) -> Value {
        json!({
            "max_concurrent": self.max_concurrent,
            "window": self.window,
            "connection_window": self.connection_window,
            "max_frame": self.max_frame,
            "max_header_list": self.max_header_list,
            "reset_on_stream": self.reset_on_stream,
            "goaway_on_stream": self.goaway_on_stream,
            "ping_ack": self.ping_ack,
            "settings_ack": self.settings_ack,
            "settings": self.settings,
            "window_updates": self.window_updates,
        })
    }
}

/// What one client did on one connection.
#[derive(Debug, Default)]
pub struct Report {
    /// Number of the connection, as in the log.
    pub connection: u64,
    /// Key of its listener.
    pub listener: &'static str,
    /// Whether it is still there.
    pub open: bool,
    /// Streams that the client began.
    pub streams: u64,
    /// The most of them that were open at once.
    pub streams_peak: usize,
    /// Streams that were refused because there were too many.
    pub refused: u64,
    /// The client's settings in the order in which they came, the later over the earlier.
    pub settings: Vec<(u16, u32)>,
    /// How many frames of each type the client sent.
    pub frames: [u64; 10],
    /// PING frames of the client that were no answers.
    pub pings: u64,
    /// Streams that the client reset, with the code.
    pub resets: Vec<(u32, u32)>,
    /// The code of the client's GOAWAY.
    pub goaway: Option<u32>,
    /// What the client did against the rules.
    pub violations: Vec<String>,
}

impl Report {
    fn to_json(&self) -> Value {
        let names = [
            "DATA",
            "HEADERS",
            "PRIORITY",
            "RST_STREAM",
            "SETTINGS",
            "PUSH_PROMISE",
            "PING",
            "GOAWAY",
            "WINDOW_UPDATE",
            "CONTINUATION",
        ];
        let frames: Map<String, Value> = names
            .iter()
            .zip(self.frames)
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| ((*name).to_owned(), count.into()))
            .collect();
        let settings: Map<String, Value> =
            self.settings.iter().map(|(id, value)| (setting_name(*id), (*value).into())).collect();
        json!({
            "connection": self.connection,
            "listener": self.listener,
            "open": self.open,
            "streams": self.streams,
            "streams_peak": self.streams_peak,
            "refused": self.refused,
            "settings": settings,
            "frames": frames,
            "pings": self.pings,
            "resets": self.resets.iter().map(|(id, code)| json!([id, error_name(*code)])).collect::<Value>(),
            "goaway": self.goaway.map(error_name),
            "violations": self.violations,
        })
    }
}

/// The reports of all connections, in order.
#[derive(Default)]
pub struct Reports(Mutex<Vec<std::sync::Arc<Mutex<Report>>>>);

impl Reports {
    /// Begins the report of a connection.
    pub fn begin(&self, connection: u64, listener: &'static str) -> std::sync::Arc<Mutex<Report>> {
        let report = std::sync::Arc::new(Mutex::new(Report { connection, listener, open: true, ..Report::default() }));
        let mut all = lock(&self.0);
        if all.len() >= REPORTS_MAX {
            all.remove(0);
        }
        all.push(std::sync::Arc::clone(&report));
        report
    }

    /// `/_h2`: those of one listener or one connection if asked for.
    pub fn to_json(&self, listener: Option<&str>, connection: Option<u64>) -> Value {
        let all = lock(&self.0).clone();
        all.iter()
            .filter_map(|report| {
                let report = lock(report);
                let wanted = listener.is_none_or(|name| name == report.listener)
                    && connection.is_none_or(|number| number == report.connection);
                wanted.then(|| report.to_json())
            })
            .collect()
    }

    /// Forgets the connections that are over.
    pub fn clear(&self) {
        lock(&self.0).retain(|report| lock(report).open);
    }
}
