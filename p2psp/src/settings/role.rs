//! The roles that a process can have.

use std::fmt;
use std::str::FromStr;

use link::identity::{Role, SpiffeName};
use link::settings::is_base_url;
use serde::{Deserialize, Serialize};

use crate::settings::SettingsError;

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

/// A process of the provider that has a role which this one asks.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RoleServer {
    /// Which role.
    pub role: Part,
    /// Its base URL.
    pub url: String,
    /// Path of the SPIFFE name that its certificate has to have.
    #[serde(default)]
    pub name: String,
}

/// Checks all entries, and names those without a name after the provider: `p2psp/ID/ROLE/1`.
pub(crate) fn complete(servers: &mut [RoleServer], provider: &str) -> Result<(), SettingsError> {
    for index in 0..servers.len() {
        let role = servers[index].role;
        let key = format!("role-server {role}");
        if servers[..index].iter().any(|other| other.role == role) {
            return Err(SettingsError::invalid(&key, "stands twice"));
        }
        if !is_base_url(&servers[index].url) {
            let message = "needs a url of the form https://HOST[:PORT], without a slash at the end";
            return Err(SettingsError::invalid(&key, message));
        }
        if servers[index].name.is_empty() {
            servers[index].name = format!("p2psp/{provider}/{role}/1");
        }
    }
    Ok(())
}

/// Refuses a provider's id with which no name would be that of a server.
pub(crate) fn check_provider(provider: &str) -> Result<(), SettingsError> {
    let name = SpiffeName::in_domain("p2psp.localhost", &format!("p2psp/{provider}/oms/1"));
    if name.is_ok_and(|name| name.role() == Role::Oms) {
        return Ok(());
    }
    let message = format!("{provider:?} cannot stand in a name: A-Z a-z 0-9 . _ - can");
    Err(SettingsError::invalid("provider", message))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_providers_id_is_one_part_of_a_name() {
        for id in ["p2psp", "acme.example", "A_1-b"] {
            assert!(check_provider(id).is_ok(), "{id}");
        }
        for id in ["", "a/b", "..", "a b", "ä", "a/oms/1"] {
            assert!(check_provider(id).is_err(), "{id}");
        }
    }
}
