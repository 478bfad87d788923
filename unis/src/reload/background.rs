//! A thread for work beside requests: it gives way to the threads that answer them.

use std::io;
use std::path::Path;
use std::thread::{self, Builder, JoinHandle};

use tokio::sync::oneshot::{self, Receiver};
use topology::Progress;

/// How far behind the threads that answer requests (nice(2)); threads that it starts inherit it.
/// Half of what there is: where others leave no core idle it still gets a tenth of a fair share,
/// and so comes to its end.
const BEHIND: i32 = 10;
/// The farthest behind.
const LAST: i32 = 19;

/// Gives the core to whoever waits for it after each piece that was read: else the scheduler lets
/// even a thread that is far behind go on for a few milliseconds.
pub(crate) struct GivingWay;

impl Progress for GivingWay {
    fn reading(&self, _path: &Path, _done_bytes: u64, _total_bytes: u64) {
        thread::yield_now();
    }
}

/// Starts `work`; what it gives comes out of the receiver, nothing where it broke off.
///
/// # Errors
/// No thread can be had.
pub(crate) fn start<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<(JoinHandle<()>, Receiver<T>)> {
    let (tell, told) = oneshot::channel();
    let run = move || {
        // On Linux the priority is the thread's own. Where a sandbox refuses, requests wait longer.
        let before = rustix::process::getpriority_process(None).unwrap_or(0);
        let _ = rustix::process::setpriority_process(None, behind(before));
        let _ = tell.send(work());
    };
    Ok((Builder::new().name("reload".to_owned()).spawn(run)?, told))
}

fn behind(nice: i32) -> i32 {
    nice.saturating_add(BEHIND).min(LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nice() -> i32 {
        rustix::process::getpriority_process(None).unwrap()
    }

    #[tokio::test]
    async fn the_thread_and_those_that_it_starts_give_way_and_nobody_else() {
        let before = nice();
        let both = || (nice(), std::thread::spawn(nice).join().unwrap());
        let (thread, told) = start(both).unwrap();
        assert_eq!(told.await.unwrap(), (behind(before), behind(before)));
        assert!(behind(before) > before || before == LAST);
        thread.join().unwrap();
        assert_eq!(nice(), before);
    }

    #[tokio::test]
    async fn what_breaks_off_gives_nothing() {
        let (thread, told) = start(|| panic!("on purpose")).unwrap();
        assert!(told.await.is_err());
        assert!(thread.join().is_err());
    }
}
