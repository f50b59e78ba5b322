//! The one table of options: the parser checks against it and `docs/options.md` is made from it.

mod table;

pub use table::{OPTIONS, Opt, scope};

use crate::{
    args::Args,
    error::{Error, Result},
};

/// Checks that every bare key of `args` is an option that `scope` and the back end know, after the mistakes that were
/// made while writing.
///
/// # Errors
/// `argument`, naming the key and the nearest option that exists.
pub fn check(args: &Args, scope: u16, backend: &str) -> Result<()> {
    check_known(args)?;
    match args.root().keys().find(|key| find(key, scope, backend).is_none()) {
        Some(key) => Err(unknown(key, scope, backend)),
        None => Ok(()),
    }
}

/// The same for a back end whose servers have words of their own: the names are its own to check.
///
/// # Errors
/// `argument`, for the mistakes that were made while writing and in what every back end takes.
pub fn check_known(args: &Args) -> Result<()> {
    args.check()?;
    for (key, _) in args.root().iter() {
        // Not every call reads these, and a mistake in them is one all the same.
        match key {
            "tag" => drop(args.str(key)?),
            "progress" | "stage" | "resume" => drop(args.bool(key)?),
            _ => {}
        }
    }
    Ok(())
}

/// The option of that name, when the scope and the back end have it.
pub fn find(key: &str, scope: u16, backend: &str) -> Option<&'static Opt> {
    OPTIONS.iter().find(|option| option.name == key && option.fits(scope, backend))
}

fn unknown(key: &str, scope: u16, backend: &str) -> Error {
    let known = || OPTIONS.iter().filter(|option| option.fits(scope, backend)).map(|option| option.name);
    let elsewhere = OPTIONS.iter().find(|option| option.name == key && option.fits(u16::MAX, backend));
    let message = if let Some(option) = elsewhere {
        format!("the option {key:?} is not taken here; it belongs to {}", scope::names(option.scopes))
    } else if let Some(nearest) = nearest(key, known()) {
        format!("there is no option {key:?}; the nearest is {nearest:?}")
    } else {
        format!("there is no option {key:?}")
    };
    Error::option(key, message)
}

/// More bytes than any name has.
const LONGEST_NAME: usize = 256;

/// The name closest to `word` by edits, when it is close enough to be a slip.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Nothing has so long a name, and looking at each of them would take its time.
    if word.len() > LONGEST_NAME {
        return None;
    }
    let allowed = (word.chars().count() / 3).clamp(1, 4);
    names.map(|name| (edits(word, name), name)).filter(|(edits, _)| *edits <= allowed).min().map(|(_, name)| name)
}

/// The number of insertions, deletions, replacements and swaps of neighbours between two words.
fn edits(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len().abs_diff(to.len()) > 4 {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, a) in from.iter().enumerate() {
        let mut line = Vec::with_capacity(last.len());
        line.push(row + 1);
        for (column, b) in to.iter().enumerate() {
            let at = |list: &[usize], index: usize| list.get(index).copied().unwrap_or(usize::MAX - 1);
            let mut cost =
                (at(&last, column) + usize::from(a != b)).min(at(&last, column + 1) + 1).min(at(&line, column) + 1);
            let swapped = row > 0 && column > 0 && Some(a) == to.get(column - 1) && from.get(row - 1) == Some(b);
            if swapped {
                cost = cost.min(at(&before, column - 1) + 1);
            }
            line.push(cost);
        }
        before = std::mem::replace(&mut last, line);
    }
    last.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_option() {
        for (slip, option) in [
            ("timout", "timeout"),
            ("header", "headers"),
            ("max_redirect", "max_redirects"),
            ("prams", "params"),
            ("hedaers", "headers"),
        ] {
            let mut args = Args::new();
            args.set(slip, 1i64);
            let error = check(&args, scope::CALL | scope::CREATE, "http").unwrap_err();
            assert!(error.message().ends_with(&format!("the nearest is {option:?}")), "{error}");
        }
    }

    #[test]
    fn a_word_that_is_no_name_is_compared_with_none() {
        let asked = std::iter::once("timeout").inspect(|_| panic!("compared"));
        assert_eq!(nearest(&"x".repeat(LONGEST_NAME + 1), asked), None);
    }

    #[test]
    fn an_option_in_the_wrong_place_is_told_where_it_belongs() {
        let mut args = Args::new();
        args.set("save_to", "file");
        let error = check(&args, scope::CREATE, "http").unwrap_err();
        assert_eq!(error.message(), "the option \"save_to\" is not taken here; it belongs to call");
    }

    #[test]
    fn names_are_unique_and_documented() {
        for (at, option) in OPTIONS.iter().enumerate() {
            // One name may mean different things to different back ends.
            let same = |other: &Opt| {
                other.name == option.name
                    && (option.backends.is_empty()
                        || other.backends.is_empty()
                        || other.backends.iter().any(|name| option.backends.contains(name)))
            };
            assert!(!OPTIONS.iter().skip(at + 1).any(same), "{} twice", option.name);
            assert!(option.text.ends_with('.'), "{} has no sentence", option.name);
        }
    }
}
