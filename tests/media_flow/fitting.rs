//! Files that cannot be sent are refused with a command, and what the command makes can be sent.

use std::{fs, path::Path, process::Command};

use haft::{
    engine::media::{Codec, Kind, container, flow::fit},
    error::Error,
    value::Tree,
};

use crate::media::{folder::Folder, probe::without_a_word, samples::sample};

fn fitted(path: &Path) -> Result<Vec<Codec>, Error> {
    let file = container::open(path, None)?;
    let chosen = fit(path.to_str().unwrap(), file.tracks(), None)?;
    Ok(chosen.into_iter().map(|one| one.codec).collect())
}

fn text(error: &Error, key: &str) -> String {
    error.detail().get(key).and_then(Tree::as_str).unwrap_or_default().to_owned()
}

#[test]
fn what_can_be_sent_is_accepted() {
    use Codec::{Av1, H264, Opus, Vp8, Vp9};
    for (name, codecs) in [
        ("vp8.ivf", &[Vp8][..]),
        ("vp9.ivf", &[Vp9]),
        ("av1.ivf", &[Av1]),
        ("h264.h264", &[H264]),
        ("opus.ogg", &[Opus]),
        ("vp8_opus.webm", &[Vp8, Opus]),
        ("vp9_opus.webm", &[Vp9, Opus]),
        ("av1_opus.webm", &[Av1, Opus]),
        ("h264_opus.mkv", &[H264, Opus]),
        ("h264_opus.mp4", &[H264, Opus]),
        ("h264_opus_fragmented.mp4", &[H264, Opus]),
        ("vp9_opus.mp4", &[Vp9, Opus]),
    ] {
        assert_eq!(fitted(&sample(name)).unwrap(), codecs, "{name}");
    }
}

/// Each is copied to a name that a shell would stumble over, refused there, and mended by the command as it stands.
#[test]
fn the_command_makes_a_file_that_can_be_sent() {
    use Codec::{H264, Opus, Vp8};
    let around = Folder::new();
    let folder = around.path("it's fit");
    fs::create_dir(&folder).unwrap();
    for (name, why, codecs) in [
        ("h264_aac.mp4", "aac", &[H264, Opus][..]),
        ("h264_aac.mkv", "A_AAC", &[H264, Opus]),
        ("h264_bframes.mp4", "B-frames", &[H264]),
        ("h264_bframes.mkv", "B-frames", &[H264]),
        ("h264_bframes.h264", "B-frames", &[H264]),
        ("vorbis.webm", "A_VORBIS", &[Vp8, Opus]),
        ("vorbis.ogg", "orbis", &[Opus]),
        ("opus_surround.ogg", "", &[Opus]),
    ] {
        // Each has a name of its own: the program overwrites nothing.
        let path = folder.join(format!("-{} $1 {name}", name.replace('.', "-")));
        fs::copy(sample(name), &path).unwrap();
        let before: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        let error = fitted(&path).unwrap_err();
        assert_eq!((error.code(), text(&error, "path")), ("media_codec", path.display().to_string()), "{name}");
        assert!(error.message().contains(why), "{name}: {error}");
        let command = text(&error, "command");
        assert!(error.message().ends_with(&command), "{error}");
        let run = command.replacen("ffmpeg ", "ffmpeg -nostdin -v error ", 1);
        let done = Command::new("sh").args(["-c", &run]).output().unwrap();
        assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
        let fresh = |path: &std::path::PathBuf| !before.contains(path);
        let made: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(fresh).collect();
        assert_eq!(made.len(), 1, "{command}");
        assert_eq!(fitted(&made[0]).unwrap(), codecs, "{command}");
        without_a_word(&made[0]);
    }
}

/// One track that cannot go does not keep the others from going, when they alone are asked for.
#[test]
fn one_track_of_a_file_can_go_alone() {
    let path = sample("h264_aac.mp4");
    let file = container::open(&path, None).unwrap();
    let want = haft::engine::media::flow::Want { kind: Some(Kind::Video), ..Default::default() };
    let chosen = fit("h264_aac.mp4", file.tracks(), Some(&[want])).unwrap();
    assert_eq!(chosen.iter().map(|one| (one.track, one.codec)).collect::<Vec<_>>(), [(0, Codec::H264)]);
}
