//! The roles that a process can have.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the provider's functional entities (TR 20002 §8.2).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Overlay management server.
    Oms,
    /// Peer activity management server.
    Pams,
    /// User profile management server.
    Ums,
    /// Index server.
    Ixs,
}

/// A word that is no role.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0:?} is no role: oms, pams, ums and ixs are")]
pub struct NoRole(String);

impl Part {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Oms, Self::Pams, Self::Ums, Self::Ixs];

    /// As it stands in names and settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oms => "oms",
            Self::Pams => "pams",
            Self::Ums => "ums",
            Self::Ixs => "ixs",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Part {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        let found = Self::ALL.into_iter().find(|part| part.as_str() == text);
        found.ok_or_else(|| NoRole(text.to_owned()))
    }
}
