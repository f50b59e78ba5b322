//! Which file a name makes, and what can be in it.

use std::fs;

use haft::engine::media::{
    Codec, Kind, Track,
    container::{Format, create, format},
};

use super::kit::Folder;

fn track(codec: Codec) -> Track {
    Track {
        kind: codec.kind().unwrap_or(Kind::Audio),
        codec,
        named: if codec == Codec::Other { "aac".into() } else { codec.name().into() },
        size: (320, 240),
        channels: 2,
        pre_skip: 312,
        flaw: None,
    }
}

fn asked(name: &str, codecs: &[Codec]) -> Result<Format, (String, String)> {
    let tracks: Vec<Track> = codecs.iter().map(|codec| track(*codec)).collect();
    format(name.as_ref(), &tracks).map_err(|error| (error.code().to_owned(), error.message().to_owned()))
}

#[test]
fn an_ending_means_a_format_in_any_case() {
    use Codec::{Av1, H264, Opus, Vp8, Vp9};
    for (name, codecs, expected) in [
        ("a.ivf", &[Vp8][..], Format::Ivf),
        ("a.IVF", &[Av1], Format::Ivf),
        ("a.b.ogg", &[Opus], Format::Ogg),
        ("a.opus", &[Opus], Format::Ogg),
        ("a.h264", &[H264], Format::AnnexB),
        ("a.264", &[H264], Format::AnnexB),
        ("a.webm", &[Vp8, Opus], Format::WebM),
        ("a.webm", &[Opus, Opus], Format::WebM),
        ("a.mkv", &[H264, Opus, Vp9], Format::Matroska),
        ("a.mp4", &[H264, Opus], Format::Mp4),
        ("a.m4a", &[Opus], Format::Mp4),
    ] {
        assert_eq!(asked(name, codecs), Ok(expected), "{name}");
    }
}

#[test]
fn what_does_not_fit_is_told_with_what_would() {
    use Codec::{H264, Opus, Other, Vp8, Vp9};
    let refused = |name: &str, codecs: &[Codec]| asked(name, codecs).unwrap_err();
    let said = |message: &str| ("media_codec".to_owned(), message.to_owned());
    assert_eq!(
        refused("a.ivf", &[Vp8, Opus]),
        said(
            "a.ivf could not be made: IVF holds one track of vp8, vp9 or av1, and these were vp8 and opus; .webm or .mkv can \
             hold them"
        )
    );
    assert_eq!(
        refused("a.webm", &[H264]),
        said(
            "a.webm could not be made: WebM holds tracks of vp8, vp9, av1 or opus, and this was h264; .h264, .mkv or .mp4 can hold it"
        )
    );
    assert_eq!(
        refused("a.mkv", &[Other]),
        said("a.mkv could not be made: Matroska holds tracks of vp8, vp9, h264, av1 or opus, and this was aac")
    );
    assert!(refused("a.ogg", &[]).1.ends_with("there was no track"));
    assert!(refused("a.h264", &[H264, H264]).1.contains(".mkv or .mp4 can hold them"));
    assert!(refused("a.ogg", &[Vp9]).1.contains(".ivf, .webm, .mkv or .mp4 can hold it"));
    for name in ["a", "a.avi", "", "a.", ".mkv", "folder/"] {
        let (code, message) = refused(name, &[Opus]);
        assert_eq!(code, "argument", "{name}");
        assert!(message.contains(".ivf, .ogg, .opus") && message.contains("or .m4a"), "{message}");
    }
}

#[test]
fn a_file_that_is_there_is_emptied_only_for_tracks_that_fit() {
    let folder = Folder::new();
    let path = folder.put("there.ogg", b"something");
    create(&path, &[track(Codec::Vp8)]).err().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"something");
    create(&path, &[track(Codec::Opus)]).unwrap().finish().unwrap();
    assert!(fs::read(&path).unwrap().starts_with(b"OggS"));
}

#[test]
fn places_where_no_file_can_be_are_told() {
    let folder = Folder::new();
    let refused = |name: &str| {
        let error = create(&folder.path(name), &[track(Codec::Opus)]).err().expect(name);
        assert_eq!(error.code(), "io", "{name}");
        assert!(error.message().contains(name), "{error}");
        assert!(error.detail().get("path").is_some());
        error.message().to_owned()
    };
    fs::create_dir(folder.path("folder.ogg")).unwrap();
    assert!(refused("folder.ogg").ends_with("is a directory"));
    assert!(refused("missing/a.ogg").ends_with("no such file or directory"));
    folder.put("file", b"");
    assert!(refused("file/a.ogg").ends_with("not a directory"));
    let pipe = folder.path("pipe.ogg");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Nobody reads from it, and nobody waits for that.
    refused("pipe.ogg");
    std::os::unix::fs::symlink("/dev/null", folder.path("null.ogg")).unwrap();
    assert!(refused("null.ogg").ends_with("it is a device"));
    std::os::unix::fs::symlink("/dev/full", folder.path("full.ogg")).unwrap();
    assert!(refused("full.ogg").ends_with("it is a device"));
}

#[test]
fn rights_of_a_new_file_are_those_of_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let plain = folder.put("plain", b"");
    let made = folder.path("a.ogg");
    create(&made, &[track(Codec::Opus)]).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(made), mode(plain));
}
