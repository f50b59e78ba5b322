//! Plug-ins: shared objects that are found in directories and given the new session, and those of the host itself.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "a test stops at what must not be")]

#[path = "ftrack_svc/bed.rs"]
mod bed;

use std::{fs, process::Command};

use haft_tools::native::{Link, compile, libraries, root, run, scratch};

#[test]
fn plug_ins_are_given_the_session_and_failures_are_left_out() {
    let sandbox = bed::sandbox();
    let folder = scratch("plugins");
    let plugins = folder.join("plugins");
    fs::create_dir_all(plugins.join("deep")).unwrap();
    let library = |source: &str, name: &str, flags: &[&str]| {
        let mut command = Command::new("cc");
        command.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]).args(flags);
        command
            .arg("-I")
            .arg(root().join("include"))
            .arg(root().join("tests/c").join(source))
            .arg("-o")
            .arg(plugins.join(name));
        // As a plug-in is linked: the host brings the library.
        run(command.arg("-L").arg(libraries()).arg("-lhaft"));
    };
    library("plugin_good.c", "deep/good.so", &[]);
    library("plugin_bad.c", "bad_answer.so", &[]);
    library("plugin_bad.c", "bad_version.so", &["-DWRONG_VERSION"]);
    library("plugin_bad.c", "bad_nothing.so", &["-DNOTHING"]);
    fs::write(plugins.join("no_library.so"), "text").unwrap();
    fs::write(plugins.join("readme.txt"), "text").unwrap();
    let host = compile(&root().join("tests/c/plugin_host.c"), Link::Shared, &[], &folder);
    let log = folder.join("log");
    let mut command = Command::new(host);
    command.arg(format!("ftrack+{}", sandbox.http)).arg(&plugins);
    command.env("PLUGIN_LOG", &log).env("FTRACK_NATIVE_PLUGIN_PATH", &plugins).env("LD_LIBRARY_PATH", libraries());
    assert!(run(&mut command).contains("ok"));
    let seen = fs::read_to_string(log).unwrap();
    // Twice, for two sessions, in the order of names.
    assert_eq!(seen, "bad\ngood 1 me jenkins\n".repeat(2));
}

#[test]
fn what_is_no_plug_in_is_told() {
    let sandbox = bed::sandbox();
    for wrong in [r#"{"plugin": "x"}"#, r#"{"plugin": [1]}"#, r#"{"plugin_paths": 1}"#, r#"{"plugin_paths": [1]}"#] {
        assert_eq!(bed::open(&sandbox, bed::args(wrong)).unwrap_err().code(), "argument", "{wrong}");
    }
    assert!(bed::open(&sandbox, bed::args(r#"{"plugin_paths": ["relative", "/is/not/there"]}"#)).is_ok());
}
