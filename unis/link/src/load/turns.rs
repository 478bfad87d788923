//! Rivals measured in turns, so that whatever else the machine does falls on all of them.

use std::time::Duration;

use anyhow::Context;

use crate::load::drive::{Count, Lane, drive_lanes};

/// The kernel counts a process's time in hundredths of a second (`USER_HZ`, proc(5)).
const TICK: Duration = Duration::from_millis(10);
/// Fields of /proc/PID/stat after the program's name: utime and stime, counted from `state`.
const UTIME: usize = 11;

/// How long and how often.
#[derive(Copy, Clone, Debug)]
pub struct Turns {
    /// Rounds of each rival.
    pub rounds: usize,
    /// Time of one round.
    pub each: Duration,
}

/// A server and what it is asked.
pub struct Rival<'a> {
    /// Its process id.
    pub process: u32,
    /// What it is asked, on one connection each.
    pub lanes: Vec<Lane<'a>>,
}

/// What one rival did.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// In the order of the rounds.
    pub rounds: Vec<Count>,
    /// Processor time of its process during all rounds.
    pub cpu: Duration,
    /// Processor time of the clients meanwhile.
    pub client_cpu: Duration,
}

impl Turns {
    /// Lets the two have their rounds, one after the other: a, b, a, b, …
    ///
    /// # Errors
    /// As for [`drive_lanes`].
    pub fn measure(self, rivals: &[Rival<'_>; 2]) -> anyhow::Result<[Measured; 2]> {
        let mut measured = [Measured::default(), Measured::default()];
        for _ in 0..self.rounds {
            for (rival, measured) in rivals.iter().zip(&mut measured) {
                let clock = || Ok((cpu_time(rival.process)?, cpu_time(std::process::id())?));
                let (count, begin, end) = drive_lanes(&rival.lanes, self.each, clock)?;
                measured.rounds.push(count);
                measured.cpu += end.0.saturating_sub(begin.0);
                measured.client_cpu += end.1.saturating_sub(begin.1);
            }
        }
        Ok(measured)
    }
}

/// Processor time that a process has used so far, of all its threads.
///
/// # Errors
/// The system does not tell.
pub fn cpu_time(process: u32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields = stat.rsplit_once(')').context("no name in /proc/PID/stat")?.1;
    let ticks = fields.split_whitespace().skip(UTIME).take(2);
    let ticks: Vec<u32> = ticks.map(str::parse).collect::<Result<_, _>>()?;
    Ok(TICK * ticks.iter().sum())
}
