//! Files made by other programs, and what those say of them.

use std::{
    fs,
    io::{Cursor, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    engine::media::{Frame, Track, container::Demux},
    error::Result,
};

/// A folder that goes with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("haft-matroska-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file that ffmpeg makes: two seconds of pictures at 25 frames and a tone, encoded as `arguments` say.
    pub fn film(&self, name: &str, arguments: &str) -> PathBuf {
        let path = self.path(name);
        let inputs = "-f lavfi -i testsrc2=s=160x120:r=25:d=2 -f lavfi -i sine=f=440:r=48000:d=2 -bitexact";
        run("ffmpeg", &format!("-v error -y {inputs} {arguments}"), &path);
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a program on a file, which is its last argument, and gives what it says.
pub fn run(program: &str, arguments: &str, path: &Path) -> String {
    let output = Command::new(program).args(arguments.split_whitespace()).arg(path).output().unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments} {}: {words}", path.display());
    String::from_utf8(output.stdout).unwrap() + &words
}

/// A frame as another program or our reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    pub track: usize,
    /// In milliseconds, from the earliest frame of the file on.
    pub pts: i64,
    pub keyframe: bool,
    pub size: usize,
    pub hash: String,
}

/// Lowers all times so that the first is 0.
fn from_zero(mut packets: Vec<Packet>) -> Vec<Packet> {
    let first = packets.iter().map(|packet| packet.pts).min().unwrap_or(0);
    packets.iter_mut().for_each(|packet| packet.pts -= first);
    packets
}

/// What ffprobe reads, without a word about it.
pub fn probed(path: &Path) -> Vec<Packet> {
    let entries = "-v warning -show_packets -show_data_hash sha256 -of json";
    let text = run("ffprobe", entries, path);
    let told: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("ffprobe warned: {text}"));
    let number = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) => text.parse().unwrap(),
        value => value.as_i64().unwrap(),
    };
    let packets = told["packets"].as_array().unwrap().iter().map(|packet| Packet {
        track: number(&packet["stream_index"]) as usize,
        pts: number(&packet["pts"]),
        keyframe: packet["flags"].as_str().unwrap().starts_with('K'),
        size: number(&packet["size"]) as usize,
        hash: packet["data_hash"].as_str().unwrap().trim_start_matches("SHA256:").to_owned(),
    });
    from_zero(packets.collect())
}

/// What our reader reads.
pub fn packets(frames: &[Frame]) -> Vec<Packet> {
    let packets = frames.iter().map(|frame| Packet {
        track: frame.track,
        pts: (frame.pts.as_micros() as i64 + 500) / 1000,
        keyframe: frame.keyframe,
        size: frame.data.len(),
        hash: hash(&frame.data),
    });
    from_zero(packets.collect())
}

pub fn hash(data: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The sums of the decoded pictures and samples of a file.
pub fn decoded(path: &Path) -> String {
    let output = Command::new("ffmpeg")
        .args(["-v", "warning", "-i"])
        .arg(path)
        .args(["-map", "0", "-f", "framemd5", "-bitexact", "-"])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{}", path.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Opens and reads all of it.
pub fn read(bytes: &[u8]) -> Result<(Vec<Track>, Vec<Frame>)> {
    let mut file = super::super::open(Box::new(Cursor::new(bytes.to_vec())))?;
    let frames = frames(&mut *file)?;
    Ok((file.tracks().to_vec(), frames))
}

/// All that is left of it.
pub fn frames(file: &mut dyn Demux) -> Result<Vec<Frame>> {
    let mut frames = Vec::new();
    while let Some(frame) = file.next()? {
        frames.push(frame);
    }
    Ok(frames)
}

/// What is written stays here.
#[derive(Clone, Default)]
pub struct Paper {
    pub inner: Arc<Mutex<Cursor<Vec<u8>>>>,
    /// It is like a pipe.
    pub pipe: bool,
}

impl Paper {
    pub fn bytes(&self) -> Vec<u8> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).get_ref().clone()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Seek for Paper {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match self.pipe {
            true => Err(std::io::ErrorKind::NotSeekable.into()),
            false => self.inner.lock().unwrap_or_else(PoisonError::into_inner).seek(to),
        }
    }
}

/// A file's bytes.
pub fn load(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

/// The same frames, with times that differ by the rounding of a tick at most.
pub fn same(ours: &[Packet], theirs: &[Packet], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours.pts - theirs.pts).abs() <= 1, "{what}: {ours:?} {theirs:?}");
        assert_eq!(ours, &Packet { pts: ours.pts, ..theirs.clone() }, "{what}");
    }
}
