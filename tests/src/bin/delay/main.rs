//! Delay for network namespaces: holds packets that the kernel hands over, and lets them go later.
//!
//! ```text
//!  kernel -> NFQUEUE n -> (packet waits in the kernel; here only its number does) -> verdict
//! ```
//!
//! `delay SPACE:QUEUE[,QUEUE…]…`: queue 300 of a namespace holds packets for 30.0 ms. Says
//! `ready` when all queues are its own, and runs until killed. For tests ([`system_tests::net`]).

mod message;
mod queues;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Context;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::queues::Queues;

/// Nothing happens for so long: look again all the same.
const IDLE: Duration = Duration::from_millis(500);

fn main() -> anyhow::Result<()> {
    let mut spaces = Vec::new();
    for argument in std::env::args().skip(1) {
        let (space, queues) = argument.split_once(':').context("expected SPACE:QUEUE,QUEUE…")?;
        let queues: Result<Vec<u16>, _> = queues.split(',').map(str::parse).collect();
        spaces.push(Queues::open(space, &queues?).with_context(|| argument.clone())?);
    }
    println!("ready");
    std::io::stdout().flush()?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let now = Instant::now();
        let next = spaces.iter_mut().filter_map(|space| space.release(now)).min();
        let wait = next.map_or(IDLE, |next| next.saturating_duration_since(Instant::now()));
        let mut ready: Vec<PollFd<'_>> =
            spaces.iter().map(|space| PollFd::new(space.socket(), PollFlags::IN)).collect();
        poll(&mut ready, Some(&Timespec::try_from(wait)?))?;
        let ready: Vec<bool> = ready.iter().map(|one| !one.revents().is_empty()).collect();
        for (space, _) in spaces.iter_mut().zip(ready).filter(|(_, ready)| *ready) {
            space.take_in(&mut buffer);
        }
    }
}
