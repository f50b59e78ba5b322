//! One connection's bytes: the stream below, what was read and not yet used, and how bodies are framed.
//! It is written here, not taken from an HTTP library, because the log and the faults need the very bytes
//! (RFC 9112 sections 2, 6 and 7).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::server::TlsStream;

/// A head above this size is refused: nothing that tests a client sends more.
const HEAD_MAX_BYTES: usize = 4 << 20;
/// A chunk-size line above this size is malformed.
const LINE_MAX_BYTES: usize = 64 << 10;

/// What carries a connection.
pub enum Stream {
    /// Plain TCP.
    Tcp(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<TcpStream>>),
    /// A Unix-domain socket.
    Unix(UnixStream),
}

impl Stream {
    /// The TCP socket below, absent on a Unix socket.
    pub fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            Self::Tls(tls) => Some(tls.get_ref().0),
            Self::Unix(_) => None,
        }
    }

    /// Makes the coming drop of the socket send RST. On a Unix socket it stays a plain close.
    pub fn arm_reset(&self) {
        if let Some(tcp) = self.tcp() {
            // A failure here leaves a FIN in place of the RST: nothing that the server could do better.
            let _ = socket2::SockRef::from(tcp).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_read(cx, buf),
            Self::Tls(s) => Pin::new(s.as_mut()).poll_read(cx, buf),
            Self::Unix(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_write(cx, buf),
            Self::Tls(s) => Pin::new(s.as_mut()).poll_write(cx, buf),
            Self::Unix(s) => Pin::new(s).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_flush(cx),
            Self::Tls(s) => Pin::new(s.as_mut()).poll_flush(cx),
            Self::Unix(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(s) => Pin::new(s).poll_shutdown(cx),
            Self::Tls(s) => Pin::new(s.as_mut()).poll_shutdown(cx),
            Self::Unix(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}

/// A stream with its read buffer.
pub struct Wire {
    /// The stream itself.
    pub stream: Stream,
    buffer: Vec<u8>,
    at: usize,
}

impl Wire {
    /// Wraps a fresh stream.
    pub fn new(stream: Stream) -> Self {
        Self { stream, buffer: Vec::new(), at: 0 }
    }

    /// What was read and not used yet.
    pub fn pending(&self) -> &[u8] {
        &self.buffer[self.at..]
    }

    /// Takes everything that was read and not used yet.
    pub fn take_pending(&mut self) -> Vec<u8> {
        let rest = self.pending().to_vec();
        self.consume(rest.len());
        rest
    }

    /// Marks the first `count` pending bytes as used.
    pub fn consume(&mut self, count: usize) {
        self.at += count;
        if self.at >= self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
            // An idle connection must stay small: ten thousand of them are kept open by the benches.
            if self.buffer.capacity() > 16 << 10 {
                self.buffer = Vec::new();
            }
        }
    }

    /// Reads more, at most about `want` bytes. Zero means that the peer closed.
    pub async fn fill(&mut self, want: usize) -> io::Result<usize> {
        if self.at > 0 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.reserve(want);
        self.stream.read_buf(&mut self.buffer).await
    }

    /// Reads up to and including the empty line. `None` if the peer closed before the head was whole.
    pub async fn read_head(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            // Empty lines before a request line are to be ignored (RFC 9112 section 2.2).
            while searched == 0 && self.pending().starts_with(b"\r\n") {
                self.consume(2);
            }
            let pending = self.pending();
            let from = searched.min(pending.len());
            if let Some(found) = pending[from..].windows(4).position(|four| four == b"\r\n\r\n") {
                let size = from + found + 4;
                let head = pending[..size].to_vec();
                self.consume(size);
                return Ok(Some(head));
            }
            if pending.len() > HEAD_MAX_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the head was too long"));
            }
            searched = pending.len().saturating_sub(3);
            if self.fill(2 << 10).await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads one line with its end.
    pub async fn read_line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.pending().iter().position(|byte| *byte == b'\n') {
                let line = self.pending()[..=end].to_vec();
                self.consume(line.len());
                return Ok(line);
            }
            if self.pending().len() > LINE_MAX_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line was too long"));
            }
            if self.fill(2 << 10).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads exactly `count` bytes.
    pub async fn read_exact(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.pending().len() < count {
            if self.fill(2 << 10).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let bytes = self.pending()[..count].to_vec();
        self.consume(count);
        Ok(bytes)
    }

    /// Writes and flushes (TLS keeps records back until flushed).
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        if matches!(self.stream, Stream::Tls(_)) { self.stream.flush().await } else { Ok(()) }
    }
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many bytes.
    Sized(u64),
    /// Chunked.
    Chunked,
    /// Up to the end of the connection; answers only.
    UntilEof,
    /// Up to the end of an HTTP/2 stream, size unknown; never read off a wire.
    Streamed,
}

#[derive(Clone, Copy)]
enum Chunk {
    Size,
    Data(u64),
    End,
    Trailer,
}

/// Reads one body off a wire.
pub struct Body {
    /// How it is framed.
    pub framing: Framing,
    left: u64,
    chunk: Chunk,
    done: bool,
}

impl Body {
    /// A reader at the body's first byte.
    pub fn new(framing: Framing) -> Self {
        let left = if let Framing::Sized(size) = framing { size } else { 0 };
        let done = framing == Framing::None || framing == Framing::Sized(0);
        Self { framing, left, chunk: Chunk::Size, done }
    }

    /// Whether the last byte was read.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Reads the next piece: payload is appended to `data`, the bytes as they were on the wire to `raw`.
    /// False when the body is at its end.
    pub async fn next(&mut self, wire: &mut Wire, data: &mut Vec<u8>, raw: &mut Vec<u8>) -> io::Result<bool> {
        if self.done {
            return Ok(false);
        }
        match self.framing {
            Framing::None | Framing::Streamed => self.done = true,
            Framing::Sized(_) => {
                self.left -= copy_pending(wire, self.left, data, raw, false).await?;
                self.done = self.left == 0;
            }
            Framing::UntilEof => {
                self.done = copy_pending(wire, u64::MAX, data, raw, true).await? == 0;
            }
            Framing::Chunked => self.next_chunked(wire, data, raw).await?,
        }
        Ok(!self.done)
    }

    async fn next_chunked(&mut self, wire: &mut Wire, data: &mut Vec<u8>, raw: &mut Vec<u8>) -> io::Result<()> {
        match self.chunk {
            Chunk::Size => {
                let line = wire.read_line().await?;
                raw.extend_from_slice(&line);
                let text = String::from_utf8_lossy(&line);
                let digits = text.split(';').next().unwrap_or_default().trim();
                let size = u64::from_str_radix(digits, 16)
                    .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a chunk size was not hexadecimal"))?;
                self.chunk = if size == 0 { Chunk::Trailer } else { Chunk::Data(size) };
            }
            Chunk::Data(size) => {
                let rest = size - copy_pending(wire, size, data, raw, false).await?;
                self.chunk = if rest == 0 { Chunk::End } else { Chunk::Data(rest) };
            }
            Chunk::End => {
                let end = wire.read_line().await?;
                raw.extend_from_slice(&end);
                if end != b"\r\n" {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "a chunk did not end with a line end"));
                }
                self.chunk = Chunk::Size;
            }
            Chunk::Trailer => {
                let line = wire.read_line().await?;
                raw.extend_from_slice(&line);
                self.done = line == b"\r\n" || line == b"\n";
            }
        }
        Ok(())
    }
}

/// Moves what is there, up to `most` bytes, reading once if nothing is.
async fn copy_pending(
    wire: &mut Wire,
    most: u64,
    data: &mut Vec<u8>,
    raw: &mut Vec<u8>,
    eof_allowed: bool,
) -> io::Result<u64> {
    if wire.pending().is_empty() && wire.fill(64 << 10).await? == 0 {
        return if eof_allowed { Ok(0) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
    }
    let count = wire.pending().len().min(usize::try_from(most).unwrap_or(usize::MAX));
    data.extend_from_slice(&wire.pending()[..count]);
    raw.extend_from_slice(&wire.pending()[..count]);
    wire.consume(count);
    Ok(count as u64)
}
