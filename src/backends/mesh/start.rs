//! Where paths begin when the host named a model (option `model`): `Area.To_Plants/Plant` is then
//! `Model/NAME/Area.To_Plants/Plant`, and what is done to a model or below one needs no target.

use std::borrow::Cow;

use crate::{args::Args, value::Tree};

/// What a whole path begins with, and what is no path.
const WHOLE: [&str; 5] = ["Model/", "Repository/", "Resource/", "id:", "key:"];
/// Verbs whose target is the model itself.
const OF_THE_MODEL: [&str; 3] = ["run_simulation", "run_inflow", "get_mc_file"];
/// Verbs that search below an object.
const BELOW: [&str; 2] = ["search_objects", "search_attributes"];
/// Verbs whose target is no path of a model.
const ELSEWHERE: [&str; 7] = [
    "call",
    "create_model",
    "get_resource",
    "update_resource",
    "create_series",
    "list_text_resources",
    "write_text_resource",
];

/// Arguments that name something of a model, or a list of such.
const NAMED: [(&str, &str); 7] = [
    ("read_series", "targets"),
    ("copy_series", "source"),
    ("clone_object", "new_owner"),
    ("update_object", "new_owner"),
    ("availability.search_availability_events", "owners"),
    ("availability.search_advanced_restrictions", "owners"),
    ("availability.create_advanced_restriction", "calculation_id"),
];

/// The target that a verb means.
#[must_use]
pub fn place<'a>(model: &str, verb: &str, target: Option<&'a str>) -> Option<Cow<'a, str>> {
    if ELSEWHERE.contains(&verb) {
        return target.map(Cow::Borrowed);
    }
    let Some(target) = target else {
        return match verb {
            _ if OF_THE_MODEL.contains(&verb) => Some(Cow::Owned(model.to_owned())),
            // Where nothing is said, all of it is searched.
            _ if BELOW.contains(&verb) => Some(Cow::Owned(format!("Model/{model}"))),
            _ => None,
        };
    };
    Some(if OF_THE_MODEL.contains(&verb) { Cow::Borrowed(target) } else { path(model, target) })
}

/// The whole of a path.
#[must_use]
pub fn path<'a>(model: &str, target: &'a str) -> Cow<'a, str> {
    let whole = WHOLE.iter().any(|start| target.starts_with(start));
    // A number alone is a key, and nothing is nothing.
    let key = target.bytes().all(|byte| byte.is_ascii_digit());
    if whole || key { Cow::Borrowed(target) } else { Cow::Owned(format!("Model/{model}/{target}")) }
}

/// The arguments that a verb means.
#[must_use]
pub fn place_args<'a>(model: &str, verb: &str, args: &'a Args) -> Cow<'a, Args> {
    let named = NAMED.iter().find(|(of, _)| *of == verb);
    let Some((name, given)) = named.and_then(|(_, name)| Some((name, args.get(name)?))) else {
        return Cow::Borrowed(args);
    };
    let place = |given: &Tree| given.as_str().map_or_else(|| given.clone(), |text| Tree::from(&*path(model, text)));
    let placed = match given {
        Tree::Array(list) => Tree::Array(list.iter().map(place).collect()),
        one => place(one),
    };
    let mut own = args.clone();
    own.set(name, placed);
    Cow::Owned(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_begin_in_the_model() {
        let rows = [
            ("get_object", Some("Area.To_Plants/Plant"), Some("Model/M/Area.To_Plants/Plant")),
            ("get_object", Some("Model/Other/Plant"), Some("Model/Other/Plant")),
            (
                "get_object",
                Some("id:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
                Some("id:0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"),
            ),
            ("read_series", Some("key:3"), Some("key:3")),
            ("read_series", Some("3"), Some("3")),
            ("read_series", Some("Resource/C/x"), Some("Resource/C/x")),
            ("get_object", Some("Repository/D/T"), Some("Repository/D/T")),
            ("get_object", None, None),
            ("get_object", Some(""), Some("")),
            ("search_objects", None, Some("Model/M")),
            ("search_attributes", Some("Area"), Some("Model/M/Area")),
            ("run_simulation", None, Some("M")),
            ("run_simulation", Some("Other"), Some("Other")),
            ("create_model", Some("X"), Some("X")),
            ("get_resource", Some("7"), Some("7")),
            ("call", Some("a.B/C"), Some("a.B/C")),
            ("version", None, None),
        ];
        for (verb, target, meant) in rows {
            assert_eq!(place("M", verb, target).as_deref(), meant, "{verb} {target:?}");
        }
    }
}
