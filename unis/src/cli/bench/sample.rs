//! A large operator's files, made up: to see how long a start takes and how much it holds.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use netmap::IpNet;
use netmap::workload::{Dice, isp_graph};
use serde_json::json;

/// Writes `graph.json` (node-link, a metric on every link) and `prefixes.csv` into a folder, which
/// is created: a network of this many nodes, and each prefix at one of them.
///
/// # Errors
/// The folder or a file cannot be written.
pub(in crate::cli::bench) fn write(
    folder: &Path,
    prefixes: &[IpNet],
    nodes: usize,
    seed: u64,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let create = |name: &str| {
        let path = folder.join(name);
        File::create(&path).map(BufWriter::new).with_context(|| path.display().to_string())
    };
    let graph = isp_graph(nodes, seed);
    let node = |id| json!({"id": id, "name": name(id)});
    let link = |(from, to, metric): &(u32, u32, u32)| json!({"source": from, "target": to, "weight": metric});
    let nodes: Vec<_> = (0..graph.nodes).map(node).collect();
    let links: Vec<_> = graph.links.iter().map(link).collect();
    let mut file = create("graph.json")?;
    writeln!(file, "{}", json!({"directed": false, "nodes": nodes, "links": links}))?;
    file.flush()?;
    let mut dice = Dice::new(seed);
    let mut file = create("prefixes.csv")?;
    writeln!(file, "prefix,pop")?;
    for prefix in prefixes {
        writeln!(file, "{prefix},{}", name(dice.below(graph.nodes)))?;
    }
    Ok(file.flush()?)
}

fn name(id: usize) -> String {
    format!("pop-{id:05}")
}
