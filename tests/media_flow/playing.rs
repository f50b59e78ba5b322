//! Frames go out when their moment has come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use haft::{
    clock::control::freeze,
    engine::media::{Frame, flow::schedule::AHEAD_BYTES},
    error::{Error, code},
};

use crate::bed::{Set, Tape, frame, frames, ms, sound, video, woven};

fn at(times: &[u64]) -> Vec<(u128, u128)> {
    times.iter().map(|time| (u128::from(*time), u128::from(*time))).collect()
}

/// Both tracks by one start, which is that of the connection and not of the reading.
#[test]
fn each_frame_has_its_moment() {
    let (pictures, sounds) = ((0..50).map(|at| at * 40), (0..100).map(|at| at * 20));
    let all = woven([frames(0, pictures.clone()), frames(1, sounds.clone())].concat());
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video(), sound()], all.clone()));
    set.settle();
    set.clock.advance(ms(700));
    set.settle();
    assert!(set.ear.notes.lock().is_empty());
    set.control.start();
    set.run();
    set.end.take().unwrap().unwrap();
    let moments = |times: Vec<u64>| times.iter().map(|at| (u128::from(700 + at), u128::from(*at))).collect::<Vec<_>>();
    assert_eq!(set.ear.heard("0"), moments(pictures.collect()));
    assert_eq!(set.ear.heard("1"), moments(sounds.collect()));
    // The last frame was shown for as long as those before it.
    assert_eq!(set.ear.since(), ms(700 + 2000));
    let played = set.control.played();
    assert_eq!((played.tracks[0].frames, played.tracks[0].keyframes, played.tracks[0].bytes), (50, 1, 5000));
    assert_eq!((played.tracks[1].frames, played.position, played.rounds), (100, ms(1980), 1));
    assert_eq!(played.stalled, Duration::ZERO);
}

/// What a file begins with is its first moment; gaps are kept, tracks may begin late and end early.
#[test]
fn gaps_are_waited_for() {
    let all = woven([frames(0, [5000, 5040, 5080]), frames(1, [7000, 7020, 3_607_000])].concat());
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video(), sound()], all.clone()));
    set.control.start();
    set.run();
    set.end.take().unwrap().unwrap();
    assert_eq!(set.ear.heard("0"), at(&[0, 40, 80]));
    assert_eq!(set.ear.heard("1"), at(&[2000, 2020, 3_602_000]));
    assert_eq!(set.control.played().stalled, Duration::ZERO);
}

/// A track whose frames lie behind those of the other in the file is in step all the same.
#[test]
fn tracks_that_follow_each_other_in_the_file_are_played_together() {
    let all = [frames(0, (0..100).map(|at| at * 40)), frames(1, (0..200).map(|at| at * 20))].concat();
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video(), sound()], all.clone()));
    set.control.start();
    set.run();
    assert_eq!(set.ear.heard("1"), at(&(0..200).map(|at| at * 20).collect::<Vec<_>>()));
    assert_eq!(set.ear.heard("0"), at(&(0..100).map(|at| at * 40).collect::<Vec<_>>()));
}

/// Nobody can show what comes before the first keyframe; sound is not held up by it.
#[test]
fn pictures_begin_with_a_keyframe() {
    let mut pictures = frames(0, [0, 40, 80, 120, 160]);
    pictures[0].keyframe = false;
    pictures[2].keyframe = true;
    let alone = pictures.clone();
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], alone.clone()));
    set.control.start();
    set.run();
    assert_eq!(set.ear.heard("0"), at(&[0, 40, 80]));
    assert_eq!(set.control.played().tracks[0].left_out, 2);
    drop(set);
    let both = woven([pictures, frames(1, [0, 20, 40, 60, 80])].concat());
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video(), sound()], both.clone()));
    set.control.start();
    set.run();
    assert_eq!(set.ear.heard("0"), at(&[80, 120, 160]));
    assert_eq!(set.ear.heard("1"), at(&[0, 20, 40, 60, 80]));
}

/// One that has none at all is a file that cannot be played.
#[test]
fn a_file_without_a_keyframe_is_refused_at_its_end() {
    let all: Vec<Frame> = (0..10).map(|at| frame(0, ms(at * 40), false, 10)).collect();
    for again in [false, true] {
        let all = all.clone();
        let mut set = Set::new(freeze(), again, move || Tape::new(&[video()], all.clone()));
        set.control.start();
        set.run();
        let error = set.end.take().unwrap().unwrap_err();
        assert_eq!(error.code(), "media_file");
        assert!(error.message().contains("/films/one.webm") && error.message().contains("keyframe"), "{error}");
    }
}

/// An empty one is over at once, also when it is to be played again.
#[test]
fn a_file_without_frames_is_over() {
    for again in [false, true] {
        let mut set = Set::new(freeze(), again, || Tape::new(&[video(), sound()], Vec::new()));
        set.control.start();
        set.run();
        set.end.take().unwrap().unwrap();
        assert_eq!(set.bench.done.load(Ordering::Relaxed), 1);
    }
}

/// Times that stand still or step back a little go out at once, later than the one before; a jump back is a new beginning.
#[test]
fn times_rise_whatever_the_file_says() {
    let all = frames(0, [0, 40, 40, 20, 80, 120]);
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], all.clone()));
    set.control.start();
    set.run();
    let notes = set.ear.notes.lock().clone();
    let micros: Vec<u128> = notes.iter().map(|note| note.pts.as_micros()).collect();
    assert_eq!(micros, [0, 40_000, 40_100, 40_200, 80_000, 120_000]);
    let moments: Vec<u128> = notes.iter().map(|note| note.moment.as_micros()).collect();
    assert_eq!(moments, micros);
    assert_eq!(set.control.played().tracks[0].mended, 2);
    drop((notes, set));
    // Two recordings of three seconds, put together: the second begins at zero again.
    let round = |at: u64| (0..75).map(move |frame| at + frame * 40);
    let sounds = |at: u64| (0..150).map(move |frame| at + frame * 20);
    let one = woven([frames(0, round(0)), frames(1, sounds(0))].concat());
    let all = [one.clone(), one].concat();
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video(), sound()], all.clone()));
    set.control.start();
    set.run();
    assert_eq!(set.ear.heard("0"), at(&(0..150).map(|at| at * 40).collect::<Vec<_>>()));
    assert_eq!(set.ear.heard("1"), at(&(0..300).map(|at| at * 20).collect::<Vec<_>>()));
}

/// A time that no clock reaches ends it, after what came before.
#[test]
fn a_time_beyond_all_clocks_is_an_error() {
    let all = vec![frame(0, ms(0), true, 10), Frame { pts: Duration::MAX, ..frame(0, ms(40), false, 10) }];
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], all.clone()));
    set.control.start();
    set.run();
    assert_eq!(set.end.take().unwrap().unwrap_err().code(), "media_file");
    assert_eq!(set.ear.heard("0"), at(&[0]));
}

/// It goes on without a seam, as often as it is wanted, and nothing is counted from the start again.
#[test]
fn a_file_is_played_again_and_again() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let all = woven([frames(0, [1000, 1040, 1080]), frames(1, [1000, 1020, 1040, 1060, 1080, 1100])].concat());
    let mut set = Set::new(freeze(), true, move || {
        count.fetch_add(1, Ordering::Relaxed);
        Tape::new(&[video(), sound()], all.clone())
    });
    set.control.start();
    set.run_for(ms(1190));
    assert!(set.end.is_none());
    assert_eq!(set.ear.heard("0"), at(&(0..30).map(|at| at * 40).collect::<Vec<_>>()));
    assert_eq!(set.ear.heard("1"), at(&(0..60).map(|at| at * 20).collect::<Vec<_>>()));
    assert_eq!(set.control.played().tracks[0].keyframes, 10);
    // As many rounds as are kept ready, and none more.
    let rounds = opened.load(Ordering::Relaxed);
    assert!((18..=30).contains(&rounds), "{rounds}");
    set.control.stop();
    set.settle();
    set.end.take().unwrap().unwrap();
}

/// A file that was replaced meanwhile is not played on.
#[test]
fn another_file_of_that_name_ends_it() {
    let opened = AtomicUsize::new(0);
    let mut set = Set::new(freeze(), true, move || match opened.fetch_add(1, Ordering::Relaxed) {
        0 => Tape::new(&[video()], frames(0, [0, 40])),
        _ => Tape::new(&[sound()], frames(0, [0, 20])),
    });
    set.control.start();
    set.run();
    assert_eq!(set.end.take().unwrap().unwrap_err().code(), "media_file");
    assert_eq!(set.ear.heard("0"), at(&[0, 40]));
}

/// A reactor that was held up by less than a second catches up at twice the pace: fifty milliseconds every twenty-five.
#[test]
fn who_is_late_catches_up_without_a_burst() {
    let all = frames(0, (0..100).map(|at| at * 20));
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], all.clone()));
    set.control.start();
    set.run_for(ms(100));
    set.clock.advance(ms(500));
    set.run();
    set.end.take().unwrap().unwrap();
    let heard = set.ear.heard("0");
    assert_eq!(heard.len(), 100);
    // Those until 100 ms were in time; then bursts of three, each 25 ms after the one before.
    assert_eq!(heard[..6], at(&[0, 20, 40, 60, 80, 100])[..]);
    assert_eq!(heard[6..12], [(600, 120), (600, 140), (600, 160), (625, 180), (625, 200), (625, 220)]);
    let late = heard.iter().filter(|(moment, pts)| moment > pts).count();
    assert!((20..=45).contains(&late), "{late}");
    for moments in heard.windows(4) {
        assert!(moments[3].0 > moments[0].0, "four at once: {moments:?}");
    }
    assert_eq!(heard[99], (1980, 1980));
    assert_eq!(set.control.played().stalled, Duration::ZERO);
}

/// After more than a second the rest is played later.
#[test]
fn who_is_very_late_plays_the_rest_later() {
    let all = frames(0, (0..50).map(|at| at * 20));
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], all.clone()));
    set.control.start();
    set.run_for(ms(100));
    set.clock.advance(ms(3020));
    set.run();
    let late: Vec<_> = (6..50).map(|at| (u128::from(3000 + at * 20_u64), u128::from(at * 20_u64))).collect();
    assert_eq!(set.ear.heard("0")[6..], late);
    assert_eq!(set.control.played().stalled, ms(3000));
}

/// A worker that is busy with the host's callback for a second is never noticed, and often not for two; one that is busy for
/// longer holds the rest up.
#[test]
fn a_slow_worker_is_not_noticed_while_frames_are_ready() {
    // Whenever it begins.
    for busy_from in (3000..4200_u64).step_by(170) {
        let all = woven([frames(0, (0..250).map(|at| at * 40)), frames(1, (0..500).map(|at| at * 20))].concat());
        let mut set = Set::new(freeze(), false, move || Tape::new(&[video(), sound()], all.clone()));
        set.control.start();
        set.run_for(ms(busy_from));
        // From here on no errand is done. At least one second is ready, at most two and the frame behind.
        let before = set.bench.done.load(Ordering::Relaxed);
        while set.ear.since() < ms(busy_from + 3000) {
            set.clock.advance(ms(10));
            set.poll();
        }
        let ready = u64::try_from(set.ear.heard("0").last().unwrap().1).unwrap();
        assert!((busy_from + 960..=busy_from + 2080).contains(&ready), "{busy_from}: {ready}");
        let moments: Vec<u128> = set.ear.heard("0").iter().map(|(moment, _)| *moment).collect();
        let in_time = moments.iter().zip(0..).all(|(moment, at)| (at * 40..at * 40 + 10).contains(moment));
        assert!(in_time, "{busy_from}: {moments:?}");
        assert_eq!(set.bench.done.load(Ordering::Relaxed), before);
        set.run();
        set.end.take().unwrap().unwrap();
        // None is lost, and the tracks are still in step.
        let (pictures, sounds) = (set.ear.heard("0"), set.ear.heard("1"));
        assert_eq!((pictures.len(), sounds.len()), (250, 500));
        assert_eq!(pictures[249].0 - pictures[249].1, sounds[498].0 - sounds[498].1);
    }
}

/// What is kept ready has a bound in bytes as well.
#[test]
fn large_frames_are_read_one_after_the_other() {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let mut set = Set::new(freeze(), false, move || {
        let all = (0..40).map(|at| frame(0, ms(at * 10), at == 0, 4 << 20)).collect();
        let mut tape = Tape::new(&[video()], all);
        tape.read = Arc::clone(&count);
        tape
    });
    set.settle();
    assert_eq!(read.load(Ordering::Relaxed) << 22, AHEAD_BYTES);
    set.control.start();
    set.run();
    assert_eq!(set.ear.heard("0"), at(&(0..40).map(|at| at * 10).collect::<Vec<_>>()));
}

/// What the connection has no room for is tried again until there is, in order.
#[test]
fn a_full_connection_is_waited_for() {
    let all = frames(0, (0..60).map(|at| at * 20));
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], all.clone()));
    set.control.start();
    set.run_for(ms(100));
    set.ear.full.store(true, Ordering::Relaxed);
    set.run_for(ms(207));
    set.ear.full.store(false, Ordering::Relaxed);
    set.run();
    set.end.take().unwrap().unwrap();
    let heard = set.ear.heard("0");
    let times: Vec<u128> = heard.iter().map(|(_, pts)| *pts).collect();
    assert_eq!(times, (0..60).map(|at| at * 20).collect::<Vec<u128>>());
    assert!(heard.iter().any(|(moment, pts)| *pts == 120 && (307..=312).contains(moment)), "{heard:?}");
    assert_eq!(heard[59].0, 1180);
}

/// Not for ever: what does not go in ten seconds will not go.
#[test]
fn a_connection_that_stays_full_ends_it() {
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], frames(0, [0, 40])));
    set.ear.full.store(true, Ordering::Relaxed);
    set.control.start();
    set.run();
    assert_eq!(set.end.take().unwrap().unwrap_err().code(), "limit");
    assert_eq!(set.ear.since(), ms(10_000));
}

/// A broken connection, a broken file, no worker: each is told.
#[test]
fn it_ends_with_what_went_wrong() {
    let all = frames(0, (0..20).map(|at| at * 20));
    let (one, two) = (all.clone(), all.clone());
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], one.clone()));
    set.control.start();
    set.run_for(ms(100));
    set.ear.broken.store(true, Ordering::Relaxed);
    set.run();
    assert_eq!(set.end.take().unwrap().unwrap_err().code(), "media_state");
    drop(set);
    // The frames before the broken place are good, and a broken file is not played again.
    let mut set = Set::new(freeze(), true, move || {
        let mut tape = Tape::new(&[video()], two.clone());
        tape.trouble = Some(Error::new(&code::MEDIA_FILE, "a block at 1234 was cut"));
        tape
    });
    set.control.start();
    set.run();
    let error = set.end.take().unwrap().unwrap_err();
    assert_eq!((error.code(), error.message()), ("media_file", "a block at 1234 was cut"));
    assert_eq!(error.detail().get("path").unwrap().as_str(), Some("/films/one.webm"));
    assert_eq!((set.ear.heard("0").len(), set.control.played().rounds), (20, 1));
    drop(set);
    let mut set = Set::new(freeze(), false, move || Tape::new(&[video()], all.clone()));
    set.bench.closed.store(true, Ordering::Relaxed);
    set.poll();
    assert_eq!(set.end.take().unwrap().unwrap_err().code(), "closed");
}

/// A file cannot give one: that is told.
#[test]
fn keyframes_that_are_wanted_are_counted() {
    let mut set = Set::new(freeze(), false, || Tape::new(&[video()], frames(0, [0, 40])));
    set.control.keyframe_wanted("0");
    set.control.keyframe_wanted("0");
    set.control.keyframe_wanted("7");
    set.control.start();
    set.run();
    assert_eq!(set.control.played().tracks[0].keyframes_wanted, 2);
}
