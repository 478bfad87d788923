//! Ready ALTO maps in a folder of their own: to be checked, and to be changed while a server reads
//! them.

use anyhow::Context;
use serde_json::{Value, json};

use crate::{data, unis};

/// Files with maps; gone when dropped.
pub struct Maps {
    folder: tempfile::TempDir,
    files: Vec<String>,
}

/// What `unis check` says.
#[derive(Debug)]
pub struct Verdict {
    /// 0 clean, 1 warnings, 2 refused.
    pub exit: i32,
    /// Its report.
    pub report: Value,
}

impl Maps {
    /// Files by name.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn of(files: &[(&str, Value)]) -> anyhow::Result<Self> {
        let names = files.iter().map(|(file, _)| (*file).to_owned()).collect();
        let maps = Self { folder: tempfile::tempdir()?, files: names };
        files.iter().try_for_each(|(file, map)| maps.put(file, map))?;
        Ok(maps)
    }

    /// The maps of RFC 7285's examples, `network-map.json` and `cost-map.json`.
    ///
    /// # Errors
    /// They cannot be copied.
    pub fn rfc7285() -> anyhow::Result<Self> {
        let folder = data::project("tests/fixtures/rfc7285");
        let read = |file: &'static str| {
            let text = std::fs::read_to_string(folder.join(file))?;
            anyhow::Ok((file, serde_json::from_str(&text)?))
        };
        Self::of(&[read("network-map.json")?, read("cost-map.json")?])
    }

    /// The network map alone, with no cost map beside it.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn network(map: Value) -> anyhow::Result<Self> {
        Self::of(&[("network-map.json", network_map(map))])
    }

    /// Replaces a file in one step, as an operator's tools do.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, file: &str, map: &Value) -> anyhow::Result<()> {
        unis::replace(&self.folder.path().join(file), &map.to_string())
    }

    /// `FORMAT=PATH` of each file.
    #[must_use]
    pub fn sources(&self) -> Vec<String> {
        let path = |file: &String| self.folder.path().join(file);
        self.files.iter().map(|file| format!("alto={}", path(file).display())).collect()
    }

    /// What `unis check` says of the files.
    ///
    /// # Errors
    /// It does not run to its end.
    pub fn check(&self) -> anyhow::Result<Verdict> {
        let sources = self.sources().into_iter().flat_map(|source| ["--source".to_owned(), source]);
        let fixed = ["check", "--format", "json"].map(str::to_owned);
        let output = unis::run(fixed.into_iter().chain(sources))?;
        let exit = output.status.code().context("ended by a signal")?;
        Ok(Verdict { exit, report: serde_json::from_slice(&output.stdout)? })
    }
}

/// A network map document (RFC 7285 §11.2.1.6) of these PIDs.
#[must_use]
pub fn network_map(pids: Value) -> Value {
    json!({"meta": {"vtag": {"resource-id": "m", "tag": "1"}}, "network-map": pids})
}

/// A cost map document (§11.2.3.6) over [`network_map`].
#[must_use]
pub fn cost_map(metric: &str, mode: &str, costs: Value) -> Value {
    let vtags = [json!({"resource-id": "m", "tag": "1"})];
    let cost_type = json!({"cost-metric": metric, "cost-mode": mode});
    json!({"meta": {"dependent-vtags": vtags, "cost-type": cost_type}, "cost-map": costs})
}
