//! Places by the hierarchy of the project: `project/…/asset/v003/name.exr`.

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::{Shape, Structure, Subject, directory, file_type, untold};
use crate::{
    backends::ftrack::{
        components::{Errand, pattern},
        query::{self, Key},
        store::{EntityId, Value},
        unit::State,
        verbs,
        way::{Way, now},
    },
    error::{Error, Result, code},
    value::{Document, Node, Tree},
};

/// The hierarchy as path.
#[derive(Debug)]
pub struct StandardStructure {
    /// What stands between a project and its own assets.
    pub versions_prefix: Option<String>,
    /// What takes the place of characters that file systems may not like; without it all stay.
    pub substitute: Option<String>,
}

impl Default for StandardStructure {
    fn default() -> StandardStructure {
        StandardStructure { versions_prefix: None, substitute: Some("_".into()) }
    }
}

impl StandardStructure {
    fn place(&self, errand: &Errand<'_>, component: EntityId) -> Result<String> {
        let name = || Ok::<_, Error>(errand.text(component, "name")?.unwrap_or_default());
        let parts = match Shape::of(errand, component, "standard")? {
            Shape::File => match errand.related(component, "container")? {
                None => {
                    let mut parts = self.above(errand, component)?;
                    parts.push(self.clean(&format!("{}{}", name()?, file_type(errand, component)?)));
                    parts
                }
                Some(container) => {
                    let above = self.place(errand, container)?;
                    if errand.is(container, "SequenceComponent") {
                        let sequence = errand.text(container, "name")?.unwrap_or_default();
                        let own = format!("{sequence}.{}{}", name()?, file_type(errand, component)?);
                        vec![directory(&above).to_owned(), self.clean(&own)]
                    } else {
                        vec![above, self.clean(&format!("{}{}", name()?, file_type(errand, component)?))]
                    }
                }
            },
            Shape::Sequence => {
                let mut parts = self.above(errand, component)?;
                let number = pattern::expression(errand.number(component, "padding")?.unwrap_or(0));
                parts.push(format!("{}.{number}{}", self.clean(&name()?), self.clean(&file_type(errand, component)?)));
                parts
            }
            Shape::Container => {
                let mut parts = self.above(errand, component)?;
                parts.push(self.clean(&name()?));
                parts
            }
        };
        Ok(parts.join("/"))
    }

    /// The directories down to the version.
    fn above(&self, errand: &Errand<'_>, component: EntityId) -> Result<Vec<String>> {
        let why = "it must belong to a version that is committed, of an asset with a parent that is";
        let wrong = || untold(errand, component, why);
        let version = match errand.related(component, "version")? {
            Some(version) => version,
            None => match errand.text(component, "version_id")? {
                Some(id) => errand.core.store.lock().entity_for(&Tree::from(id), Some("AssetVersion"), "version_id")?,
                None => return Err(wrong()),
            },
        };
        let is_new = {
            let store = errand.core.store.lock();
            store.identity(version).and_then(|identity| store.operations.state(&identity)) == Some(State::Created)
        };
        if is_new {
            return Err(wrong());
        }
        if !errand.is_python() {
            fetch(errand, version)?;
        }
        let link = match errand.value(version, "link")? {
            Some(Value::Json(link)) => Document::from_tree(&link),
            _ => return Err(wrong()),
        };
        let steps: Vec<Node<'_>> = link.root().items().collect();
        let (Some(project), false) = (steps.first(), steps.len() < 2) else { return Err(wrong()) };
        let text = |node: &Node<'_>, name: &str| node.get(name).and_then(Node::as_str).map(str::to_owned);
        let project = code_of(errand, &text(project, "id").ok_or_else(wrong)?)?;
        let asset = errand.related(version, "asset")?.ok_or_else(wrong)?;
        let number = errand.number(version, "version")?.ok_or_else(wrong)?;
        let mut parts = vec![project];
        let between = steps.get(1..steps.len() - 1).unwrap_or_default();
        parts.extend(between.iter().map(|step| text(step, "name").unwrap_or_default()));
        if between.is_empty() {
            parts.extend(self.versions_prefix.clone());
        }
        parts.push(errand.text(asset, "name")?.ok_or_else(wrong)?);
        parts.push(format!("v{number:03}"));
        Ok(parts.iter().map(|part| self.clean(part)).collect())
    }

    /// A name as file systems take it: without accents, in small letters, and nothing but letters, digits, `_`, `.`, `-`.
    fn clean(&self, name: &str) -> String {
        let Some(substitute) = &self.substitute else { return name.to_owned() };
        let folded = DecomposingNormalizerBorrowed::new_nfkd().normalize(name);
        let mut out = String::with_capacity(folded.len());
        for letter in folded.chars().filter(char::is_ascii) {
            if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '.' | '-') {
                out.push(letter);
            } else {
                out.push_str(substitute);
            }
        }
        out.trim().to_ascii_lowercase()
    }
}

impl Structure for StandardStructure {
    fn name(&self) -> String {
        "standard".into()
    }

    fn identifier(&self, errand: &Errand<'_>, subject: &Subject<'_>) -> Result<String> {
        self.place(errand, subject.component)
    }
}

/// All that is wanted of a version in one request, when something is missing.
fn fetch(errand: &Errand<'_>, version: EntityId) -> Result<()> {
    let known = {
        let store = errand.core.store.lock();
        let Some(kind) = store.kind_of(version) else { return Ok(()) };
        let has = |name: &str| kind.position(name).is_some_and(|at| store.value(version, at).is_some());
        has("link") && has("asset") && has("version")
    };
    if known {
        return Ok(());
    }
    now(verbs::bring(errand.core, &[version], "link, version, asset.name", &Way::here(&errand.call())))
}

/// The name of a project, which is its code and not what its links show.
fn code_of(errand: &Errand<'_>, id: &str) -> Result<String> {
    let core = errand.core;
    let kind = core.server.schemas.find("Project")?;
    let key: Key = Box::new([id.into()]);
    let known = {
        let store = core.store.lock();
        store
            .find(kind.id, &key)
            .filter(|project| kind.position("name").is_some_and(|at| store.value(*project, at).is_some()))
    };
    let project = match known {
        Some(project) => project,
        None => {
            let reply = errand.query(&query::get(kind, &key))?;
            let found = reply.result(0)?.get("data").and_then(|data| data.item(0)).map(|(_, node)| node);
            let found = found.and_then(|node| core.store.lock().merge(node));
            found.ok_or_else(|| Error::new(&code::NOT_FOUND, format!("the server has no Project/{id}")))?
        }
    };
    Ok(errand.text(project, "name")?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the official client's structure makes of the same names.
    #[test]
    fn names_are_cleaned_as_in_python() {
        let structure = StandardStructure::default();
        for (name, expected) in [
            ("Bläu e\u{301} (1)", "blau_e__1_"),
            ("ﬁle ①.EXR", "file_1.exr"),
            ("日本 x", "_x"),
            ("a/b\\c:d", "a_b_c_d"),
            ("v1.2-x_Y", "v1.2-x_y"),
            ("", ""),
            ("\u{df}traße\n", "trae_"),
        ] {
            assert_eq!(structure.clean(name), expected, "{name:?}");
        }
        assert_eq!(StandardStructure { substitute: None, versions_prefix: None }.clean("Ä b"), "Ä b");
        assert_eq!(StandardStructure { substitute: Some(String::new()), versions_prefix: None }.clean("Ä b"), "ab");
    }
}
