//! A made-up operator's files, and changes of them.

use anyhow::{Context, ensure};
use serde_json::Value;
use system_tests::{data, unis};

/// Files of an operator.
pub(crate) struct Sample {
    folder: tempfile::TempDir,
    graph: Value,
}

impl Sample {
    /// Has `unis bench` write them.
    pub(crate) fn make(small: bool) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut arguments = vec!["bench".to_owned(), "--write".to_owned()];
        arguments.push(folder.path().display().to_string());
        if small {
            arguments.push("--quick".to_owned());
        } else if let Some(list) = data::outside("prefixes/ipv4.txt.gz") {
            arguments.extend(["--prefixes".to_owned(), list.display().to_string()]);
        }
        let written = unis::run(&arguments)?;
        ensure!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
        let graph = serde_json::from_slice(&std::fs::read(folder.path().join("graph.json"))?)?;
        Ok(Self { folder, graph })
    }

    /// As `FORMAT=PATH`.
    pub(crate) fn sources(&self) -> Vec<String> {
        [("nodelink", "graph.json"), ("prefixes", "prefixes.csv")]
            .map(|(format, file)| format!("{format}={}", self.folder.path().join(file).display()))
            .to_vec()
    }

    /// Makes each `every`th link dearer, the first one always, and writes the graph.
    pub(crate) fn change(&mut self, every: usize) -> anyhow::Result<()> {
        let links = self.graph["links"].as_array_mut().context("no links")?;
        for link in links.iter_mut().step_by(every) {
            let metric = link["weight"].as_u64().context("a link without weight")?;
            link["weight"] = (metric + 1).into();
        }
        unis::replace(&self.folder.path().join("graph.json"), &self.graph.to_string())
    }

    /// A query of the endpoint cost service for the first addresses of eleven of its prefixes.
    pub(crate) fn query(&self) -> anyhow::Result<Vec<u8>> {
        let text = std::fs::read_to_string(self.folder.path().join("prefixes.csv"))?;
        let lines: Vec<_> = text.lines().skip(1).filter(|line| line.contains('.')).collect();
        let first = |line: &&str| Some(format!("ipv4:{}", line.split_once('/')?.0));
        let some: Vec<_> =
            lines.iter().step_by((lines.len() / 11).max(1)).filter_map(first).take(11).collect();
        ensure!(some.len() == 11, "too few prefixes");
        let query = serde_json::json!({
            "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"},
            "endpoints": {"srcs": some[..1], "dsts": some[1..]},
        });
        Ok(query.to_string().into_bytes())
    }
}
