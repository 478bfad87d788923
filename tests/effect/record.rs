//! All runs, kept in a file between calls.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::setting::Case;

/// Who ran.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Side {
    Ours,
    Rival,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Ours, Self::Rival];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Rival => "rival",
        }
    }
}

/// A run.
pub(crate) struct Entry {
    pub(crate) setting: String,
    pub(crate) case: Case,
    pub(crate) side: Side,
    pub(crate) outcome: Outcome,
}

/// Runs, in their order.
pub(crate) struct Record {
    file: Option<PathBuf>,
    entries: Vec<Entry>,
}

impl Record {
    /// What is in `file` already, if anything.
    ///
    /// # Errors
    /// It holds something else.
    pub(crate) fn open(file: Option<PathBuf>) -> anyhow::Result<Self> {
        let mut entries = Vec::new();
        if let Some(path) = file.as_ref().filter(|path| path.is_file()) {
            for (number, line) in std::fs::read_to_string(path)?.lines().enumerate() {
                let place = || format!("{}:{}: not a run", path.display(), number + 1);
                let line: Value = serde_json::from_str(line).with_context(place)?;
                entries.push(read(&line).with_context(place)?);
            }
        }
        Ok(Self { file, entries })
    }

    /// Adds a run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn add(
        &mut self,
        setting: &str,
        case: Case,
        side: Side,
        outcome: Outcome,
    ) -> anyhow::Result<()> {
        let line = json!({
            "setting": setting, "case": case.name(), "side": side.name(), "outcome": outcome.json(),
        });
        if let Some(path) = &self.file {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
            writeln!(file, "{line}")?;
        }
        self.entries.push(Entry { setting: setting.to_owned(), case, side, outcome });
        Ok(())
    }

    /// The runs of one kind.
    pub(crate) fn of(&self, setting: &str, case: Case, side: Side) -> Vec<Outcome> {
        let wanted = self
            .entries
            .iter()
            .filter(|entry| entry.setting == setting && entry.case == case && entry.side == side);
        wanted.map(|entry| entry.outcome.clone()).collect()
    }
}

fn read(line: &Value) -> Option<Entry> {
    let case = line["case"].as_str()?;
    let side = line["side"].as_str()?;
    Some(Entry {
        setting: line["setting"].as_str()?.to_owned(),
        case: Case::ALL.into_iter().find(|known| known.name() == case)?,
        side: Side::BOTH.into_iter().find(|known| known.name() == side)?,
        outcome: Outcome::read(&line["outcome"])?,
    })
}
