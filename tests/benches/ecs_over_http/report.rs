//! Medians and ratios, as a table.

use std::fmt::Write;

use anyhow::ensure;

use link::load::{CONNECTIONS, Measured};

/// One case.
pub(crate) struct Row {
    name: String,
    unis: Figures,
    echo: Figures,
    /// UNIS to echo, of each pair of neighbouring rounds, ascending.
    ratios: Vec<f64>,
}

struct Figures {
    per_second: f64,
    megabytes_per_second: f64,
    cpu_us: f64,
    /// Processor time of the server and the clients, per answer.
    work_us: f64,
}

impl Row {
    /// A case by its name, UNIS before the echo server.
    pub(crate) fn new(name: String, [unis, echo]: [Measured; 2]) -> anyhow::Result<Self> {
        ensure!(!unis.rounds.is_empty() && !echo.rounds.is_empty(), "nothing was measured");
        let pairs = unis.rounds.iter().zip(&echo.rounds);
        let ratios = sorted(pairs.map(|(unis, echo)| unis.per_second / echo.per_second));
        Ok(Self { name, unis: Figures::of(&unis), echo: Figures::of(&echo), ratios })
    }
}

impl Figures {
    fn of(measured: &Measured) -> Self {
        let rounds = &measured.rounds;
        let answers: u64 = rounds.iter().map(|round| round.answers).sum();
        Self {
            per_second: median(&sorted(rounds.iter().map(|round| round.per_second))),
            megabytes_per_second: median(&sorted(
                rounds.iter().map(|round| round.bytes_per_second / 1e6),
            )),
            cpu_us: measured.cpu.as_secs_f64() * 1e6 / answers as f64,
            work_us: (measured.cpu + measured.client_cpu).as_secs_f64() * 1e6 / answers as f64,
        }
    }
}

/// All cases, in Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{CONNECTIONS} connections; medians over the rounds; ratio: UNIS to echo, round by round, \
         with the lowest and the highest; by work: of the processor time of server and clients per \
         answer, echo to UNIS, which is the ratio of rates when nothing else runs; last, the \
         processor time of the server alone.\n\n\
         | case | UNIS, 1/s | echo, 1/s | ratio | by work | UNIS, MB/s | echo, MB/s | UNIS, us | \
         echo, us |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n"
    );
    for Row { name, unis, echo, ratios } in rows {
        let (low, high) = (ratios[0], ratios[ratios.len() - 1]);
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.0} | {:.2} ({low:.2} to {high:.2}) | {:.2} | {:.1} | {:.1} | \
             {:.0} | {:.0} |",
            unis.per_second,
            echo.per_second,
            median(ratios),
            echo.work_us / unis.work_us,
            unis.megabytes_per_second,
            echo.megabytes_per_second,
            unis.cpu_us,
            echo.cpu_us,
        );
    }
    text
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Of ascending values, at least one.
fn median(values: &[f64]) -> f64 {
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
