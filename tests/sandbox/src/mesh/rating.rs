//! Rating curves (section 4.6).

use tonic::Status;

use super::Call;
use super::pb::model::{
    GetRatingCurveVersionsRequest, GetRatingCurveVersionsResponse, RatingCurveVersion,
    UpdateRatingCurveVersionsRequest, UpdateRatingCurveVersionsResponse,
};
use super::store::Held;
use super::time::{self, order, within};

fn misfit() -> Status {
    Status::invalid_argument("Invalid type of the attribute: unexpected kind, it holds no rating curves")
}

/// `GetRatingCurveVersions`: those valid in the interval, one that began before it too.
pub fn get(
    call: &mut Call<'_>,
    request: GetRatingCurveVersionsRequest,
) -> Result<GetRatingCurveVersionsResponse, Status> {
    let store = call.store();
    let (_, attribute) = store.attribute_of(request.attribute.as_ref())?;
    let Held::Rating(versions) = &attribute.held else { return Err(misfit()) };
    let (start, end) = time::ends(request.interval.as_ref())?;
    let from = |version: &RatingCurveVersion| version.from.as_ref().map(order);
    let mut found = super::xy::valid(versions, from, order(&start), order(&end));
    if request.versions_only {
        for version in &mut found {
            version.x_range_from = 0.0;
            version.x_value_segments.clear();
        }
    }
    Ok(GetRatingCurveVersionsResponse { versions: found })
}

fn check(version: &RatingCurveVersion) -> Result<RatingCurveVersion, Status> {
    let refuse = |text: String| Err(Status::invalid_argument(text));
    let mut version = version.clone();
    if version.x_value_segments.is_empty() {
        return refuse("each new rating curve version must have at least one segment".to_owned());
    }
    // Sorted, whatever the order in which they came.
    version.x_value_segments.sort_by(|a, b| a.x_range_until.total_cmp(&b.x_range_until));
    if version.x_value_segments.windows(2).any(|pair| pair[0].x_range_until == pair[1].x_range_until) {
        return refuse("duplicate x_range_until thresholds in segments of a new rating curve version".to_owned());
    }
    let least = version.x_value_segments.first().map_or(f64::NAN, |segment| segment.x_range_until);
    // NaN is not lesser either.
    if version.x_range_from.partial_cmp(&least) != Some(std::cmp::Ordering::Less) {
        return refuse(format!(
            "x_range_from {} of a rating curve version {} is not lesser than the x_range_until threshold {least}",
            version.x_range_from,
            version.from.as_ref().map(time::shown).unwrap_or_default()
        ));
    }
    Ok(version)
}

/// `UpdateRatingCurveVersions`.
pub fn update(
    call: &mut Call<'_>,
    request: UpdateRatingCurveVersionsRequest,
) -> Result<UpdateRatingCurveVersionsResponse, Status> {
    let store = call.store();
    let (id, attribute) = store.attribute_of(request.attribute.as_ref())?;
    if !matches!(attribute.held, Held::Rating(_)) {
        return Err(misfit());
    }
    let (start, end) = time::ends(request.interval.as_ref())?;
    if request.versions.iter().any(|version| version.from.is_none()) {
        return Err(Status::invalid_argument("each new rating curve version must have a 'from' timestamp"));
    }
    let new = request.versions.iter().map(check).collect::<Result<Vec<_>, _>>()?;
    if new.iter().filter_map(|version| version.from).any(|at| !within(&at, &start, &end)) {
        return Err(Status::invalid_argument("new rating curve versions must be within the replacement interval"));
    }
    let times: Vec<_> = new.iter().filter_map(|version| version.from.as_ref().map(order)).collect();
    let mut sorted = times.clone();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Status::invalid_argument("duplicate 'from' timestamps in new rating curve versions"));
    }
    if sorted != times {
        return Err(Status::invalid_argument("new rating curve versions are not sorted"));
    }
    call.change(move |store, _| {
        let gone = || Status::not_found(format!("attribute not found: {id}"));
        let attribute = store.attribute_mut(id).ok_or_else(gone)?;
        let Held::Rating(versions) = &mut attribute.held else { return Err(gone()) };
        versions.retain(|version| !version.from.is_some_and(|at| within(&at, &start, &end)));
        versions.extend_from_slice(&new);
        versions.sort_by_key(|version| version.from.as_ref().map(order));
        Ok(())
    })?;
    Ok(UpdateRatingCurveVersionsResponse {})
}
