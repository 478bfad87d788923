//! Idle connections over mutual TLS: what each holds, and how fast others are served beside them.

use std::thread;
use std::time::Duration;

use anyhow::bail;
use link::load::{Connection, Target, cpu_time, drive};
use system_tests::data::germany50;
use system_tests::unis::Unis;

use crate::post::post;
use crate::row;
use crate::start::status_kb;

/// Threads that open them.
const THREADS: usize = 8;
/// Connections that are there before anything is measured.
const WARM: usize = 64;
/// How long is asked beside them, and how often.
const ROUND: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;
/// A small query.
const BODY: &str = concat!(
    r#"{"cost-type":{"cost-mode":"numerical","cost-metric":"routingcost"},"#,
    r#""endpoints":{"srcs":["ipv4:192.0.2.1"],"dsts":["ipv4:198.51.100.1"]}}"#
);

pub(crate) fn run(connections: usize) -> anyhow::Result<()> {
    // Longer than it takes to open them all on a busy machine.
    let patient = ["--set", "limits.idle-timeout-ms=1000000"];
    let unis = Unis::mutual(&germany50(), &patient)?;
    let target = Target::new(unis.authority(), Some(&unis.state.join("pki")))?;
    let request = post(&target, "endpoint-cost", BODY.as_bytes());
    let warm = open(&target, &request, WARM)?;
    let (rate_alone, us_alone) = ask(&unis, &target, &request)?;
    let before = status_kb(unis.id(), "VmRSS:")?;
    let idle = open(&target, &request, connections)?;
    let held = status_kb(unis.id(), "VmRSS:")?.saturating_sub(before);
    let figure = format!("{:.1} KiB resident each", held as f64 / connections as f64);
    row(&format!("{connections} idle connections over mutual TLS"), &figure, "40 KiB");
    let (rate, us) = ask(&unis, &target, &request)?;
    let figure = format!(
        "{rate:.0} requests/s at best, {us:.0} us of its processor each; without them \
         {rate_alone:.0}, {us_alone:.0} us"
    );
    row("beside them", &figure, "20,000 requests/s");
    drop((warm, idle));
    Ok(())
}

/// Opens connections, each used once.
fn open(target: &Target, request: &[u8], count: usize) -> anyhow::Result<Vec<Connection>> {
    let some = |count: usize| {
        let one = |_| {
            let mut connection = Connection::open(target)?;
            connection.call(request)?;
            connection.buffer = Vec::new();
            anyhow::Ok(connection)
        };
        (0..count).map(one).collect::<anyhow::Result<Vec<_>>>()
    };
    thread::scope(|scope| {
        let share = |thread: usize| count / THREADS + usize::from(thread < count % THREADS);
        let threads: Vec<_> =
            (0..THREADS).map(|thread| scope.spawn(move || some(share(thread)))).collect();
        let mut all = Vec::with_capacity(count);
        for thread in threads {
            let Ok(part) = thread.join() else { bail!("a thread broke off") };
            all.extend(part?);
        }
        Ok(all)
    })
}

/// The best of some rounds, requests a second; and the server's processor time for each of all
/// requests, microseconds.
fn ask(unis: &Unis, target: &Target, request: &[u8]) -> anyhow::Result<(f64, f64)> {
    let requests = [request.to_vec()];
    let (mut best, mut answers, mut cpu) = (0.0_f64, 0, Duration::ZERO);
    for _ in 0..ROUNDS {
        let (count, begin, end) = drive(target, &requests, ROUND, || cpu_time(unis.id()))?;
        best = best.max(count.per_second);
        answers += count.answers;
        cpu += end.saturating_sub(begin);
    }
    Ok((best, cpu.as_secs_f64() * 1e6 / answers as f64))
}
