//! The endpoint cost service and the cached network map over keep-alive HTTP/1.1, against a server
//! that does nothing but HTTP: the same listener, limits and certificates, the same request read,
//! as many bytes answered.
//!
//! ```text
//!                      ┌─► unis serve (release build)         ┐ each a process of its own, asked in
//!  4 connections ──────┤                                      │ turns: unis, echo, unis, echo, …
//!  (threads here)      └─► this program again, as `echo`      ┘
//! ```
//!
//! `cargo bench -p system-tests --bench ecs_over_http [-- --quick]`. Builds `unis` first.

mod build;
mod draw;
mod machine;
mod post;
mod report;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use link::load::{CONNECTIONS, Connection, Lane, Rival, Served, Target, Turns, echo};
use system_tests::data::germany50;
use system_tests::unis::Unis;

use crate::post::post;
use crate::report::Row;

/// First argument of this program as echo server; the second is the folder of certificates.
const ECHO: &str = "echo";
/// Candidates of a query; one source each.
const CANDIDATES: [usize; 3] = [10, 100, 1_000];
/// Different queries of one size, asked in turn.
const QUERIES: usize = 16;
/// The whole of both: 7 cases x 2 servers x 25 rounds x 0.2 s. Many short rounds: what else the
/// machine does then falls on both sides alike, and on few rounds alone.
const FULL: Turns = Turns { rounds: 25, each: Duration::from_millis(200) };
/// To see that it runs.
const QUICK: Turns = Turns { rounds: 3, each: Duration::from_millis(100) };

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == ECHO) {
        return echo(arguments.get(1).map(Path::new));
    }
    build::unis()?;
    let turns = if arguments.iter().any(|argument| argument == "--quick") { QUICK } else { FULL };
    println!("{}\n", machine::described());
    let plain = Unis::plain(&germany50(), &[])?;
    let mut rows = Rivals::start(&plain, None)?.endpoint_costs("plain", turns)?;
    drop(plain);
    let mutual = Unis::mutual(&germany50(), &[])?;
    let rivals = Rivals::start(&mutual, Some(&mutual.state.join("pki")))?;
    rows.extend(rivals.endpoint_costs("mutual TLS", turns)?);
    rows.push(rivals.network_map(turns)?);
    print!("{}", report::table(&rows));
    Ok(())
}

/// UNIS and the echo server under the same security.
struct Rivals<'a> {
    unis: &'a Unis,
    echo: Served,
    unis_at: Target,
    echo_at: Target,
}

impl<'a> Rivals<'a> {
    fn start(unis: &'a Unis, pki: Option<&Path>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let echo = Served::start(command.arg(ECHO).args(pki))?;
        let unis_at = Target::new(unis.authority(), pki)?;
        let echo_at = Target::new(&echo.authority, pki)?;
        Ok(Self { unis, echo, unis_at, echo_at })
    }

    /// One row for each number of candidates.
    fn endpoint_costs(&self, security: &str, turns: Turns) -> anyhow::Result<Vec<Row>> {
        let case = |candidates: usize| {
            let bodies = draw::queries(candidates, QUERIES)?;
            let asked = bodies.iter().map(|body| post(&self.unis_at, "endpoint-cost", body));
            let requests: Vec<_> = asked.collect();
            let answers = self.answers(&requests)?;
            for answer in &answers {
                let found = draw::costs_in(answer)?;
                ensure!(found == candidates, "{found} costs for {candidates} candidates");
            }
            let echoed = answers.iter().zip(&bodies);
            let echoed =
                echoed.map(|(answer, body)| post(&self.echo_at, &answer.len().to_string(), body));
            let echoed: Vec<_> = echoed.collect();
            eprintln!("endpoint costs, {security}, 1 x {candidates}");
            let measured = turns.measure(&[self.unis(&requests), self.echo(&echoed)])?;
            Row::new(format!("ECS 1 x {candidates}, {security}"), measured)
        };
        CANDIDATES.into_iter().map(case).collect()
    }

    /// The network map from the cache, not compressed.
    fn network_map(&self, turns: Turns) -> anyhow::Result<Row> {
        let requests = vec![get(&self.unis_at, "network-map")];
        let bytes = self.answers(&requests)?[0].len();
        let echoed = vec![get(&self.echo_at, &bytes.to_string())];
        eprintln!("network map, mutual TLS, {bytes} bytes");
        let measured = turns.measure(&[self.unis(&requests), self.echo(&echoed)])?;
        Row::new(format!("network map of {} KiB, mutual TLS", bytes / 1024), measured)
    }

    fn answers(&self, requests: &[Vec<u8>]) -> anyhow::Result<Vec<Vec<u8>>> {
        let mut connection = Connection::open(&self.unis_at)?;
        requests.iter().map(|request| Ok(connection.call(request)?.to_vec())).collect()
    }

    fn unis<'b>(&'b self, requests: &'b [Vec<u8>]) -> Rival<'b> {
        Rival { process: self.unis.id(), lanes: lanes(&self.unis_at, requests) }
    }

    fn echo<'b>(&'b self, requests: &'b [Vec<u8>]) -> Rival<'b> {
        Rival { process: self.echo.id(), lanes: lanes(&self.echo_at, requests) }
    }
}

fn lanes<'a>(target: &'a Target, requests: &'a [Vec<u8>]) -> Vec<Lane<'a>> {
    vec![Lane { target, requests }; CONNECTIONS]
}

fn get(target: &Target, path: &str) -> Vec<u8> {
    format!("GET /{path} HTTP/1.1\r\nHost: {}\r\nAccept: */*\r\n\r\n", target.authority).into()
}
