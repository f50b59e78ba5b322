//! The environment of the process, read at create and never written.

/// The value of a variable; what is not UTF-8 counts as absent.
#[expect(clippy::disallowed_methods, reason = "the one home of environment reads")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The name of the machine, as `uname -n` tells it; empty when it has none.
pub fn machine() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").map(|name| name.trim().to_owned()).unwrap_or_default()
}
