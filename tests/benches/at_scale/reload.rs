//! Reloads under load: a steady rate of queries, the same before and during each reload.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use system_tests::unis::Unis;

use crate::post::post;
use crate::row;
use crate::sample::Sample;
use link::load::{CONNECTIONS, Connection, Target};

/// Between two queries of a connection.
const PERIOD: Duration = Duration::from_millis(4);
/// How long is measured before each reload.
const BEFORE: Duration = Duration::from_secs(3);

pub(crate) fn run(sample: &mut Sample, reloads: usize) -> anyhow::Result<()> {
    let unis = Unis::plain(&sample.sources(), &["--set", "reload-poll-seconds=0"])?;
    for (name, every) in [("one link", usize::MAX), ("every link", 1)] {
        let (mut idle, mut during) = (Vec::new(), Vec::new());
        let mut longest = Duration::ZERO;
        for _ in 0..reloads {
            let round = one(&unis, sample, every)?;
            longest = longest.max(round.took);
            idle.extend(round.idle);
            during.extend(round.during);
        }
        let (p99_idle, p99) = (percentile(&mut idle, 99), percentile(&mut during, 99));
        let (p50_idle, p50) = (percentile(&mut idle, 50), percentile(&mut during, 50));
        let figure = format!(
            "p99 {:.1}x ({p99:.2} ms, else {p99_idle:.2}), median {:.1}x ({p50:.2} ms); none of {} \
             failed; {:.1} s",
            p99 / p99_idle,
            p50 / p50_idle,
            idle.len() + during.len(),
            longest.as_secs_f64()
        );
        row(&format!("reload under load, {name} changed"), &figure, "p99 2x, none failed");
    }
    Ok(())
}

/// How long queries took.
struct Round {
    idle: Vec<Duration>,
    during: Vec<Duration>,
    /// The reload itself.
    took: Duration,
}

/// Some time without a reload, then one.
fn one(unis: &Unis, sample: &mut Sample, every: usize) -> anyhow::Result<Round> {
    let target = Target::new(unis.authority(), None)?;
    let request = post(&target, "endpoint-cost", &sample.query()?);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let asking: Vec<_> =
            (0..CONNECTIONS).map(|_| scope.spawn(|| ask(&target, &request, &over))).collect();
        let reloaded = reload(unis, sample, every);
        over.store(true, Ordering::Relaxed);
        let mut asked = Vec::new();
        for thread in asking {
            let Ok(part) = thread.join() else { bail!("a connection's thread broke off") };
            asked.extend(part?);
        }
        let [changing, begin, end] = reloaded?;
        let took = |within: &dyn Fn(Instant) -> bool| {
            asked.iter().filter(|(begun, _)| within(*begun)).map(|(_, took)| *took).collect()
        };
        let idle = took(&|begun| begun < changing);
        let during = took(&|begun| (begin..end).contains(&begun));
        Ok(Round { idle, during, took: end - begin })
    })
}

/// When the files were about to be changed, when the server was told, when it had done it.
fn reload(unis: &Unis, sample: &mut Sample, every: usize) -> anyhow::Result<[Instant; 3]> {
    thread::sleep(BEFORE);
    let changing = Instant::now();
    sample.change(every)?;
    let begin = Instant::now();
    unis.signal("HUP")?;
    unis.wait_for_log("map reloaded")?;
    Ok([changing, begin, Instant::now()])
}

/// Asks at a steady rate until it is over: when each query began, how long it took. Any answer but
/// a 200 is an error.
fn ask(
    target: &Target,
    request: &[u8],
    over: &AtomicBool,
) -> anyhow::Result<Vec<(Instant, Duration)>> {
    let mut connection = Connection::open(target)?;
    connection.call(request)?;
    let (mut asked, mut next) = (Vec::new(), Instant::now());
    while !over.load(Ordering::Relaxed) {
        let begin = Instant::now();
        connection.call(request).context("a request failed")?;
        asked.push((begin, begin.elapsed()));
        // What was missed is not made up for.
        next = (next + PERIOD).max(Instant::now());
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(asked)
}

/// In milliseconds.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort();
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
