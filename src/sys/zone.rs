//! The system's time zone.

/// How far local time is ahead of UTC at a moment, in seconds.
pub fn offset_s(epoch_s: i64) -> i64 {
    let moment: libc::time_t = epoch_s;
    // SAFETY: all bits zero is a value of this structure, and both pointers live for the duration of the call.
    let (found, parts) = unsafe {
        let mut parts: libc::tm = std::mem::zeroed();
        (!libc::localtime_r(&raw const moment, &raw mut parts).is_null(), parts)
    };
    if found { i64::from(parts.tm_gmtoff) } else { 0 }
}
