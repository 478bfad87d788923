//! A thread for work beside requests: it gives way to the threads that answer them.

use std::io;
use std::thread::{Builder, JoinHandle};

use tokio::sync::oneshot::{self, Receiver};

/// How far behind the threads that answer requests, of 19 (nice(2)). Threads that it starts
/// inherit it. The farthest: beside servers that leave no core idle it still gets a share.
const NICE: i32 = 19;

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
        let _ = rustix::process::setpriority_process(None, NICE);
        let _ = tell.send(work());
    };
    Ok((Builder::new().name("reload".to_owned()).spawn(run)?, told))
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
        assert_eq!(told.await.unwrap(), (NICE, NICE));
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
