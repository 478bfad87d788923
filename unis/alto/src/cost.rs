//! Cost modes and cost types (RFC 7285 §10.5, §10.7).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How costs are to be read (§6.1.2, §10.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Numbers that may be added and compared, in the metric's unit.
    Numerical,
    /// Ranks: non-negative integers, lower is better.
    Ordinal,
}

impl Mode {
    /// Reads `numerical` or `ordinal`, in lower case.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "numerical" => Some(Self::Numerical),
            "ordinal" => Some(Self::Ordinal),
            _ => None,
        }
    }

    /// The mode as it stands in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Numerical => "numerical",
            Self::Ordinal => "ordinal",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a cost measures, and how to read it (§10.7).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CostType {
    /// The metric, such as `routingcost` (§10.6).
    #[serde(rename = "cost-metric")]
    pub metric: String,
    /// Numerical or ordinal.
    #[serde(rename = "cost-mode")]
    pub mode: Mode,
    /// For people only; never read from a request (§11.3.2.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl CostType {
    /// A cost type without description.
    pub fn new(metric: impl Into<String>, mode: Mode) -> Self {
        Self { metric: metric.into(), mode, description: None }
    }

    /// Whether both have the same metric and mode, whatever their descriptions say.
    pub fn is_same(&self, other: &Self) -> bool {
        self.mode == other.mode && self.metric == other.metric
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_they_are_written() {
        for mode in [Mode::Numerical, Mode::Ordinal] {
            assert_eq!(Mode::parse(mode.as_str()), Some(mode));
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{mode}\""));
        }
        assert_eq!(Mode::parse("Ordinal"), None);
        assert_eq!(Mode::parse("array"), None);
    }

    #[test]
    fn a_description_does_not_make_another_cost_type() {
        let text = r#"{"cost-mode": "numerical", "cost-metric": "routingcost",
                       "description": "My default"}"#;
        let read: CostType = serde_json::from_str(text).unwrap();
        let plain = CostType::new("routingcost", Mode::Numerical);
        assert!(read.is_same(&plain) && read != plain);
        assert!(!read.is_same(&CostType::new("routingcost", Mode::Ordinal)));
        assert_eq!(
            serde_json::to_string(&plain).unwrap(),
            r#"{"cost-metric":"routingcost","cost-mode":"numerical"}"#
        );
    }
}
