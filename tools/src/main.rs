//! The command line of the tools.

use std::{env, fs, path::Path, process::ExitCode};

use haft_tools::{docs, header, proto};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["header"] => write(root),
        ["header", "--check"] => header::check(root),
        ["header", "--raw"] => header::raw(root).map(|raw| println!("{raw}")),
        ["docs"] => docs::write(root),
        ["docs", "--check"] => docs::check(root),
        ["proto"] => proto::write(root),
        ["proto", "--check"] => proto::check(root),
        _ => Err("usage: haft-tools header [--check | --raw] | docs [--check] | proto [--check]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn write(root: &Path) -> Result<(), String> {
    let header = header::generate(root)?;
    fs::create_dir_all(root.join("include")).map_err(|error| error.to_string())?;
    fs::write(root.join(header::PATH), header).map_err(|error| error.to_string())
}
