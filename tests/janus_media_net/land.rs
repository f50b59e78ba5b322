//! Networks of a test's own, and programs in them.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

/// Says to a test that it is in a network of its own.
const INSIDE: &str = "HAFT_TEST_NETWORK";

/// Whether this process has a network of its own, where it may do what it likes. Else the test of this name runs once more in a
/// process that has: that takes root, or a system that lets everybody have a user namespace.
#[allow(clippy::disallowed_methods, reason = "the environment is how one process of a test speaks to another")]
#[track_caller]
pub fn inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        run("ip link set lo up");
        return true;
    }
    let ways: [&[&str]; 2] = [&["--net"], &["--user", "--map-root-user", "--net"]];
    let able =
        |way: &&[&str]| Command::new("unshare").args(*way).arg("true").output().is_ok_and(|done| done.status.success());
    let way = ways.into_iter().find(able);
    let way = way.expect("there can be a network of its own: as root, or with `unshare --user --map-root-user --net`");
    let mut command = Command::new("unshare");
    command.args(way).arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&done.stderr));
    false
}

/// Waits until links run, which is up to a second after both of their ends were set up: a Janus takes no address before.
const RUNS: &str = r#"runs() { for link; do until ip -o link show "$link" | grep -q ' state UP '; do :; done; done; }"#;

/// Runs lines of a shell in our own network.
#[track_caller]
pub fn run(script: &str) {
    done(Command::new("sh"), script);
}

#[track_caller]
fn done(mut command: Command, script: &str) {
    // What sets up networks is not in everybody's path.
    let whole = format!("PATH=$PATH:/usr/sbin:/sbin\n{RUNS}\n{script}");
    let done = command.args(["-ec", &whole]).output().unwrap();
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Another network, which lasts as long as this.
pub struct Land {
    holder: Child,
}

impl Land {
    #[track_caller]
    pub fn new() -> Land {
        let mut command = Command::new("unshare");
        // It ends with its input, and so with us.
        command.args(["--net", "sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; ip link set lo up && echo there && read -r _"]);
        let mut holder = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(holder.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "there\n", "there is no network: `ip` is needed (iproute2)");
        Land { holder }
    }

    /// A process in it.
    pub fn pid(&self) -> u32 {
        self.holder.id()
    }

    fn enter(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.pid())).arg(program);
        command
    }

    /// Runs lines of a shell in it.
    #[track_caller]
    pub fn run(&self, script: &str) {
        done(self.enter("sh"), script);
    }

    /// Starts a program in it, which is killed with this or with us.
    pub fn serve(&self, line: &str, folder: &Path) -> Server {
        let script = format!("{line} >log 2>&1 & read -r _; kill -s KILL $!");
        let shell = self.enter("sh").args(["-c", &script]).current_dir(folder).stdin(Stdio::piped()).spawn().unwrap();
        Server { shell, log: folder.join("log") }
    }
}

impl Drop for Land {
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        let _ = self.holder.wait();
    }
}

/// A program that runs in a network.
pub struct Server {
    shell: Child,
    log: std::path::PathBuf,
}

impl Server {
    /// What it said.
    pub fn log(&self) -> String {
        let mut log = String::new();
        if let Ok(mut file) = std::fs::File::open(&self.log) {
            let _ = file.read_to_string(&mut log);
        }
        log
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let _ = self.shell.wait();
    }
}
