//! What can go is chosen, what cannot is explained.

use super::*;
use crate::engine::media::peer::Direction;

fn track(kind: Kind, codec: Codec, named: &str) -> Track {
    Track { kind, codec, named: named.into(), size: (0, 0), channels: 0, pre_skip: 0, flaw: None }
}

fn vp8() -> Track {
    track(Kind::Video, Codec::Vp8, "V_VP8")
}

fn h264() -> Track {
    track(Kind::Video, Codec::H264, "avc1")
}

fn opus() -> Track {
    track(Kind::Audio, Codec::Opus, "A_OPUS")
}

fn aac() -> Track {
    track(Kind::Audio, Codec::Other, "mp4a")
}

fn flawed(track: Track, why: &str) -> Track {
    Track { flaw: Some(why.into()), ..track }
}

fn places(chosen: &[Chosen]) -> Vec<usize> {
    chosen.iter().map(|one| one.track).collect()
}

fn text<'a>(error: &'a Error, key: &str) -> Option<&'a str> {
    error.detail().get(key).and_then(crate::value::Tree::as_str)
}

#[test]
fn all_tracks_go_or_none() {
    assert_eq!(places(&fit("a.webm", &[vp8(), opus(), opus()], None).unwrap()), [0, 1, 2]);
    let error = fit("a.mp4", &[h264(), aac()], None).unwrap_err();
    assert_eq!(
        (error.code(), text(&error, "path"), text(&error, "codec")),
        ("media_codec", Some("a.mp4"), Some("mp4a"))
    );
    assert_eq!(error.detail().get("track").unwrap().as_int(), Some(1));
    // The name of the source is not taken for what is made of it.
    let command = "ffmpeg -i a.mp4 -c:v copy -c:a libopus -ar 48000 -ac 2 a-fit.mp4";
    assert_eq!(text(&error, "command"), Some(command));
    for word in ["track 1", "mp4a", "a.mp4", command] {
        assert!(error.message().contains(word), "{error}");
    }
    assert_eq!(fit("a.mp4", &[], None).unwrap_err().code(), "media_file");
    // What is encrypted cannot be converted either.
    let error = fit("a.mp4", &[flawed(h264(), "it was encrypted (cenc)")], None).unwrap_err();
    assert!(error.message().contains("encrypted") && text(&error, "command").is_none(), "{error}");
}

#[test]
fn those_that_are_wanted_go_alone() {
    let want = |kind, codec| Want { kind, codec, mid: None };
    let (sound, pictures) = (want(Some(Kind::Audio), None), want(Some(Kind::Video), None));
    let file = [h264(), aac(), opus(), vp8()];
    let fitted = |wanted: &[Want]| fit("a.mkv", &file, Some(wanted)).map(|chosen| places(&chosen));
    assert_eq!(fitted(&[pictures.clone()]).unwrap(), [0]);
    // The one that can go, before one that cannot.
    assert_eq!(fitted(&[sound.clone(), pictures.clone()]).unwrap(), [2, 0]);
    assert_eq!(fitted(&[pictures.clone(), pictures.clone()]).unwrap(), [0, 3]);
    assert_eq!(fitted(&[want(None, Some(Codec::Vp8))]).unwrap(), [3]);
    assert_eq!(fitted(&[]).unwrap(), [0; 0]);
    assert_eq!(text(&fitted(&[sound.clone(), sound.clone()]).unwrap_err(), "codec"), Some("mp4a"));
    for (wanted, words) in [
        (vec![want(None, Some(Codec::Vp9))], &["vp9 video", "video (avc1)"][..]),
        (vec![want(Some(Kind::Video), Some(Codec::Vp9))], &["vp9 video", "track 0 is avc1"]),
        (vec![pictures.clone(), pictures.clone(), pictures], &["no video track left"]),
    ] {
        let error = fitted(&wanted).unwrap_err();
        assert_eq!((error.code(), text(&error, "path")), ("media_codec", Some("a.mkv")));
        assert!(words.iter().all(|word| error.message().contains(word)), "{error}");
    }
    assert_eq!(fit("a", &[vp8()], Some(&[sound])).unwrap_err().code(), "media_codec");
}

#[test]
fn commands_copy_what_they_can() {
    let bframes = || flawed(h264(), "its frames are not shown in the order of decoding (B-frames)");
    let x264 = "-c:v libx264 -profile:v baseline -pix_fmt yuv420p -bf 0 -g 50";
    for (tracks, ending, options, made) in [
        (vec![bframes(), opus()], "mkv", format!("{x264} -c:a copy"), "mp4"),
        (vec![bframes()], "mp4", format!("{x264} -an"), "-fit.mp4"),
        (vec![vp8(), aac()], "mkv", "-c:v copy -c:a libopus -ar 48000 -ac 2".into(), "webm"),
        (
            vec![track(Kind::Video, Codec::Other, "hvc1"), aac()],
            "mov",
            format!("{x264} -c:a libopus -ar 48000 -ac 2"),
            "mp4",
        ),
        (vec![aac()], "m4a", "-vn -c:a libopus -ar 48000 -ac 2".into(), "ogg"),
        (vec![aac(), opus()], "mka", "-map 0:a -vn -c:a libopus -ar 48000 -ac 2".into(), "webm"),
        (vec![vp8(), bframes(), aac()], "mkv", format!("-map 0:V -map 0:a {x264} -c:a libopus -ar 48000 -ac 2"), "mp4"),
    ] {
        let made = if made.starts_with('-') { made.to_owned() } else { format!(".{made}") };
        assert_eq!(command(&format!("in.{ending}"), &tracks), format!("ffmpeg -i in.{ending} {options} in{made}"));
    }
}

#[test]
fn names_are_words_for_a_shell() {
    for (path, source, made) in [
        ("/a b/it's.mp4", r"'/a b/it'\''s.mp4'", r"'/a b/it'\''s-fit.mp4'"),
        ("-i.mp4", "./-i.mp4", "./-i-fit.mp4"),
        ("a:b.mov", "./a:b.mov", "./a:b.mp4"),
        ("/a:b.mov", "/a:b.mov", "/a:b.mp4"),
        ("$(id);.mov", "'$(id);.mov'", "'$(id);.mp4'"),
        ("a\nb'\\.mov", r"$'a\x0ab\'\\.mov'", r"$'a\x0ab\'\\.mp4'"),
        ("/x.y/film", "/x.y/film", "/x.y/film.mp4"),
        ("/x/.film", "/x/.film", "/x/.film.mp4"),
        ("/x/FILM.MP4", "/x/FILM.MP4", "/x/FILM-fit.mp4"),
        ("film é.mov", "'film é.mov'", "'film é.mp4'"),
    ] {
        let options = "-c:v copy -c:a libopus -ar 48000 -ac 2";
        assert_eq!(command(path, &[h264(), aac()]), format!("ffmpeg -i {source} {options} {made}"));
    }
}

#[test]
fn each_track_finds_its_way() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    let agreed = |mid: &str, kind, codec, direction| Agreed { mid: mid.into(), kind, direction, codec, stream: None };
    let chosen = |track, codec: Codec, mid: Option<&str>| Chosen {
        track,
        kind: codec.kind().unwrap(),
        codec,
        mid: mid.map(Into::into),
    };
    let all = [
        agreed("a", Kind::Audio, Some(Codec::Opus), SendRecv),
        agreed("b", Kind::Video, Some(Codec::Vp8), RecvOnly),
        agreed("c", Kind::Video, Some(Codec::Vp8), SendOnly),
        agreed("d", Kind::Video, Some(Codec::Vp8), SendRecv),
        agreed("e", Kind::Video, None, SendRecv),
        agreed("f", Kind::Video, Some(Codec::H264), Inactive),
    ];
    let routed = |chosen: &[Chosen]| {
        let routes = route("x.webm", chosen, &all)?;
        Ok::<_, Error>(routes.into_iter().map(|route| (route.track, route.mid.to_string())).collect::<Vec<_>>())
    };
    let one = |track, mid: &str| (track, mid.to_owned());
    assert_eq!(
        routed(&[chosen(0, Codec::Vp8, None), chosen(1, Codec::Opus, None), chosen(2, Codec::Vp8, None)]).unwrap(),
        [one(0, "c"), one(1, "a"), one(2, "d")]
    );
    // Who asks for one by its name has it.
    assert_eq!(
        routed(&[chosen(0, Codec::Vp8, None), chosen(2, Codec::Vp8, Some("c"))]).unwrap(),
        [one(0, "d"), one(2, "c")]
    );
    for (chosen, words) in [
        (chosen(3, Codec::H264, None), "track 3 of x.webm was h264"),
        (chosen(0, Codec::Vp8, Some("b")), "takes video as vp8"),
        (chosen(0, Codec::Vp8, Some("a")), "took no further video"),
        (chosen(0, Codec::Vp8, Some("e")), "took no further video"),
    ] {
        let error = routed(&[chosen]).unwrap_err();
        assert_eq!(error.code(), "media_codec");
        assert!(error.message().contains(words), "{error}");
    }
    let four = [0, 1, 2].map(|track| chosen(track, Codec::Vp8, None));
    assert!(routed(&four).is_err());
}
