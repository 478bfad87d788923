//! Packets that are held back: rules that hand them to the program `delay` (`src/bin/delay`).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

use crate::daemon::program;
use crate::net::space::Space;
use crate::net::tools::run;

/// A queue of packets of one router.
pub(crate) struct Delayed {
    space: String,
    /// Its number is the delay in tenths of a millisecond.
    queue: u16,
}

impl Delayed {
    /// Asks the kernel for it; without the program, packets pass at once.
    pub(crate) fn new(
        router: &Space,
        (hook, direction, device): (&str, &str, &str),
        ms: f64,
    ) -> anyhow::Result<Self> {
        let queue = (ms * 10.0).round();
        if !(1.0..=60_000.0).contains(&queue) {
            bail!("a delay of {ms} ms: 0.1 to 6000 are possible");
        }
        let (queue, name) = (queue as u16, router.name());
        let number = queue.to_string();
        let rule = ["netns", "exec", name, "iptables-legacy", "-w", "-t", "mangle", "-A", hook];
        let queued = ["-j", "NFQUEUE", "--queue-num", &number, "--queue-bypass"];
        run("ip", &[&rule[..], &[direction, device], &queued[..]].concat())?;
        Ok(Self { space: name.to_owned(), queue })
    }
}

/// Starts the program; it has all queues when this returns.
pub(crate) fn start(delays: &[Delayed]) -> anyhow::Result<Child> {
    let mut queues: BTreeMap<&str, BTreeSet<u16>> = BTreeMap::new();
    for delayed in delays {
        queues.entry(&delayed.space).or_default().insert(delayed.queue);
    }
    let arguments = queues.into_iter().map(|(space, queues)| {
        let queues: Vec<String> = queues.iter().map(u16::to_string).collect();
        format!("{space}:{}", queues.join(","))
    });
    // Before all others: a late packet is a longer delay.
    let urgent = Command::new("chrt").args(["-f", "10", "true"]).status();
    let mut command = match urgent.is_ok_and(|status| status.success()) {
        true => {
            let mut command = Command::new("chrt");
            command.args(["-f", "10"]).arg(program("delay")?);
            command
        }
        false => Command::new(program("delay")?),
    };
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let mut said = String::new();
    BufReader::new(child.stdout.take().context("no standard output")?).read_line(&mut said)?;
    if said.trim() != "ready" {
        let _ = child.kill();
        bail!("it does not become ready: {:?}", child.wait());
    }
    Ok(child)
}
