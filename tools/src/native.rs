//! C and C++ programs of the tests, compiled against the libraries of `make lib-dev`.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// A folder of its own below `build/tests`, empty at first.
///
/// # Panics
/// When it cannot be made: a test could not go on.
pub fn scratch(name: &str) -> PathBuf {
    let folder = root().join("build/tests").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

/// Runs a command and panics with its output when it fails.
///
/// # Panics
/// When the command fails.
pub fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

/// Whether a command is there.
pub fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// The folder with the development libraries, brought up to date. One process at a time works on them.
///
/// # Panics
/// When they cannot be built.
pub fn libraries() -> PathBuf {
    let root = root();
    fs::create_dir_all(root.join("build")).and_then(|()| File::create(root.join("build/dev.lock"))).map_or_else(
        |error| panic!("build/dev.lock: {error}"),
        |lock| {
            lock.lock().unwrap_or_else(|error| panic!("build/dev.lock: {error}"));
            run(Command::new("packaging/link").args(["dev", "build/dev"]).current_dir(&root));
        },
    );
    root.join("build/dev")
}

/// How a program is linked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// With `libhaft.so`.
    Shared,
    /// With `libhaft.a`.
    Static,
}

/// Compiles one program below the folder `out` and gives its path.
///
/// # Panics
/// When it does not compile.
pub fn compile(source: &Path, link: Link, flags: &[&str], out: &Path) -> PathBuf {
    let (root, libraries) = (root(), libraries());
    let (compiler, standard) =
        if source.extension() == Some(OsStr::new("cpp")) { ("c++", "-std=c++17") } else { ("cc", "-std=gnu11") };
    let program = out.join(source.file_stem().unwrap_or_default());
    let mut command = Command::new(compiler);
    command.args([standard, "-g", "-Wall", "-Wextra", "-Werror"]).args(flags);
    command.arg("-I").arg(root.join("include")).arg("-I").arg(root.join("tests/c")).arg("-o").arg(&program).arg(source);
    match link {
        Link::Shared => {
            command.arg("-L").arg(&libraries).arg("-lhaft").arg(format!("-Wl,-rpath,{}", libraries.display()));
        }
        Link::Static => {
            let needed = fs::read_to_string(libraries.join("native-static-libs")).unwrap_or_default();
            command.arg("-DHAFT_STATIC").arg(libraries.join("libhaft.a")).args(needed.split_whitespace());
        }
    }
    run(command.args(["-lpthread", "-ldl"]));
    program
}

/// Compiles a program of `tests/c` with the shared library and runs it.
///
/// # Panics
/// When it does not compile, or fails: its output is in the message.
pub fn check(name: &str, arguments: &[&OsStr]) -> String {
    let source = root().join("tests/c").join(name);
    let program = compile(&source, Link::Shared, &[], &scratch(name));
    run(Command::new(program).args(arguments).env("HAFT_LIBRARY", root().join("build/dev/libhaft.so")))
}
