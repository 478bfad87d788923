//! Rivals measured in turns, so that whatever else the machine does falls on all of them.

use std::time::Duration;

use crate::load::{Count, Target, drive};
use crate::machine::cpu_time;

/// How long and how often.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Turns {
    /// Rounds of each rival.
    pub(crate) rounds: usize,
    /// Time of one round.
    pub(crate) each: Duration,
}

/// A server and what it is asked.
pub(crate) struct Rival<'a> {
    /// Where it listens.
    pub(crate) target: &'a Target,
    /// Its process id.
    pub(crate) process: u32,
    /// Its requests, whole.
    pub(crate) requests: Vec<Vec<u8>>,
}

/// What one rival did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// In the order of the rounds.
    pub(crate) rounds: Vec<Count>,
    /// Processor time of its process during all rounds.
    pub(crate) cpu: Duration,
    /// Processor time of the clients meanwhile.
    pub(crate) client_cpu: Duration,
}

impl Turns {
    /// Lets the two have their rounds, one after the other: a, b, a, b, …
    pub(crate) fn measure(self, rivals: &[Rival<'_>; 2]) -> anyhow::Result<[Measured; 2]> {
        let mut measured = [Measured::default(), Measured::default()];
        for _ in 0..self.rounds {
            for (rival, measured) in rivals.iter().zip(&mut measured) {
                let clock = || Ok((cpu_time(rival.process)?, cpu_time(std::process::id())?));
                let (count, begin, end) = drive(rival.target, &rival.requests, self.each, clock)?;
                measured.rounds.push(count);
                measured.cpu += end.0.saturating_sub(begin.0);
                measured.client_cpu += end.1.saturating_sub(begin.1);
            }
        }
        Ok(measured)
    }
}
