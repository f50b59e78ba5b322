//! Simulations and inflow calculations: logs and data as they come (spec/mesh.md 4.10). A stream that ends well does not mean
//! that the run went well: the logs say so.

use super::{Ask, Asked, Verb, Work, known, message, send, sent, whole};
use crate::{
    backends::{
        Answer, Plain,
        mesh::{MeshSession, form::decode, staged, terms::Task},
    },
    error::{Error, Result, code},
    value::{Object, Tree},
};

/// The verbs of this file.
pub(super) static VERBS: &[Verb] = &[
    Verb {
        name: "run_simulation",
        changes: false,
        work: Work::Many(|session, call| run(session, simulation(&ask(call, "run_simulation"))?, call)),
    },
    Verb { name: "run_inflow", changes: false, work: Work::Many(inflow) },
    Verb {
        name: "get_mc_file",
        changes: false,
        work: Work::Many(|session, call| run(session, mc_file(&ask(call, "get_mc_file"))?, call)),
    },
];

fn ask<'a>(call: &Task<'a>, verb: &'a str) -> Ask<'a> {
    Ask { verb, target: call.target, args: call.args }
}

/// `start`, `end`, and what else both kinds of run have.
fn times(ask: &Ask<'_>, resolution: bool) -> Result<Object> {
    let mut fields = Object::default();
    fields.insert("interval", Tree::Array(vec![ask.need("start")?.clone(), ask.need("end")?.clone()]));
    if resolution {
        if let Some(step) = ask.get("resolution") {
            fields.insert("resolution", seconds(step)?);
        }
        fields.insert("return_datasets", Tree::Bool(ask.args.bool("return_datasets")?.unwrap_or(false)));
    }
    Ok(fields)
}

/// A step in seconds, or by name.
fn seconds(step: &Tree) -> Result<Tree> {
    let named = match step.as_str() {
        None => return Ok(step.clone()),
        Some("MIN5") => 300,
        Some("MIN10") => 600,
        Some("MIN15") => 900,
        Some("HOUR") => 3600,
        Some(other) => {
            return Err(Error::option(
                "resolution",
                format!("resolution was {other:?}; a run has MIN5, MIN10, MIN15, HOUR or a number of seconds"),
            ));
        }
    };
    Ok(Tree::Int(named))
}

/// `Group/Case` of the model that is the target.
fn case<'a>(ask: &Ask<'a>) -> Result<(&'a str, &'a str, &'a str)> {
    let text = ask.text("case")?;
    let (group, case) = text
        .split_once('/')
        .filter(|(group, case)| !group.is_empty() && !case.is_empty() && !case.contains('/'))
        .ok_or_else(|| Error::option("case", format!("case was {text:?}; \"Group/Case\" was expected")))?;
    Ok((ask.target()?, group, case))
}

fn simulation(ask: &Ask<'_>) -> Result<Asked> {
    let (model, group, case) = case(ask)?;
    let mut fields = times(ask, true)?;
    let path = format!(
        "Model/{model}/{group}.has_OptimisationCases/{case}.has_OptimisationParameters/Optimal.has_HydroSimulation/HydroSimulation"
    );
    fields.insert("simulation", Tree::from(path));
    if let Some(scenario) = ask.get("scenario") {
        fields.insert("scenario", scenario.clone());
    }
    Ok(Asked::new("hydsim.v1alpha.HydsimService/RunHydroSimulation", fields, whole))
}

fn mc_file(ask: &Ask<'_>) -> Result<Asked> {
    let (model, group, case) = case(ask)?;
    let mut fields = times(ask, false)?;
    fields.insert("optimisation_case", Tree::from(format!("Model/{model}/{group}.has_OptimisationCases/{case}")));
    Ok(Asked::new("hydsim.v1alpha.HydsimService/GetMcFile", fields, whole))
}

/// The watercourse is looked up first: there must be exactly one.
fn inflow(session: &MeshSession, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let ask = ask(call, "run_inflow");
    let model = ask.target()?;
    let area = ask.text("area")?;
    let name = ask.text("water_course")?;
    let mut search = Object::default();
    search.insert("start_object_id", Tree::from(format!("Model/{model}/Mesh.To_Areas/{area}")));
    search.insert("query", Tree::from(format!("To_HydroProduction/To_WaterCourses/@[.Name={name}]")));
    search.insert("object_field_mask", Tree::Array(vec![Tree::from("id")]));
    let (service, method) = known("model.v1alpha.ModelService/SearchObjects")?;
    let asked = message(session, (service, method), search, call)?;
    let found = sent(session, (service, method), &asked, call)?;
    let [only] = found.as_slice() else {
        let message =
            format!("{} watercourses {name:?} were found below the area {area:?}; one was expected", found.len());
        return Err(Error::new(&code::NO_RESULT_FOUND, message).with("key", "water_course"));
    };
    let id = decode(method.output, only)?.get("id").and_then(Tree::as_str).map(|id| format!("id:{id}"));
    let mut fields = times(&ask, true)?;
    fields.insert("watercourse", id.map_or(Tree::Null, Tree::from));
    run(session, Asked::new("hydsim.v1alpha.HydsimService/RunInflowCalculation", fields, whole), call)
}

/// All of it in one value, or piece by piece with `stream`.
fn run(session: &MeshSession, asked: Asked, call: &Task<'_>) -> Result<Box<dyn Answer>> {
    let (service, method) = known(asked.method)?;
    let message = message(session, (service, method), asked.fields, call)?;
    staged::make_up(session, call.terms)?;
    // What it calculates is in the workspace, and everybody's with the next commit.
    session.staged.lock().beside();
    if call.args.bool("stream")?.unwrap_or(false) {
        return send(session, (service, method), &message, whole, call);
    }
    let (mut logs, mut datasets, mut file) = (Vec::new(), Vec::new(), None);
    for message in sent(session, (service, method), &message, call)? {
        let Tree::Object(mut piece) = decode(method.output, &message)? else { continue };
        logs.extend(piece.remove("log_message"));
        datasets.extend(piece.remove("dataset"));
        file = piece.remove("mc_file").or(file);
    }
    let mut value = Object::default();
    value.insert("log_messages", Tree::Array(logs));
    value.insert("datasets", Tree::Array(datasets));
    value.insert("mc_file", file.unwrap_or_default());
    Ok(Box::new(Plain::new(&Tree::Object(value), Object::default())))
}
