//! Time series resources (section 4.8).

use std::sync::Arc;

use tonic::Status;

use super::Call;
use super::grid::Grid;
use super::id::Id;
use super::pb::time_series::{
    CreatePhysicalTimeseriesRequest, GetTimeseriesResourceRequest, TimeseriesResource, UpdateTimeseriesResourceRequest,
    UpdateTimeseriesResourceResponse,
};
use super::pb::{Curve, Guid, Resolution};
use super::store::{Series, Store, entry, put};

impl Store {
    /// A resource as it travels.
    pub fn show_series(&self, id: Id) -> Option<TimeseriesResource> {
        let series = self.series.get(&id)?;
        Some(TimeseriesResource {
            timeseries_key: series.key,
            path: series.path.clone(),
            name: series.name.clone(),
            temporary: series.temporary,
            curve_type: Some(Curve { r#type: series.curve }),
            resolution: Some(Resolution { r#type: series.resolution }),
            unit_of_measurement: self.show_unit(series.unit),
            virtual_timeseries_expression: series.expression.clone(),
            time_zone: series.time_zone.clone(),
        })
    }

    fn unit_at(&self, guid: &Guid) -> Result<Id, Status> {
        let id = Id::of(guid).filter(|id| self.units.contains_key(id));
        id.ok_or_else(|| Status::not_found("unit of measurement not found"))
    }
}

fn not_found(key: i64) -> Status {
    Status::not_found(format!("time series key: {key} not found"))
}

/// `GetTimeseriesResource`.
pub fn get(call: &mut Call<'_>, request: GetTimeseriesResourceRequest) -> Result<TimeseriesResource, Status> {
    let store = call.store();
    let key = request.timeseries_resource_key;
    store.by_key(key).and_then(|(id, _)| store.show_series(id)).ok_or_else(|| not_found(key))
}

/// Refuses a zone that is none, or that the resolution is too fine for.
fn check_zone(zone: &str, resolution: i32) -> Result<(), Status> {
    if jiff::tz::TimeZone::get(zone).is_err() {
        return Err(Status::invalid_argument(format!("invalid time zone specified: '{zone}'")));
    }
    if Grid::of(resolution, None).is_none_or(|grid| grid.short().is_some()) {
        return Err(Status::invalid_argument(
            "time zone can only be set for a time series with a daily resolution or coarser",
        ));
    }
    Ok(())
}

/// `UpdateTimeseriesResource`.
pub fn update(
    call: &mut Call<'_>,
    request: UpdateTimeseriesResourceRequest,
) -> Result<UpdateTimeseriesResourceResponse, Status> {
    let store = call.store();
    let key = request.timeseries_resource_key;
    let (id, series) = store.by_key(key).ok_or_else(|| not_found(key))?;
    let paths = request.field_mask.map(|mask| mask.paths).unwrap_or_default();
    let named = |name: &str| paths.iter().any(|path| path == name);
    if paths.is_empty() {
        return Err(Status::invalid_argument("nothing is set to be updated"));
    }
    let curve = named("new_curve_type").then(|| request.new_curve_type.map_or(0, |curve| curve.r#type));
    // In the mask but absent: no unit from now on.
    let unit = named("new_unit_of_measurement_id")
        .then(|| request.new_unit_of_measurement_id.as_ref().map(|guid| store.unit_at(guid)).transpose())
        .transpose()?;
    let zone = named("new_time_zone").then_some(request.new_time_zone);
    if let Some(zone) = zone.as_ref().filter(|zone| !zone.is_empty()) {
        check_zone(zone, series.resolution)?;
    }
    call.change(move |store, _| {
        let series = entry(&mut store.series, &id).ok_or_else(|| not_found(key))?;
        series.curve = curve.unwrap_or(series.curve);
        series.unit = unit.unwrap_or(series.unit);
        if let Some(zone) = &zone {
            series.time_zone = (!zone.is_empty()).then(|| zone.clone());
        }
        Ok(())
    })?;
    Ok(UpdateTimeseriesResourceResponse {})
}

/// `CreatePhysicalTimeseries`. Its key is given when it is committed.
pub fn create(call: &mut Call<'_>, request: CreatePhysicalTimeseriesRequest) -> Result<TimeseriesResource, Status> {
    let store = call.store();
    let refuse = |text: &str| Err(Status::invalid_argument(text));
    if !request.path.starts_with('/') || !request.path.ends_with('/') {
        return refuse("path must start and end with '/'");
    }
    if request.name.is_empty() || request.name.contains('/') {
        return refuse("name is not valid");
    }
    let Some(curve) = request.curve_type else { return refuse("curve_type is not set") };
    let Some(resolution) = request.resolution.filter(|resolution| resolution.r#type != 0) else {
        return refuse("resolution is not set");
    };
    let Some(unit) = &request.unit_of_measurement_id else { return refuse("unit_of_measurement_id is not set") };
    let unit = store.unit_at(unit)?;
    if let Some(zone) = &request.time_zone {
        check_zone(zone, resolution.r#type)?;
    }
    let path = format!("Resource{}{}", request.path, request.name);
    let series = Series {
        key: 0,
        path,
        name: request.name,
        temporary: false,
        curve: curve.r#type,
        resolution: resolution.r#type,
        unit: Some(unit),
        time_zone: request.time_zone,
        expression: String::new(),
        committed: false,
        wants_key: true,
        points: Arc::default(),
    };
    let id = Id::random();
    call.change(move |store, _| {
        if store.series.values().any(|other| other.path == series.path) {
            return Err(Status::already_exists(format!("a time series {} already exists", series.path)));
        }
        put(&mut store.series, id, series.clone());
        Ok(())
    })?;
    call.store().show_series(id).ok_or_else(|| Status::internal("the series is gone"))
}
