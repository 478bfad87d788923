//! What a neighbour network is to the operator.

use std::fmt;
use std::str::FromStr;

/// The business relation with a neighbour network, cheapest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// It pays the operator.
    Customer,
    /// Nobody pays.
    Peer,
    /// The operator pays it.
    Transit,
}

impl Relation {
    /// The word that files use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Peer => "peer",
            Self::Transit => "transit",
        }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no relation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown relation `{0}`; expected customer, peer or transit")]
pub struct UnknownRelation(String);

impl FromStr for Relation {
    type Err = UnknownRelation;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Customer, Self::Peer, Self::Transit];
        let found = all.into_iter().find(|known| text.eq_ignore_ascii_case(known.as_str()));
        found.ok_or_else(|| UnknownRelation(text.to_owned()))
    }
}
