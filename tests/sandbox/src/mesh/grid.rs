//! The steps of a resolution: from minutes to years, in a time zone.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::pb::resolution::ResolutionType;
use super::time::{FIRST_MS, LAST_MS};

/// A grid of moments.
#[derive(Clone, Debug)]
pub struct Grid {
    resolution: ResolutionType,
    zone: TimeZone,
}

impl Grid {
    /// The grid of a resolution; `None` for those that have no steps.
    pub fn new(resolution: i32, zone: TimeZone) -> Option<Self> {
        use ResolutionType::{Breakpoint, ResolutionUnspecified, Undefined};
        let resolution = ResolutionType::try_from(resolution).ok()?;
        (!matches!(resolution, Breakpoint | Undefined | ResolutionUnspecified)).then_some(Self { resolution, zone })
    }

    /// The grid of a series, in its own zone or in UTC.
    pub fn of(resolution: i32, zone: Option<&str>) -> Option<Self> {
        let zone = zone.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        Self::new(resolution, zone)
    }

    /// Length of a step in milliseconds, up to an hour.
    pub fn short(&self) -> Option<i64> {
        let minutes = match self.resolution {
            ResolutionType::Min => 1,
            ResolutionType::Min5 => 5,
            ResolutionType::Min10 => 10,
            ResolutionType::Min15 => 15,
            ResolutionType::Min30 => 30,
            ResolutionType::Hour => 60,
            _ => return None,
        };
        Some(minutes * 60_000)
    }

    /// About how long a step is, to tell coarse from fine.
    pub fn rough(&self) -> i64 {
        self.short().unwrap_or_else(|| {
            86_400_000
                * match self.resolution {
                    ResolutionType::Day => 1,
                    ResolutionType::Week => 7,
                    ResolutionType::Month => 30,
                    _ => 365,
                }
        })
    }

    /// The beginning of the step that a moment is in.
    pub fn floor(&self, ms: i64) -> i64 {
        let ms = ms.clamp(FIRST_MS, LAST_MS);
        if let Some(step) = self.short() {
            return ms.div_euclid(step) * step;
        }
        self.civil(ms).map_or(ms, |at| self.instant(self.begin(at)))
    }

    /// The beginning of the next step.
    pub fn next(&self, ms: i64) -> i64 {
        let ms = ms.clamp(FIRST_MS, LAST_MS);
        if let Some(step) = self.short() {
            return (ms.div_euclid(step) + 1) * step;
        }
        let next = self.civil(ms).map(|at| {
            let from = self.begin(at);
            let span = match self.resolution {
                ResolutionType::Day => 1.day(),
                ResolutionType::Week => 1.week(),
                ResolutionType::Month => 1.month(),
                _ => 1.year(),
            };
            from.checked_add(span).map_or(LAST_MS + 1, |at| self.instant(at))
        });
        next.unwrap_or(LAST_MS + 1).max(ms + 1)
    }

    /// The first moment of the grid that is not before this one.
    pub fn ceil(&self, ms: i64) -> i64 {
        let floor = self.floor(ms);
        if floor == ms { ms } else { self.next(ms) }
    }

    fn civil(&self, ms: i64) -> Option<DateTime> {
        Timestamp::from_millisecond(ms).ok().map(|at| at.to_zoned(self.zone.clone()).datetime())
    }

    fn instant(&self, at: DateTime) -> i64 {
        at.to_zoned(self.zone.clone()).map_or(LAST_MS + 1, |at| at.timestamp().as_millisecond())
    }

    fn begin(&self, at: DateTime) -> DateTime {
        let date = at.date();
        let first = match self.resolution {
            ResolutionType::Day => Ok(date),
            ResolutionType::Week => date.checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days()),
            ResolutionType::Month => Ok(date.first_of_month()),
            _ => Ok(date.first_of_year()),
        };
        first.unwrap_or(date).at(0, 0, 0, 0)
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::Grid;
    use crate::mesh::pb::resolution::ResolutionType as R;

    #[test]
    fn steps_follow_the_clock_of_the_zone() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        let oslo = |resolution: R| Grid::new(resolution as i32, TimeZone::get("Europe/Oslo").unwrap()).unwrap();
        // The day on which the clock went forward has 23 hours.
        assert_eq!(oslo(R::Day).floor(at("2016-03-27T12:00:00Z")), at("2016-03-26T23:00:00Z"));
        assert_eq!(oslo(R::Day).next(at("2016-03-27T12:00:00Z")), at("2016-03-27T22:00:00Z"));
        assert_eq!(oslo(R::Week).floor(at("2016-01-01T01:00:00Z")), at("2015-12-27T23:00:00Z"));
        assert_eq!(oslo(R::Month).next(at("2016-01-31T22:59:59Z")), at("2016-01-31T23:00:00Z"));
        assert_eq!(oslo(R::Year).floor(at("2016-07-01T00:00:00Z")), at("2015-12-31T23:00:00Z"));
        let quarter = Grid::of(R::Min15 as i32, None).unwrap();
        assert_eq!(quarter.ceil(at("2016-01-01T01:00:01Z")), at("2016-01-01T01:15:00Z"));
        assert_eq!(quarter.ceil(at("2016-01-01T01:15:00Z")), at("2016-01-01T01:15:00Z"));
        assert!(Grid::of(R::Breakpoint as i32, None).is_none());
    }
}
