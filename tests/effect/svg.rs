//! The figures as a picture: who had all when, and how many copies went between ISPs.

use std::fmt::Write;

use crate::outcome::{Outcome, middle, typical};
use crate::record::{Record, Side};
use crate::setting::{Case, SETTINGS};
use crate::table::MOST_COPIES;

const WIDTH: f64 = 760.0;
/// Height of one setting's row, and of the curves in it.
const ROW: f64 = 190.0;
const HEIGHT: f64 = 120.0;
/// Left and right end of the curves, left end of the bars.
const CURVES: (f64, f64) = (60.0, 430.0);
const BARS: f64 = 560.0;
const LONGEST_BAR: f64 = 170.0;

/// One row for each setting and case that both sides ran.
pub(crate) fn draw(record: &Record) -> String {
    let mut rows = String::new();
    let mut count = 0.0;
    for setting in &SETTINGS {
        for case in [Case::Plain, Case::Caches] {
            let ours = record.of(setting.name, case, Side::Ours);
            let rival = record.of(setting.name, case, Side::Rival);
            if !ours.is_empty() && !rival.is_empty() {
                let title = match case {
                    Case::Caches => format!("{} with cache servers", setting.name),
                    _ => setting.name.to_owned(),
                };
                row(&mut rows, 30.0 + count * ROW, &title, (&ours, &rival));
                count += 1.0;
            }
        }
    }
    let height = 30.0 + count * ROW;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
         <text x=\"{}\" y=\"20\">peers that have all, over seconds</text>\n\
         <text x=\"{BARS}\" y=\"20\">copies into each remote ISP</text>\n{rows}</svg>\n",
        CURVES.0
    )
}

fn row(out: &mut String, top: f64, title: &str, (ours, rival): (&[Outcome], &[Outcome])) {
    let sides = [("mp2p", "#0a6", ours), ("libtorrent", "#c40", rival)];
    let (bottom, left) = (top + 20.0 + HEIGHT, CURVES.0);
    let last = |run: &Outcome| run.times().last().copied().unwrap_or_default();
    let longest = sides.iter().filter_map(|side| Some(last(typical(side.2)?)));
    let longest = longest.fold(1.0, f64::max).ceil();
    let x = |seconds: f64| left + (CURVES.1 - left) * seconds / longest;
    let _ =
        writeln!(out, "<text x=\"10\" y=\"{}\" font-weight=\"bold\">{title}</text>", top + 12.0);
    let _ = writeln!(
        out,
        "<path d=\"M{left} {} V{bottom} H{}\" fill=\"none\" stroke=\"#888\"/>",
        top + 20.0,
        CURVES.1
    );
    for quarter in 0..5 {
        let seconds = longest * f64::from(quarter) / 4.0;
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{seconds:.0}</text>",
            x(seconds),
            bottom + 16.0
        );
    }
    let most = sides.iter().map(|side| middle(side.2, |run| run.copies)).fold(0.0, f64::max);
    for (place, (name, colour, runs)) in sides.iter().enumerate() {
        let Some(run) = typical(runs) else { continue };
        let times = run.times();
        let mut path = format!("M{left} {bottom}");
        for (number, time) in times.iter().enumerate() {
            let y = bottom - HEIGHT * (number + 1) as f64 / times.len() as f64;
            let _ = write!(path, " H{:.1} V{y:.1}", x(*time));
        }
        let _ = writeln!(
            out,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        let copies = middle(runs, |run| run.copies);
        let y = top + 40.0 + 45.0 * place as f64;
        let _ = writeln!(
            out,
            "<rect x=\"{BARS}\" y=\"{y}\" width=\"{:.1}\" height=\"18\" fill=\"{colour}\"/>\
             <text x=\"{BARS}\" y=\"{}\">{name}: {copies:.2}, median {:.1} s</text>",
            LONGEST_BAR * copies / most,
            y - 4.0,
            middle(runs, Outcome::median)
        );
    }
    let target = BARS + LONGEST_BAR * MOST_COPIES / most;
    let _ = writeln!(
        out,
        "<path d=\"M{target:.1} {} V{}\" stroke=\"#444\" stroke-dasharray=\"3 3\"/>\
         <text x=\"{BARS}\" y=\"{}\" fill=\"#444\">dashed: {MOST_COPIES}, the target</text>",
        top + 36.0,
        top + 106.0,
        top + 122.0
    );
}
