//! What is no media file, or one that is not whole.

use std::{
    fs::{self, File},
    io::Write as _,
    time::Instant,
};

use haft::engine::media::{Frame, container::open};

use super::{
    kit::{Folder, read_bytes, refusal, told},
    media::samples,
};

#[test]
fn what_cannot_be_opened_is_told_with_its_path() {
    let folder = Folder::new();
    let refused = |name: &str| {
        let path = folder.path(name);
        let error = open(&path, None).err().expect(name);
        assert!(error.message().starts_with(path.to_str().unwrap()), "{error}");
        assert_eq!(error.detail().get("path").unwrap(), &path.to_str().unwrap().into(), "{error}");
        (
            error.code().to_owned(),
            format!("{:?}", error.status()),
            error.message()[path.to_str().unwrap().len()..].to_owned(),
        )
    };
    let said = |code: &str, status: &str, message: &str| (code.to_owned(), status.to_owned(), message.to_owned());
    assert_eq!(refused("missing.ivf"), said("io", "NotFound", " could not be opened: no such file or directory"));
    fs::create_dir(folder.path("folder.mkv")).unwrap();
    assert_eq!(refused("folder.mkv"), said("io", "Io", " could not be opened: it is a directory"));
    assert!(std::process::Command::new("mkfifo").arg(folder.path("pipe.ivf")).status().unwrap().success());
    assert_eq!(refused("pipe.ivf"), said("io", "Io", " could not be opened: it is a pipe"));
    std::os::unix::fs::symlink("/dev/zero", folder.path("zero.ivf")).unwrap();
    assert_eq!(refused("zero.ivf"), said("io", "Io", " could not be opened: it is a device"));
    folder.put("empty.webm", b"");
    assert_eq!(refused("empty.webm"), said("media_file", "Protocol", ": it was empty"));
    folder.put("text.mp4", b"Hello, world.");
    let expected = ": it was none that is known: it begins with 48 65 6c 6c 6f 2c 20 77; IVF, Ogg, WebM, Matroska, MP4 and \
                    streams of H.264 are read";
    assert_eq!(refused("text.mp4"), said("media_file", "Protocol", expected));
    folder.put("a.wav", b"RIFF\x24\0\0\0WAVEfmt ");
    assert!(refused("a.wav").2.contains("RIFF"));
}

#[test]
fn a_name_does_not_matter() {
    let folder = Folder::new();
    for name in ["vp8.ivf", "opus.ogg", "h264.h264", "vp8.webm", "h264_opus.mkv", "h264.mp4"] {
        let renamed = folder.put("it.jpeg", &samples::bytes(name));
        let tracks = open(&renamed, None).unwrap().tracks().to_vec();
        assert_eq!(tracks, open(&samples::sample(name), None).unwrap().tracks(), "{name}");
    }
}

#[test]
fn errors_behind_the_start_name_the_file_as_well() {
    let folder = Folder::new();
    let mut bytes = samples::bytes("vp8_one.ivf");
    bytes.extend_from_slice(&[0xff; 12]);
    let path = folder.put("a.ivf", &bytes);
    let mut file = open(&path, None).unwrap();
    assert!(file.next().unwrap().is_some());
    let error = file.next().unwrap_err();
    assert!(error.message().starts_with(&format!("{}: the frame at byte ", path.display())), "{error}");
}

/// The most memory that this process had, in KiB.
fn most() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn files_of_a_hundred_gibibytes_take_neither_time_nor_memory() {
    let folder = Folder::new();
    let heads: [(&str, Vec<u8>); 8] = [
        ("zeros", Vec::new()),
        ("ivf", samples::bytes("vp8_one.ivf")),
        ("ogg", samples::bytes("opus.ogg")),
        ("annexb", samples::bytes("h264.h264")),
        ("annexb alone", vec![0, 0, 0, 1, 0x67]),
        ("webm", samples::bytes("vp8.webm")),
        ("mp4", samples::bytes("h264.mp4")),
        ("ebml", vec![0x1a, 0x45, 0xdf, 0xa3, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
    ];
    for (name, head) in heads {
        let path = folder.path("large");
        let mut file = File::create(&path).unwrap();
        file.write_all(&head).unwrap();
        file.set_len(100 << 30).unwrap();
        let before = Instant::now();
        if let Ok(mut file) = open(&path, None) {
            // To its end or its first error.
            while matches!(file.next(), Ok(Some(_))) {}
        }
        assert!(before.elapsed().as_secs() < 20, "{name}: {:?}", before.elapsed());
        assert!(most() < 600 << 10, "{name}: {} KiB", most());
    }
}

#[test]
fn what_is_cut_off_ends_there_or_is_refused() {
    for name in
        ["vp8_small.ivf", "opus.ogg", "h264_slices.h264", "vp8_opus.webm", "h264_opus_fragmented.mp4", "h264_opus.mp4"]
    {
        let bytes = samples::bytes(name);
        let (tracks, frames) = read_bytes(&bytes).unwrap();
        let mut places: Vec<usize> = (0..60).chain((1..12).map(|part| bytes.len() * part / 12)).collect();
        places.push(bytes.len() - 1);
        for cut in places {
            match read_bytes(&bytes[..cut]) {
                Err(error) => assert_eq!(error.code(), "media_file", "{name} at {cut}: {error}"),
                Ok((found, some)) => {
                    assert_eq!(found.len(), tracks.len(), "{name} at {cut}");
                    for track in 0..tracks.len() {
                        // The tracks of a fragment that is cut off may come in another order.
                        let of = |frames: &[Frame]| told(frames.iter().filter(|frame| frame.track == track));
                        let (some, whole) = (of(&some), of(&frames));
                        // The last access unit of a byte stream may be a part.
                        let sure = some.len() - usize::from(name.ends_with("h264") && !some.is_empty());
                        assert_eq!(some[..sure], whole[..sure], "{name} at {cut}");
                    }
                }
            }
        }
    }
    assert_eq!(refusal(b""), "it was empty");
}
