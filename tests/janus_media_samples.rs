//! Every sample goes through the real Janus' `EchoTest`, all at once on one session, and comes back as it went.

#![cfg(feature = "media")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops at what must not be"
)]

#[path = "janus_talk/bed.rs"]
#[allow(dead_code, reason = "shared")]
mod bed;
#[allow(dead_code, reason = "shared")]
mod media;

use bed::{ECHO, args, attach, next, open, start};
use haft::{engine::media::Kind as Carries, session::Kind};
use haft_tools::native::scratch;
use media::{
    probe,
    reading::{UNFIT, read},
    samples::{names, sample},
};
use serde_json::json;

#[test]
fn every_sample_comes_back_as_it_went() {
    let janus = start();
    let session = open(&janus.ws, &json!({}));
    let folder = scratch("media_every_sample");
    let short = names().filter(|name| !UNFIT.contains(name) && !name.contains("30s") && !name.contains("720p"));
    let short: Vec<_> = short.filter(|name| !name.contains("1mbit")).collect();
    let mut running = Vec::new();
    for name in &short {
        let (handle, back) = (attach(&session, ECHO), folder.join(format!("{name}.mkv")));
        let play = args(&json!({"play_from": sample(name), "record_to": back}));
        handle.submit(Some("media"), None, &play).unwrap();
        running.push((name, handle, back));
    }
    for (name, handle, back) in running {
        let event = next(&handle, Kind::Response);
        assert!(event.failure().is_none(), "{name}: {}", event.failure().unwrap().error());
        let told = bed::value(event.response().unwrap());
        assert_eq!(told["end"], "played", "{name}: {told}");
        let (went, came) = (read(&sample(name)), read(&back));
        assert_eq!(came.tracks.len(), went.tracks.len(), "{name}");
        for (track, of) in went.tracks.iter().enumerate() {
            // In which order tracks stand in the file is up to the recorder.
            let at = came.tracks.iter().position(|other| other.kind == of.kind).unwrap();
            assert_eq!(came.tracks[at].codec, of.codec, "{name}");
            let (sent, received) = (went.contents(track), came.contents(at));
            assert!(sent == received, "{name}: {} of {} {} frames", received.len(), sent.len(), of.kind.name());
            // The distances of frames to each other, to the millisecond that the file knows and one of the clock of RTP.
            for (one, other) in went.moments(track).iter().zip(came.moments(at)) {
                assert!((one.0 - other.0).abs() < 2_000_000, "{name}: {one:?}, {other:?}");
            }
            if of.kind == Carries::Video {
                // What an edit list leaves out at the start goes as well, as the rest cannot be decoded without it.
                let (went, came) = (probe::decoded(&sample(name), "v"), probe::decoded(&back, "v"));
                assert!(came == went || (name.contains("edited") && came.ends_with(&went)), "{name}");
            }
        }
        probe::without_a_word(&back);
    }
}
