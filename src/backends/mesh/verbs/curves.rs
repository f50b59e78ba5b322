//! XY sets and rating curves (spec/mesh.md 4.5, 4.6): versions, each valid from a moment on.

use super::{Ask, Asked, Verb, Work, nothing, view::member};
use crate::{
    error::Result,
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb { name: "get_xy_sets", changes: false, work: Work::One(get_xy_sets) },
    Verb { name: "get_rating_curves", changes: false, work: Work::One(get_rating_curves) },
    Verb { name: "update_xy_sets", changes: true, work: Work::One(update_xy_sets) },
    Verb { name: "update_rating_curves", changes: true, work: Work::One(update_rating_curves) },
];

fn reads(ask: &Ask<'_>) -> Result<Object> {
    let mut fields = about(ask)?;
    fields.insert("versions_only", Tree::Bool(ask.args.bool("versions_only")?.unwrap_or(false)));
    Ok(fields)
}

fn about(ask: &Ask<'_>) -> Result<Object> {
    let mut fields = Object::default();
    fields.insert("attribute", Tree::from(ask.target()?));
    if let Some(interval) = ask.get("interval") {
        fields.insert("interval", interval.clone());
    }
    Ok(fields)
}

fn get_xy_sets(ask: &Ask<'_>) -> Result<Asked> {
    let shape = |answer: Tree| Ok(member(&answer, "xy_sets"));
    Ok(Asked::new("model.v1alpha.ModelService/GetXySets", reads(ask)?, shape))
}

fn get_rating_curves(ask: &Ask<'_>) -> Result<Asked> {
    let shape = |answer: Tree| Ok(member(&answer, "versions"));
    Ok(Asked::new("model.v1alpha.ModelService/GetRatingCurveVersions", reads(ask)?, shape))
}

fn update_xy_sets(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = about(ask)?;
    fields.insert("xy_sets", ask.need("versions")?.clone());
    Ok(Asked::new("model.v1alpha.ModelService/UpdateXySets", fields, nothing))
}

fn update_rating_curves(ask: &Ask<'_>) -> Result<Asked> {
    let mut fields = about(ask)?;
    fields.insert("versions", ask.need("versions")?.clone());
    Ok(Asked::new("model.v1alpha.ModelService/UpdateRatingCurveVersions", fields, nothing))
}
