//! A disk with little room.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// Names the disk to the test that runs on it.
const DISK: &str = "HAFT_TEST_SMALL_DISK";

/// The folder of a disk of so many KiB, when this process has one. Else the test of this name runs once more in a process with
/// mounts of its own: that takes root, or a system that lets everybody have a user namespace. `None` when it has passed there.
#[allow(clippy::disallowed_methods, reason = "the environment is how one process of a test speaks to another")]
pub fn small(test: &str, kib: u32) -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(DISK) {
        return Some(folder.into());
    }
    let name = format!("disk-{}-{}", test.replace("::", "-"), std::process::id());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let script = format!("mount -t tmpfs -o size={kib}k tmpfs \"$0\" && exec \"$@\"");
    let mounted = |ways: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(ways).args(["sh", "-c", &script]).arg(&folder);
        command
    };
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let able = |ways: &&[&str]| mounted(ways).arg("true").output().is_ok_and(|done| done.status.success());
    let way = ways.into_iter().find(able);
    let way = way.expect("a small disk can be mounted: as root, or with `unshare --user --map-root-user --mount`");
    let mut command = mounted(way);
    command.arg(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(DISK, &folder);
    let done = command.output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&done.stderr));
    std::fs::remove_dir(&folder).unwrap();
    None
}
