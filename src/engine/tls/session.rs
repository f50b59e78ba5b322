//! A TLS session over any stream, which never blocks: it says `WouldBlock` and what it waits for.

use std::{
    io::{self, Read, Write},
    os::fd::RawFd,
    sync::Arc,
};

use rustls::ClientConnection;
use rustls_pki_types::ServerName;

use super::{config, settings::TlsSettings, trouble};
use crate::{
    engine::net::{
        limits::{Fault, Guard},
        stream::Stream,
    },
    error::{Error, Result, code},
    sys::poll,
};

/// What is known about a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: &'static str,
    /// The name of the cipher suite.
    pub cipher: String,
    /// The protocol agreed on (ALPN).
    pub alpn: Option<Vec<u8>>,
    /// The server's certificate, DER.
    pub certificate: Option<Vec<u8>>,
    /// The handshake was shortened by a remembered session.
    pub resumed: bool,
}

/// One session.
#[derive(Debug)]
pub struct Session {
    link: ClientConnection,
    under: Stream,
    /// Decrypted bytes wait inside.
    waiting: bool,
    /// The stream below has ended.
    ended: bool,
    /// The peer said that it sends no more.
    polite: bool,
}

/// Lets rustls move bytes of the stream below.
struct Below<'a>(&'a mut Stream);

impl Read for Below<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_recv(buffer)
    }
}

impl Write for Below<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_send(bytes, &[])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Session {
    /// Shakes hands with `host` over `under`.
    ///
    /// # Errors
    /// `certificate`, `tls`, a limit, the cancel, or `connect` when the connection broke.
    pub fn connect(under: Stream, host: &str, settings: &TlsSettings, guard: &Guard<'_>) -> Result<Session> {
        let mut session = Session::begin(under, host, settings)?;
        loop {
            match session.step() {
                Ok(true) => return Ok(session),
                Ok(false) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let events = if session.link.wants_write() { poll::OUT | poll::IN } else { poll::IN };
                    guard.wait(session.fd(), events, "tls").map_err(|fault| broken(fault, host))?;
                }
                Err(error) => {
                    guard.cancel.check()?;
                    return Err(broken(Fault::Broken(error), host));
                }
            }
        }
    }

    /// A session whose handshake is still to be done, with [`Session::step`].
    ///
    /// # Errors
    /// `certificate` or `tls`, when the settings cannot be used.
    pub fn begin(under: Stream, host: &str, settings: &TlsSettings) -> Result<Session> {
        let config = config::client(settings)?;
        let wanted = settings.server_name.as_deref().unwrap_or(host);
        // A name's final dot is not part of the name in a certificate.
        let wanted = wanted.strip_suffix('.').unwrap_or(wanted);
        let name = ServerName::try_from(wanted.to_owned())
            .map_err(|_| Error::new(&code::TLS, format!("{wanted:?} is not a name that TLS can ask for")))?;
        let link = ClientConnection::new(Arc::clone(&config), name)
            .map_err(|error| Error::new(&code::TLS, format!("TLS could not be set up: {error}")))?;
        Ok(Session { link, under, waiting: false, ended: false, polite: false })
    }

    /// One step of the handshake; true when it is done and everything is sent.
    ///
    /// # Errors
    /// `WouldBlock`, or what broke.
    pub fn step(&mut self) -> io::Result<bool> {
        self.try_flush()?;
        if !self.link.is_handshaking() {
            return Ok(true);
        }
        if !self.feed()? {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
        }
        Ok(false)
    }

    /// Takes in what came below; false at its end.
    fn feed(&mut self) -> io::Result<bool> {
        if self.ended || self.link.read_tls(&mut Below(&mut self.under))? == 0 {
            self.ended = true;
            return Ok(false);
        }
        match self.link.process_new_packets() {
            Ok(state) => {
                self.waiting = state.plaintext_bytes_to_read() > 0;
                Ok(true)
            }
            Err(error) => {
                // The alert that tells the server why.
                let _ = self.try_flush();
                Err(io::Error::new(io::ErrorKind::InvalidData, error))
            }
        }
    }

    /// See [`Stream::try_send`].
    ///
    /// # Errors
    /// As there.
    pub fn try_send(&mut self, front: &[u8], back: &[u8]) -> io::Result<usize> {
        // What an earlier call took must leave first, or the caller would never be slowed down.
        self.try_flush()?;
        let mut taken = self.link.writer().write(front)?;
        if taken == front.len() {
            taken += self.link.writer().write(back)?;
        }
        // What fails here fails again at the next call; until then the bytes count as sent, because some may have been.
        let _ = self.try_flush();
        Ok(taken)
    }

    /// See [`Stream::try_flush`].
    ///
    /// # Errors
    /// As there.
    pub fn try_flush(&mut self) -> io::Result<()> {
        while self.link.wants_write() {
            self.link.write_tls(&mut Below(&mut self.under))?;
        }
        self.under.try_flush()
    }

    /// See [`Stream::try_recv`]. The end without a goodbye is the end all the same: HTTP's own framing tells whether
    /// something is missing, and for a body that ends with the connection there is [`Session::ended_politely`].
    ///
    /// # Errors
    /// As there.
    pub fn try_recv(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.link.reader().read(buffer) {
                Ok(count) => {
                    self.waiting = count > 0 && count == buffer.len();
                    self.polite = count == 0 && !buffer.is_empty();
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
                Err(_) => {}
            }
            // A failing write must not hide what can still be read.
            let _ = self.try_flush();
            if !self.feed()? {
                return Ok(0);
            }
        }
    }

    /// See [`Stream::ended_politely`].
    #[must_use]
    pub fn ended_politely(&self) -> bool {
        self.polite
    }

    /// The descriptor at the bottom.
    #[must_use]
    pub fn fd(&self) -> RawFd {
        self.under.fd()
    }

    /// The stream below.
    #[must_use]
    pub fn under(&self) -> &Stream {
        &self.under
    }

    /// The same, to be changed.
    pub fn under_mut(&mut self) -> &mut Stream {
        &mut self.under
    }

    /// Whether something must be written before more can be read.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.link.wants_write()
    }

    /// Whether decrypted bytes may wait, which polling does not show.
    #[must_use]
    pub fn holds_bytes(&self) -> bool {
        self.waiting
    }

    /// Says goodbye if the system takes it at once.
    pub fn say_goodbye(&mut self) {
        self.link.send_close_notify();
        let _ = self.try_flush();
    }

    /// What is known about it.
    #[must_use]
    pub fn info(&self) -> TlsInfo {
        let version = match self.link.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        };
        let cipher = self.link.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        TlsInfo {
            version,
            cipher: cipher.unwrap_or_default().replace("TLS13_", "TLS_"),
            alpn: self.link.alpn_protocol().map(<[u8]>::to_vec),
            certificate: self.link.peer_certificates().and_then(|chain| chain.first()).map(|own| own.to_vec()),
            resumed: self.link.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
        }
    }
}

/// The error of a handshake that broke.
pub(crate) fn broken(fault: Fault, host: &str) -> Error {
    match fault {
        Fault::Broken(error) => match trouble::inside(&error) {
            Some(inner) => trouble::explain(inner, host).phase("tls"),
            None => {
                let fault = Fault::Broken(error);
                fault.into_error(&code::TLS, &format!("the TLS handshake with {host} broke off"), "tls")
            }
        },
        Fault::Over(error) => error,
    }
}
