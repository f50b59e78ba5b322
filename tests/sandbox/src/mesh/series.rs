//! The points of time series: reading, many at once, in another resolution, and copying between objects (section 4.7).

use tonic::Status;

use super::arrow::{self, Layout};
use super::calc::Scope;
use super::calc::resample::transform;
use super::grid::Grid;
use super::id::Id;
use super::path::{Place, written};
use super::pb::time_series::{
    CopyTimeseriesBetweenObjectsRequest, CopyTimeseriesBetweenObjectsResponse, ReadTimeseriesRequest,
    ReadTimeseriesResponse, ReadTimeseriesStreamRequest, ReadTransformedTimeseriesRequest, Timeseries, Timezone,
    attribute_pair::TargetAttribute,
};
use super::pb::{MeshId, Resolution, UtcInterval};
use super::point::{OK, Point};
use super::read::Reading;
use super::settings::Settings;
use super::store::{Held, Store};
use super::{Call, Context, search, time};

/// A series as it travels, with what a fault makes of it.
pub fn show(
    reading: &Reading,
    id: Option<MeshId>,
    interval: Option<UtcInterval>,
    settings: &Settings,
    context: &Context,
) -> Result<Timeseries, Status> {
    let mut layout = Layout { batch: settings.batch, end_marker: settings.end_marker };
    let mut points = reading.points.clone();
    let mut resolution = reading.resolution;
    let mut broken = false;
    let mut empty = false;
    if let Some(fault) = &context.fault {
        let (first, last) = (points.first().copied(), points.last().copied());
        match fault.how.as_str() {
            "enum" => resolution = i32::try_from(fault.number).unwrap_or(99),
            "before" => {
                points.splice(..0, first.map(|point| Point { at: point.at - 3_600_000, ..point })).for_each(drop)
            }
            "after" => points.extend(last.map(|point| Point { at: point.at + 3_600_000, ..point })),
            "duplicate" => points.extend(last),
            "nan" => points.extend(last.map(|point| Point::hole(point.at + 3_600_000))),
            "unsorted" => points.reverse(),
            "offgrid" => points.iter_mut().for_each(|point| point.at += 1234),
            "batches" => layout.batch = usize::try_from(fault.number).unwrap_or(1).max(1),
            "arrow" => broken = true,
            "empty" => empty = true,
            _ => {}
        }
    }
    let mut data = if empty { Vec::new() } else { arrow::write(&points, layout)? };
    if broken {
        // Cut in the middle, with a length in it that points behind the end.
        data.truncate(data.len() * 2 / 3);
        data.iter_mut().skip(4).take(4).for_each(|byte| *byte = 0x7f);
    }
    Ok(Timeseries { id, resolution: Some(Resolution { r#type: resolution }), interval, data })
}

/// A target with what the answer calls it.
fn target(store: &Store, target: Option<&MeshId>) -> Result<(Place, MeshId), Status> {
    let target = target.ok_or_else(|| Status::invalid_argument("timeseries_id is not set"))?;
    let shown = match store.place(target) {
        Some(Place::Attribute(id)) => (Place::Attribute(id), Store::mesh_id(id, store.attribute_path(id))),
        Some(Place::Series(id)) => {
            let series = store.series.get(&id);
            // The official client wants sixteen bytes in any case.
            let by_key = target.id.is_none() && target.path.is_none();
            let shown = MeshId {
                id: Some(if by_key { Id::NIL.guid() } else { id.guid() }),
                path: series.map(|series| series.path.clone()).filter(|_| !by_key),
                timeseries_key: series.map(|series| series.key),
            };
            (Place::Series(id), shown)
        }
        Some(_) => return Err(Status::invalid_argument(format!("invalid type: {} has no points", written(target)))),
        None => return Err(Status::not_found(format!("time series not found: {} not found", written(target)))),
    };
    Ok(shown)
}

fn one(call: &mut Call<'_>, id: Option<&MeshId>, interval: Option<UtcInterval>) -> Result<Timeseries, Status> {
    let store = call.store();
    let (start, end) = time::ends_ms(interval.as_ref())?;
    let (place, id) = target(&store, id)?;
    let scope = Scope::new(&store, place, start, end, call.wall_ms(), &call.settings.time_zone);
    let reading = scope.read(place)?;
    let interval = interval.filter(|_| !reading.points.is_empty());
    show(&reading, Some(id), interval, call.settings, &call.context)
}

/// `ReadTimeseries`.
pub fn read(call: &mut Call<'_>, request: ReadTimeseriesRequest) -> Result<ReadTimeseriesResponse, Status> {
    let series = one(call, request.timeseries_id.as_ref(), request.interval)?;
    Ok(ReadTimeseriesResponse { timeseries: vec![series] })
}

/// `ReadTimeseriesStream`: one answer for each id, in order.
pub fn read_many(
    call: &mut Call<'_>,
    request: ReadTimeseriesStreamRequest,
) -> Result<Vec<ReadTimeseriesResponse>, Status> {
    let interval = request.interval;
    let answers = request.timeseries_ids.iter().map(|id| one(call, Some(id), interval));
    answers.map(|one| one.map(|series| ReadTimeseriesResponse { timeseries: vec![series] })).collect()
}

/// `ReadTransformedTimeseries`: one answer for each request, in order.
pub fn read_transformed(
    call: &mut Call<'_>,
    request: ReadTransformedTimeseriesRequest,
) -> Result<Vec<ReadTimeseriesResponse>, Status> {
    let store = call.store();
    let mut answers = Vec::new();
    for single in &request.requests {
        let (start, end) = time::ends_ms(single.interval.as_ref())?;
        let (place, id) = target(&store, single.timeseries_id.as_ref())?;
        let resolution = single.resolution.as_ref().map_or(0, |resolution| resolution.r#type);
        let zone = match single.transformation_timezone() {
            Timezone::Local => "LOCAL",
            Timezone::Standard => "STANDARD",
            _ => "UTC",
        };
        let zone =
            super::calc::zone_of(zone, &call.settings.time_zone).ok_or_else(|| Status::internal("no time zone"))?;
        let grid = Grid::new(resolution, zone)
            .ok_or_else(|| Status::invalid_argument("a time series cannot be transformed to this resolution"))?;
        let scope =
            Scope::new(&store, place, grid.floor(start), grid.ceil(end), call.wall_ms(), &call.settings.time_zone);
        let source = scope.read(place)?;
        let reading = transform(&source, &grid, resolution, single.transformation_method(), start, end);
        let interval = single.interval.filter(|_| !reading.points.is_empty());
        let series = show(&reading, Some(id), interval, call.settings, &call.context)?;
        answers.push(ReadTimeseriesResponse { timeseries: vec![series] });
    }
    Ok(answers)
}

/// `CopyTimeseriesBetweenObjects`: from every mapped attribute at or below the source to its like below the target.
/// Without an interval nothing is copied, only counted.
pub fn copy(
    call: &mut Call<'_>,
    request: CopyTimeseriesBetweenObjectsRequest,
) -> Result<CopyTimeseriesBetweenObjectsResponse, Status> {
    let store = call.store();
    let source = store.object_at(request.source.as_ref())?;
    let target = store.object_at(request.target.as_ref())?;
    let interval = request.interval.as_ref().map(|interval| time::ends_ms(Some(interval))).transpose()?;
    let mut answer = CopyTimeseriesBetweenObjectsResponse::default();
    let mut pairs = Vec::new();
    for (from, to) in alike(&store, source, target) {
        let class = store.objects.get(&from).and_then(|object| store.classes.get(&object.class));
        let Some(class) = class else { continue };
        let mapped = request.mappings.iter().filter(|mapping| mapping.object_type_name == class.name);
        for pair in mapped.flat_map(|mapping| &mapping.attribute_mappings) {
            let from = series_of(&store, from, &pair.source_attribute_name);
            answer.source_series_count += i64::from(from.is_some());
            let found = match (&pair.target_attribute, to) {
                (Some(TargetAttribute::TargetAttributeName(name)), Some(to)) => series_of(&store, to, name),
                (Some(TargetAttribute::TargetAttributeSearch(text)), Some(to)) => {
                    let found = search::read(text)?.attributes(&store, to, call.wall_ms());
                    found.first().and_then(|id| resource(&store, *id))
                }
                _ => None,
            };
            answer.target_series_count += i64::from(found.is_some());
            if let (Some(from), Some(found)) = (from, found) {
                answer.match_series_count += 1;
                pairs.push((from, found));
            }
        }
    }
    if let Some((start, end)) = interval {
        call.change(move |store, _| {
            for (from, to) in &pairs {
                let Some(points) = store.series.get(from).map(|series| std::sync::Arc::clone(&series.points)) else {
                    continue;
                };
                let inside: Vec<Point> =
                    points.iter().filter(|point| start <= point.at && point.at < end).copied().collect();
                super::write::replace(store, *to, start, end, &inside)?;
            }
            Ok(())
        })?;
    }
    Ok(answer)
}

/// An object and all below it, each with what has the same names below the other.
fn alike(store: &Store, source: Id, target: Id) -> Vec<(Id, Option<Id>)> {
    let mut all = vec![(source, Some(target))];
    let mut at = 0;
    while let Some((from, to)) = all.get(at).copied() {
        for child in store.children(from) {
            let name = store.objects.get(&child).map(|object| object.name.clone()).unwrap_or_default();
            all.push((child, to.and_then(|to| store.child(to, None, &name))));
        }
        at += 1;
    }
    all
}

fn resource(store: &Store, attribute: Id) -> Option<Id> {
    match store.attribute(attribute)?.2.held {
        Held::Series { resource, .. } => resource,
        _ => None,
    }
}

fn series_of(store: &Store, object: Id, name: &str) -> Option<Id> {
    resource(store, store.objects.get(&object)?.attributes.get(name)?.id)
}

/// A point that is as it should be.
pub const fn good(at: i64, value: f64) -> Point {
    Point { at, flags: OK, value }
}
