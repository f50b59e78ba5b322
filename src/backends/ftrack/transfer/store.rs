//! The bytes of one component on their way into the server's store (spec/ftrack.md 9.3, 9.5). Whoever calls registers
//! the component; here only bytes move.

use std::sync::Arc;

use super::{
    AT_ONCE,
    crew::{self, Job},
    piece::{self, Piece, in_base64},
    plan::Stretch,
    put::{Place, put},
    tally::{Heard, Tally},
    terms::Terms,
};
use crate::{
    backends::ftrack::{Core, accessors::Source, components::Errand, wire::operation},
    error::{Error, Outcome, Result, code},
    value::{Node, Object, Tree},
};

/// What is to be stored.
pub struct Parcel {
    /// The identifier of the component.
    pub component: String,
    /// How the file is called.
    pub file_name: String,
    /// Its bytes.
    pub source: Arc<dyn Source>,
    /// How many there are.
    pub size: u64,
}

/// The name under which a component is downloaded.
pub fn file_name(entity: &Object) -> String {
    let text = |name: &str| entity.get(name).and_then(Tree::as_str).unwrap_or_default();
    let (name, kind) = (text("name"), text("file_type").trim_start_matches('.'));
    if kind.is_empty() { name.to_owned() } else { format!("{name}.{kind}") }
}

/// The operation that asks where it may go: whole, with its sum, or in so many parts.
pub fn question(parcel: &Parcel, sum: Option<Tree>, parts: Option<usize>) -> Tree {
    let mut members = vec![
        ("component_id", Tree::from(&parcel.component)),
        ("file_name", Tree::from(&parcel.file_name)),
        ("file_size", Tree::from(parcel.size)),
    ];
    match parts {
        Some(parts) => members.push(("parts", Tree::from(parts))),
        None => members.push(("checksum", sum.unwrap_or_default())),
    }
    operation("get_upload_metadata", &members)
}

/// Stores a component in one part: asks where, and sends it there. How many bytes there were.
///
/// # Errors
/// What the server or the storage says; `io` when the file changes meanwhile; `cancelled`.
pub fn whole(errand: &Errand<'_>, terms: &Terms, mut parcel: Parcel) -> Result<u64> {
    let (sum, size) = piece::sum(&*parcel.source, errand.cancel)?;
    parcel.size = size;
    let asked = question(&parcel, Some(Tree::from(in_base64(&sum))), None);
    let reply = errand.core.wire.call(vec![asked], errand.args, errand.cancel)?;
    let result = reply.result(0)?;
    let url = result.get("url").and_then(Node::as_str).ok_or_else(|| strange("had no url"))?.to_owned();
    let headers = match result.get("headers").map(Node::to_tree) {
        Some(Tree::Object(headers)) => headers,
        _ => Object::default(),
    };
    let tally = Tally::of_upload(errand.progress.as_ref(), size, 1);
    let piece = Arc::new(Piece::new(Arc::clone(&parcel.source), Stretch { from: 0, to: size }, Some(sum)));
    put(errand.core, terms, &Place { url, headers, number: 0 }, &piece, errand.cancel, &tally)?;
    piece::check_end(&*parcel.source, size)?;
    Ok(size)
}

/// Where the parts of one upload go.
pub struct Signed {
    upload: Tree,
    places: Vec<Place>,
}

impl Signed {
    /// Reads what the server answered to [`question`].
    ///
    /// # Errors
    /// `protocol` when it is not what was asked for.
    pub fn read(result: Node<'_>, count: usize) -> Result<Signed> {
        let upload = result
            .get("upload_id")
            .map(Node::to_tree)
            .filter(|id| !id.is_null())
            .ok_or_else(|| strange("had no upload_id"))?;
        let mut places: Vec<Place> = result
            .get("urls")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|part| {
                let url = part.get("signed_url").and_then(Node::as_str)?.to_owned();
                let number = u64::try_from(part.get("part_number")?.to_tree().as_int()?).ok()?;
                Some(Place { url, headers: Object::default(), number })
            })
            .collect();
        places.sort_by_key(|place| place.number);
        let whole = places.len() == count && places.iter().zip(1..).all(|(place, number)| place.number == number);
        if whole { Ok(Signed { upload, places }) } else { Err(strange("did not have an address for each part")) }
    }
}

fn strange(how: &str) -> Error {
    Error::new(&code::PROTOCOL, format!("the server's answer to get_upload_metadata {how}")).outcome(Outcome::NotSent)
}

/// Sends all parts; the operation that puts them together.
///
/// # Errors
/// The first part that failed for good; `io` when the file changes meanwhile; `cancelled`. No part is under way then.
pub fn parts(
    core: &Arc<Core>,
    terms: &Terms,
    parcel: &Parcel,
    stretches: &[Stretch],
    signed: Signed,
    cancel: &Arc<crate::engine::net::cancel::Cancel>,
    heard: Option<&Heard>,
) -> Result<Tree> {
    let Signed { upload, places } = signed;
    let tally = Tally::of_upload(heard, parcel.size, places.len());
    let numbers = 0..places.len();
    let work: Vec<(Place, Stretch)> = places.into_iter().zip(stretches.iter().copied()).collect();
    let (own, terms, source) = (Arc::clone(core), terms.clone(), Arc::clone(&parcel.source));
    let job: Job<Tree> = Arc::new(move |at, cancel| {
        let Some((place, stretch)) = work.get(at) else { return Ok(Tree::Null) };
        let piece = Arc::new(Piece::new(Arc::clone(&source), *stretch, None));
        let tag = put(&own, &terms, place, &piece, cancel, &tally)?;
        let tag = tag.ok_or_else(|| {
            Error::new(&code::PROTOCOL, "the storage did not say how it calls a part (no ETag)")
                .with("part", place.number)
        })?;
        let mut part = Object::with_capacity(2);
        part.insert("part_number", Tree::from(place.number));
        part.insert("e_tag", Tree::from(tag));
        Ok(Tree::Object(part))
    });
    let parts = crew::work(cancel, AT_ONCE, numbers, job)?;
    piece::check_end(&*parcel.source, parcel.size)?;
    let members =
        [("upload_id", upload), ("component_id", Tree::from(&parcel.component)), ("parts", Tree::Array(parts))];
    Ok(operation("complete_multipart_upload", &members))
}

/// Stores a component in as many parts as it takes, for whoever has made it and registers it. How many bytes
/// there were.
///
/// # Errors
/// Those of [`whole`] and [`parts`].
pub fn store(errand: &Errand<'_>, parcel: Parcel, stretches: &[Stretch]) -> Result<u64> {
    let core = errand.core;
    let terms = Terms::of_upload(errand.args, core.login.python)?;
    if stretches.len() < 2 {
        return whole(errand, &terms, parcel);
    }
    let reply = core.wire.call(vec![question(&parcel, None, Some(stretches.len()))], errand.args, errand.cancel)?;
    let signed = Signed::read(reply.result(0)?, stretches.len())?;
    let complete = parts(core, &terms, &parcel, stretches, signed, errand.cancel, errand.progress.as_ref())?;
    core.wire.call(vec![complete], errand.args, errand.cancel)?;
    Ok(parcel.size)
}
