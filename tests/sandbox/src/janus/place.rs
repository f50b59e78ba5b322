//! What the system tells about a process: where it listens and whether it is stopped. And what asks a server
//! whether it is there.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The state of a listener in `/proc/PID/net/tcp`.
const LISTEN: &str = "0A";
/// How long one look may wait for its answer.
const WAIT: Duration = Duration::from_secs(2);

/// The listeners of TCP in the network of a process: port and number of the socket.
fn listeners(pid: u32) -> Vec<(u16, String)> {
    let table = |name: &str| fs::read_to_string(format!("/proc/{pid}/net/{name}")).unwrap_or_default();
    let listener = |line: &str| {
        let mut words = line.split_whitespace();
        let port = words.nth(1)?.split_once(':')?.1;
        let port = u16::from_str_radix(port, 16).ok()?;
        (words.nth(1)? == LISTEN).then_some(())?;
        Some((port, words.nth(5)?.to_owned()))
    };
    let tables = [table("tcp"), table("tcp6")];
    tables.iter().flat_map(|table| table.lines().skip(1).filter_map(listener)).collect()
}

/// The ports with a listener: those of this process, and those of others.
pub fn listening(pid: u32) -> [BTreeSet<u16>; 2] {
    // Before the open files: what is in this table and not among them is not of the process.
    let listeners = listeners(pid);
    let open: BTreeSet<_> = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok()?.into_os_string().into_string().ok())
        .collect();
    let (ours, others): (Vec<_>, Vec<_>) =
        listeners.into_iter().partition(|(_, socket)| open.contains(&format!("socket:[{socket}]")));
    [ours, others].map(|ports| ports.into_iter().map(|(port, _)| port).collect())
}

/// Whether all threads of the process are stopped.
pub fn frozen(pid: u32) -> io::Result<bool> {
    let mut states = BTreeSet::new();
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end meanwhile.
        let Ok(stat) = fs::read_to_string(task?.path().join("stat")) else { continue };
        // Behind the name, which may hold blanks and brackets.
        states.insert(stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T')));
    }
    Ok(!states.contains(&false))
}

/// The answer to a GET of a server, head and body.
pub fn get(server: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = connect(server)?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {server}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Whether a server accepts a WebSocket of this protocol, which is closed again.
pub fn accepts(server: SocketAddr, protocol: &str) -> io::Result<bool> {
    let mut stream = connect(server)?;
    let head = format!(
        "GET / HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    );
    stream.write_all(head.as_bytes())?;
    let mut status = [0; 12];
    stream.read_exact(&mut status)?;
    Ok(&status == b"HTTP/1.1 101")
}

fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server, WAIT)?;
    stream.set_read_timeout(Some(WAIT))?;
    Ok(stream)
}
