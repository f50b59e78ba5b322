//! Plug-ins that fail, ten times over: each is left out, and the sessions go on.

use std::{fs, process::Command};

use haft_tools::native::{Link, compile, root, run, scratch};

#[test]
fn plug_ins_that_fail() {
    let sandbox = crate::bed::sandbox();
    let folder = scratch("ftrack_faults_plugins");
    let plugins = folder.join("plugins");
    fs::create_dir_all(&plugins).unwrap();
    let library = |source: &str, name: &str, flags: &[&str]| {
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-std=gnu11", "-Wall", "-Wextra", "-Werror"]).args(flags);
        command
            .arg("-I")
            .arg(root().join("include"))
            .arg(root().join("tests/c").join(source))
            .arg("-o")
            .arg(plugins.join(name));
        run(&mut command);
    };
    library("plugin_bad.c", "bad_answer.so", &[]);
    library("plugin_bad.c", "bad_version.so", &["-DWRONG_VERSION"]);
    library("plugin_bad.c", "bad_nothing.so", &["-DNOTHING"]);
    fs::write(plugins.join("no_library.so"), "text").unwrap();
    let host = compile(&root().join("tests/c/plugin_failing.c"), Link::Shared, &[], &folder);
    let mut command = Command::new(host);
    command.arg(format!("ftrack+{}", sandbox.http)).arg(&plugins).env("PLUGIN_LOG", folder.join("log"));
    assert!(run(&mut command).contains("ok"));
    // Asked once by each session, and never again.
    assert_eq!(fs::read_to_string(folder.join("log")).unwrap(), "bad\n".repeat(13));
}
