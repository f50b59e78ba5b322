//! The installed package: what is in it, and programs built against it with pkg-config and with CMake, from a path
//! with a space and from one that was staged with DESTDIR.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test stops at what must not be"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use haft_tools::native::{has, libraries, root, run, scratch};

const PROGRAM: &str = "#include <haft.h>\n#include <stdio.h>\nint main(void) {\n  haft_args *args = haft_args_new();\n  \
                       haft_args_free(args);\n  puts(haft_version());\n  return haft_version_number() != HAFT_VERSION_NUMBER;\n}\n";
const WRAPPED: &str = "#include <haft.hpp>\n#include <cstdio>\nint main() {\n  haft::args args;\n  args.set(\"a\", 1);\n  \
                       std::puts(haft_version());\n}\n";

/// Installs the development libraries: the same files in the same places as `make install` puts them.
fn install(prefix: &Path, destination: Option<&Path>) {
    let mut command = Command::new("packaging/install");
    command.arg(libraries()).env("PREFIX", prefix).env_remove("DESTDIR").current_dir(root());
    if let Some(destination) = destination {
        command.env("DESTDIR", destination);
    }
    run(&mut command);
}

/// A prefix in a path with a space, with two programs beside it.
fn spacious(name: &str) -> (PathBuf, PathBuf) {
    let folder = scratch(name);
    let prefix = folder.join("a prefix");
    install(&prefix, None);
    let programs = folder.join("the programs");
    fs::create_dir(&programs).unwrap();
    fs::write(programs.join("1_plain.c"), PROGRAM).unwrap();
    fs::write(programs.join("2_wrapped.cpp"), WRAPPED).unwrap();
    for file in ["Makefile", "CMakeLists.txt"] {
        fs::copy(root().join("examples-c").join(file), programs.join(file)).unwrap();
    }
    (prefix, programs)
}

fn says_version(program: &Path) {
    assert_eq!(run(&mut Command::new(program)).trim(), env!("CARGO_PKG_VERSION"), "{}", program.display());
}

#[test]
fn the_package_is_complete() {
    let folder = scratch("package_complete");
    install(Path::new("/opt/haft"), Some(&folder));
    let prefix = folder.join("opt/haft");
    let mut files: Vec<String> =
        run(Command::new("find").arg(".").args(["-type", "f", "-o", "-type", "l"]).current_dir(&prefix))
            .lines()
            .map(|line| line.trim_start_matches("./").to_owned())
            .collect();
    files.sort();
    let version = env!("CARGO_PKG_VERSION");
    let shared = format!("lib/libhaft.so.{version}");
    let expected = [
        "include/haft.h",
        "include/haft.hpp",
        "lib/cmake/haft/haftConfig.cmake",
        "lib/cmake/haft/haftConfigVersion.cmake",
        "lib/libhaft.a",
        "lib/libhaft.so",
        "lib/libhaft.so.0.1",
        &shared,
        "lib/pkgconfig/haft.pc",
        "share/doc/haft/LICENSE-APACHE",
        "share/doc/haft/LICENSE-MIT",
    ];
    assert_eq!(files, expected);
    assert_eq!(fs::read_link(prefix.join("lib/libhaft.so")).unwrap(), Path::new("libhaft.so.0.1"));
    assert_eq!(fs::read_link(prefix.join("lib/libhaft.so.0.1")).unwrap(), Path::new(&format!("libhaft.so.{version}")));
    let described = fs::read_to_string(prefix.join("lib/pkgconfig/haft.pc")).unwrap();
    // The stage is not part of what is described, and what a static link needs is what rustc said.
    assert!(described.contains("prefix=/opt/haft\n") && !described.contains("package_complete"), "{described}");
    let needed = fs::read_to_string(libraries().join("native-static-libs")).unwrap();
    assert!(needed.contains("-lc") && described.contains(&format!("Libs.private: {}\n", needed.trim())), "{described}");
    assert!(described.contains(&format!("Version: {version}\n")));
}

#[test]
fn programs_build_with_pkg_config() {
    let (prefix, programs) = spacious("package_pkg_config");
    let configured = prefix.join("lib/pkgconfig");
    run(Command::new("make").current_dir(&programs).env("PKG_CONFIG_PATH", &configured).env_remove("MAKEFLAGS"));
    says_version(&programs.join("build/1_plain"));
    says_version(&programs.join("build/2_wrapped"));

    // And statically: the shared library is not in the way, because it is gone.
    for library in ["libhaft.so", "libhaft.so.0.1"] {
        fs::remove_file(prefix.join("lib").join(library)).unwrap();
    }
    let line = "eval cc -DHAFT_STATIC -o static 1_plain.c $(pkg-config --static --cflags --libs haft)";
    run(Command::new("sh").args(["-c", line]).current_dir(&programs).env("PKG_CONFIG_PATH", &configured));
    says_version(&programs.join("static"));
}

#[test]
fn programs_build_without_pkg_config() {
    let (prefix, programs) = spacious("package_by_hand");
    let prefix = prefix.display();
    let mut command = Command::new("make");
    command.arg(format!("HAFT_CFLAGS=-I\"{prefix}/include\"")).arg(format!("HAFT_LIBS=-L\"{prefix}/lib\" -lhaft"));
    command.arg(format!("HAFT_LIBDIR={prefix}/lib")).env_remove("MAKEFLAGS");
    run(command.arg("PKG_CONFIG=false").current_dir(&programs));
    says_version(&programs.join("build/1_plain"));
}

#[test]
fn programs_build_with_cmake() {
    assert!(has("cmake"), "cmake is needed: scripts/test installs it");
    let (prefix, programs) = spacious("package_cmake");
    for (build, link) in [("shared", "OFF"), ("static", "ON")] {
        let folder = programs.join(build);
        let mut command = Command::new("cmake");
        command.arg("-S").arg(&programs).arg("-B").arg(&folder).arg(format!("-DHAFT_EXAMPLES_STATIC={link}"));
        run(command.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
        run(Command::new("cmake").arg("--build").arg(&folder));
        says_version(&folder.join("1_plain"));
        says_version(&folder.join("2_wrapped"));
    }
}

#[test]
fn another_series_is_refused_by_cmake() {
    assert!(has("cmake"), "cmake is needed: scripts/test installs it");
    let (prefix, programs) = spacious("package_series");
    let project = "cmake_minimum_required(VERSION 3.16)\nproject(other C)\nfind_package(haft 0.2 QUIET)\n\
                   if(haft_FOUND)\n  message(FATAL_ERROR \"found\")\nendif()\n";
    fs::write(programs.join("CMakeLists.txt"), project).unwrap();
    let mut command = Command::new("cmake");
    command.arg("-S").arg(&programs).arg("-B").arg(programs.join("build"));
    run(command.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display())));
}
