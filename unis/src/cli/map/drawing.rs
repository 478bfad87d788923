//! A network as SVG: places by their coordinates, colours by cost.
//!
//! ```text
//!  longitude, latitude ─► equirectangular about the middle latitude ─► x, y
//!  ordinal cost / largest ordinal ─► green (near) … red (far), grey without a cost
//! ```
//!
//! A PID without coordinates is drawn beside the PIDs that it is linked to, else in a row below;
//! where none has any, those that are linked stand in a ring.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::fmt::Write;

use netmap::{CostMatrix, Pid};
use topology::{Kind, Network, Place};

/// Size of the drawing and its margin, SVG user units.
const WIDTH: f64 = 1200.0;
const MARGIN: f64 = 80.0;
/// How far a PID without coordinates is drawn from those it is linked to.
const ASIDE: f64 = 34.0;
/// PIDs in one row of those that are linked to nothing drawn.
const IN_A_ROW: usize = 12;
/// Hues: near and far, degrees.
const NEAR_HUE: f64 = 140.0;

/// A drawing to be written.
pub(crate) struct Drawing<'a> {
    network: &'a Network,
    matrix: &'a CostMatrix,
    from: Pid,
    /// By PID.
    points: Vec<(f64, f64)>,
    height: f64,
}

impl<'a> Drawing<'a> {
    /// Lays the network out.
    pub(crate) fn new(network: &'a Network, matrix: &'a CostMatrix, from: Pid) -> Self {
        let mut drawing = Self { network, matrix, from, points: Vec::new(), height: 0.0 };
        drawing.lay_out();
        drawing
    }

    fn lay_out(&mut self) {
        let count = self.network.snapshot().pids().len();
        let places = &self.network.layout().places;
        let known: Vec<Place> = places.iter().flatten().copied().collect();
        let projection = Projection::of(&known);
        self.height = projection.height;
        let place = |pid: usize| places.get(pid).copied().flatten();
        let mut points: Vec<Option<(f64, f64)>> =
            (0..count).map(|pid| place(pid).map(|place| projection.point(place))).collect();
        if known.is_empty() {
            self.in_a_ring(&mut points);
        }
        let placed = points.clone();
        for pid in (0..count).filter(|pid| placed[*pid].is_none()) {
            points[pid] = self.beside(pid, &placed);
        }
        let (mut lost, height) = (0, self.height);
        self.points = points
            .into_iter()
            .map(|point| {
                point.unwrap_or_else(|| {
                    let (row, column) = (lost / IN_A_ROW, lost % IN_A_ROW);
                    lost += 1;
                    let x = MARGIN + column as f64 * (WIDTH - 2.0 * MARGIN) / IN_A_ROW as f64;
                    (x, height + row as f64 * 40.0)
                })
            })
            .collect();
        self.height += MARGIN + lost.div_ceil(IN_A_ROW) as f64 * 40.0;
    }

    /// A network of which no place is known: those that are linked stand in a ring, neighbours near
    /// each other.
    fn in_a_ring(&mut self, points: &mut [Option<(f64, f64)>]) {
        let mut linked = vec![Vec::new(); points.len()];
        for (a, b) in &self.network.layout().links {
            linked[a.index()].push(b.index());
            linked[b.index()].push(a.index());
        }
        let mut ring = Vec::new();
        let mut seen = vec![false; points.len()];
        for first in (0..points.len()).filter(|pid| !linked[*pid].is_empty()) {
            let mut next = VecDeque::from([first]);
            while let Some(pid) = next.pop_front() {
                if !std::mem::replace(&mut seen[pid], true) {
                    ring.push(pid);
                    next.extend(&linked[pid]);
                }
            }
        }
        if ring.is_empty() {
            return;
        }
        let radius = WIDTH / 2.0 - 2.0 * MARGIN;
        for (at, pid) in ring.iter().enumerate() {
            let turn = TAU * at as f64 / ring.len() as f64;
            let (x, y) = (radius * turn.sin(), -radius * turn.cos());
            points[*pid] = Some((WIDTH / 2.0 + x, MARGIN + radius + y));
        }
        self.height = 2.0 * (radius + MARGIN);
    }

    /// Near the middle of the PIDs that it is linked to, in a direction of its own.
    fn beside(&self, pid: usize, placed: &[Option<(f64, f64)>]) -> Option<(f64, f64)> {
        let links = self.network.layout().links.iter();
        let others = links.filter_map(|(a, b)| match (a.index(), b.index()) {
            (one, other) if one == pid => placed[other],
            (other, one) if one == pid => placed[other],
            _ => None,
        });
        let (mut x, mut y, mut count) = (0.0, 0.0, 0.0);
        for point in others {
            (x, y, count) = (x + point.0, y + point.1, count + 1.0);
        }
        // Above or below, for names stand to the right.
        let turn = TAU * ((1.0 + (pid as f64 * 0.618).fract()) / 6.0 + (pid % 2) as f64 / 2.0);
        (count > 0.0).then(|| (x / count + ASIDE * turn.cos(), y / count + ASIDE * turn.sin()))
    }

    /// The SVG document.
    pub(crate) fn svg(&self) -> String {
        let mut out = String::new();
        let height = self.height;
        // Writing to a String does not fail.
        let _ = writeln!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" \
             font-family=\"sans-serif\" font-size=\"11\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
        );
        for (a, b) in &self.network.layout().links {
            let ((x1, y1), (x2, y2)) = (self.points[a.index()], self.points[b.index()]);
            let _ = writeln!(
                out,
                "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"#bbb\"/>"
            );
        }
        for index in 0..self.points.len() {
            self.write_pid(&mut out, index);
        }
        // Names come last, on a rim of white: what lies beneath one does not make it unreadable.
        out.push_str("<g paint-order=\"stroke\" stroke=\"#fff\" stroke-width=\"3\">\n");
        for (index, (x, y)) in self.points.iter().enumerate() {
            let name =
                escaped(self.network.snapshot().pids().name(Pid::new(index as u32)).as_str());
            let (x, y) = (x + 9.0, y + 4.0);
            let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\">{name}</text>");
        }
        out.push_str("</g>\n");
        let from = escaped(self.network.snapshot().pids().name(self.from).as_str());
        let _ = writeln!(
            out,
            "<text x=\"16\" y=\"24\" font-size=\"14\">{} from {from}: near <tspan fill=\"{}\">■</tspan> \
             to far <tspan fill=\"{}\">■</tspan>, none <tspan fill=\"#999\">■</tspan></text>\n</svg>",
            escaped(self.matrix.metric()),
            colour(0.0),
            colour(1.0),
        );
        out
    }

    fn write_pid(&self, out: &mut String, index: usize) {
        let pid = Pid::new(index as u32);
        let (x, y) = self.points[index];
        let name = escaped(self.network.snapshot().pids().name(pid).as_str());
        let last = self.matrix.table().len().saturating_sub(1).max(1);
        let ordinal = self.matrix.ordinal(self.from, pid);
        let fill = ordinal
            .map_or_else(|| "#999".to_owned(), |ordinal| colour(f64::from(ordinal) / last as f64));
        let cost = ordinal.map_or("no cost", |ordinal| self.matrix.table().text(ordinal));
        let entry = &self.network.pids()[index];
        let title = format!("{name}: {cost} ({}, {} prefixes)", entry.kind, entry.prefixes);
        let ring = if pid == self.from { "#000" } else { "#fff" };
        let shape = match entry.kind {
            Kind::Internal => {
                format!(
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\" fill=\"{fill}\" stroke=\"{ring}\">"
                )
            }
            _ => format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"12\" height=\"12\" fill=\"{fill}\" stroke=\"{ring}\">",
                x - 6.0,
                y - 6.0
            ),
        };
        let end = if entry.kind == Kind::Internal { "</circle>" } else { "</rect>" };
        let _ = writeln!(out, "{shape}<title>{title}</title>{end}");
    }
}

/// From degrees to the drawing.
struct Projection {
    west: f64,
    north: f64,
    /// Units a degree of longitude and of latitude.
    scale: (f64, f64),
    height: f64,
}

impl Projection {
    fn of(places: &[Place]) -> Self {
        let extent = |of: fn(&Place) -> f64| {
            let values = || places.iter().map(of);
            (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
        };
        let ((west, east), (south, north)) = (extent(|p| p.longitude), extent(|p| p.latitude));
        if places.is_empty() {
            return Self { west: 0.0, north: 0.0, scale: (1.0, 1.0), height: MARGIN };
        }
        // A degree of longitude is shorter by the cosine of the latitude.
        let squeeze = ((south + north) / 2.0).to_radians().cos().max(0.1);
        let wide = ((east - west) * squeeze).max(1e-6);
        let tall = (north - south).max(1e-6);
        let inner = WIDTH - 2.0 * MARGIN;
        let scale = (inner / wide).min(inner / tall);
        Self { west, north, scale: (scale * squeeze, scale), height: tall * scale + 2.0 * MARGIN }
    }

    fn point(&self, place: Place) -> (f64, f64) {
        let x = MARGIN + (place.longitude - self.west) * self.scale.0;
        (x, MARGIN + (self.north - place.latitude) * self.scale.1)
    }
}

/// From near (0) to far (1).
fn colour(share: f64) -> String {
    format!("hsl({:.0} 75% 42%)", NEAR_HUE * (1.0 - share.clamp(0.0, 1.0)))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
