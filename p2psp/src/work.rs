//! How much a thread has worked: its processor time, which others on the machine do not change.

use std::time::Duration;

/// Processor time of this thread so far, where the system tells (proc(5), `schedstat`); brought up
/// to date by the system every few milliseconds.
pub(crate) fn of_this_thread() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
