//! Many players on the one reactor, with a worker of their own and the system's clock.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use haft::{
    clock,
    engine::{
        errands::{Errand, Errands},
        media::flow::{Player, Reel, Route},
        reactor::lease,
    },
    error::{Error, Result, code},
};
use parking_lot::Mutex;

use crate::bed::{Ear, Tape, frames, ms, sound, video, woven};

/// A thread that does errands one after the other.
struct Hand(Mutex<mpsc::Sender<Errand>>);

impl Errands for Hand {
    fn run(&self, errand: Errand) -> Result<()> {
        self.0.lock().send(errand).map_err(|_| Error::new(&code::CLOSED, "the session was closed"))
    }
}

/// None goes out before its moment, none is lost, and all end when their files do.
#[test]
fn twenty_players_keep_their_time() {
    let (sender, errands) = mpsc::channel::<Errand>();
    let worker = thread::spawn(move || errands.iter().for_each(|errand| errand()));
    let worker_of_all: Arc<dyn Errands> = Arc::new(Hand(Mutex::new(sender)));
    let reactor = lease().unwrap();
    let (tell, hear) = mpsc::channel();
    let mut players = Vec::new();
    for _ in 0..20 {
        let all = woven([frames(0, (0..30).map(|at| at * 33)), frames(1, (0..50).map(|at| at * 20))].concat());
        let tape = move || Ok(Box::new(Tape::new(&[video(), sound()], all.clone())) as _);
        let reel = Reel::open("/films/one.webm", Arc::new(tape)).unwrap();
        let routes = (0..2).map(|at| Route { track: at, kind: reel.tracks()[at].kind, mid: at.to_string().into() });
        let (ear, routes) = (Ear::new(), routes.collect());
        let (player, control) = Player::new(reel, routes, false, Arc::clone(&ear) as _, Arc::clone(&worker_of_all));
        control.start();
        let tell = tell.clone();
        reactor.run(async move {
            let end = player.play().await;
            tell.send(end).unwrap();
        });
        players.push((ear, control));
    }
    drop((tell, worker_of_all));
    let ends: Vec<Result<()>> = hear.iter().collect();
    assert_eq!(ends.len(), 20);
    ends.into_iter().for_each(|end| end.unwrap());
    let mut late = Duration::ZERO;
    for (ear, control) in players {
        let notes = ear.notes.lock();
        assert_eq!(notes.len(), 80);
        let zero = notes[0].moment;
        for note in &*notes {
            // The first one may have been late itself.
            assert!(note.moment + ms(1) >= zero.saturating_sub(ms(50)) + note.pts, "{note:?}");
            late = late.max(note.moment.saturating_sub(zero + note.pts));
        }
        let stalled = control.played().stalled;
        assert!(ear.since() >= zero.saturating_sub(ms(50)) + ms(990) + stalled);
    }
    eprintln!("the latest frame of 1600 was {late:?} late");
    assert!(reactor.finish(clock::now() + Duration::from_secs(10)));
    worker.join().unwrap();
}
