//! The figures beside their targets.

use crate::outcome::{Outcome, middle};
use crate::record::{Record, Side};
use crate::setting::{Case, SETTINGS};

/// Copies that enter each remote ISP at most.
pub(crate) const MOST_COPIES: f64 = 1.25;
/// The slowest ISP against the fastest.
const MOST_SPREAD: f64 = 1.3;

/// A figure, what it is compared with, and the most that the one may be of the other.
struct Line<'a> {
    what: &'a str,
    ours: f64,
    other: Option<f64>,
    most: Option<f64>,
}

/// Prints all that there is, medians over the runs.
pub(crate) fn print(record: &Record) {
    println!("{:<52}{:>9}{:>9}{:>8}  target", "medians of the runs", "ours", "rival", "ratio");
    for setting in &SETTINGS {
        let plain = record.of(setting.name, Case::Plain, Side::Ours);
        for case in Case::ALL {
            let ours = record.of(setting.name, case, Side::Ours);
            let rival = record.of(setting.name, case, Side::Rival);
            if ours.is_empty() && rival.is_empty() {
                continue;
            }
            println!("{} {} ({} and {} runs)", setting.name, case.name(), ours.len(), rival.len());
            match case.has_helper() {
                true => against_plain(case, &ours, &plain),
                false => against_rival((setting.name, case), &ours, &rival),
            }
        }
    }
}

fn against_rival(what: (&str, Case), ours: &[Outcome], rival: &[Outcome]) {
    let both = |figure: fn(&Outcome) -> f64| {
        (middle(ours, figure), (!rival.is_empty()).then(|| middle(rival, figure)))
    };
    let (median, p95) = match what {
        ("S1", Case::Plain) => (Some(1.05), Some(1.10)),
        ("S1", Case::Caches) => (Some(1.05), None),
        ("S2", Case::Plain) => (Some(0.70), Some(0.70)),
        _ => (None, None),
    };
    let ratio = |what, figure: fn(&Outcome) -> f64, most| {
        let (ours, other) = both(figure);
        line(&Line { what, ours, other, most });
    };
    let bound = |what, figure: fn(&Outcome) -> f64, most: f64| {
        let (ours, other) = both(figure);
        let met = if ours <= most { "" } else { "  MISSED" };
        let other = other.map_or(String::new(), |other| format!("{other:.2}"));
        println!("  {what:<50}{ours:>9.2}{other:>9}{:>8}  at most {most}{met}", "");
    };
    bound("bytes between ISPs / (size x remote ISPs)", |run| run.copies, MOST_COPIES);
    ratio("completion, median, s", Outcome::median, median);
    ratio("completion, 95th percentile, s", Outcome::p95, p95);
    ratio("seeder's upload / size", |run| run.seeder, Some(1.0));
    bound("slowest ISP's 95th percentile / fastest's", Outcome::spread, MOST_SPREAD);
    ratio("failed downloads", |run| run.failed as f64, None);
    ratio("CPU seconds of all peers", |run| run.usage.cpu_s, None);
    ratio("largest peer, MiB", |run| run.usage.peak_mib, None);
}

fn against_plain(case: Case, ours: &[Outcome], plain: &[Outcome]) {
    let most = if case == Case::Killed { 1.25 } else { 1.15 };
    for (what, figure) in [
        ("completion, median, s (against plain)", Outcome::median as fn(&Outcome) -> f64),
        ("completion, 95th percentile, s (against plain)", Outcome::p95),
    ] {
        let other = (!plain.is_empty()).then(|| middle(plain, figure));
        line(&Line { what, ours: middle(ours, figure), other, most: Some(most) });
    }
    let copies = middle(ours, |run| run.copies);
    line(&Line {
        what: "bytes between ISPs / (size x remote ISPs)",
        ours: copies,
        other: None,
        most: None,
    });
    let failed = ours.iter().map(|run| run.failed).max().unwrap_or_default();
    println!("  {:<50}{failed:>9}{:>17}  none", "failed downloads", "");
}

fn line(line: &Line<'_>) {
    let Line { what, ours, other, most } = line;
    let ratio = other.map(|other| ours / other);
    let text = |number: Option<f64>| number.map_or(String::new(), |it| format!("{it:.2}"));
    let target = most.map_or(String::new(), |most| {
        let missed = ratio.is_some_and(|ratio| ratio > most);
        format!("  ratio at most {most:.2}{}", if missed { "  MISSED" } else { "" })
    });
    println!("  {what:<50}{ours:>9.2}{:>9}{:>8}{target}", text(*other), text(ratio));
}
