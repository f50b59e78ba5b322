//! Writing points (section 4.7): the points of an interval are replaced, whatever was there.

use std::sync::Arc;

use tonic::Status;

use super::grid::Grid;
use super::id::Id;
use super::path::{Place, written};
use super::pb::time_series::{WriteTimeseriesRequest, WriteTimeseriesResponse};
use super::point::Point;
use super::store::{Held, Store, entry};
use super::{Call, arrow, time};

/// What the server says of a target that has no points of its own.
const NOT_PHYSICAL: &str = "target time series is not connected to a physical time series nor marked as session series";

/// `WriteTimeseries`.
pub fn write(call: &mut Call<'_>, request: WriteTimeseriesRequest) -> Result<WriteTimeseriesResponse, Status> {
    let store = call.store();
    let given = request.timeseries.ok_or_else(|| Status::invalid_argument("timeseries is not set"))?;
    let target = given.id.ok_or_else(|| Status::invalid_argument("the id of the time series is not set"))?;
    let id = match store.place(&target) {
        Some(Place::Series(id)) => id,
        Some(Place::Attribute(id)) => match store.attribute(id).map(|(_, _, attribute)| &attribute.held) {
            Some(Held::Series { resource: Some(series), .. }) => *series,
            _ => return Err(Status::failed_precondition(NOT_PHYSICAL)),
        },
        Some(_) => return Err(Status::invalid_argument(format!("invalid type: {} has no points", written(&target)))),
        None => return Err(Status::not_found(format!("time series not found: {} not found", written(&target)))),
    };
    let (start, end) = time::ends_ms(given.interval.as_ref())?;
    let points = arrow::read(&given.data)?;
    if points.windows(2).any(|pair| pair[0].at >= pair[1].at) {
        return Err(Status::invalid_argument("timestamps in the segment are not increasing"));
    }
    if points.iter().any(|point| point.at < start || point.at >= end) {
        return Err(Status::invalid_argument("timestamps in the segment are outside the interval"));
    }
    let series = store.series.get(&id).ok_or_else(|| Status::not_found("time series not found"))?;
    if !series.expression.is_empty() {
        return Err(Status::failed_precondition(NOT_PHYSICAL));
    }
    if !series.committed {
        return Err(Status::failed_precondition("time series not found: it has to be committed first"));
    }
    if let Some(grid) = Grid::of(series.resolution, series.time_zone.as_deref())
        && let Some(point) = points.iter().find(|point| grid.floor(point.at) != point.at)
    {
        let at = time::shown(&time::timestamp(point.at));
        return Err(Status::invalid_argument(format!("timestamp {at} does not fit the resolution of the time series")));
    }
    let points = Arc::new(points);
    call.change(move |store, _| replace(store, id, start, end, &points))?;
    Ok(WriteTimeseriesResponse {})
}

/// Puts points in place of those in `[start, end)`.
pub fn replace(store: &mut Store, id: Id, start: i64, end: i64, new: &[Point]) -> Result<(), Status> {
    let series = entry(&mut store.series, &id).ok_or_else(|| Status::not_found("time series not found"))?;
    let points = Arc::make_mut(&mut series.points);
    let from = points.partition_point(|point| point.at < start);
    let to = points.partition_point(|point| point.at < end);
    points.splice(from..to.max(from), new.iter().copied());
    Ok(())
}
