//! A folder for one test, gone with it.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// Empty at the start.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("haft-media-{}-{number}", std::process::id()));
        // A process of that number that was killed may have left one.
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file of these bytes.
    pub fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// A file that ffmpeg makes; the arguments are separated by spaces, `{}` is the folder.
    #[track_caller]
    pub fn make(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let (path, folder) = (self.path(name), self.0.to_str().unwrap());
        let words = arguments.iter().flat_map(|words| words.split_whitespace()).map(|word| word.replace("{}", folder));
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg.args(["-v", "error", "-nostdin", "-y"]).args(words).arg(&path);
        let done = ffmpeg.output().expect("ffmpeg is needed: scripts/test installs it");
        assert!(done.status.success(), "{ffmpeg:?}: {}", String::from_utf8_lossy(&done.stderr));
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
