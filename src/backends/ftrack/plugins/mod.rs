//! Which plug-ins a session has (spec/ftrack.md 8, verbs.md "Providers"): shared objects in directories, and providers of
//! the host. They are found here, and registered by whoever has the handle that they are given.
//!
//! Only absolute paths count: a library that depends on the working directory is one that anybody can put there. The
//! official client's own variable is not read, as its directories hold Python and what Python links.

use std::{
    collections::BTreeSet,
    env::consts::DLL_SUFFIX,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    args::Args,
    backends::PlugIns,
    error::{Error, Result},
    log,
    value::{Provider, Tree},
};

/// Directories inside directories, before a loop of links is assumed.
const DEPTH_MAX: usize = 16;

/// What `plugin_paths`, `plugin` and `plugin_arguments` say.
#[derive(Debug)]
pub(super) struct Plugins {
    paths: Vec<PathBuf>,
    providers: Vec<Arc<dyn Provider>>,
    arguments: Option<Tree>,
}

impl Plugins {
    /// Reads the options, and the environment for what they leave open; `None` when there is nothing to be registered.
    ///
    /// # Errors
    /// `argument`.
    pub fn read(args: &Args, variable: &dyn Fn(&str) -> Option<String>) -> Result<Option<Plugins>> {
        let wrong = || Error::option("plugin_paths", "plugin_paths was no list of paths");
        let paths = match args.get("plugin_paths") {
            None | Some(Tree::Null) => split(&variable("FTRACK_NATIVE_PLUGIN_PATH").unwrap_or_default()),
            Some(Tree::Bool(false)) => Vec::new(),
            Some(Tree::Text(text)) => split(text),
            Some(Tree::Array(list)) => {
                list.iter().map(|path| path.as_str().map(PathBuf::from).ok_or_else(wrong)).collect::<Result<_>>()?
            }
            Some(_) => return Err(wrong()),
        };
        let provider = |value: &Tree| {
            value.as_provider().cloned().ok_or_else(|| Error::option("plugin", "plugin was no provider"))
        };
        let providers = match args.get("plugin") {
            None | Some(Tree::Null) => Vec::new(),
            Some(Tree::Array(list)) => list.iter().map(provider).collect::<Result<_>>()?,
            Some(one) => vec![provider(one)?],
        };
        let arguments = args.get("plugin_arguments").filter(|arguments| !arguments.is_null()).cloned();
        let none = paths.is_empty() && providers.is_empty();
        Ok((!none).then_some(Plugins { paths, providers, arguments }))
    }

    /// Looks for the libraries, each once, in the order of the paths and by name within each.
    pub fn find(self) -> PlugIns {
        let (mut libraries, mut seen) = (Vec::new(), BTreeSet::new());
        for path in &self.paths {
            if path.is_absolute() {
                look(path, 0, &mut libraries, &mut seen);
            } else {
                log::warn(c"plugin", || format!("the path {} is not absolute and was left out", path.display()));
            }
        }
        PlugIns { libraries, providers: self.providers, arguments: self.arguments }
    }
}

fn split(text: &str) -> Vec<PathBuf> {
    std::env::split_paths(text).filter(|path| !path.as_os_str().is_empty()).collect()
}

fn look(path: &Path, depth: usize, libraries: &mut Vec<PathBuf>, seen: &mut BTreeSet<PathBuf>) {
    let told =
        |error: std::io::Error| log::warn(c"plugin", || format!("{} could not be looked at: {error}", path.display()));
    // The same file by two names is one plug-in.
    let Ok(real) = fs::canonicalize(path).map_err(told) else { return };
    if depth > DEPTH_MAX || !seen.insert(real.clone()) {
        return;
    }
    if !real.is_dir() {
        if depth == 0 || real.to_str().is_some_and(|name| name.ends_with(DLL_SUFFIX)) {
            libraries.push(real);
        }
        return;
    }
    let Ok(entries) = fs::read_dir(&real).map_err(told) else { return };
    let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    for entry in inside {
        let is_library = entry.to_str().is_some_and(|name| name.ends_with(DLL_SUFFIX));
        if is_library || entry.is_dir() {
            look(&entry, depth + 1, libraries, seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_found_once_and_in_order() {
        let root = std::env::temp_dir().join(format!("haft-plugins-{}", std::process::id()));
        fs::create_dir_all(root.join("b/deep")).unwrap();
        for file in ["z.so", "b/deep/a.so", "b/readme.txt", "b/c.so.1"] {
            fs::write(root.join(file), "").unwrap();
        }
        std::os::unix::fs::symlink(root.join("z.so"), root.join("a.so")).unwrap();
        std::os::unix::fs::symlink(&root, root.join("b/loop")).unwrap();
        let root = fs::canonicalize(root).unwrap();
        let mut args = Args::new();
        args.set("plugin_paths", format!("relative:{}:/is/not/there:{}", root.display(), root.join("b").display()));
        let environment = |_: &str| Some("/other".to_owned());
        let found = Plugins::read(&args, &environment).unwrap().unwrap().find();
        let names: Vec<_> =
            found.libraries.iter().map(|path| path.strip_prefix(&root).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["z.so", "b/deep/a.so"]);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn options_come_before_the_environment() {
        let environment = |name: &str| (name == "FTRACK_NATIVE_PLUGIN_PATH").then(|| "/a:/b".to_owned());
        let of = |args: &Args| Plugins::read(args, &environment).map(|found| found.map(|found| found.paths));
        assert_eq!(of(&Args::new()).unwrap().unwrap(), [PathBuf::from("/a"), PathBuf::from("/b")]);
        let mut args = Args::new();
        args.set("plugin_paths", Tree::Array(Vec::new()));
        assert_eq!(of(&args).unwrap(), None);
        args.set("plugin_paths", 1i64);
        assert_eq!(of(&args).unwrap_err().code(), "argument");
    }
}
