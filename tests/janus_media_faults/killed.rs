//! Processes that are killed, and such as may write little, in a process of their own: this very test program, told by its
//! environment what to record.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use haft::{args::Args, session::Session};
use haft_sandbox::janus::Janus;
use serde_json::json;

use crate::{
    bed::{Folder, answered, attach, start},
    course::{FILM, begin, begins_as},
    media::{probe, samples::sample},
};

const ORDER: &str = "HAFT_MEDIA_CHILD";

/// What the child does: no test by itself.
#[test]
fn child() {
    let Ok(order) = std::env::var(ORDER) else { return };
    let words: Vec<&str> = order.split('|').collect();
    let session = Session::create(&format!("janus+{}", words[0]), &Args::new()).unwrap();
    let handle = attach(&session, "echotest");
    crate::bed::hear(&handle, "haft.media");
    let id = begin(&handle, &json!({"play_from": words[1], "record_to": words[2]}));
    if words[3] == "frames" {
        for number in 1.. {
            came_any(&handle);
            println!("\nframe {number}");
        }
    }
    match answered(&handle, id) {
        Ok(_) => println!("done"),
        Err((code, detail)) => println!("\nerror {code} {detail}"),
    }
    session.close(&Args::new()).unwrap();
}

fn came_any(handle: &Session) {
    crate::bed::until(handle, |event| event.value()?.root().get("kind").map(drop));
}

fn spawn(janus: &Janus, plays: &str, to: &Path, what: &str, limit: Option<u64>) -> Child {
    let program = std::env::current_exe().unwrap();
    let order = format!("{}|{}|{}|{what}", janus.ws, sample(plays).display(), to.display());
    let mut command = match limit {
        None => Command::new(&program),
        Some(blocks) => {
            let mut shell = Command::new("bash");
            shell.args(["-c", &format!("ulimit -f {blocks} && exec \"$0\" \"$@\"")]).arg(&program);
            shell
        }
    };
    command.args(["killed::child", "--exact", "--nocapture", "--test-threads=1"]).env(ORDER, order);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// The lines that begin with that word.
fn lines(child: &mut Child, word: &'static str) -> impl Iterator<Item = String> + use<> {
    let output = BufReader::new(child.stdout.take().unwrap());
    output.lines().map_while(Result::ok).filter(move |line| line.starts_with(word))
}

/// Killed (SIGKILL) while it records: what came more than a second before is in the file, in each format.
#[test]
fn a_process_that_is_killed() {
    let janus = start();
    let folder = Folder::new();
    let kinds = [
        (FILM, "webm", "v:0"),
        (FILM, "mkv", "v:0"),
        ("h264_opus.mp4", "mp4", "v:0"),
        ("h264_opus.mp4", "mkv", "v:0"),
        ("vp8.ivf", "ivf", "v:0"),
        ("opus.ogg", "ogg", "a:0"),
        ("h264.mp4", "h264", "v:0"),
    ];
    for round in 0..3 {
        thread::scope(|scope| {
            for (plays, ending, track) in kinds {
                let (janus, folder) = (&janus, &folder);
                scope.spawn(move || {
                    let to: PathBuf = folder.path(&format!("{round}-{}-{ending}.{ending}", plays.replace('.', "-")));
                    let mut child = spawn(janus, plays, &to, "frames", None);
                    // Pictures come 30 a second, sound 50.
                    let (second, both) =
                        if track == "a:0" { (50, 50) } else { (30, if plays.contains("opus") { 80 } else { 30 }) };
                    let mut seen = lines(&mut child, "frame ");
                    let wanted = both * 5 / 2 + round * 7;
                    for _ in 0..wanted {
                        seen.next().expect("it lives");
                    }
                    child.kill().unwrap();
                    child.wait().unwrap();
                    let least = second * 5 / 2 - second - second / 3;
                    let found = probe::packets(&to);
                    eprintln!("{ending} of {plays}: {} packets, at least {least} of {track}", found.len());
                    begins_as(&to, plays, track, usize::try_from(least).unwrap());
                });
            }
        });
    }
}

/// Files may not be larger than that (`RLIMIT_FSIZE`): the signal for it never reaches the host, the recording ends.
#[test]
fn a_process_that_may_write_little() {
    let janus = start();
    let folder = Folder::new();
    for round in 0..10 {
        let to = folder.path(&format!("{round}.webm"));
        let mut child = spawn(&janus, FILM, &to, "end", Some(64));
        let told = lines(&mut child, "error ").last();
        let status = child.wait().unwrap();
        assert!(status.success(), "{status:?} {told:?}");
        let told = told.expect("an error");
        assert!(told.starts_with("error io"), "{told}");
        assert!(told.contains(&*to.to_string_lossy()), "{told}");
        begins_as(&to, FILM, "v:0", 10);
    }
}
