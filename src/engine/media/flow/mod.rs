//! Frames in time: a file played at its own pace, and what arrives put into files.
//!
//! A [`Player`] takes a file apart on the worker ([`reel`]), keeps about two seconds of it ready and hands each frame to the
//! connection when its moment has come ([`schedule`]). A [`Recorder`] hears what arrives, decides on the reactor what belongs
//! into its file ([`intake`]), and has the worker write it ([`spool`]). [`fit`] says before anything is sent which tracks of a
//! file can go, and how to make a file that can. [`totals`] makes the numbers of a whole media session.

pub mod fit;
pub mod intake;
pub mod live;
pub mod pattern;
pub mod player;
pub mod recorder;
pub mod reel;
pub mod schedule;
pub mod spool;
pub mod totals;

pub use fit::{Chosen, Route, Want, fit, route};
pub use live::Live;
pub use pattern::{Place, places};
pub use player::{Control, Player};
pub use recorder::{Recorder, Recording};
pub use reel::{Opener, Reel};
pub use spool::{Creator, Written};
pub use totals::{Came, Report};
