//! New components from files on this machine (spec/ftrack.md 9.3).

use super::{
    Errand,
    pattern::{MOST, Pattern},
};
use crate::{
    args::Args,
    backends::ftrack::store::{EntityId, Store},
    error::{Error, Result, Status, code},
    log,
    value::{Object, Tree},
};

/// The local event by which plug-ins tell file types.
const FILE_TYPE: &str = "ftrack.api.session.get-file-type-from-string";

/// What is to be made.
pub struct Plan {
    kind: &'static str,
    path: String,
    data: Object,
    file_type: String,
    members: Vec<Member>,
}

struct Member {
    number: String,
    path: String,
    size: i64,
}

/// What was made: entities, each with the path of its file.
pub struct Made {
    /// The component.
    pub component: EntityId,
    /// It and its members.
    pub paths: Vec<(EntityId, String)>,
}

/// Looks at the files. Nothing is made yet.
///
/// # Errors
/// `argument`, `limit`.
pub fn plan(errand: &Errand<'_>, path: &str, data: &Object) -> Result<Plan> {
    let mut data = data.clone();
    let pattern = Pattern::read(path).map_err(|count| {
        let message = format!("a sequence of {count} files was named, and one has {MOST} at most");
        Error::new(&code::LIMIT, message).with("key", "target")
    })?;
    let Some(pattern) = pattern else {
        if !data.contains("size") {
            data.set("size", size(path));
        }
        let kind = file_type(errand, path);
        default(&mut data, "file_type", Tree::from(&kind));
        return Ok(Plan { kind: "FileComponent", path: path.to_owned(), data, file_type: kind, members: Vec::new() });
    };
    let given = data
        .get("size")
        .filter(|size| !size.is_null())
        .map(|size| size.as_double().ok_or_else(|| Error::option("data.size", "size was not a number")));
    let count = pattern.members().len();
    // Halves go to the even number, as in Python.
    let each = given.transpose()?.map(|size| (size / count.max(1) as f64).round_ties_even() as i64);
    let mut members = Vec::with_capacity(count);
    for (number, path) in pattern.members() {
        let size = each.unwrap_or_else(|| size(&path));
        members.push(Member { number, path, size });
    }
    let path = pattern.path();
    let file_type = file_type(errand, &path);
    default(&mut data, "padding", Tree::from(i64::from(pattern.padding)));
    default(&mut data, "file_type", Tree::from(&file_type));
    if each.is_none() {
        data.set("size", members.iter().fold(0i64, |sum, member| sum.saturating_add(member.size)));
    }
    Ok(Plan { kind: "SequenceComponent", path, data, file_type, members })
}

/// Makes the entities of a plan.
///
/// # Errors
/// Those of [`Store::create`].
pub fn make(store: &mut Store, plan: &Plan, record: bool) -> Result<Made> {
    let component = store.create(plan.kind, &plan.data, record)?;
    let mut made = Made { component, paths: vec![(component, plan.path.clone())] };
    if plan.kind == "FileComponent" {
        return Ok(made);
    }
    let container = store.reference(component);
    let file_type = Tree::from(&plan.file_type);
    let mut members = Vec::with_capacity(plan.members.len());
    for member in &plan.members {
        let mut data = Object::with_capacity(4);
        data.insert("name", Tree::from(&member.number));
        data.insert("container", container.clone());
        data.insert("size", Tree::Int(member.size));
        data.insert("file_type", file_type.clone());
        let id = store.create("FileComponent", &data, record)?;
        members.push(store.reference(id));
        made.paths.push((id, member.path.clone()));
    }
    if !members.is_empty() {
        store.set(component, "members", Some(&Tree::Array(members)), record)?;
    }
    Ok(made)
}

fn default(data: &mut Object, name: &str, value: Tree) {
    if !data.contains(name) {
        data.insert(name, value);
    }
}

/// The size of a file; that of one that is not there is 0, as the official client has it.
fn size(path: &str) -> i64 {
    std::fs::metadata(path).map_or(0, |found| i64::try_from(found.len()).unwrap_or(i64::MAX))
}

/// What a plug-in says, else the extension.
/// The type of a file: what a plug-in tells, else its extension with the dot.
pub fn file_type(errand: &Errand<'_>, path: &str) -> String {
    match asked(errand, path) {
        Ok(Some(kind)) => kind,
        Ok(None) => extension(path).to_owned(),
        Err(error) => {
            log::warn(c"ftrack", || format!("no plug-in told the type of a file: {error}"));
            extension(path).to_owned()
        }
    }
}

fn asked(errand: &Errand<'_>, path: &str) -> Result<Option<String>> {
    let mut data = Object::with_capacity(1);
    data.insert("file_path", Tree::from(path));
    let mut args = Args::new();
    args.set("data", Tree::Object(data));
    args.set("synchronous", true);
    let hub = &errand.core.hub;
    let answers = hub.publish_here(&hub.publish(FILE_TYPE, &args)?)?;
    let text = |answer: &Tree| {
        answer.as_str().or_else(|| answer.get("value")?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Ok(answers.as_array().into_iter().flatten().find_map(text))
}

/// The last dot of a file's name and what follows; dots at the start of the name are none.
fn extension(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let bare = name.trim_start_matches('.');
    bare.rfind('.').and_then(|at| bare.get(at..)).unwrap_or_default()
}

/// A component that is to be staged is in no location yet.
pub fn cannot_be_staged(verb: &str) -> Error {
    let message = format!("{verb} with a location moves data now and cannot be staged; without one it can");
    Error::new(&code::UNSUPPORTED, message).status_as(Status::Unsupported).with("key", "location")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `os.path.splitext` makes of the same paths.
    #[test]
    fn extensions_are_those_of_python() {
        for (path, expected) in [
            ("/a/b.exr", ".exr"),
            ("/a/b.tar.gz", ".gz"),
            ("/a.b/c", ""),
            (".bashrc", ""),
            ("..x.y", ".y"),
            ("a.", "."),
            ("/a/%04d.exr", ".exr"),
            ("", ""),
        ] {
            assert_eq!(extension(path), expected, "{path}");
        }
    }
}
