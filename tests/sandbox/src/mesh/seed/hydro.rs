//! A small hydro model named `Mesh`, for simulations and inflow calculations.

use super::Builder;
use crate::mesh::id::Id;
use crate::mesh::store::{Kind, Shape, Store};

/// Adds it.
pub fn fill(store: &mut Store) {
    let space = Builder::namespace(store, "HydroRepository");
    let mut build = Builder { store, space };
    let class = |build: &mut Builder<'_>, name: &str| build.class(name);
    let area = class(&mut build, "Area");
    let production = class(&mut build, "HydroProduction");
    let watercourse = class(&mut build, "WaterCourse");
    let group = class(&mut build, "OptimisationGroup");
    let case = class(&mut build, "OptimisationCase");
    let parameters = class(&mut build, "OptimisationParameters");
    let simulation = class(&mut build, "HydroSimulation");
    let many = (0, 1000);
    // The first level of this model is shown in paths, as in the vendor's own.
    build.field(space, "To_Areas", Kind::Owner, Some(area), many, Shape::Relation);
    build.field(area, "To_HydroProduction", Kind::Owner, Some(production), many, Shape::Relation);
    build.field(area, "To_OptimisationGroups", Kind::Owner, Some(group), many, Shape::Relation);
    build.field(production, "To_WaterCourses", Kind::Owner, Some(watercourse), many, Shape::Relation);
    build.field(group, "has_OptimisationCases", Kind::Owner, Some(case), many, Shape::Relation);
    build.field(case, "has_OptimisationParameters", Kind::Owner, Some(parameters), many, Shape::Relation);
    build.field(parameters, "has_HydroSimulation", Kind::Owner, Some(simulation), many, Shape::Relation);
    let model = build.model("Mesh");
    let id = |name: &str| Id::named(&format!("hydro {name}"));
    build.object(id("area"), "Area", area, model, "To_Areas");
    build.object(id("production"), "HydroProduction", production, id("area"), "To_HydroProduction");
    build.object(id("watercourse"), "WaterCourse", watercourse, id("production"), "To_WaterCourses");
    // `Group/Case` is found below the model by its short path.
    build.object(id("group"), "Group", group, model, "To_Areas");
    build.object(id("case"), "Case", case, id("group"), "has_OptimisationCases");
    build.object(id("parameters"), "Optimal", parameters, id("case"), "has_OptimisationParameters");
    build.object(id("simulation"), "HydroSimulation", simulation, id("parameters"), "has_HydroSimulation");
}
