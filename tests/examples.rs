//! The programs of `examples-c`, built against the installed package from a path with a space, as a user builds them, and
//! run against the sandbox: each says itself whether it saw what it should. None of them loses memory.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use haft_sandbox::{FtrackSetup, MeshSetup, Options, Sandbox, janus};
use haft_tools::native::{has, libraries, root, run, scratch};

const PYTHON: &str = ".venv/bin/python";

const STRICT: &str = "-O1 -g -pedantic -Wall -Wextra -Werror";

/// The package and a copy of the examples, both in paths with a space.
fn installed(name: &str) -> (PathBuf, PathBuf) {
    let folder = scratch(name);
    let (prefix, examples) = (folder.join("a prefix"), folder.join("the examples"));
    let mut install = Command::new("packaging/install");
    run(install.arg(libraries()).env("PREFIX", &prefix).env_remove("DESTDIR").current_dir(root()));
    fs::create_dir(&examples).unwrap();
    for entry in fs::read_dir(root().join("examples-c")).unwrap() {
        let file = entry.unwrap().path();
        if file.is_file() {
            fs::copy(&file, examples.join(file.file_name().unwrap())).unwrap();
        }
    }
    (prefix, examples)
}

/// The numbered programs in a folder, in order.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let numbered = |path: &PathBuf| {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.starts_with(|first: char| first.is_ascii_digit()) && !name.contains('.')
    };
    let mut list: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(numbered).collect();
    list.sort();
    let sources = fs::read_dir(root().join("examples-c")).unwrap();
    let is_source = |name: &str| name.starts_with(|first: char| first.is_ascii_digit());
    let sources = sources.filter(|entry| is_source(&entry.as_ref().unwrap().file_name().to_string_lossy())).count();
    assert_eq!(list.len(), sources, "every example is built");
    list
}

/// The sandbox with everything that the examples speak to.
fn started() -> Sandbox {
    Sandbox::start(Options {
        ftrack: Some(FtrackSetup::default()),
        mesh: Some(MeshSetup::default()),
        janus: Some(janus::Setup::default()),
        ..Options::default()
    })
    .unwrap()
}

/// A command in an own folder, with the addresses of the sandbox where `scripts/demo` puts them.
fn against(sandbox: &Sandbox, mut command: Command, folder: &Path) -> Command {
    command
        .current_dir(folder)
        .env("HAFT_DEMO_HTTP", &sandbox.http)
        .env("HAFT_DEMO_FTRACK", &sandbox.http)
        .env("HAFT_DEMO_HTTPS", &sandbox.https)
        .env("HAFT_DEMO_HTTPS_MTLS", &sandbox.https_mtls)
        .env("HAFT_DEMO_CA", &sandbox.ca)
        .env("HAFT_DEMO_CLIENT_CERT", &sandbox.client_cert)
        .env("HAFT_DEMO_CLIENT_KEY", &sandbox.client_key)
        .env("HAFT_DEMO_PIN", &sandbox.pin)
        .env("HAFT_DEMO_FTRACK", &sandbox.http)
        .env("HAFT_DEMO_MESH", &sandbox.mesh["mesh"])
        .env("HAFT_DEMO_JANUS", &sandbox.janus.as_ref().unwrap().ws)
        .env("HAFT_DEMO_JANUS_ADMIN", &sandbox.janus.as_ref().unwrap().admin_http)
        .env("HAFT_DEMO_JANUS_ADMIN_SECRET", janus::ADMIN_SECRET)
        .env("HAFT_DEMO_MEDIA", root().join("examples-c/frames.ivf"))
        .env("HAFT_DEMO_IVF", root().join("examples-c/frames.ivf"))
        .env("HAFT_DEMO_FTRACK_USER", "jenkins")
        .env("HAFT_DEMO_FTRACK_KEY", "secret-key")
        // The sandbox is part of this process, and under valgrind time is dear; `make demo` runs all ten thousand.
        .env("HAFT_DEMO_COUNT", "300");
    command
}

#[test]
fn pyarrow_reads_a_series() {
    let python = root().join(PYTHON);
    assert!(python.exists(), "{} is needed: scripts/venv makes it", python.display());
    let folder = scratch("examples_pyarrow");
    let mut program = Command::new(python);
    program.arg(root().join("examples-python/mesh_arrow.py")).env("HAFT_LIBRARY", libraries().join("libhaft.so"));
    let out = run(&mut against(&started(), program, &folder));
    // Without pyarrow it says so and ends well.
    assert!(out.contains("times: timestamp[ms, tz=UTC]") && out.contains("'flags': ["), "{out}");
}

#[test]
fn examples_run_and_lose_no_memory() {
    assert!(has("valgrind"), "valgrind is needed: scripts/test installs it");
    let (prefix, examples) = installed("examples_run");
    let mut make = Command::new("make");
    make.arg(format!("CFLAGS={STRICT}")).arg(format!("CXXFLAGS={STRICT}")).env_remove("MAKEFLAGS");
    run(make.current_dir(&examples).env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")));

    let sandbox = started();
    let folder = examples.join("run");
    fs::create_dir(&folder).unwrap();
    for program in programs(&examples.join("build")) {
        let out = run(&mut against(&sandbox, Command::new(&program), &folder));
        println!("{}\n{out}", program.display());
        assert!(!out.is_empty(), "{} prints what it saw", program.display());

        let mut valgrind = Command::new("valgrind");
        valgrind.args(["-q", "--error-exitcode=9", "--leak-check=full"]);
        // What the process keeps for ever, such as TLS configurations, is still reachable, or possibly so.
        valgrind.args(["--errors-for-leak-kinds=definite,indirect", "--show-leak-kinds=definite,indirect"]);
        let suppressions = root().join("tests/suppressions/valgrind.supp");
        if suppressions.exists() {
            valgrind.arg(format!("--suppressions={}", suppressions.display()));
        }
        valgrind.arg(&program);
        run(&mut against(&sandbox, valgrind, &folder));
    }
    let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "the examples leave nothing behind: {left:?}");
}

#[test]
fn examples_build_with_cmake() {
    assert!(has("cmake"), "cmake is needed: scripts/test installs it");
    let (prefix, examples) = installed("examples_cmake");
    let build = examples.join("build");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(&examples).arg("-B").arg(&build).arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
    run(configure.args([format!("-DCMAKE_C_FLAGS={STRICT}"), format!("-DCMAKE_CXX_FLAGS={STRICT}")]));
    run(Command::new("cmake").arg("--build").arg(&build));
    let sandbox = started();
    let first = programs(&build).swap_remove(0);
    run(&mut against(&sandbox, Command::new(first), &examples));
}
