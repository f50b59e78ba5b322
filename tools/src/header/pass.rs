//! The pass over cbindgen's output: text in, text out.
//!
//! cbindgen writes all types, then all constants, then all functions. The pass puts a front page before them, the
//! opaque types into a section of their own, every other type with its constants before the first function that needs
//! it, and a banner before each section; constants become aligned lists, with negative numbers in parentheses.

use std::fmt::Write;

const FRONT: &str = include_str!("front.h");
const BACK: &str = "#ifdef __cplusplus\n}\n#endif\n\n#endif /* HAFT_H */\n";
const WIDTH: usize = 120;
/// The opaque types in the order in which a reader meets them.
const TYPES: &[&str] = &["haft_session", "haft_args", "haft_response", "haft_event", "haft_value", "haft_error"];

/// The callback that no function of ours names: it stands in the section of its file.
const UNNAMED: &str = "haft_plugin_fn";

/// One section of the header.
pub struct Section {
    /// The file in `src/ffi` that holds its functions.
    pub file: &'static str,
    /// The title in the banner.
    pub title: &'static str,
    /// The Doxygen group, behind `haft_`.
    pub group: &'static str,
}

/// A comment with what it is about.
struct Item {
    name: String,
    comment: Vec<String>,
    declaration: String,
}

/// Sorts cbindgen's output into sections. `sources` are the files of the sections.
///
/// # Errors
/// What could not be understood, or has no place.
pub fn sort(raw: &str, version: &str, sections: &[Section], sources: &[String]) -> Result<String, String> {
    let mut items = split(raw)?;
    let mut out = front(version)?;
    banner(&mut out, "Types", "types");
    let mut opaque = take(&mut items, |item| item.declaration.starts_with("typedef struct "));
    opaque.sort_by_key(|item| TYPES.iter().position(|name| *name == item.name));
    opaque.iter().for_each(|item| write_item(&mut out, item));
    out.push_str("/** @} */\n\n");
    let functions = take(&mut items, |item| item.declaration.starts_with("HAFT_API"));
    let constants = take(&mut items, |item| item.declaration.starts_with("#define"));
    let mut types = items;
    for (section, source) in sections.iter().zip(sources) {
        banner(&mut out, section.title, section.group);
        let own: Vec<&Item> = functions.iter().filter(|item| source.contains(&format!("fn {}(", item.name))).collect();
        let mut text: String = own.iter().map(|item| item.declaration.as_str()).collect();
        // A callback may need a type of its own, hence the loop.
        let mut needed = Vec::new();
        loop {
            let more = take(&mut types, |item| {
                is_word_in(&item.name, &text) || (item.name == UNNAMED && source.contains(UNNAMED))
            });
            if more.is_empty() {
                break;
            }
            text.extend(more.iter().map(|item| item.declaration.as_str()));
            needed.splice(0..0, more);
        }
        needed.sort_by_key(|item| source.find(&format!("pub type {} ", item.name)).unwrap_or(usize::MAX));
        for item in &needed {
            write_item(&mut out, item);
            let of_type = format!(": {} = ", item.name);
            let list: Vec<&Item> = constants
                .iter()
                .filter(|constant| {
                    sources.iter().any(|source| source.contains(&format!("const {}{of_type}", constant.name)))
                })
                .collect();
            write_constants(&mut out, &list);
        }
        own.iter().for_each(|item| write_item(&mut out, item));
        out.push_str("/** @} */\n\n");
    }
    match functions.iter().chain(&constants).chain(&types).find(|item| !is_word_in(&item.name, &out)) {
        Some(item) => Err(format!("{} has no section", item.name)),
        None => Ok(out + BACK),
    }
}

fn front(version: &str) -> Result<String, String> {
    let [major, minor, patch] = version.split('.').collect::<Vec<_>>()[..] else {
        return Err(format!("the version {version} does not have three parts"));
    };
    let front = FRONT.replace("@VERSION@", version).replace("@MAJOR@", major);
    Ok(front.replace("@MINOR@", minor).replace("@PATCH@", patch))
}

fn banner(out: &mut String, title: &str, group: &str) {
    let rule = "=".repeat(WIDTH - title.len() - 12);
    let _ = write!(out, "/* ==== {title} {rule} */\n/** @defgroup haft_{group} {title}\n *  @{{ */\n\n");
}

/// Cuts the text into items: comment lines, then the lines of one declaration.
fn split(raw: &str) -> Result<Vec<Item>, String> {
    let (mut items, mut comment, mut lines) = (Vec::new(), Vec::new(), Vec::new());
    let mut in_comment = false;
    for line in raw.lines().filter(|line| !line.trim().is_empty()) {
        let text = line.trim();
        in_comment |= text.starts_with("/**");
        if in_comment {
            in_comment = !text.ends_with("*/");
            comment.push(text.trim_start_matches("/**").trim_end_matches("*/").trim_start_matches("* ").to_owned());
            continue;
        }
        lines.push(text.to_owned());
        if text.ends_with(';') || text.starts_with("#define") {
            let declaration = lines.join(" ");
            comment.retain(|line: &String| line != "*/" && !line.is_empty());
            items.push(Item { name: name(&declaration)?, comment: std::mem::take(&mut comment), declaration });
            lines.clear();
        }
    }
    if lines.is_empty() { Ok(items) } else { Err(format!("cannot read {:?}", lines.join(" "))) }
}

/// The name that a declaration declares.
fn name(declaration: &str) -> Result<String, String> {
    let head = match declaration.split_once("(*") {
        Some((_, rest)) => rest.split(')').next(),
        None if declaration.starts_with("#define") => declaration.split(' ').nth(1),
        None => declaration.trim_end_matches(';').split('(').next(),
    };
    let word = head.and_then(|head| head.rsplit([' ', '*']).next()).filter(|word| !word.is_empty());
    word.map(str::to_owned).ok_or_else(|| format!("cannot name {declaration:?}"))
}

fn take(items: &mut Vec<Item>, wanted: impl Fn(&Item) -> bool) -> Vec<Item> {
    let (taken, left) = std::mem::take(items).into_iter().partition(wanted);
    *items = left;
    taken
}

fn is_word_in(word: &str, text: &str) -> bool {
    text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).any(|other| other == word)
}

fn write_item(out: &mut String, item: &Item) {
    match &item.comment[..] {
        [] => {}
        [line] => _ = writeln!(out, "/** {line} */"),
        lines => {
            for (at, line) in lines.iter().enumerate() {
                let line = line.trim_start_matches('*');
                let start = if at == 0 { "/**" } else { " *" };
                let end = if at + 1 == lines.len() { " */" } else { "" };
                _ = writeln!(out, "{}", format!("{start} {line}{end}").trim_end());
            }
        }
    }
    out.push_str(&wrap(&item.declaration));
    out.push_str("\n\n");
}

/// Breaks a long declaration between parameters, aligned with the first one.
fn wrap(declaration: &str) -> String {
    let open = declaration.find(")(").map_or_else(|| declaration.find('('), |at| Some(at + 1));
    let (true, Some(open)) = (declaration.len() > WIDTH, open) else { return declaration.to_owned() };
    let (head, parameters) = declaration.split_at(open + 1);
    let (mut out, mut column) = (head.to_owned(), head.len());
    for (at, parameter) in parameters.split(", ").enumerate() {
        let comma = if at == 0 { "" } else { "," };
        if at > 0 && column + parameter.len() + 3 > WIDTH {
            _ = write!(out, ",\n{}{parameter}", " ".repeat(open + 1));
            column = open + 1 + parameter.len();
        } else {
            let space = if at == 0 { "" } else { " " };
            _ = write!(out, "{comma}{space}{parameter}");
            column += parameter.len() + 2;
        }
    }
    out
}

/// An aligned list of constants, each with its comment behind.
fn write_constants(out: &mut String, list: &[&Item]) {
    if list.is_empty() {
        return;
    }
    // The type stands right above.
    out.truncate(out.trim_end().len());
    out.push('\n');
    let wide = list.iter().map(|item| item.name.len()).max().unwrap_or(0);
    for item in list {
        let value = item.declaration.rsplit(' ').next().unwrap_or_default();
        let value = if value.starts_with('-') { format!("({value})") } else { format!(" {value} ") };
        let comment = item.comment.join(" ");
        _ = writeln!(out, "#define {:wide$}  {value:>5}  /**< {comment} */", item.name);
    }
    out.push('\n');
}
