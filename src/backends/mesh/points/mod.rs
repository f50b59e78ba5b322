//! Points on their way to the server and back (spec/mesh.md 1.2, 4.7, 5.6): what a host may give as points, what is checked
//! before anything is sent, and how more than a message holds is cut up and joined again.
//!
//! | part | what |
//! |---|---|
//! | `given` | the forms in which a host gives points |
//! | `check` | in order, inside their interval, on the grid |
//! | `split` | chunks of a write, spans of a read |
//! | `seams` | joins what was read in spans |

mod check;
mod given;
mod seams;
mod split;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use check::step_ms;
pub use given::given;
pub use seams::{Piece, is_tidy, join, tidy};
pub use split::{Chunk, LIMIT, halves, spans};

use crate::{error::Result, value::Series};

/// Points that may be written: checked, and with the interval that they replace.
#[derive(Clone, Debug)]
pub struct Points {
    series: Arc<Series>,
    start: i64,
    end: i64,
}

impl Points {
    /// Checks points against each other and against the interval `[start, end)` in UTC milliseconds; where that is not
    /// given, it begins with the first point and ends a second after the last, as with the official client.
    ///
    /// # Errors
    /// `invalid_points`, which names the point, when they are not in strict order, outside of the interval or of the years
    /// 1 to 9999, or when there are none and no interval either.
    pub fn new(series: Arc<Series>, start: Option<i64>, end: Option<i64>) -> Result<Points> {
        check::order(&series)?;
        let (start, end) = check::interval(&series, start, end)?;
        Ok(Points { series, start, end })
    }

    /// Checks that every point begins a step of a fixed resolution, see [`step_ms`].
    ///
    /// # Errors
    /// `invalid_points`, which names the point.
    pub fn fit(&self, step_ms: i64) -> Result<()> {
        check::grid(&self.series.times, step_ms)
    }

    /// Cuts the write into chunks that each fit in one message, whose other fields have `rest` bytes when they are encoded
    /// without points. Their intervals touch and cover the whole.
    ///
    /// # Errors
    /// `message_too_large` when not even one point has room.
    pub fn split(&self, rest: usize) -> Result<Vec<Chunk>> {
        split::chunks(self, rest, LIMIT)
    }

    /// The points.
    pub fn series(&self) -> &Arc<Series> {
        &self.series
    }

    /// What they replace: `[start, end)` in UTC milliseconds.
    pub fn interval(&self) -> (i64, i64) {
        (self.start, self.end)
    }
}
