//! A shell that stays: it sends signals to the server, and survives us to end it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A number is the process to guard, 0 none; every other word is a signal to it. Each line is answered with a status. At
/// the end of input, which comes also when we die, the process is killed and the folder removed.
const SCRIPT: &str = r#"
pid=0
while read -r word; do
  status=0
  case $word in
    [0-9]*) pid=$word ;;
    *) if [ "$pid" -gt 0 ]; then kill -s "$word" "$pid" 2>/dev/null || status=$?; else status=3; fi ;;
  esac
  echo "$status" 2>/dev/null
done
if [ "$pid" -gt 0 ]; then kill -s KILL "$pid" 2>/dev/null; fi
# The dying process may still write.
until rm -rf "$1" 2>/dev/null; do :; done
"#;

pub struct Guard {
    running: Mutex<Running>,
}

struct Running {
    shell: Child,
    /// None after the end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Guard {
    /// Guards the folder and nothing else yet.
    pub fn new(dir: &Path) -> io::Result<Self> {
        let mut command = Command::new("sh");
        // A process group of its own, so that nothing meant for ours reaches it.
        command.args(["-c", SCRIPT, "guard"]).arg(dir).process_group(0).current_dir("/");
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let (input, output) = (shell.stdin.take(), shell.stdout.take());
        let output = BufReader::new(output.ok_or(io::ErrorKind::BrokenPipe)?);
        Ok(Self { running: Mutex::new(Running { shell, input, output }) })
    }

    /// Guards this process from here on.
    pub fn watch(&self, pid: u32) -> io::Result<()> {
        self.tell(&pid.to_string())
    }

    /// Guards none: to be called when it is gone, before its number can be another's.
    pub fn forget(&self) -> io::Result<()> {
        self.tell("0")
    }

    /// Sends a signal to the process; an error when there is none.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        self.tell(name)
    }

    fn locked(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, word: &str) -> io::Result<()> {
        let mut running = self.locked();
        let input = running.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        input.write_all(format!("{word}\n").as_bytes())?;
        let mut answer = String::new();
        running.output.read_line(&mut answer)?;
        match answer.trim() {
            "0" => Ok(()),
            status => Err(io::Error::other(format!("the guard could not do {word}: status {status:?}"))),
        }
    }

    /// Ends the process if it is still there, removes the folder, and waits for both.
    pub fn end(&self) {
        let mut running = self.locked();
        drop(running.input.take());
        let _ = running.shell.wait();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.end();
    }
}
