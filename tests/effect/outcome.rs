//! What a run gave, and the middle of several.

use serde_json::{Value, json};

use crate::usage::Usage;

/// One run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Seconds until each had all, by ISP; who failed is not in it.
    pub(crate) took: Vec<Vec<f64>>,
    /// Who did not get it, or not what was shared.
    pub(crate) failed: usize,
    /// Bytes between ISPs over file size and number of remote ISPs.
    pub(crate) copies: f64,
    /// What the seeder sent over file size.
    pub(crate) seeder: f64,
    pub(crate) usage: Usage,
}

impl Outcome {
    /// All times, the shortest first.
    pub(crate) fn times(&self) -> Vec<f64> {
        sorted(self.took.concat())
    }

    pub(crate) fn median(&self) -> f64 {
        percentile(&self.times(), 50)
    }

    pub(crate) fn p95(&self) -> f64 {
        percentile(&self.times(), 95)
    }

    /// The 95th percentile of the slowest ISP over that of the fastest.
    pub(crate) fn spread(&self) -> f64 {
        let of = |isp: &Vec<f64>| percentile(&sorted(isp.clone()), 95);
        let all: Vec<f64> = self.took.iter().map(of).collect();
        let most = all.iter().copied().fold(0.0, f64::max);
        most / all.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// What [`Outcome::json`] wrote.
    pub(crate) fn read(told: &Value) -> Option<Self> {
        let isps = told["took-s"].as_array()?.iter();
        let times = |isp: &Value| {
            isp.as_array().into_iter().flatten().filter_map(Value::as_f64).collect::<Vec<_>>()
        };
        Some(Self {
            took: isps.map(times).collect(),
            failed: usize::try_from(told["failed"].as_u64()?).ok()?,
            copies: told["copies"].as_f64()?,
            seeder: told["seeder"].as_f64()?,
            usage: Usage { cpu_s: told["cpu-s"].as_f64()?, peak_mib: told["peak-mib"].as_f64()? },
        })
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "median-s": round(self.median()), "p95-s": round(self.p95()),
            "copies": round(self.copies), "seeder": round(self.seeder),
            "spread": round(self.spread()), "failed": self.failed,
            "cpu-s": round(self.usage.cpu_s), "peak-mib": round(self.usage.peak_mib),
            "took-s": self.took.iter().map(|isp| {
                sorted(isp.clone()).into_iter().map(round).collect::<Vec<_>>()
            }).collect::<Vec<_>>(),
        })
    }
}

/// The middle of a figure over several runs.
pub(crate) fn middle(runs: &[Outcome], figure: impl Fn(&Outcome) -> f64) -> f64 {
    percentile(&sorted(runs.iter().map(figure).collect()), 50)
}

/// The run whose median is the middle one.
pub(crate) fn typical(runs: &[Outcome]) -> Option<&Outcome> {
    let median = middle(runs, Outcome::median);
    runs.iter().min_by(|a, b| (a.median() - median).abs().total_cmp(&(b.median() - median).abs()))
}

fn sorted(mut numbers: Vec<f64>) -> Vec<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers
}

/// The smallest that so many per cent do not exceed (nearest rank); of none it is infinite.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::INFINITY)
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
