//! Starting and stopping: binds every listener, makes the certificates, and knows all addresses.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

use crate::certificate::Certificates;
use crate::ftrack::{self, Ftrack, Setup as FtrackSetup};
use crate::janus::{Janus, Setup as JanusSetup};
use crate::mesh::{self, Mesh, Setup as MeshSetup};
use crate::request::{Args, parse_pairs};
use crate::server::{self, Service, Speaks};
use crate::state::{Counter, Fault, State};

type Failure = Box<dyn Error + Send + Sync>;

/// Connections that may wait to be accepted; the kernel may cap it lower.
const BACKLOG: i32 = 4096;

/// What most listeners speak.
const HTTP1: Speaks = Speaks::Http { h2: false };

/// How a sandbox is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address of all listeners but `http_v6`.
    pub host: IpAddr,
    /// Port of `http`; 0 takes a free one. The others always take free ones.
    pub port: u16,
    /// Whether requests are logged.
    pub log: bool,
    /// Worker threads of the event loop.
    pub threads: usize,
    /// Faults laid over the endpoints from the start.
    pub faults: Vec<Fault>,
    /// The ftrack server, on all listeners that speak HTTP; none if `None`.
    pub ftrack: Option<FtrackSetup>,
    /// The Mesh server, on listeners of its own; none if `None`.
    pub mesh: Option<MeshSetup>,
    /// A real Janus beside, which the machine must have; none if `None`.
    pub janus: Option<JanusSetup>,
}

impl Default for Options {
    fn default() -> Self {
        let host = IpAddr::V4(Ipv4Addr::LOCALHOST);
        Self { host, port: 0, log: true, threads: 2, faults: Vec::new(), ftrack: None, mesh: None, janus: None }
    }
}

/// A running sandbox; it stops and removes its directory when dropped. URLs have no trailing slash and no
/// credentials.
pub struct Sandbox {
    /// Plain HTTP.
    pub http: String,
    /// Plain HTTP over IPv6, if the machine has it.
    pub http_v6: Option<String>,
    /// HTTPS with a good certificate.
    pub https: String,
    /// HTTPS, certificate signed by itself.
    pub https_selfsigned: String,
    /// HTTPS, certificate out of date.
    pub https_expired: String,
    /// HTTPS, certificate for another host.
    pub https_wronghost: String,
    /// HTTPS that needs a client certificate.
    pub https_mtls: String,
    /// HTTP proxy.
    pub http_proxy: String,
    /// HTTP proxy that needs `user:pass`.
    pub http_proxy_auth: String,
    /// HTTP proxy behind TLS.
    pub https_proxy: String,
    /// SOCKS 4, 4a and 5 proxy.
    pub socks_proxy: String,
    /// SOCKS proxy that needs `user:pass`.
    pub socks_proxy_auth: String,
    /// HTTPS with a good certificate that offers `h2` and `http/1.1`.
    pub https2: String,
    /// HTTPS with a good certificate that speaks HTTP/2 alone.
    pub h2only: String,
    /// Plain HTTP/2 by prior knowledge, and HTTP/1 for who speaks that.
    pub h2c: String,
    /// Path of the Unix socket.
    pub unix: PathBuf,
    /// PEM of the authority.
    pub ca: PathBuf,
    /// Directory with the authority under OpenSSL's name.
    pub ca_dir: PathBuf,
    /// PEM of the client certificate.
    pub client_cert: PathBuf,
    /// PEM of the client key.
    pub client_key: PathBuf,
    /// Both in one PEM.
    pub client_pem: PathBuf,
    /// The client key encrypted with the password `secret`.
    pub client_key_encrypted: PathBuf,
    /// Pin of the good certificate's key.
    pub pin: String,
    /// The storage of the ftrack server, a host of its own.
    pub ftrack_storage: Option<String>,
    /// Addresses of the Mesh server, `host:port`, by the name of the listener: `mesh`, `mesh_tls` (certificate of the
    /// authority), `mesh_selfsigned` (certificate that signs itself and says that it is an authority, as `openssl req
    /// -x509` makes it), `mesh_cn` (the same with nothing but a common name). Empty if there is none.
    pub mesh: BTreeMap<&'static str, String>,
    /// PEM of the certificates of `mesh_selfsigned` and `mesh_cn`.
    pub mesh_certificates: [PathBuf; 2],
    /// The real Janus beside, if there is one.
    pub janus: Option<Janus>,
    /// Directory of all files; removed on drop.
    pub dir: PathBuf,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

struct Starting {
    host: IpAddr,
    state: Arc<State>,
    next: usize,
}

/// Order of the counters, which is the order in which listeners are started.
const LISTENERS: [&str; 21] = [
    "http",
    "http_v6",
    "https",
    "https_selfsigned",
    "https_expired",
    "https_wronghost",
    "https_mtls",
    "http_proxy",
    "http_proxy_auth",
    "https_proxy",
    "socks_proxy",
    "socks_proxy_auth",
    "https2",
    "h2only",
    "h2c",
    "ftrack_storage",
    "unix",
    "mesh",
    "mesh_tls",
    "mesh_selfsigned",
    "mesh_cn",
];

impl Starting {
    fn service(&mut self, speaks: Speaks, tls: Option<&Arc<rustls::ServerConfig>>) -> Service {
        let counter = self.next;
        self.next += 1;
        let tls = tls.map(|config| TlsAcceptor::from(Arc::clone(config)));
        Service { counter, speaks, tls, state: Arc::clone(&self.state) }
    }

    fn tcp(
        &mut self,
        scheme: &str,
        port: u16,
        speaks: Speaks,
        tls: Option<&Arc<rustls::ServerConfig>>,
    ) -> io::Result<String> {
        let service = self.service(speaks, tls);
        let orders = self.state.gate(service.counter);
        let listener = bind(SocketAddr::new(self.host, port))?;
        let url = format!("{scheme}://{}", listener.local_addr()?);
        tokio::spawn(server::accept_tcp(listener, service, orders));
        Ok(url)
    }
}

/// A listener at that address, which may be one that was closed a moment ago.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

impl Sandbox {
    /// Starts everything. Returns when all listeners accept.
    ///
    /// # Errors
    /// When a port cannot be bound or a file cannot be written.
    pub fn start(options: Options) -> Result<Self, Failure> {
        let runtime = Builder::new_multi_thread().worker_threads(options.threads.max(1)).enable_all().build()?;
        let dir = make_dir()?;
        // On a thread of its own, because the caller may be inside another event loop.
        let handle = runtime.handle();
        let started =
            std::thread::scope(|scope| scope.spawn(|| handle.block_on(async { Self::listen(&options, &dir) })).join());
        match started {
            Ok(Ok(mut sandbox)) => {
                sandbox.runtime = Some(runtime);
                // Blocks: it has no place in the event loop.
                sandbox.janus = options.janus.as_ref().map(Janus::start).transpose()?;
                Ok(sandbox)
            }
            failed => {
                runtime.shutdown_background();
                let _ = fs::remove_dir_all(&dir);
                match failed {
                    Ok(Err(error)) => Err(error),
                    _ => Err("the sandbox panicked while starting".into()),
                }
            }
        }
    }

    fn listen(options: &Options, dir: &Path) -> Result<Self, Failure> {
        let certificates = Certificates::make(dir)?;
        let counters = LISTENERS.iter().map(|listener| Counter::new(listener)).collect();
        let server = options.ftrack.as_ref().map(Ftrack::new).transpose()?;
        let mesh = options.mesh.as_ref().map(Mesh::new).transpose()?.map(Arc::new);
        let state = Arc::new(State::new(options.log, counters, server, mesh));
        for fault in &options.faults {
            state.add_fault(fault.clone());
        }
        let mut starting = Starting { host: options.host, state, next: 0 };
        let http = starting.tcp("http", options.port, HTTP1, None)?;
        let v6 = starting.service(HTTP1, None);
        let orders = starting.state.gate(v6.counter);
        let http_v6 = bind(SocketAddr::new(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST), 0)).ok().and_then(|listener| {
            let url = format!("http://{}", listener.local_addr().ok()?);
            tokio::spawn(server::accept_tcp(listener, v6, orders));
            Some(url)
        });
        let mut https = |config| starting.tcp("https", 0, HTTP1, Some(config));
        let sandbox = Self {
            http,
            http_v6,
            https: https(&certificates.good)?,
            https_selfsigned: https(&certificates.selfsigned)?,
            https_expired: https(&certificates.expired)?,
            https_wronghost: https(&certificates.wronghost)?,
            https_mtls: https(&certificates.mtls)?,
            http_proxy: starting.tcp("http", 0, Speaks::Proxy { auth: false }, None)?,
            http_proxy_auth: starting.tcp("http", 0, Speaks::Proxy { auth: true }, None)?,
            https_proxy: starting.tcp("https", 0, Speaks::Proxy { auth: false }, Some(&certificates.good))?,
            socks_proxy: starting.tcp("socks5h", 0, Speaks::Socks { auth: false }, None)?,
            socks_proxy_auth: starting.tcp("socks5h", 0, Speaks::Socks { auth: true }, None)?,
            https2: starting.tcp("https", 0, Speaks::Http { h2: true }, Some(&certificates.good_both))?,
            h2only: starting.tcp("https", 0, Speaks::Http2, Some(&certificates.good_h2))?,
            h2c: starting.tcp("http", 0, Speaks::Http { h2: true }, None)?,
            unix: dir.join("http.sock"),
            ca: certificates.ca,
            ca_dir: certificates.ca_dir,
            client_cert: certificates.client_cert,
            client_key: certificates.client_key,
            client_pem: certificates.client_pem,
            client_key_encrypted: certificates.client_key_encrypted,
            pin: certificates.pin,
            ftrack_storage: None,
            mesh: BTreeMap::new(),
            mesh_certificates: certificates.mesh.clone(),
            janus: None,
            dir: dir.to_owned(),
            state: Arc::clone(&starting.state),
            runtime: None,
        };
        // Its counter is taken in any case, so that those behind it keep their places.
        let mut sandbox = sandbox;
        if let Some(server) = &sandbox.state.ftrack {
            let storage = starting.tcp("http", 0, HTTP1, None)?;
            server.reached_at(&sandbox.http, &storage);
            sandbox.ftrack_storage = Some(storage);
        } else {
            starting.next += 1;
        }
        let listener = UnixListener::bind(&sandbox.unix)?;
        tokio::spawn(server::accept_unix(listener, starting.service(HTTP1, None)));
        if let Some(setup) = &options.mesh {
            let tls = [&certificates.good_h2, &certificates.mesh_selfsigned, &certificates.mesh_cn].map(Some);
            let listeners = LISTENERS.iter().skip(starting.next).zip(std::iter::once(None).chain(tls));
            for (name, tls) in listeners.collect::<Vec<_>>() {
                let port = if tls.is_none() { setup.port } else { 0 };
                let url = starting.tcp("mesh", port, Speaks::Grpc, tls)?;
                sandbox.mesh.insert(name, url.trim_start_matches("mesh://").to_owned());
            }
        }
        Ok(sandbox)
    }

    /// Gives the ftrack server an order, as `POST /_ftrack?...` takes it.
    ///
    /// # Errors
    /// When there is no such server or it does not understand.
    pub fn ftrack_order(&self, order: &str) -> Result<Value, String> {
        let server = self.state.ftrack.as_ref().ok_or("there is no ftrack server")?;
        ftrack::apply(server, &Args(parse_pairs(order)))
    }

    /// Returns once this many requests are held by the fault `hold`.
    pub fn ftrack_held(&self, count: usize) {
        if let Some(server) = &self.state.ftrack {
            server.gate.wait(count);
        }
    }

    /// What the ftrack server holds, asked in its own query language.
    ///
    /// # Errors
    /// When there is no such server or the query is wrong.
    pub fn ftrack_query(&self, expression: &str) -> Result<Value, String> {
        let server = self.state.ftrack.as_ref().ok_or("there is no ftrack server")?;
        ftrack::ask(server, expression)
    }

    /// The requests to the ftrack server after entry `since`, as `/_ftrack/log` shows them.
    pub fn ftrack_log(&self, since: u64, ids: bool) -> Value {
        ftrack::log(&self.state, since, ids)
    }

    /// Gives the Mesh server an order, as `POST /_mesh?...` takes it.
    ///
    /// # Errors
    /// When there is no such server or it does not understand.
    pub fn mesh_order(&self, order: &str) -> Result<Value, String> {
        let server = self.state.mesh.as_ref().ok_or("there is no Mesh server")?;
        mesh::apply(server, &Args(parse_pairs(order)))
    }

    /// The calls to the Mesh server after entry `since`, as `/_mesh/log` shows them.
    pub fn mesh_log(&self, since: u64, method: Option<&str>, ids: bool) -> Value {
        self.state.mesh.as_ref().map_or(Value::Null, |server| mesh::log(server, since, method, ids))
    }

    /// All addresses and paths under the names of the fields, as the ready file has them.
    pub fn to_json(&self) -> Value {
        let mut all = Map::new();
        let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
        put("http", self.http.as_str().into());
        if let Some(url) = &self.http_v6 {
            put("http_v6", url.as_str().into());
        }
        for (name, url) in [
            ("https", &self.https),
            ("https_selfsigned", &self.https_selfsigned),
            ("https_expired", &self.https_expired),
            ("https_wronghost", &self.https_wronghost),
            ("https_mtls", &self.https_mtls),
            ("http_proxy", &self.http_proxy),
            ("http_proxy_auth", &self.http_proxy_auth),
            ("https_proxy", &self.https_proxy),
            ("socks_proxy", &self.socks_proxy),
            ("socks_proxy_auth", &self.socks_proxy_auth),
            ("https2", &self.https2),
            ("h2only", &self.h2only),
            ("h2c", &self.h2c),
            ("pin", &self.pin),
        ] {
            put(name, url.as_str().into());
        }
        if let (Some(storage), Some(server)) = (&self.ftrack_storage, &self.state.ftrack) {
            put("ftrack", self.http.as_str().into());
            put("ftrack_storage", storage.as_str().into());
            put("ftrack_user", "jenkins".into());
            put("ftrack_key", server.api_key().into());
        }
        for (name, address) in &self.mesh {
            put(name, address.as_str().into());
        }
        if !self.mesh.is_empty() {
            for (name, path) in ["mesh_selfsigned_cert", "mesh_cn_cert"].iter().zip(&self.mesh_certificates) {
                put(name, path.to_string_lossy().into());
            }
        }
        if let Some(janus) = &self.janus {
            for (name, value) in janus.to_json() {
                put(&name, value);
            }
        }
        for (name, path) in [
            ("unix", &self.unix),
            ("ca", &self.ca),
            ("ca_dir", &self.ca_dir),
            ("client_cert", &self.client_cert),
            ("client_key", &self.client_key),
            ("client_pem", &self.client_pem),
            ("client_key_encrypted", &self.client_key_encrypted),
            ("dir", &self.dir),
        ] {
            put(name, path.to_string_lossy().into());
        }
        put("pid", std::process::id().into());
        Value::Object(all)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn make_dir() -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let base = std::env::temp_dir();
    let mut number = 0;
    loop {
        let dir = base.join(format!("haft-sandbox-{}-{number}", std::process::id()));
        match fs::DirBuilder::new().mode(0o700).create(&dir) {
            Ok(()) => return Ok(dir),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}
