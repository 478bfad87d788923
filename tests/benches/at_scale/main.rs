//! A server of Internet size (900,000 prefixes, 5,000 PIDs): its start, its cost map, reloads under
//! load, and 10,000 idle connections beside the work.
//!
//! `cargo bench -p system-tests --bench at_scale [-- --quick]`. Builds `unis` first. With
//! `MP2P_DATA` the prefixes are those of `prefixes/ipv4.txt.gz` there, else made up in the same
//! number. The sockets are in this process and in the server: `ulimit -n` of 10,200 at least.

#[path = "../ecs_over_http/build.rs"]
mod build;
mod idle;
#[path = "../ecs_over_http/machine.rs"]
mod machine;
#[path = "../ecs_over_http/post.rs"]
mod post;
mod reload;
mod sample;
mod start;

use crate::sample::Sample;

/// How much of everything.
#[derive(Clone, Copy, Debug)]
struct Size {
    /// A twentieth of the prefixes, 500 PIDs.
    small: bool,
    /// Starts of the server.
    starts: usize,
    /// Reloads of each kind.
    reloads: usize,
    /// Connections that idle.
    idle: usize,
}

const FULL: Size = Size { small: false, starts: 3, reloads: 5, idle: 10_000 };
/// To see that it runs.
const QUICK: Size = Size { small: true, starts: 1, reloads: 1, idle: 200 };

fn main() -> anyhow::Result<()> {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let size = if quick { QUICK } else { FULL };
    build::unis()?;
    println!("{}\n", machine::described());
    let mut sample = Sample::make(size.small)?;
    println!("| what | figure | target |\n|---|---|---|");
    start::run(&sample, size.starts)?;
    reload::run(&mut sample, size.reloads)?;
    idle::run(size.idle)
}

/// A row of the table.
fn row(what: &str, figure: &str, target: &str) {
    println!("| {what} | {figure} | {target} |");
}
