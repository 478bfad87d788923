//! The runtime of a daemon: it ends when the daemon does.

use std::time::Duration;

/// What cannot be interrupted, such as reading a file of a disk that hangs, gets this long.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// Runs a daemon to its end on all cores. What still blocks a thread then is left behind: nothing
/// that a client was told of hangs on it.
///
/// # Errors
/// The daemon's own, or threads cannot be had.
pub fn run_to_end<T>(daemon: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(daemon);
    runtime.shutdown_timeout(LEFT_BEHIND);
    outcome
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_thread_that_blocks_for_good_does_not_hold_up_the_end() {
        let (_never, blocked) = mpsc::channel::<()>();
        let outcome = run_to_end(async {
            tokio::task::spawn_blocking(move || blocked.recv());
            Ok(7)
        });
        assert_eq!(outcome.unwrap(), 7);
    }
}
