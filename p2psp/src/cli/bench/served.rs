//! Joins over mutual TLS: this program as a server of its own, with members made up and the map of
//! the bench, and as an echo server that answers as many bytes; peers with certificates ask both in
//! turns.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use link::daemon::{pki_folder, pki_settings, run_to_end};
use link::load::{Connection, Lane, Rival, Served, Target, Turns, echo, end_with_parent};
use link::pki::{Authority, Naming, TokenOrder, enrolment};
use serde_json::{Value, json};

use crate::cli::bench::report::Row;
use crate::cli::bench::world::{self, OVERLAY};
use crate::cli::state::unix_now;
use crate::server::Server;
use crate::settings::{Inputs, Settings};

/// Connections at a time, a peer each.
const PEERS: usize = 4;
/// Port that they announce.
const PORT: u16 = 7000;
/// Good for this run.
const TOKEN_LIFE: Duration = Duration::from_secs(3600);

/// Settings of the server; what it writes to the log while it serves would be measured as well.
fn settings(state: &Path) -> anyhow::Result<(Settings, Inputs)> {
    let set = ["overlay.probe=false", "log.level=warn", "overlay.max-members=2000000"];
    let common = link::settings::Inputs {
        state_dir: Some(state.to_owned()),
        listen: Some("127.0.0.1:0".parse()?),
        set: set.map(str::to_owned).to_vec(),
        file: None,
    };
    let inputs = Inputs { common, role: Vec::new() };
    Ok((Settings::load(&inputs)?, inputs))
}

/// The process that serves: prints its address, and ends with its parent.
pub(crate) fn serve(state: &Path, seed: u64, members: usize) -> anyhow::Result<()> {
    end_with_parent();
    let (settings, inputs) = settings(state)?;
    link::log::init(&settings.log)?;
    let atlas = world::map(seed)?;
    run_to_end(async {
        let server = Server::bind(settings, inputs)?;
        let (oms, pams) = server.roles();
        let (oms, pams) = (oms.context("no OMS")?, pams.context("no PAMS")?);
        let isps = oms.isps.load().fixed("isp", atlas);
        oms.isps.store(Arc::new(isps));
        world::settle(&*oms.store, &pams, seed, members, unix_now()).await?;
        let authority = server.url().trim_start_matches("https://").to_owned();
        println!("{authority}");
        server.run().await
    })
}

/// The process that echoes, with the certificates of the same state folder.
pub(crate) fn serve_echo(state: &Path) -> anyhow::Result<()> {
    let (settings, _) = settings(state)?;
    echo(Some(&pki_folder(&settings.identity()?)))
}

/// Refreshes of known peers, each with its list, against the echo server.
pub(crate) fn measured(
    folder: &Path,
    (seed, members): (u64, usize),
    turns: Turns,
) -> anyhow::Result<Vec<Row>> {
    let state = folder.join(format!("state-{members}"));
    let program = std::env::current_exe()?;
    let hidden = |what: &str| {
        let mut command = Command::new(&program);
        command.args(["bench", what]).arg(&state);
        command
    };
    let (seed, count) = (seed.to_string(), members.to_string());
    let provider = Served::start(hidden("--serve").args(["--seed", &seed, "--members", &count]))?;
    let rival = Served::start(&mut hidden("--echo"))?;
    let pki: Vec<_> = (0..PEERS).map(|peer| folder.join(format!("pki-{members}-{peer}"))).collect();
    let mut lanes = Vec::new();
    for (number, pki) in pki.iter().enumerate() {
        let peer = enrol(&state, &provider.authority, number, pki)?;
        lanes.push(Requests::of(&peer, pki, &provider.authority, &rival.authority)?);
    }
    let ask = |process: u32, pick: fn(&Requests) -> Lane<'_>| Rival {
        process,
        lanes: lanes.iter().map(pick).collect(),
    };
    let [oms, echo] = turns.measure(&[
        ask(provider.id(), |lane| Lane { target: &lane.oms_at, requests: &lane.oms }),
        ask(rival.id(), |lane| Lane { target: &lane.echo_at, requests: &lane.echo }),
    ])?;
    Ok(Row::pair(&format!("{members} peers, mutual TLS"), &oms, &echo))
}

/// A peer's certificate, in `pki`; the peer's id.
fn enrol(state: &Path, authority: &str, number: usize, pki: &Path) -> anyhow::Result<String> {
    let identity = settings(state)?.0.identity()?;
    let folder = pki_folder(&identity);
    let ca = Authority::open(&folder, &pki_settings(&identity, &folder)?)?;
    let token = ca.token(&TokenOrder {
        name: Naming::PeerOf { user: format!("asker-{number}") },
        server_names: Vec::new(),
        ttl: TOKEN_LIFE,
        url: format!("https://{}", authority.replace("127.0.0.1", "localhost")),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let name = runtime.block_on(enrolment::enroll(&token, pki))?;
    let id = name.rsplit('/').next().context("a name without peer")?;
    Ok(id.to_owned())
}

/// What one peer asks of both servers.
struct Requests {
    oms_at: Target,
    echo_at: Target,
    oms: Vec<Vec<u8>>,
    echo: Vec<Vec<u8>>,
}

impl Requests {
    fn of(peer: &str, pki: &Path, oms: &str, echo: &str) -> anyhow::Result<Self> {
        let (oms_at, echo_at) = (Target::new(oms, Some(pki))?, Target::new(echo, Some(pki))?);
        let body = json!({
            "overlay-id": OVERLAY, "peer-id": peer,
            "peer_addr": [{"ip_address": "127.0.0.1", "port": PORT}],
        });
        let asked = vec![put(&oms_at, "/oms/peer", &body)];
        let mut connection = Connection::open(&oms_at)?;
        let answer = connection.call(&asked[0])?;
        let told: Value = serde_json::from_slice(answer)?;
        let entries = told["status"]["peer_info_list"].as_array().map_or(0, Vec::len);
        ensure!(entries >= 50, "a list of {entries}: {told}");
        ensure!(told["status"]["ranked-by"] == "map", "not ranked: {told}");
        let echo = vec![put(&echo_at, &format!("/{}", answer.len()), &body)];
        Ok(Self { oms_at, echo_at, oms: asked, echo })
    }
}

fn put(target: &Target, path: &str, body: &Value) -> Vec<u8> {
    let body = body.to_string();
    let (authority, length) = (&target.authority, body.len());
    let head = format!(
        "PUT {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    (head + &body).into_bytes()
}
