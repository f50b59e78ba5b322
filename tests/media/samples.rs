//! Samples made by ffmpeg, each when it is first asked for, kept in the target folder. `samples.txt` says how.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// To be raised with every change of a recipe.
const VERSION: u32 = 1;
const RECIPES: &str = include_str!("samples.txt");
/// The folder of the samples.
fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("target");
    target.join(format!("media-samples-v{VERSION}"))
}

/// The names of all samples.
pub fn names() -> impl Iterator<Item = &'static str> {
    recipes().map(|(name, _)| name)
}

fn recipes() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = RECIPES.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(": "))
}

/// What recipes have in common.
fn parts() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = RECIPES.lines().filter(|line| !line.starts_with('#') && !line.contains(": "));
    lines.filter_map(|line| line.split_once(" = "))
}

/// The file of a sample, made when it is not there yet. Tests may ask at once, from several processes.
#[track_caller]
pub fn sample(name: &str) -> PathBuf {
    let folder = folder();
    let file = folder.join(name);
    if file.exists() {
        return file;
    }
    fs::create_dir_all(&folder).unwrap();
    // One at a time makes it; the others find it made. The lock is on a file that stays, as whoever removed it would let
    // two in.
    let lock = File::create(folder.join(format!(".{name}.lock"))).unwrap();
    lock.lock().unwrap();
    if !file.exists() {
        make(name, &folder, &file);
    }
    file
}

/// The bytes of a sample.
pub fn bytes(name: &str) -> Vec<u8> {
    fs::read(sample(name)).unwrap()
}

fn make(name: &str, folder: &Path, file: &Path) {
    let (_, recipe) = recipes().find(|(of, _)| *of == name).unwrap_or_else(|| panic!("no sample is called {name}"));
    let mut recipe = recipe.to_owned();
    for (part, meaning) in parts() {
        recipe = recipe.replace(&format!("{{{part}}}"), meaning);
    }
    // The name's end tells ffmpeg the format.
    let made = folder.join(format!("making-{}-{name}", std::process::id()));
    for run in recipe.split(" then ") {
        let words = run.split_ascii_whitespace().map(|word| match word.strip_prefix('{') {
            Some(other) => sample(other.trim_end_matches('}')).into_os_string(),
            None => word.into(),
        });
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-nostdin", "-hide_banner", "-v", "error", "-y"]).args(words);
        // Nothing of the machine, of ffmpeg's version or of the time in the file.
        ffmpeg.args(["-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-passlogfile"]);
        ffmpeg.arg(folder.join(format!(".{name}"))).arg(&made);
        let done = ffmpeg.stdin(Stdio::null()).output().expect("ffmpeg is needed: scripts/test installs it");
        assert!(done.status.success(), "{ffmpeg:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    fs::rename(&made, file).unwrap();
}
