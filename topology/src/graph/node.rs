//! A node: a point of presence, or an end at the edge of the network.

use crate::relation::Relation;
use crate::spot::Spot;

/// Index into the graph's nodes.
pub(crate) type NodeIndex = u32;

/// What a node is to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Paths run through it.
    Internal,
    /// Marked external by its graph: an end.
    External,
    /// A neighbour network: an end. Added by a row or keyed `as<AS>`, or a node that a row names.
    Neighbour,
}

/// Degrees north and east.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Position {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// A node of the graph.
pub(crate) struct Node {
    pub(crate) key: String,
    pub(crate) role: Role,
    pub(crate) position: Option<Position>,
    /// What the networks behind it are to the operator, as far as rows say.
    pub(crate) relations: Vec<Relation>,
    pub(crate) spot: Spot,
}

impl Node {
    /// A node of a graph file.
    pub(crate) fn new(key: String, external: bool, spot: Spot) -> Self {
        let role = match (as_number(&key), external) {
            (Some(_), _) => Role::Neighbour,
            (None, true) => Role::External,
            (None, false) => Role::Internal,
        };
        Self { key, role, position: None, relations: Vec::new(), spot }
    }

    /// Whether no path runs through it.
    pub(crate) fn is_end(&self) -> bool {
        self.role != Role::Internal
    }

    /// Whether it stands for a whole AS, so that its links are attachments without cost.
    pub(crate) fn is_autonomous_system(&self) -> bool {
        self.autonomous_system().is_some()
    }

    /// The AS that it stands for.
    pub(crate) fn autonomous_system(&self) -> Option<u32> {
        as_number(&self.key)
    }
}

/// The AS number in a key `as<AS>`.
fn as_number(key: &str) -> Option<u32> {
    let digits = key.strip_prefix("as")?;
    let canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    if canonical { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_as_number_makes_a_key_a_neighbour() {
        assert_eq!(as_number("as3320"), Some(3320));
        assert_eq!(as_number("as4294967295"), Some(u32::MAX));
        for key in ["AS3320", "as", "as0", "as03320", "as+1", "as4294967296", "asia", "as3320 "] {
            assert_eq!(as_number(key), None, "{key}");
        }
    }
}
