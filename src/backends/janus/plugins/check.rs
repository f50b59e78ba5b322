//! The arguments of a plugin's request, looked at before anything is sent: names, types and mandatory fields as the plugin
//! itself checks them (appendix A of the Janus specification). What is not checked here the server will.

use super::{
    Jsep, Plugin, Request, Way,
    field::{self, Field, Kind},
};
use crate::{
    args::Args,
    error::{Error, Outcome, Result, code},
    options::nearest,
    value::{Object, Tree},
};

/// Fields of ours that no plugin has.
const OWN: [&str; 2] = ["jsep", "haft"];

/// A request that is fit to be sent.
#[derive(Debug)]
pub struct Checked {
    /// The plugin.
    pub plugin: &'static Plugin,
    /// The request.
    pub request: &'static Request,
    /// The message's `body`.
    pub body: Object,
    /// The message's `jsep`.
    pub jsep: Option<Tree>,
}

/// Makes the message of a plugin's request from arguments. `is_option` tells which names are options of calls: an argument
/// that a field is named as is the field.
///
/// # Errors
/// `unsupported` for a verb that the plugin does not have, `argument` with the path of what is wrong under `key`. Nothing was
/// sent then.
pub fn check(plugin: &'static Plugin, verb: &str, args: &Args, is_option: impl Fn(&str) -> bool) -> Result<Checked> {
    checked(plugin, verb, args, is_option).map_err(|error| error.outcome(Outcome::NotSent))
}

/// The same for a request that goes over the data channel.
///
/// # Errors
/// As [`check`].
pub fn check_channel(plugin: &'static Plugin, verb: &str, args: &Args, is_option: impl Fn(&str) -> bool) -> Result<Checked> {
    let request = known(plugin, verb).and_then(|request| read(plugin, request, verb, args, &is_option));
    request.map_err(|error| error.outcome(Outcome::NotSent))
}

fn checked(plugin: &'static Plugin, verb: &str, args: &Args, is_option: impl Fn(&str) -> bool) -> Result<Checked> {
    let request = known(plugin, verb)?;
    if request.way == Way::Channel {
        let message = format!("{} takes {verb:?} over the data channel of the handle alone", plugin.package);
        return Err(Error::new(&code::UNSUPPORTED, message).with("key", "verb"));
    }
    read(plugin, request, verb, args, &is_option)
}

fn read(
    plugin: &'static Plugin,
    request: &'static Request,
    verb: &str,
    args: &Args,
    is_option: &dyn Fn(&str) -> bool,
) -> Result<Checked> {
    let mut body = Object::with_capacity(args.root().len() + 1);
    if let Some(wire) = request.wire {
        body.insert("request", Tree::from(wire));
    }
    let place = Place { plugin, verb, above: None, name: "", index: None };
    fields(&place, request, args.root(), is_option, &mut body)?;
    own_group(args)?;
    Ok(Checked { plugin, request, body, jsep: jsep(request, args.get("jsep"))? })
}

fn known(plugin: &'static Plugin, verb: &str) -> Result<&'static Request> {
    let Some(request) = plugin.request(verb) else {
        let near = nearest(verb, plugin.requests.iter().map(|request| request.name));
        let hint = near.map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
        return Err(Error::new(&code::UNSUPPORTED, format!("{} has no request {verb:?}{hint}", plugin.package))
            .with("key", "verb"));
    };
    Ok(request)
}

/// Options of the call that stand beside a field of the same name.
fn own_group(args: &Args) -> Result<()> {
    let foreign = args.object("haft")?.and_then(|group| group.keys().find(|name| *name != "id"));
    foreign.map_or(Ok(()), |name| {
        Err(Error::option(name, format!("there is no option \"haft.{name}\"; there is \"haft.id\"")))
    })
}

/// The fields that count for what was given: those of the request, and those of the cases that hold.
fn counting<'a>(request: &'static Request, given: &'a Object) -> impl Iterator<Item = Field> + use<'a> {
    let cases = request.cases.iter().filter(move |case| {
        case.when.iter().all(|(name, value)| match given.get(name) {
            None | Some(Tree::Null) => value.is_empty(),
            Some(Tree::Text(text)) => text.eq_ignore_ascii_case(value),
            Some(Tree::Bool(truth)) => *truth && *value == "true",
            Some(_) => false,
        })
    });
    request.fields.iter().chain(cases.flat_map(|case| case.fields.iter())).flat_map(|text| field::read(text))
}

fn fields(
    place: &Place<'_>,
    request: &'static Request,
    given: &Object,
    is_option: &dyn Fn(&str) -> bool,
    body: &mut Object,
) -> Result<()> {
    for (name, value) in given.iter() {
        let place = place.within(name);
        let found = counting(request, given).find(|field| field.name == name);
        let Some(field) = found else {
            if request.has(name) {
                return Err(place.elsewhere(request));
            }
            if OWN.contains(&name) || is_option(name) {
                continue;
            }
            return Err(place.unknown(request.all_fields()));
        };
        // Null is what was not given, here as everywhere.
        if !value.is_null() {
            body.insert(name, checked_value(&place, field, value)?);
        }
    }
    for field in counting(request, given).filter(|field| field.mandatory) {
        if !body.contains(field.name) {
            return Err(place.within(field.name).missing(field));
        }
    }
    Ok(())
}

/// The value as it is sent: numbers that are whole become integers, which the server insists on.
fn checked_value(place: &Place<'_>, field: Field, value: &Tree) -> Result<Tree> {
    let wrong = || place.wrong(field, value);
    let empty = match value {
        Tree::Text(text) => text.is_empty(),
        Tree::Array(items) => items.is_empty(),
        _ => false,
    };
    if field.filled && empty {
        return Err(wrong());
    }
    match (field.kind, value) {
        (Kind::Bool, Tree::Bool(_))
        | (Kind::Text | Kind::Secret | Kind::Id, Tree::Text(_))
        | (Kind::Array, Tree::Array(_))
        | (Kind::Object, Tree::Object(_)) => Ok(value.clone()),
        (Kind::Int, Tree::Int(_) | Tree::Double(_) | Tree::Number(..)) => {
            value.as_int().map(Tree::Int).ok_or_else(wrong)
        }
        (Kind::Nat | Kind::Id, Tree::Int(_) | Tree::Double(_) | Tree::Number(..)) => {
            value.as_int().filter(|number| *number >= 0).map(Tree::Int).ok_or_else(wrong)
        }
        (Kind::Texts | Kind::Secrets, Tree::Array(items)) => {
            let bad = items.iter().enumerate().find(|(_, item)| item.as_str().is_none());
            let text = Field { kind: Kind::Text, ..field };
            bad.map_or_else(|| Ok(value.clone()), |(index, item)| Err(place.item(index).wrong(text, item)))
        }
        (Kind::Word(words), Tree::Text(text)) if words.split('|').all(|word| !word.eq_ignore_ascii_case(text)) => {
            Err(place.no_word(words, text))
        }
        (Kind::Word(_), Tree::Text(_)) => Ok(value.clone()),
        (Kind::One(group), Tree::Object(object)) => Ok(Tree::Object(members(place, group, object)?)),
        (Kind::Many(group), Tree::Array(items)) => {
            let item = |(index, item): (usize, &Tree)| match item {
                Tree::Object(object) => Ok(Tree::Object(members(&place.item(index), group, object)?)),
                other => Err(place.item(index).wrong(Field { kind: Kind::Object, ..field }, other)),
            };
            Ok(Tree::Array(items.iter().enumerate().map(item).collect::<Result<_>>()?))
        }
        _ => Err(wrong()),
    }
}

/// An object of a group.
fn members(place: &Place<'_>, group: &'static str, given: &Object) -> Result<Object> {
    let known = || field::read(place.plugin.group(group));
    let mut out = Object::with_capacity(given.len());
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let place = place.within(name);
        let field = known().find(|field| field.name == name).ok_or_else(|| place.unknown(known()))?;
        out.insert(name, checked_value(&place, field, value)?);
    }
    match known().find(|field| field.mandatory && !out.contains(field.name)) {
        Some(field) => Err(place.within(field.name).missing(field)),
        None => Ok(out),
    }
}

/// The description of a media session: the type's word and the rest of it is the server's to judge.
fn jsep(request: &Request, given: Option<&Tree>) -> Result<Option<Tree>> {
    let given = given.filter(|jsep| !jsep.is_null());
    match (given, request.jsep) {
        (None, Jsep::Must) => {
            Err(Error::option("jsep", format!("{} needs jsep: the description of a media session", request.name)))
        }
        (None, _) => Ok(None),
        (Some(_), Jsep::No) => Err(Error::option("jsep", format!("{} takes no jsep", request.name))),
        (Some(Tree::Object(object)), _) => {
            for (name, path) in [("type", "jsep.type"), ("sdp", "jsep.sdp")] {
                match object.get(name) {
                    Some(Tree::Text(_)) => {}
                    None | Some(Tree::Null) => return Err(Error::option(path, format!("jsep had no {name}"))),
                    Some(other) => {
                        return Err(Error::option(
                            path,
                            format!("{path} was {}; a string was expected", other.kind_name()),
                        ));
                    }
                }
            }
            Ok(given.cloned())
        }
        (Some(other), _) => {
            Err(Error::option("jsep", format!("jsep was {}; an object was expected", other.kind_name())))
        }
    }
}

/// Where in the arguments something is, for a message.
struct Place<'a> {
    plugin: &'static Plugin,
    verb: &'a str,
    above: Option<&'a Place<'a>>,
    name: &'a str,
    index: Option<usize>,
}

impl<'a> Place<'a> {
    fn within(&'a self, name: &'a str) -> Place<'a> {
        Place { above: Some(self), name, index: None, ..*self }
    }

    fn item(&'a self, index: usize) -> Place<'a> {
        Place { index: Some(index), ..*self }
    }

    fn path(&self) -> String {
        let mut path = self.above.map(Place::path).unwrap_or_default();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(self.name);
        if let Some(index) = self.index {
            path.push('[');
            path.push_str(&index.to_string());
            path.push(']');
        }
        path
    }

    fn error(&self, message: impl FnOnce(&str) -> String) -> Error {
        let path = self.path();
        let message = message(&path);
        Error::option(&path, message)
    }

    fn wrong(&self, field: Field, value: &Tree) -> Error {
        let found = match value {
            Tree::Text(text) if field.filled && text.is_empty() => "empty".to_owned(),
            Tree::Int(_) | Tree::Double(_) | Tree::Number(..) if !field.kind.is_secret() => value.to_json(),
            other => other.kind_name().to_owned(),
        };
        let words = if field.filled { "a non-empty string" } else { field.kind.words() };
        self.error(|path| format!("{path} was {found}; {} takes {words} there", self.verb))
    }

    fn missing(&self, field: Field) -> Error {
        self.error(|path| format!("{} needs {path}: {}", self.verb, field.kind.words()))
    }

    fn no_word(&self, words: &str, found: &str) -> Error {
        self.error(|path| format!("{path} was {found:?}; {} takes {} there", self.verb, words.replace('|', ", ")))
    }

    fn unknown(&self, known: impl Iterator<Item = Field>) -> Error {
        let names: Vec<&str> = known.map(|field| field.name).collect();
        let hint =
            nearest(self.name, names.into_iter()).map(|near| format!("; the nearest is {near:?}")).unwrap_or_default();
        self.error(|path| format!("{} of {} has no field {path:?}{hint}", self.verb, self.plugin.package))
    }

    /// A field of the request, but not with what else was given.
    fn elsewhere(&self, request: &'static Request) -> Error {
        let takes = |case: &&super::Case| {
            case.fields.iter().flat_map(|text| field::read(text)).any(|field| field.name == self.name)
        };
        let condition = |(name, value): &(&str, &str)| match *value {
            "" => format!("no {name}"),
            value => format!("{name} {value}"),
        };
        let conditions = |case: &super::Case| case.when.iter().map(condition).collect::<Vec<_>>().join(" and ");
        let cases: Vec<String> = request.cases.iter().filter(takes).map(conditions).collect();
        self.error(|path| format!("{} takes {path} with {} alone", self.verb, cases.join(" or ")))
    }
}
