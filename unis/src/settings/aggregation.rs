//! How few PIDs a network shall have.

use serde::{Deserialize, Serialize};
use topology::{AggregateBy, Merging};

use crate::settings::SettingsError;

/// Fewest PIDs that make sense: the default one and another.
const MIN_PIDS: usize = 2;

/// Which PIDs become one; unset takes the outer setting's, then the default.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Aggregation {
    /// PIDs at most; as many as there are nodes if unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pids: Option<usize>,
    /// What makes two of them near.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
}

/// What makes two PIDs near.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// Their routing cost.
    #[default]
    Cost,
    /// Their places on the earth.
    Region,
}

impl Aggregation {
    /// The defaults, spelt out.
    #[must_use]
    pub fn standard() -> Self {
        Self { max_pids: None, by: Some(By::default()) }
    }

    /// What is in force, where some of it is set for all networks.
    #[must_use]
    pub fn merging(self, outer: Self) -> Option<Merging> {
        let by = match self.by.or(outer.by).unwrap_or_default() {
            By::Cost => AggregateBy::Cost,
            By::Region => AggregateBy::Region,
        };
        self.max_pids.or(outer.max_pids).map(|max_pids| Merging { max_pids, by })
    }

    pub(crate) fn check(self, before: &str) -> Result<(), SettingsError> {
        match self.max_pids {
            Some(max) if max < MIN_PIDS => {
                let rule = format!("{max} is too few: the default PID and another are {MIN_PIDS}");
                Err(SettingsError::invalid(&format!("{before}aggregation.max-pids"), rule))
            }
            _ => Ok(()),
        }
    }
}
