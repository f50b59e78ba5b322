//! The command line: `haft-sandbox http`, `haft-sandbox all`.

use std::error::Error;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use haft_sandbox::janus;
use haft_sandbox::{Args, Fault, FtrackSetup, MeshSetup, Options, Sandbox, parse_pairs};

const USAGE: &str =
    "usage: haft-sandbox http|ftrack|mesh|janus|all [--port N] [--host ADDRESS] [--ready FILE] [--threads N]
                         [--no-log] [--until-eof] [--parent-death] [--fault 'how=delay&path=/get&seconds=1&times=2']...
                         [--schemas FILE] [--seed FILE] [--data SQLITE] [--ftrack 'fault=cut&action=create']...
                         [--mesh 'fault=drop&method=Commit']... [--janus 'session_timeout=4&reclaim=6']

Starts the servers on loopback, prints one JSON line with their addresses (and writes it to --ready FILE), and serves
until SIGTERM or SIGINT, or with --until-eof until standard input ends.
";

struct Command {
    options: Options,
    ready: Option<PathBuf>,
    until_eof: bool,
    parent_death: bool,
}

fn parse(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options::default();
    match words.next().as_deref() {
        Some("http") => {}
        Some("ftrack") => options.ftrack = Some(FtrackSetup::default()),
        Some("mesh") => options.mesh = Some(MeshSetup::default()),
        Some("janus") => options.janus = Some(janus::Setup::default()),
        Some("all") => {
            options.ftrack = Some(FtrackSetup::default());
            options.mesh = Some(MeshSetup::default());
        }
        Some(other) => return Err(format!("unknown command {other:?}")),
        None => return Err("a command is needed".to_owned()),
    }
    let mut command = Command { options, ready: None, until_eof: false, parent_death: false };
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--port" => {
                let port = value()?.parse().map_err(|_| "--port needs a number")?;
                match &mut command.options {
                    // Of a Mesh server alone, the port is that of its own listener.
                    Options { mesh: Some(setup), ftrack: None, .. } => setup.port = port,
                    options => options.port = port,
                }
            }
            "--host" => command.options.host = value()?.parse().map_err(|_| "--host needs an address")?,
            "--threads" => command.options.threads = value()?.parse().map_err(|_| "--threads needs a number")?,
            "--ready" => command.ready = Some(value()?.into()),
            "--no-log" => command.options.log = false,
            "--until-eof" => command.until_eof = true,
            "--parent-death" => command.parent_death = true,
            "--schemas" | "--seed" | "--data" => {
                let path = Some(PathBuf::from(value()?));
                let setup = command.options.ftrack.as_mut().ok_or_else(|| format!("{word} is for ftrack"))?;
                *match word.as_str() {
                    "--seed" => &mut setup.seed,
                    "--data" => &mut setup.data,
                    _ => &mut setup.schemas,
                } = path;
            }
            "--ftrack" => {
                let text = value()?;
                let setup = command.options.ftrack.as_mut().ok_or("--ftrack is for ftrack")?;
                setup.faults.push(text);
            }
            "--mesh" => {
                let text = value()?;
                let setup = command.options.mesh.as_mut().ok_or("--mesh is for mesh")?;
                setup.orders.push(text);
            }
            "--janus" => {
                let text = value()?;
                let setup = janus::Setup::from_args(&Args(parse_pairs(&text)));
                command.options.janus = Some(setup.ok_or_else(|| format!("{text:?} sets no Janus up"))?);
            }
            "--fault" => {
                let text = value()?;
                let fault = Fault::from_args(&Args(parse_pairs(&text)));
                command.options.faults.push(fault.ok_or_else(|| format!("{text:?} is not a fault"))?);
            }
            _ => return Err(format!("unknown option {word:?}")),
        }
    }
    Ok(command)
}

fn write_ready(path: &Path, line: &str) -> std::io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}", std::process::id()));
    std::fs::write(&temporary, line)?;
    std::fs::rename(&temporary, path)
}

/// Asks the kernel for SIGTERM when the parent dies, so that a crashed test leaves no server behind.
#[cfg(target_os = "linux")]
fn die_with_parent() {
    // SAFETY: plain system calls with constant arguments; neither touches memory of ours.
    unsafe {
        let parent = libc::getppid();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
        // The parent may have died between the two calls; then no signal would ever come.
        if libc::getppid() != parent {
            libc::raise(libc::SIGTERM);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent() {}

/// Takes every descriptor that the machine lets us have: ten thousand clients need as many.
fn raise_descriptor_limit() {
    // SAFETY: both calls get a valid, initialised `rlimit` of ours and keep no pointer to it.
    unsafe {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
        }
    }
}

fn run(command: Command) -> Result<(), Box<dyn Error + Send + Sync>> {
    if command.parent_death {
        die_with_parent();
    }
    raise_descriptor_limit();
    let waiting = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Signals are taken over before the ready line, so that whoever read it can stop us cleanly.
    let (mut term, mut int) = {
        use tokio::signal::unix::{SignalKind, signal};
        let _inside = waiting.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let sandbox = Sandbox::start(command.options)?;
    let line = format!("{}\n", sandbox.to_json());
    if let Some(path) = &command.ready {
        write_ready(path, &line)?;
    }
    let mut stdout = std::io::stdout();
    // Who reads the file need not keep our standard output open.
    let printed = stdout.write_all(line.as_bytes()).and_then(|()| stdout.flush());
    if command.ready.is_none() {
        printed?;
    }
    let (ended, eof) = tokio::sync::oneshot::channel::<()>();
    let mut ended = Some(ended);
    if command.until_eof {
        let ended = ended.take();
        std::thread::spawn(move || {
            let _ = std::io::copy(&mut std::io::stdin().lock().take(u64::MAX), &mut std::io::sink());
            drop(ended);
        });
    }
    waiting.block_on(async {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            _ = eof => {}
        }
    });
    drop(sandbox);
    if let Some(path) = &command.ready {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1).peekable();
    if words.peek().is_some_and(|word| word == "--help" || word == "-h") {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match parse(words).map_err(Into::into).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint!("haft-sandbox: {error}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}
