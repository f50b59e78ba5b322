//! The calls of media: what they are answered with, and how they wait. The session of media itself runs on the reactor
//! whoever waits for it.

use std::sync::Arc;

use super::{
    course,
    files::Track,
    is_channel,
    order::{Order, Part},
    running::{Halt, Phase, Running},
    written::Written,
};
use crate::{
    args::Args,
    backends::{
        Answer, Call, Late, Pending, Plain,
        janus::{
            calls,
            handle::{Handle, OPTIONS, only},
            plugins,
        },
    },
    engine::{
        net::cancel::{Cancel, cancelled},
        reactor::{caller::Caller, promise, vigil::Vigil},
    },
    error::{Error, Outcome, Result, code},
    value::{Object, Tree},
};

/// Begins a call.
///
/// # Errors
/// The mistake, found now.
pub fn begin(handle: &Arc<Handle>, call: &Call<'_>) -> Result<Pending> {
    let verb = call.verb.unwrap_or_default();
    let begun = no_target(call).and_then(|()| match verb {
        "media" => media(handle, call),
        "media_stop" => stop(handle, call),
        "write_frame" => {
            let written = write(handle, call.args);
            written?;
            Ok(ready(Tree::Null))
        }
        _ => channel(handle, call),
    });
    begun.map_err(|error| match error.known_outcome() {
        Some(_) => error,
        None => error.outcome(Outcome::NotSent),
    })
}

/// Does one on the calling thread.
///
/// # Errors
/// As those of the call.
pub fn wait(handle: &Arc<Handle>, call: &Call<'_>) -> Result<Box<dyn Answer>> {
    let verb = call.verb.unwrap_or_default();
    let worker = &handle.session.line.lent.worker;
    if worker.is_here() && verb == "media" && ["play_from", "record_to"].iter().any(|key| call.args.get(key).is_some())
    {
        let message = "media with files was called inside of a callback, whose thread reads and writes them; submit it";
        return Err(Error::new(&code::BUSY, message).outcome(Outcome::NotSent));
    }
    if worker.is_here() && verb == "media_stop" {
        // Whoever completes the files stands here: it ends without being waited for, and is told as it is by now.
        let pending = begin(handle, call)?;
        drop(pending);
        return Ok(Box::new(Plain::new(&ending(handle.media.shown()), Object::default())));
    }
    if verb == "write_frame" {
        no_target(call)?;
        write(handle, call.args).map_err(|error| match error.known_outcome() {
            Some(_) => error,
            None => error.outcome(Outcome::NotSent),
        })?;
        return Ok(Box::new(Plain::new(&Tree::Null, Object::default())));
    }
    let pending = begin(handle, call)?;
    let (giver, mut taker) = promise::pair();
    handle.session.line.lent.reactor.run(async move { giver.give(pending.await) })?;
    match Caller::new().wait(None, None, |cx| taker.poll_take(cx))? {
        Some(Some(late)) => late(),
        _ => Err(cancelled().outcome(Outcome::Unknown)),
    }
}

fn no_target(call: &Call<'_>) -> Result<()> {
    match call.target {
        Some(target) => {
            let verb = call.verb.unwrap_or_default();
            Err(Error::option("target", format!("{verb} has no target, and it was {target:?}")))
        }
        None => Ok(()),
    }
}

fn late(done: Result<Tree>) -> Late {
    Box::new(move || done.map(|value| -> Box<dyn Answer> { Box::new(Plain::new(&value, Object::default())) }))
}

fn ready(value: Tree) -> Pending {
    Box::pin(async move { late(Ok(value)) })
}

fn media(handle: &Arc<Handle>, call: &Call<'_>) -> Result<Pending> {
    let order = Order::read(handle, call.args)?;
    handle.takes_calls()?;
    let until_connected = order.until_connected;
    let made = handle.media.enter(|| Ok(Running::new(handle, order.part)))?;
    let Ok(running) = made else {
        return Err(Error::new(&code::BUSY, "media runs on this handle already; media_stop ends it"));
    };
    if let Err(error) = course::begin(handle, &running, order, call.progress.clone()) {
        handle.media.over(&running, Tree::Null);
        return Err(error);
    }
    Ok(waited(running, Arc::clone(call.cancel), until_connected))
}

/// Waits for media: to its end, or until it flows. The end of the call by the host is its end.
fn waited(running: Arc<Running>, cancel: Arc<Cancel>, until_connected: bool) -> Pending {
    Box::pin(async move {
        let mut vigil = Vigil::new(cancel);
        let mut taker = if until_connected { running.when_flowing() } else { running.when_over() };
        if vigil.until(None, |cx| taker.poll_take(cx)).await.is_err() {
            running.halt(Halt::Cancelled);
            // Its files are completed all the same.
            running.when_over().await;
        }
        late(running.outcome().unwrap_or_else(|| Ok(running.shown())))
    })
}

fn stop(handle: &Arc<Handle>, call: &Call<'_>) -> Result<Pending> {
    only("media_stop", call.args, &[])?;
    let deadline = calls::deadline(&handle.session.line, call.args)?;
    let Some(running) = handle.media.running() else { return Ok(ready(handle.media.shown())) };
    running.halt(Halt::Stopped);
    let (handle, cancel) = (Arc::clone(handle), Arc::clone(call.cancel));
    Ok(Box::pin(async move {
        let mut vigil = Vigil::new(cancel);
        let mut over = running.when_over();
        late(match vigil.until(Some(deadline), |cx| over.poll_take(cx)).await {
            Ok(Some(_)) => Ok(handle.media.shown()),
            Ok(None) => Err(Error::new(&code::TOTAL_TIMEOUT, "media did not end in time")
                .phase("total")
                .outcome(Outcome::Unknown)),
            Err(error) => Err(error.outcome(Outcome::Unknown)),
        })
    }))
}

/// What was just told to end, whether or not it has noticed.
fn ending(shown: Tree) -> Tree {
    match shown {
        Tree::Object(mut shown) if shown.get("state").and_then(Tree::as_str) != Some(Phase::Ended.word()) => {
            shown.insert("state", Tree::from(Phase::Ending.word()));
            Tree::Object(shown)
        }
        shown => shown,
    }
}

/// Sends a frame or a message, now.
fn write(handle: &Arc<Handle>, args: &Args) -> Result<()> {
    let written = Written::read(args)?;
    handle.takes_calls()?;
    let none = || Error::new(&code::MEDIA_STATE, "no media runs on this handle; media begins it");
    let running = handle.media.running().ok_or_else(none)?;
    let link = running.flowing()?;
    match written {
        Written::Message { label, binary, data } => link.say(&label, binary, &data),
        Written::Frame { mid, data, pts } => {
            let mid = match mid {
                Some(mid) => mid,
                None => only_track(&running)?,
            };
            if !running.tracks().iter().any(|track| *track.mid() == *mid && track.agreed.direction.sends()) {
                return Err(Error::option("mid", format!("no track {mid:?} goes to the server")));
            }
            if running.files.plays(&mid) {
                let message = format!("the track {mid:?} plays a file: frames of your own have no place in it");
                return Err(Error::option("mid", message));
            }
            let time = running.live.check(&mid, pts)?;
            link.write(&mid, time, &data).inspect_err(|_| running.live.take_back(&mid, time))
        }
    }
}

/// The track that frames go out by when nobody said which.
fn only_track(running: &Running) -> Result<Box<str>> {
    let sends = |track: &Track| track.agreed.direction.sends() && track.agreed.codec.is_some();
    let mut tracks = running.tracks().into_iter().filter(sends);
    match (tracks.next(), tracks.next()) {
        (Some(track), None) => Ok(track.agreed.mid),
        (None, _) => Err(Error::option("mid", "no track of this connection goes to the server")),
        (Some(_), Some(_)) => Err(Error::option("mid", "write_frame needs mid: several tracks go to the server")),
    }
}

/// A request of TextRoom over its data channel, which is set up first where nobody has.
fn channel(handle: &Arc<Handle>, call: &Call<'_>) -> Result<Pending> {
    let verb = call.verb.unwrap_or_default();
    let Some(plugin) = plugins::find(handle.plugin()).filter(|_| is_channel(handle, verb)) else {
        return Err(Error::new(&code::UNSUPPORTED, format!("there is no verb {verb:?}")));
    };
    let checked = plugins::check_channel(plugin, verb, call.args, |name| OPTIONS.contains(&name))?;
    handle.takes_calls()?;
    let line = &handle.session.line;
    let deadline = calls::deadline(line, call.args)?;
    // A message that wants no answer gets none.
    let silent = verb == "message" && checked.body.get("ack") == Some(&Tree::Bool(false));
    let running = text_room(handle)?;
    // What is said in this order goes out in this order.
    let sent = match running.flowing() {
        Ok(open) => Some(running.channel.ask(&*open, verb, &checked.body, silent)?),
        Err(_) => None,
    };
    let (handle, cancel) = (Arc::clone(handle), Arc::clone(call.cancel));
    Ok(Box::pin(async move {
        let mut vigil = Vigil::new(cancel);
        let (number, mut taker) = match sent {
            Some(sent) => sent,
            None => {
                let mut flowing = running.when_flowing();
                let waited = match vigil.until(Some(deadline), |cx| flowing.poll_take(cx)).await {
                    Ok(Some(_)) => match running.outcome() {
                        Some(Err(error)) => Err(error),
                        _ => running.flowing(),
                    },
                    Ok(None) => {
                        Err(Error::new(&code::TOTAL_TIMEOUT, "the data channel was not there in time").phase("total"))
                    }
                    Err(error) => Err(error),
                };
                let said =
                    waited.and_then(|link| running.channel.ask(&*link, checked.request.name, &checked.body, silent));
                match said {
                    Ok(sent) => sent,
                    Err(error) => return failed(error.outcome(Outcome::NotSent)),
                }
            }
        };
        let answer = match vigil.until(Some(deadline), |cx| taker.poll_take(cx)).await {
            Ok(Some(Some(answer))) => answer,
            Ok(Some(None)) => {
                Err(Error::new(&code::MEDIA_STATE, "the data channel was closed").outcome(Outcome::Unknown))
            }
            Ok(None) => {
                let late = Error::new(&code::TOTAL_TIMEOUT, "the server did not answer in time over the data channel");
                Err(late.phase("total").outcome(Outcome::Unknown))
            }
            Err(error) => Err(error.outcome(Outcome::Unknown)),
        };
        running.channel.forget(number);
        match answer {
            Ok(document) => {
                handle.learned(&checked);
                let done: Late = Box::new(move || {
                    let answer: Box<dyn Answer> = Box::new(Plain::of_document(document));
                    Ok(answer)
                });
                done
            }
            Err(error) => failed(error),
        }
    }))
}

fn failed(error: Error) -> Late {
    late(Err(error))
}

/// The data channel of TextRoom: what runs, or one that is set up now.
fn text_room(handle: &Arc<Handle>) -> Result<Arc<Running>> {
    let timeout = handle.session.line.terms().timeout;
    match handle.media.enter(|| Ok(Running::new(handle, Part::Text)))? {
        Err(running) => Ok(running),
        Ok(running) => match course::begin(handle, &running, Order::of_text(timeout), None) {
            Ok(()) => Ok(running),
            Err(error) => {
                handle.media.over(&running, Tree::Null);
                Err(error)
            }
        },
    }
}
