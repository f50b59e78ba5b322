//! The body of the answer to a handshake (spec/ftrack.md 7.1): `<sid>:<heartbeat timeout>:<close timeout>:<transports>`.

use std::time::Duration;

use crate::error::{Error, Result, code};

/// The transport that we speak.
const TRANSPORT: &str = "websocket";

/// The right to connect once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Admission {
    /// The identifier that the connection is made with.
    pub sid: String,
    /// The silence of the server that it promises not to exceed; none when it promises nothing.
    pub heartbeat_timeout: Option<Duration>,
}

impl Admission {
    /// Reads the body. Parts beyond the fourth are left alone.
    ///
    /// # Errors
    /// `protocol` when it is none, or when the server does not speak through WebSockets.
    pub fn parse(body: &str) -> Result<Admission> {
        let mut parts = body.trim().split(':');
        let (sid, heartbeat, _close, transports) = (parts.next(), parts.next(), parts.next(), parts.next());
        let Some(transports) = transports else {
            return Err(Error::new(&code::PROTOCOL, "the event server's handshake had fewer than four parts"));
        };
        let sid = sid.unwrap_or_default();
        if sid.is_empty() || !sid.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#%".contains(&byte)) {
            return Err(Error::new(&code::PROTOCOL, "the event server's handshake had no usable identifier"));
        }
        if !transports.split(',').any(|transport| transport.trim() == TRANSPORT) {
            return Err(Error::new(&code::PROTOCOL, "the event server does not speak through WebSockets"));
        }
        let seconds = heartbeat.and_then(|seconds| seconds.trim().parse::<u32>().ok()).filter(|seconds| *seconds > 0);
        let heartbeat_timeout = seconds.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(Admission { sid: sid.to_owned(), heartbeat_timeout })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_parts_make_an_admission() {
        for (body, sid, seconds) in [
            ("d67ef244:60:60:websocket", "d67ef244", Some(60)),
            ("a-b_c:15:25:xhr-polling,websocket,htmlfile\n", "a-b_c", Some(15)),
            ("x:::websocket", "x", None),
            ("x:0:0:websocket", "x", None),
            ("x:soon:60: websocket :more:parts", "x", None),
        ] {
            let admission = Admission::parse(body).unwrap();
            let timeout = seconds.map(Duration::from_secs);
            assert_eq!((&*admission.sid, admission.heartbeat_timeout), (sid, timeout), "{body}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for body in ["", "x", "x:60:60", ":60:60:websocket", "x:60:60:", "x:60:60:xhr-polling", "a/b:60:60:websocket", "<html>: : :websocket x"] {
            assert_eq!(Admission::parse(body).unwrap_err().code(), "protocol", "{body}");
        }
    }
}
