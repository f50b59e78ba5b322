//! Opus in Ogg against ffmpeg, and streams that were cut, joined and spoilt.

use std::time::Duration;

use haft::engine::media::{
    Codec, Frame, Kind, Track,
    codec::opus,
    container::{create, open},
};

use super::{
    kit::{Folder, probed, read, read_bytes, refusal, same, told, write},
    media::{probe, samples},
};

const NAMES: [(&str, u8); 5] =
    [("opus.ogg", 2), ("opus_mono.ogg", 1), ("opus_60ms.ogg", 2), ("opus_short.ogg", 2), ("opus_cbr.ogg", 2)];

fn samples_of(frame: &Frame) -> u64 {
    u64::from(opus::samples(&frame.data).unwrap())
}

#[test]
fn packets_are_those_of_ffprobe() {
    for (name, channels) in NAMES {
        let path = samples::sample(name);
        let (tracks, frames) = read(&path);
        let expected = Track {
            kind: Kind::Audio,
            codec: Codec::Opus,
            named: "opus".into(),
            size: (0, 0),
            channels,
            pre_skip: 312,
            flaw: None,
        };
        // The lead-in of libopus: 6.5 ms, less where packets are as short.
        assert_eq!(tracks, [Track { pre_skip: tracks[0].pre_skip, ..expected }], "{name}");
        assert_eq!(
            probe::packets(&path)[0].pts_ns,
            -(i64::from(tracks[0].pre_skip) * 1_000_000_000 / 48_000),
            "{name}"
        );
        same(name, &told(&frames), &probed(&path), 1);
    }
}

#[test]
fn what_is_written_is_what_was_read() {
    let folder = Folder::new();
    for (name, _) in NAMES {
        let path = samples::sample(name);
        let (tracks, frames) = read(&path);
        let written = folder.path(name);
        write(&written, &tracks, &frames);
        probe::without_a_word(&written);
        same(name, &probed(&written), &probed(&path), 0);
        assert_eq!(read(&written), (tracks, frames.clone()), "{name}");
        // The samples of the sound are the same up to where the original trims its end.
        let (ours, theirs) = (probe::decoded(&written, "a"), probe::decoded(&path, "a"));
        assert_eq!(ours[..theirs.len() - 1], theirs[..theirs.len() - 1], "{name}");
        let lasts: u64 = frames.iter().map(samples_of).sum();
        let duration = open(&written, None).unwrap().duration().unwrap();
        assert_eq!(duration.as_nanos() * 48_000 / 1_000_000_000, u128::from(lasts), "{name}");
    }
}

#[test]
fn a_gap_is_filled_as_the_rfc_asks() {
    let folder = Folder::new();
    let (tracks, mut frames) = read(&samples::sample("opus.ogg"));
    // A second lost; and a clock that was rounded to milliseconds.
    frames.drain(100..150);
    for frame in &mut frames {
        frame.pts = Duration::from_millis((frame.pts.as_secs_f64() * 1_000.0).round() as u64 + 40);
    }
    let written = folder.path("gap.ogg");
    write(&written, &tracks, &frames);
    let (_, again) = read(&written);
    let times = |frame: &Frame| frame.pts.as_millis();
    assert!(again.iter().map(times).eq((0..251).map(|number| number * 20)));
    let packets = probed(&written);
    assert!(packets.iter().map(|packet| packet.0).eq((0..251).map(|number| number * 20_000_000)));
    // RFC 7845, 4.1: packets of a table of contents alone.
    let empty: Vec<usize> = (0..251).filter(|place| packets[*place].1 == 1).collect();
    assert!(empty.into_iter().eq(100..150));
    let kept = again[..100].iter().chain(&again[150..]).map(|frame| &frame.data);
    assert!(kept.eq(frames.iter().map(|frame| &frame.data)));
    probe::without_a_word(&written);
}

/// Where each page begins.
fn pages(bytes: &[u8]) -> Vec<usize> {
    let mut at = 0;
    let mut pages = Vec::new();
    while bytes.get(at..at + 4) == Some(b"OggS") {
        pages.push(at);
        let count = bytes[at + 26] as usize;
        at += 27 + count + bytes[at + 27..at + 27 + count].iter().map(|length| *length as usize).sum::<usize>();
    }
    pages.push(bytes.len());
    pages
}

#[test]
fn a_lost_page_is_a_gap() {
    let bytes = samples::bytes("opus.ogg");
    let (_, whole) = read_bytes(&bytes).unwrap();
    let pages = pages(&bytes);
    assert!(pages.len() > 6, "several pages of sound");
    let lost = [&bytes[..pages[3]], &bytes[pages[4]..]].concat();
    let mut broken = bytes.clone();
    broken[pages[3] + 100] ^= 1;
    for (name, bytes) in [("lost", lost), ("broken", broken)] {
        let (_, some) = read_bytes(&bytes).unwrap();
        assert!(some.len() < whole.len() && some.len() > whole.len() / 2, "{name}");
        assert!(some.iter().all(|frame| whole.contains(frame)), "{name}: each at its own time");
    }
    // Rubbish between pages is left out.
    let rubbish = [&bytes[..pages[3]], &vec![b'O'; 70_000], b"OggS\0OggS", &bytes[pages[3]..]].concat();
    assert_eq!(read_bytes(&rubbish).unwrap().1, whole);
    let hole = [&bytes[..pages[3]], &vec![0; 3 << 20], &bytes[pages[3]..]].concat();
    assert!(refusal(&hole).contains("mebibyte"));
}

#[test]
fn links_of_a_chain_follow_each_other() {
    let (one, other) = (samples::bytes("opus.ogg"), samples::bytes("opus_60ms.ogg"));
    let (first, second) = (read_bytes(&one).unwrap().1, read_bytes(&other).unwrap().1);
    // Links may have one number as well as two.
    for chain in [[&one[..], &other].concat(), [&one[..], &one].concat()] {
        let (tracks, frames) = read_bytes(&chain).unwrap();
        assert_eq!(tracks.len(), 1);
        assert_eq!(frames[..first.len()], first);
        let link = frames[first.len()..].to_vec();
        let expected = if chain.len() == 2 * one.len() { &first } else { &second };
        assert!(link.iter().map(|frame| &frame.data).eq(expected.iter().map(|frame| &frame.data)));
        let begin: u64 = first.iter().map(samples_of).sum();
        assert_eq!(link[0].pts.as_nanos(), u128::from(begin) * 1_000_000_000 / 48_000);
    }
    // One with other channels is another track's, and there is none.
    let (tracks, frames) = read_bytes(&[one.clone(), samples::bytes("opus_mono.ogg")].concat()).unwrap();
    assert_eq!((tracks.len(), frames.len()), (1, first.len()));
}

#[test]
fn what_cannot_be_sent_is_named() {
    let (tracks, frames) = read_bytes(&samples::bytes("vorbis.ogg")).unwrap();
    assert_eq!((tracks[0].codec, &*tracks[0].named, tracks[0].kind), (Codec::Other, "vorbis", Kind::Audio));
    assert_eq!(frames, []);
    let (tracks, _) = read_bytes(&samples::bytes("opus_surround.ogg")).unwrap();
    assert_eq!((tracks[0].codec, tracks[0].channels), (Codec::Opus, 6));
    assert!(tracks[0].flaw.as_ref().unwrap().contains("6 channels"));
    // Beside each other: pictures of Theora, sound of Opus.
    let folder = Folder::new();
    let path = folder.path("both.ogg");
    let made = std::process::Command::new("ffmpeg")
        .args(["-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=2", "-i"])
        .arg(samples::sample("opus.ogg"))
        .args(["-map", "0", "-map", "1", "-c:v", "libtheora", "-c:a", "copy"])
        .arg(&path)
        .status();
    assert!(made.unwrap().success());
    let (tracks, frames) = read(&path);
    assert_eq!((tracks[0].codec, &*tracks[0].named), (Codec::Other, "theora"));
    assert_eq!(tracks[1].codec, Codec::Opus);
    let (_, alone) = read(&samples::sample("opus.ogg"));
    assert!(frames.iter().all(|frame| frame.track == 1));
    assert!(frames.iter().map(|frame| (&frame.data, frame.pts)).eq(alone.iter().map(|frame| (&frame.data, frame.pts))));
}

#[test]
fn files_that_are_none_are_told() {
    let bytes = samples::bytes("opus.ogg");
    assert!(refusal(&bytes[..40]).contains("no stream"));
    let mut broken = bytes.clone();
    broken[30] ^= 1;
    // The head's page is lost, so the stream never began.
    assert!(refusal(&broken).contains("no stream"));
    let (_, none) = read_bytes(&bytes[..pages(&bytes)[2]]).unwrap();
    assert_eq!(none, []);
}

#[test]
fn a_recording_that_is_cut_off_plays_to_there() {
    let folder = Folder::new();
    let (tracks, frames) = read(&samples::sample("opus.ogg"));
    let path = folder.path("cut.ogg");
    let mut file = create(&path, &tracks).unwrap();
    frames[..77].iter().for_each(|frame| file.write(frame).unwrap());
    file.flush().unwrap();
    // Killed here.
    std::mem::forget(file);
    assert_eq!(read(&path).1, frames[..77]);
    probe::without_a_word(&path);
    assert_eq!(probe::packets(&path).len(), 77);
    // One that nothing was written to is a file all the same.
    let empty = folder.path("empty.ogg");
    write(&empty, &tracks, &[]);
    assert_eq!(read(&empty), (tracks, Vec::new()));
}
