//! The first try: loads the German network, serves it over mutual TLS, asks it as any client would;
//! then a provider follows that map, and a peer that joins an overlay gets a list in its order;
//! then peers exchange a film by such lists.

mod bill;
mod swarm;

use std::collections::HashMap;
use std::io::Write;
use std::process::Command;

use anyhow::{Context, anyhow};
use serde_json::{Value, json};
use system_tests::cities::{BERLIN, BERLIN_TOO, Cities, ELSEWHERE, HAMBURG, MUENCHEN};
use system_tests::unis::Unis;
use system_tests::{curl, data};

/// A peer in Berlin, a customer of the network itself.
const FROM: &str = "ipv4:130.133.0.10";
/// Peers that have what it wants, in the order in which an unmanaged tracker might list them.
const CANDIDATES: [(&str, &str); 7] = [
    ("ipv4:62.67.0.10", "behind AS3356, a transit provider"),
    ("ipv4:84.128.0.10", "behind AS3320, a peer of the network"),
    ("ipv4:130.183.0.10", "on-net, in Muenchen"),
    ("ipv4:148.188.16.10", "behind AS1299, a transit provider"),
    ("ipv4:129.187.0.10", "behind AS12816, a customer in Muenchen"),
    ("ipv4:130.149.0.10", "on-net, in Berlin"),
    ("ipv4:134.100.0.10", "on-net, in Hamburg"),
];

/// What the licences of the data ask to be shown with them.
const ATTRIBUTION: &str = "\
Topology: germany50 from TopoHub 1.5.1, Copyright (c) 2023 Piotr Jurkiewicz, MIT License;
originally SNDlib 1.0. IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0, modified.
IP to AS data by RouteViews, NRO and DB-IP, through ip-location-db, CC BY 4.0, modified.
No such network exists: see topology/fixtures/germany50/README.md.";

fn main() -> anyhow::Result<()> {
    let stay = std::env::args().any(|argument| argument == "--stay");
    println!("Loading the German network: 50 cities, 88 links, 11 neighbours, 3,069 prefixes.");
    let server = Unis::mutual(&data::germany50(), &["--set", "log.level=warn"])?;
    println!("UNIS serves it at {} (mutual TLS, certificates made just now).\n", server.url);
    let answer = ask(&server)?;
    show(&answer)?;
    let cities = join()?;
    // Hamburg as it was.
    cities.raise_hamburg(0)?;
    swarm::run(&cities)?;
    drop(cities);
    println!("\n{ATTRIBUTION}");
    println!("\nServe it yourself:  {}", command_line());
    if stay {
        println!("Serving until you press Enter.");
        std::io::stdin().read_line(&mut String::new())?;
    }
    server.stop()?;
    Ok(())
}

/// Sends the query with curl, and shows how.
fn ask(server: &Unis) -> anyhow::Result<Value> {
    let query = json!({
        "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
        "endpoints": {"srcs": [FROM], "dsts": CANDIDATES.map(|(address, _)| address)},
    });
    let url = format!("https://{}/endpoint-cost", server.authority());
    let pki = server.state.join("pki");
    println!("A peer asks which of seven candidates are near, as any ALTO client would:\n");
    println!(
        "  curl --cacert {0}/ca.pem --cert {0}/client.pem --key {0}/client-key.pem \\",
        pki.display()
    );
    println!("       --header 'Content-Type: application/alto-endpointcostparams+json' \\");
    println!("       --data '{query}' \\\n       {url}\n");
    std::io::stdout().flush()?;
    let mut command: Command = curl::with_certificate(server);
    command
        .args(["--header", "Content-Type: application/alto-endpointcostparams+json", "--data"])
        .arg(query.to_string())
        .arg(url);
    let answer = curl::run(&mut command).map_err(|error| anyhow!(error))?;
    Ok(answer.json())
}

/// Prints the candidates, cheapest first.
fn show(answer: &Value) -> anyhow::Result<()> {
    println!("{answer:#}\n");
    let costs = answer["endpoint-cost-map"][FROM].as_object().context("the answer has no costs")?;
    let about: HashMap<&str, &str> = CANDIDATES.into_iter().collect();
    let mut ranked: Vec<(f64, &str)> =
        costs.iter().filter_map(|(to, cost)| Some((cost.as_f64()?, to.as_str()))).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0));
    println!("Ranked, nearest first (km inside the network; +1024 to a peer, +2048 to transit):\n");
    println!("  rank      cost  candidate");
    for (index, (cost, to)) in ranked.iter().enumerate() {
        println!("  {:>4}  {cost:>8.2}  {to:<22} {}", index + 1, about[to]);
    }
    Ok(())
}

/// A provider's overlay over the same network: a peer joins, costs change, it refreshes.
fn join() -> anyhow::Result<Cities> {
    println!("\nA provider's P2PSP follows the map of such a UNIS, under an agreement of the two.");
    let quiet = ["--set", "log.level=error,p2psp::isp=info"];
    let cities = Cities::start(&quiet)?;
    let overlay = json!({"overlay-id": "film"});
    let _ = cities.p2psp.operator(BERLIN).ask("POST", "/oms/overlay", Some(&overlay));
    for (user, address) in
        [("ben", ELSEWHERE), ("carla", MUENCHEN), ("dora", HAMBURG), ("emil", BERLIN_TOO)]
    {
        let _ = cities.p2psp.enrol(user, address)?.join("film");
    }
    let anna = cities.p2psp.enrol("anna", BERLIN)?;
    println!("Four peers are in an overlay. A fifth, in Berlin, joins:\n");
    show_list(&anna.join("film"));
    println!("\nThe ISP raises the metric of all links of Hamburg; the peer refreshes:\n");
    cities.raise_hamburg(1000)?;
    show_list(&anna.refresh("film"));
    Ok(cities)
}

/// Prints a peer list as it came.
fn show_list(answer: &Value) {
    let place = |address: &str| match address {
        BERLIN_TOO => "on-net, in Berlin",
        HAMBURG => "on-net, in Hamburg",
        MUENCHEN => "on-net, in Muenchen",
        _ => "behind AS3320, a peer of the network",
    };
    println!("  rank  score  peer           (by {})", answer["status"]["ranked-by"]);
    for entry in answer["status"]["peer_info_list"].as_array().into_iter().flatten() {
        let address = entry["peer_addr"][0]["ip_address"].as_str().unwrap_or_default();
        let (rank, score) = (entry["rank"].to_string(), entry["score"].to_string());
        println!("  {rank:>4}  {score:>5}  {address:<13}  {}", place(address));
    }
}

fn command_line() -> String {
    let fixtures = "topology/fixtures/germany50";
    format!(
        "cargo run --bin unis -- serve --source nodelink={fixtures}/germany50.json \\\n                      \
         --source prefixes={fixtures}/prefixes.csv --source neighbours={fixtures}/neighbours.csv"
    )
}
