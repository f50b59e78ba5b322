//! The file that is played, the place that is recorded to, and the tracks that both ask for: looked at before anything is
//! said to the server.

use std::{os::unix::fs::MetadataExt, path::Path, sync::Arc, time::Instant};

use super::{
    order::{Order, Part, Wanted},
    running::{News, Running},
};
use crate::{
    engine::{
        errands::{self, Errands},
        media::{
            Codec, Kind, container,
            flow::{Chosen, Control, Place, Player, Reel, Route, Want, fit, places, route},
            peer::{Agreed, Connection, Direction, Wish},
        },
        reactor::vigil::Vigil,
    },
    error::{Error, Result, code},
};

/// A file that is to be played.
pub struct Opened {
    reel: Reel,
    chosen: Vec<Chosen>,
}

impl Opened {
    /// By which tracks of the connection those of the file go.
    ///
    /// # Errors
    /// `media_codec` when the other side does not take one.
    pub fn routes(&self, agreed: &[Agreed]) -> Result<Vec<Route>> {
        route(self.reel.path(), &self.chosen, agreed)
    }

    /// Has it played; it begins with [`Control::start`].
    ///
    /// # Errors
    /// `closed`, `limit`.
    pub fn play(
        self,
        routes: Vec<Route>,
        again: bool,
        link: Arc<dyn Connection>,
        running: &Arc<Running>,
    ) -> Result<Arc<Control>> {
        let Some(handle) = running.handle.upgrade() else {
            return Err(Error::new(&code::CLOSED, "the handle was closed"));
        };
        let (player, control) = Player::new(self.reel, routes, again, link, Arc::clone(&running.worker));
        running.files.play(&control);
        let own = Arc::clone(running);
        handle.session.line.lent.reactor.run(async move {
            let done = Box::pin(player.play()).await;
            own.tell(News::Played(done));
        })?;
        Ok(control)
    }
}

/// Opens what is played and looks at where is recorded to, on the worker. Nothing is written yet. `None` when that was not
/// done by then: a callback of the host may keep the worker.
///
/// # Errors
/// `media_file`, `media_codec`, `io`, `argument` with what is wrong; `cancelled`.
pub async fn open(
    order: &Order,
    worker: &Arc<dyn Errands>,
    vigil: &mut Vigil,
    deadline: Instant,
) -> Result<Option<Option<Opened>>> {
    let (play, record) = (order.play_from.clone(), order.record_to.clone());
    if play.is_none() && record.is_none() {
        return Ok(Some(None));
    }
    let part = order.part;
    let returns = part == Part::Echo;
    let wanted =
        order.tracks.as_deref().map(|tracks| tracks.iter().filter(|track| sends(track)).map(want).collect::<Vec<_>>());
    let mut reply = errands::send(worker, move || {
        if let Some(record) = &record {
            look(record)?;
            distinct(play.as_deref(), Path::new(&**record))?;
        }
        let Some(path) = play else { return Ok(None) };
        let played = path.clone();
        let name = path.display().to_string();
        let reel = Reel::open(&name, Arc::new(move || container::open(&path, None)))?;
        let chosen = fit(&name, reel.tracks(), wanted.as_deref())?;
        if part == Part::Bridge
            && let Some(pictures) = chosen.iter().find(|one| one.kind == Kind::Video)
        {
            let why = format!(
                "track {} of {name} was video, and AudioBridge takes sound alone; tracks can leave it out: [{{\"kind\": \"audio\"}}]",
                pictures.track
            );
            let error = Error::new(&code::MEDIA_CODEC, why).with("path", &*name).with("codec", pictures.codec.name());
            return Err(error.with("track", i64::try_from(pictures.track).unwrap_or(-1)));
        }
        if let Some(record) = record.filter(|_| returns) {
            // What comes back is what goes out: whether the file can hold it is known now.
            let tracks: Vec<_> = chosen.iter().filter_map(|one| reel.tracks().get(one.track)).collect();
            let names: Vec<String> = (0..tracks.len()).map(|at| at.to_string()).collect();
            let known: Vec<Place<'_>> =
                tracks.iter().zip(&names).map(|(track, mid)| Place { feed: "", mid, kind: track.kind }).collect();
            for (path, members) in places(&record, &known) {
                let tracks: Vec<_> =
                    members.iter().filter_map(|at| tracks.get(*at)).map(|track| (*track).clone()).collect();
                container::format(Path::new(&path), &tracks)?;
                distinct(Some(&played), Path::new(&path))?;
            }
        }
        Ok(Some(Opened { reel, chosen }))
    })?;
    let brought = vigil.until(Some(deadline), |cx| reply.poll(cx)).await?;
    brought.map(|brought| brought.and_then(|opened| opened)).transpose()
}

/// What is played is not what is written to, which would empty it.
///
/// # Errors
/// `argument`.
pub fn distinct(played: Option<&Path>, recorded: &Path) -> Result<()> {
    let place = |path: &Path| path.metadata().ok().map(|about| (about.dev(), about.ino()));
    let played = played.and_then(place);
    if played.is_none() || played != place(recorded) {
        return Ok(());
    }
    let name = recorded.display().to_string();
    Err(Error::option("record_to", format!("record_to was the file that is played: {name}")).with("path", &*name))
}

fn sends(track: &Wanted) -> bool {
    track.direction.is_none_or(Direction::sends)
}

fn want(track: &Wanted) -> Want {
    Want { kind: Some(track.kind), codec: track.codec, mid: track.mid.clone() }
}

/// Whether files can be made there.
fn look(pattern: &str) -> Result<()> {
    let path = Path::new(pattern);
    let wrong = |message: String| Error::option("record_to", message).with("path", pattern);
    if path.is_dir() {
        return Err(wrong(format!("record_to was {pattern:?}, and that is a folder")));
    }
    let folder = match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Path::new("."),
        Some(folder) => folder,
        None => return Err(wrong(format!("record_to was {pattern:?}, which is no file"))),
    };
    if let Err(error) = container::format(path, &[])
        && error.code() == code::ARGUMENT.word
    {
        return Err(error.with("key", "record_to"));
    }
    // A folder for each feed is known when there is one.
    let named = folder.to_string_lossy().contains('{');
    if !named && !folder.is_dir() {
        return Err(wrong(format!(
            "record_to was {pattern:?}, and there is no folder {:?}",
            folder.display().to_string()
        )));
    }
    Ok(())
}

/// The tracks of an offer.
pub fn wishes(order: &Order, opened: Option<&Opened>, usual: Direction) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let chosen: &[Chosen] = opened.map_or(&[], |opened| &opened.chosen);
    // With a file: its tracks, and of the others those that only receive.
    for one in chosen {
        wishes.push(Wish { kind: one.kind, direction: usual, codecs: vec![one.codec] });
    }
    for track in order.tracks.iter().flatten().filter(|track| opened.is_none() || !sends(track)) {
        let codecs = track.codec.map_or_else(|| all(track.kind), |codec| vec![codec]);
        wishes.push(Wish { kind: track.kind, direction: track.direction.unwrap_or(usual), codecs });
    }
    if wishes.is_empty() {
        match order.part {
            // Who has nothing to say hears all the same.
            Part::Bridge => {
                wishes.push(Wish { kind: Kind::Audio, direction: Direction::RecvOnly, codecs: all(Kind::Audio) });
            }
            Part::Call => {
                for kind in [Kind::Audio, Kind::Video] {
                    wishes.push(Wish { kind, direction: Direction::RecvOnly, codecs: all(kind) });
                }
            }
            _ => {}
        }
    }
    wishes
}

fn all(kind: Kind) -> Vec<Codec> {
    match kind {
        Kind::Audio => vec![Codec::Opus],
        Kind::Video => vec![Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1],
    }
}

/// Which way the tracks of an offer of the other side go.
pub fn directions(order: &Order, opened: Option<&Opened>) -> impl Fn(&Agreed) -> Direction + use<> {
    let receives = order.part.receives();
    let file = opened.map(|opened| opened.chosen.clone());
    let tracks = order.tracks.clone();
    move |agreed: &Agreed| {
        let named =
            |track: &&Wanted| track.kind == agreed.kind && track.mid.as_ref().is_none_or(|mid| *mid == agreed.mid);
        let said = tracks.iter().flatten().find(named);
        if let Some(direction) = said.and_then(|track| track.direction) {
            return direction;
        }
        let sends = match &file {
            Some(chosen) => chosen
                .iter()
                .any(|one| one.kind == agreed.kind && one.mid.as_ref().is_none_or(|mid| *mid == agreed.mid)),
            None => said.is_some() && tracks.iter().flatten().any(sends),
        };
        Direction::of(sends, receives)
    }
}

/// The codec that goes out by a track of an offer of the other side, which is to name no other one then.
pub fn codecs(order: &Order, opened: Option<&Opened>) -> impl Fn(Kind, &str) -> Option<Codec> + use<> {
    let of_file =
        opened.into_iter().flat_map(|opened| &opened.chosen).map(|one| (one.kind, one.mid.clone(), Some(one.codec)));
    let live = order.tracks.iter().flatten().filter(|track| opened.is_none() && sends(track));
    let of_host = live.map(|track| (track.kind, track.mid.clone(), track.codec));
    let wanted: Vec<_> = of_file.chain(of_host).collect();
    move |kind, mid| {
        let fits = |named: &Option<Box<str>>| named.as_deref().is_none_or(|named| named == mid);
        wanted.iter().find(|(other, named, _)| *other == kind && fits(named))?.2
    }
}

/// Whether all that the host asked for has found its place, where it has frames of its own.
///
/// # Errors
/// `media_codec`.
pub fn found(order: &Order, agreed: &[Agreed]) -> Result<()> {
    for wanted in order
        .tracks
        .iter()
        .flatten()
        .filter(|track| order.play_from.is_none() && track.direction != Some(Direction::Inactive))
    {
        let of_it = |one: &&Agreed| one.kind == wanted.kind && wanted.mid.as_ref().is_none_or(|mid| *mid == one.mid);
        let fits = |one: &Agreed| one.codec.is_some() && wanted.codec.is_none_or(|codec| one.codec == Some(codec));
        if !agreed.iter().filter(of_it).any(fits) {
            let codec = wanted.codec.map(|codec| format!(" of {}", codec.name())).unwrap_or_default();
            let message = format!("the other side took no track for {}{codec}", wanted.kind.name());
            return Err(Error::new(&code::MEDIA_CODEC, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Tree;

    #[test]
    fn places_to_record_to_are_looked_at_first() {
        let folder = std::env::temp_dir();
        let here = |name: &str| folder.join(name).display().to_string();
        for (pattern, fine) in [
            (here("a.webm"), true),
            (here("{feed}.webm"), true),
            (here("{feed}/a.webm"), true),
            (here("no-such-folder/a.webm"), false),
            (folder.display().to_string(), false),
            ("/".to_owned(), false),
            (here("a.avi"), false),
            (here("a"), false),
            ("a.webm".to_owned(), true),
        ] {
            let looked = look(&pattern);
            assert_eq!(looked.is_ok(), fine, "{pattern}: {looked:?}");
            if let Err(error) = looked {
                assert_eq!(
                    (error.code(), error.detail().get("key").and_then(Tree::as_str)),
                    ("argument", Some("record_to"))
                );
            }
        }
    }
}
