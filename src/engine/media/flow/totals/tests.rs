//! The object has what is known and nothing else.

use super::*;
use crate::engine::media::{Codec, Kind, flow::player::Sent, peer::Direction};

fn agreed(mid: &str, kind: Kind, codec: Option<Codec>, direction: Direction) -> Agreed {
    Agreed { mid: mid.into(), kind, direction, codec, stream: None }
}

#[test]
fn the_object_brings_all_sides_together() {
    let numbers = Numbers {
        packets: 9,
        bytes: 900,
        frames: 1,
        lost: 2,
        loss: Some(0.25),
        jitter: Some(0.5),
        ..Numbers::default()
    };
    let statistics = Statistics {
        tracks: vec![("0".into(), Some(numbers.clone()), Some(numbers)), ("1".into(), None, None)],
        rtt: Some(0.125),
        pair: Some(("127.0.0.1:5".parse().unwrap(), "[::1]:6".parse().unwrap())),
        phases: (Some(Duration::from_millis(250)), None),
        ..Statistics::default()
    };
    let sent = Sent { mid: "0".into(), frames: 7, keyframes: 2, keyframes_wanted: 3, ..Sent::default() };
    let played = Played {
        path: "in.webm".into(),
        tracks: vec![sent],
        position: Duration::from_millis(1500),
        rounds: 1,
        ..Played::default()
    };
    let taken = Taken { mid: "0".into(), frames: 5, gaps: 1, ..Taken::default() };
    let written =
        Written { path: "out.webm".into(), frames: 5, bytes: 1000, duration: Duration::from_secs(2), complete: true };
    let report = Report {
        state: "connected",
        duration: Duration::from_millis(2500),
        agreed: &[
            agreed("0", Kind::Video, Some(Codec::Vp8), Direction::SendRecv),
            agreed("1", Kind::Audio, None, Direction::Inactive),
        ],
        feeds: &[("0".into(), Tree::Int(42))],
        statistics: &statistics,
        came: &[Came { mid: "0".into(), frames: 5, keyframes: 1 }],
        played: &[played],
        recorded: &[(written, vec![taken])],
    };
    let counted =
        |lost: &str| format!(r#""bytes":900,"packets":9,"bitrate":0,"nacks":0,"plis":0,"firs":0,"loss":0.25{lost}"#);
    let expected = [
        r#"{"state":"connected","duration":2.5,"tracks":[{"mid":"0","kind":"video","codec":"vp8","direction":"sendrecv","#,
        r#""feed":42,"sent":{"frames":7,"keyframes":2,"#,
        &counted(r#","lost":2"#),
        r#","left_out":0,"mended":0,"keyframes_wanted":3},"received":{"frames":5,"keyframes":1,"#,
        &counted(r#","lost":2,"jitter":0.5"#),
        r#","recorded":{"frames":5,"keyframes":0,"bytes":0,"left_out":0,"gaps":1,"absent":false}}},"#,
        r#"{"mid":"1","kind":"audio","direction":"inactive"}],"#,
        r#""files":[{"path":"out.webm","frames":5,"bytes":1000,"duration":2.0,"complete":true}],"#,
        r#""played":[{"path":"in.webm","position":1.5,"rounds":1,"stalled":0.0}],"#,
        r#""ice":{"local":"127.0.0.1:5","remote":"[::1]:6","ice":0.25},"rtt":0.125}"#,
    ];
    assert_eq!(Tree::Object(report.object()).to_json(), expected.concat());
}
