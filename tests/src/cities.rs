//! A provider and an ISP between whom there is an agreement, and peers in the ISP's cities.
//!
//! ```text
//!  127.1.0.0/24 Berlin ─ 255 km ─ 127.2.0.0/24 Hamburg        127.4.0.0/24 AS 3320, a peer network
//!        └───── 500 km ─ 127.3.0.0/24 Muenchen
//! ```
//!
//! Every address of 127/8 is this host, so each peer can have one of its own; the ISP's `prefixes`
//! put them into cities.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use tempfile::TempDir;

use crate::data::project;
use crate::p2psp::{self, P2psp, Shape};
use crate::unis::{Unis, replace};

/// In Berlin.
pub const BERLIN: &str = "127.1.0.10";
/// Next door.
pub const BERLIN_TOO: &str = "127.1.0.11";
/// In Hamburg.
pub const HAMBURG: &str = "127.2.0.10";
/// In Muenchen.
pub const MUENCHEN: &str = "127.3.0.10";
/// With a peer of the ISP.
pub const ELSEWHERE: &str = "127.4.0.10";

const PREFIXES: &str = "prefix,pop\n127.1.0.0/24,Berlin\n127.2.0.0/24,Hamburg\n\
    127.3.0.0/24,Muenchen\n127.4.0.0/24,as3320\n";

/// The processes and their files.
pub struct Cities {
    /// The ISP's server.
    pub unis: Unis,
    /// The provider.
    pub p2psp: P2psp,
    folder: TempDir,
}

impl Cities {
    /// Starts both; the provider has the ISP's map when this returns.
    ///
    /// # Errors
    /// One of them does not become ready.
    pub fn start(provider: &[&str]) -> anyhow::Result<Self> {
        Self::start_as(Shape::OneProcess, provider)
    }

    /// The same, with the provider in the shape asked for.
    ///
    /// # Errors
    /// As for [`Cities::start`].
    pub fn start_as(shape: Shape, provider: &[&str]) -> anyhow::Result<Self> {
        let cities = Self::begin(shape, "maps", provider)?;
        cities.p2psp.daemon.wait_for_log("map taken over")?;
        Ok(cities)
    }

    /// An ISP that gives no maps by the agreement, and is asked for each list.
    ///
    /// # Errors
    /// As for [`Cities::start`].
    pub fn start_without_maps(provider: &[&str]) -> anyhow::Result<Self> {
        Self::begin(Shape::OneProcess, "endpoint-cost", provider)
    }

    fn begin(shape: Shape, service: &str, provider: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("p2psp");
        p2psp::found(&state)?;
        std::fs::write(folder.path().join("prefixes.csv"), PREFIXES)?;
        std::fs::write(folder.path().join("network.json"), network(0)?.to_string())?;
        let agreement = "[[partner]]\nname = \"p2psp\"\ntrust-domain = \"p2psp.localhost\"\n\
            bundle = \"p2psp/pki/ca.pem\"\ncrl = \"p2psp/pki/crl.pem\"\n";
        std::fs::write(folder.path().join("unis.toml"), agreement)?;
        let config = folder.path().join("unis.toml").display().to_string();
        let options = ["--config", &config, "--set", "log.level=warn"];
        let unis = Unis::start(&sources(folder.path()), &options, &[])?;
        let isp = format!(
            "[[isp]]\nname = \"isp\"\nurl = \"{}\"\nbundle = {:?}\ncrl = {:?}\npoll-seconds = 1\n\
             stale-seconds = 3\nservice = {service:?}\n",
            unis.url,
            unis.pki("ca.pem"),
            unis.pki("crl.pem"),
        );
        std::fs::write(folder.path().join("p2psp.toml"), isp)?;
        let config = folder.path().join("p2psp.toml").display().to_string();
        let options = [&["--config", &config], provider].concat();
        let p2psp = P2psp::start_as(shape, &state, &options)?;
        Ok(Self { unis, p2psp, folder })
    }

    /// The ISP takes Hamburg out of the way: all its links cost `more`. Returns when the provider
    /// has the new map.
    ///
    /// # Errors
    /// It does not get there.
    pub fn raise_hamburg(&self, more: i64) -> anyhow::Result<()> {
        replace(&self.folder.path().join("network.json"), &network(more)?.to_string())?;
        self.p2psp.daemon.wait_for_log("map taken over").map(|_| ())
    }

    /// The destinations in the order of `unis rank`, by the files as they are now.
    ///
    /// # Errors
    /// It refuses them.
    pub fn rank(&self, from: &str, to: &[&str]) -> anyhow::Result<Vec<String>> {
        let mut arguments = vec!["rank".to_owned()];
        for source in sources(self.folder.path()) {
            arguments.extend(["--source".to_owned(), source]);
        }
        arguments.extend(["--from", from, "--format", "json", "--to"].map(str::to_owned));
        arguments.extend(to.iter().map(|to| (*to).to_owned()));
        let output = crate::unis::run(&arguments)?;
        let ranked: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let ranked = ranked.as_array().context("no list")?;
        Ok(ranked.iter().filter_map(|one| one["to"].as_str().map(str::to_owned)).collect())
    }
}

fn sources(folder: &Path) -> Vec<String> {
    let fixtures = project("topology/fixtures/germany50");
    vec![
        format!("nodelink={}", folder.join("network.json").display()),
        format!("prefixes={}", fixtures.join("prefixes.csv").display()),
        format!("prefixes={}", folder.join("prefixes.csv").display()),
        format!("neighbours={}", fixtures.join("neighbours.csv").display()),
    ]
}

/// The German network, each link with its length as metric; those of Hamburg with `more`.
fn network(more: i64) -> anyhow::Result<Value> {
    let text = std::fs::read_to_string(project("topology/fixtures/germany50/germany50.json"))?;
    let mut network: Value = serde_json::from_str(&text)?;
    let nodes = network["nodes"].as_array().context("no nodes")?;
    let hamburg = nodes.iter().find(|node| node["name"] == "Hamburg").context("no Hamburg")?;
    let hamburg = hamburg["id"].clone();
    let links = if network["links"].is_array() { "links" } else { "edges" };
    for link in network[links].as_array_mut().context("no links")? {
        let length = link["dist"].as_f64().context("no length")?.round() as i64;
        let is_hamburgs = link["source"] == hamburg || link["target"] == hamburg;
        link["weight"] = Value::from(length + if is_hamburgs { more } else { 0 });
    }
    Ok(network)
}
