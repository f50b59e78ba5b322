//! The real Janus of the machine (`apt-get install janus`), started on loopback (unless a test wants another address) with a configuration of its own. Nothing
//! here stands in for it: a Janus that the machine runs by itself is neither used nor touched.
//!
//! Every server has a folder, which is removed at its end, and a guard: a shell with a process group of its own that
//! sends its signals, and that ends it and removes the folder when whoever started it died.

#![expect(
    clippy::disallowed_methods,
    reason = "the rule is the library's; what starts a server has a clock of its own"
)]

mod guard;
mod place;
mod setup;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use self::guard::Guard;
pub use self::setup::{ADMIN_SECRET, ROOM_SECRET, Setup};
use self::setup::{Installed, Pem, Ports};
use crate::certificate;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long a start or an end may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at something that has no event to wait for.
const LOOK: Duration = Duration::from_millis(5);
/// Who else looks for free ports may take ours before Janus does: then others are looked for.
const TRIES: u32 = 5;
/// Janus starts the threads of two transports before it says that they are initialized, which is when they end at once if
/// they were quick, as on a busy machine. Such a server would be there without them: it is started again.
const QUICK: [&str; 2] = ["Unix Sockets thread ended", "WebSockets thread ended"];
/// How often that is done.
const QUICK_TRIES: u32 = 40;
/// What to do where there is no Janus.
const MISSING: &str = "there is no janus on this machine: `apt-get install janus` gets it, or scripts/test";
/// The source of what takes the loopback flag from the interfaces.
const LOOPBACK: &str = include_str!("loopback.c");

/// A running Janus. It is killed and its folder removed when dropped.
pub struct Janus {
    /// `http://…/janus`
    pub http: String,
    /// `https://…/janus`, with [`Setup::tls`].
    pub https: Option<String>,
    /// `ws://…/`
    pub ws: String,
    /// `wss://…/`, with [`Setup::tls`].
    pub wss: Option<String>,
    /// `http://…/admin`
    pub admin_http: String,
    /// `ws://…/` of the admin API.
    pub admin_ws: String,
    /// The Unix socket.
    pub unix: PathBuf,
    /// The Unix socket of the admin API.
    pub admin_unix: PathBuf,
    /// PEM of the authority of `https` and `wss`.
    pub ca: Option<PathBuf>,
    /// The folder of everything.
    pub dir: PathBuf,
    name: String,
    setup: Setup,
    ports: Ports,
    program: PathBuf,
    guard: Guard,
    child: Mutex<Option<Child>>,
}

/// Whether this machine has a Janus.
pub fn installed() -> bool {
    find().is_ok()
}

fn find() -> Result<Installed, Failure> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&path).map(|folder| folder.join("janus")).find(|file| file.is_file());
    let mut folders: Vec<_> = ["/usr/lib", "/usr/local/lib", "/opt/janus/lib"].map(PathBuf::from).into();
    folders.extend(fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path()));
    let objects =
        folders.into_iter().map(|folder| folder.join("janus")).find(|folder| folder.join("transports").is_dir());
    Ok(Installed { program: program.ok_or(MISSING)?, objects: objects.ok_or(MISSING)? })
}

impl Janus {
    /// Starts one. Returns when all of its listeners are there and it answers.
    ///
    /// # Errors
    /// When there is none on this machine, or it does not come up: its log is in the message.
    pub fn start(setup: &Setup) -> Result<Self, Failure> {
        let installed = find()?;
        let mut tried = 0;
        loop {
            tried += 1;
            let janus = Self::prepare(setup, &installed)?;
            match janus.spawn() {
                Ok(()) => return Ok(janus),
                Err(error) if tried == TRIES => return Err(error),
                Err(_) => {}
            }
        }
    }

    fn prepare(setup: &Setup, installed: &Installed) -> Result<Self, Failure> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("haft-janus-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(&name);
        // What another process of that number left behind.
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir)?;
        let guard = Guard::new(&dir)?;
        let ports = free_ports(setup)?;
        let made = setup.tls.then(|| certificate::server_files(&dir)).transpose()?;
        let (ca, pem) = made.map_or((None, None), |[ca, certificate, key]| (Some(ca), Some(Pem { certificate, key })));
        setup::write(setup, &dir, &name, &ports, pem.as_ref(), installed)?;
        shim(&dir)?;
        let url = |scheme: &str, port, path: &str| format!("{scheme}://{}{path}", SocketAddr::new(setup.address, port));
        Ok(Self {
            http: url("http", ports.http, "/janus"),
            https: setup.tls.then(|| url("https", ports.https, "/janus")),
            ws: url("ws", ports.ws, "/"),
            wss: setup.tls.then(|| url("wss", ports.wss, "/")),
            admin_http: url("http", ports.admin_http, "/admin"),
            admin_ws: url("ws", ports.admin_ws, "/"),
            unix: dir.join("janus.sock"),
            admin_unix: dir.join("admin.sock"),
            ca,
            dir,
            name,
            setup: setup.clone(),
            ports,
            program: installed.program.clone(),
            guard,
            child: Mutex::new(None),
        })
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server was set up with.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The process; none while it is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// All that it wrote into its log since the first start.
    pub fn log(&self) -> String {
        fs::read(self.dir.join("log"))
            .map_or_else(|error| error.to_string(), |log| String::from_utf8_lossy(&log).into_owned())
    }

    /// Starts it again after [`stop`](Self::stop) or [`kill`](Self::kill), on the same ports and with none of what it
    /// knew.
    ///
    /// # Errors
    /// When it runs, or does not come up.
    pub fn restart(&self) -> Result<(), Failure> {
        if self.child().is_some() {
            return Err("it runs".into());
        }
        self.spawn()
    }

    fn spawn(&self) -> Result<(), Failure> {
        let mut tried = 0;
        loop {
            tried += 1;
            let written = self.log().len();
            let pid = self.launch()?;
            let failed = match self.come_up(pid, written) {
                Ok(true) => return Ok(()),
                Ok(false) => format!("its threads ended at once, {tried} times").into(),
                Err(error) => error,
            };
            let quick = self.ended_quickly(written);
            let _ = self.kill();
            if !quick || tried == QUICK_TRIES {
                return Err(format!("janus did not come up: {failed}\n{}", self.log()).into());
            }
        }
    }

    fn launch(&self) -> Result<u32, Failure> {
        // Those of a run before are no listeners any more, but stand in the way of the next.
        let _ = fs::remove_file(&self.unix);
        let _ = fs::remove_file(&self.admin_unix);
        let log = File::options().create(true).append(true).open(self.dir.join("log"))?;
        let mut command = match self.setup.network {
            None => Command::new(&self.program),
            // It becomes the server, under the number that it has.
            Some(pid) => {
                let mut command = Command::new("nsenter");
                command.arg(format!("--net=/proc/{pid}/ns/net")).arg(&self.program);
                command
            }
        };
        command.arg("-F").arg(&self.dir).arg("-C").arg(self.dir.join("janus.jcfg")).arg("--disable-colors");
        command.env("LD_PRELOAD", self.dir.join("loopback.so")).current_dir(&self.dir).process_group(0);
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let pid = child.id();
        *self.child() = Some(child);
        self.guard.watch(pid)?;
        Ok(pid)
    }

    /// Whether a transport's thread ended, by what the log says behind its first `written` bytes.
    fn ended_quickly(&self, written: usize) -> bool {
        let log = self.log();
        let new = log.get(written..).unwrap_or_default();
        QUICK.iter().any(|line| new.contains(line))
    }

    /// Whether it came up whole; false when a transport's thread ended.
    fn come_up(&self, pid: u32, written: usize) -> Result<bool, Failure> {
        let mut wanted = vec![self.ports.http, self.ports.admin_http, self.ports.ws, self.ports.admin_ws];
        if self.setup.tls {
            wanted.extend([self.ports.https, self.ports.wss]);
        }
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child().as_mut().and_then(|child| child.try_wait().transpose()).transpose()? {
                return Err(format!("it ended with {status}").into());
            }
            let [ours, others] = place::listening(pid);
            let missing: Vec<_> = wanted.iter().filter(|port| !ours.contains(port)).collect();
            if missing.is_empty() && self.unix.exists() && self.admin_unix.exists() && self.answers() {
                return Ok(true);
            }
            if self.ended_quickly(written) {
                return Ok(false);
            }
            if let Some(port) = missing.iter().find(|port| others.contains(port)) {
                return Err(format!("another process took port {port}").into());
            }
            if Instant::now() > until {
                return Err(format!("after {PATIENCE:?} without listeners at {missing:?}").into());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Whether the server at our ports is ours and answers. The log is written by a thread of its own: what does not stand
    /// there yet shows in a transport that is silent.
    fn answers(&self) -> bool {
        let at = |port| SocketAddr::new(self.setup.address, port);
        place::get(at(self.ports.http), "/janus/info").is_ok_and(|answer| answer.contains(&format!("\"{}\"", self.name)))
            && matches!(place::accepts(at(self.ports.ws), "janus-protocol"), Ok(true))
            && matches!(place::accepts(at(self.ports.admin_ws), "janus-admin-protocol"), Ok(true))
    }

    /// Ends it as the system would (SIGTERM), and waits for that. Returns how long it took.
    ///
    /// # Errors
    /// When it does not run, or does not end.
    pub fn stop(&self) -> Result<Duration, Failure> {
        let began = Instant::now();
        let pid = self.pid().ok_or("it does not run")?;
        self.guard.signal("TERM")?;
        while self.child().as_mut().map(Child::try_wait).transpose()?.flatten().is_none() {
            if began.elapsed() > PATIENCE {
                return Err(format!("process {pid} did not end after SIGTERM").into());
            }
            std::thread::sleep(LOOK);
        }
        self.guard.forget()?;
        *self.child() = None;
        Ok(began.elapsed())
    }

    /// Ends it at once (SIGKILL): connections are cut, nothing is said to anybody.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&self) -> Result<(), Failure> {
        let mut child = self.child();
        let running = child.as_mut().ok_or("it does not run")?;
        running.kill()?;
        running.wait()?;
        *child = None;
        drop(child);
        self.guard.forget()?;
        Ok(())
    }

    /// Stops all of its threads where they are (SIGSTOP): connections stay, nothing is answered.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self) -> Result<(), Failure> {
        self.guard.signal("STOP")?;
        self.becomes(true)
    }

    /// Lets it go on (SIGCONT).
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self) -> Result<(), Failure> {
        self.guard.signal("CONT")?;
        self.becomes(false)
    }

    fn becomes(&self, frozen: bool) -> Result<(), Failure> {
        let pid = self.pid().ok_or("it does not run")?;
        let until = Instant::now() + PATIENCE;
        while place::frozen(pid)? != frozen {
            if Instant::now() > until {
                return Err("its threads did not follow the signal".into());
            }
            std::thread::yield_now();
        }
        Ok(())
    }

    /// All addresses and paths, as the ready file has them.
    pub fn to_json(&self) -> Map<String, Value> {
        let mut all = Map::new();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        for (name, value) in [
            ("janus", Some(self.ws.clone())),
            ("janus_http", Some(self.http.clone())),
            ("janus_wss", self.wss.clone()),
            ("janus_https", self.https.clone()),
            ("janus_unix", Some(text(&self.unix))),
            ("janus_admin", Some(self.admin_http.clone())),
            ("janus_admin_ws", Some(self.admin_ws.clone())),
            ("janus_admin_unix", Some(text(&self.admin_unix))),
            ("janus_admin_secret", Some(ADMIN_SECRET.to_owned())),
            ("janus_ca", self.ca.as_deref().map(text)),
            ("janus_dir", Some(text(&self.dir))),
        ] {
            if let Some(value) = value {
                all.insert(name.to_owned(), value.into());
            }
        }
        all
    }
}

impl Drop for Janus {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut told = format!("--- the log of janus at {}\n", self.ws);
            for line in self.log().lines() {
                let _ = writeln!(told, "{line}");
            }
            eprintln!("{told}--- end of that log");
        }
        let _ = self.kill();
        self.guard.end();
    }
}

/// Ports that nobody listens at. They are looked for together, so that none comes twice.
fn free_ports(setup: &Setup) -> io::Result<Ports> {
    // In a network of its own all are free; these are as good as any.
    let address = if setup.network.is_some() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { setup.address };
    let rtp_ports = setup.rtp_ports;
    let mut held = Vec::new();
    let mut next = || -> io::Result<u16> {
        let listener = TcpListener::bind((address, 0))?;
        let port = listener.local_addr()?.port();
        held.push(listener);
        Ok(port)
    };
    let (http, admin_http, ws) = (next()?, next()?, next()?);
    let (admin_ws, https, wss) = (next()?, next()?, next()?);
    // Janus takes any free one of them for each connection of media, so that a few that are taken do no harm.
    let first = UdpSocket::bind((address, 0))?.local_addr()?.port();
    let rtp = first.min(u16::MAX.saturating_sub(rtp_ports)) & !1;
    Ok(Ports { http, admin_http, ws, admin_ws, https, wss, rtp })
}

/// Compiles what takes the loopback flag from the interfaces.
fn shim(dir: &Path) -> Result<(), Failure> {
    let source = dir.join("loopback.c");
    fs::write(&source, LOOPBACK)?;
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = Command::new(compiler);
    command
        .args(["-D_GNU_SOURCE", "-shared", "-fPIC", "-O1", "-o"])
        .arg(dir.join("loopback.so"))
        .arg(&source)
        .arg("-ldl");
    let done = command.output().map_err(|error| format!("a C compiler is needed ({command:?}): {error}"))?;
    if !done.status.success() {
        return Err(format!("{command:?}: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr)).into());
    }
    Ok(())
}
