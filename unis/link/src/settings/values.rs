//! Values that the settings of every daemon have, and what makes them good.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::settings::SettingsError;
use crate::trust::PartnerTrust;

/// The folder of a program's state: as set, else from the usual places.
///
/// # Errors
/// What is set is no path, or nothing is set, and none of `STATE_DIRECTORY`, `XDG_STATE_HOME` and
/// `HOME` either.
pub fn state_dir(set: Option<&Path>, program: &str) -> Result<PathBuf, SettingsError> {
    if set.is_some_and(|set| set.as_os_str().is_empty()) {
        return Err(SettingsError::invalid("state-dir", "is empty; `.` is the current folder"));
    }
    let from = |name: &str, below: &Path| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(|value| Path::new(&value).join(below))
    };
    set.map(Path::to_owned)
        .or_else(|| from("STATE_DIRECTORY", Path::new("")))
        .or_else(|| from("XDG_STATE_HOME", Path::new(program)))
        .or_else(|| from("HOME", &Path::new(".local/state").join(program)))
        .ok_or_else(|| {
            SettingsError::invalid("state-dir", "is not set, and neither is HOME; give --state-dir")
        })
}

/// Refuses to show health and metrics beyond this host.
///
/// # Errors
/// The address is not a loopback one.
pub fn check_admin(listen: Option<SocketAddr>) -> Result<(), SettingsError> {
    match listen.filter(|address| !address.ip().is_loopback()) {
        None => Ok(()),
        Some(admin) => Err(SettingsError::invalid(
            "admin-listen",
            format!(
                "{admin} is not a loopback address; metrics and health carry no access control"
            ),
        )),
    }
}

/// Whether `url` has a scheme, a host and perhaps a port, and nothing else.
#[must_use]
pub fn is_base_url(url: &str) -> bool {
    let Some((scheme, authority)) = url.split_once("://") else { return false };
    let Ok(authority) = authority.parse::<http::uri::Authority>() else { return false };
    let after_host = &authority.as_str()[authority.host().len()..];
    let port = after_host
        .strip_prefix(':')
        .map_or(after_host.is_empty(), |port| port.parse::<u16>().is_ok());
    matches!(scheme, "http" | "https") && !authority.host().is_empty() && port
}

/// Refuses a number that is below zero or not finite.
///
/// # Errors
/// Names the setting and the value.
pub fn non_negative(key: &str, value: Option<f64>) -> Result<(), SettingsError> {
    match value {
        Some(value) if !value.is_finite() || value < 0.0 => Err(SettingsError::invalid(
            key,
            format!("{value} is not a finite number of at least 0"),
        )),
        _ => Ok(()),
    }
}

/// Refuses a number that is not above zero or not finite.
///
/// # Errors
/// Names the setting and the value.
pub fn positive(key: &str, value: Option<f64>) -> Result<(), SettingsError> {
    match value {
        Some(value) if !value.is_finite() || value <= 0.0 => {
            Err(SettingsError::invalid(key, format!("{value} is not a finite number above 0")))
        }
        _ => Ok(()),
    }
}

/// For `deserialize_with`: a list, or a single text for a list of one.
///
/// # Errors
/// It is neither.
pub fn one_or_many<'de, D>(deserializer: D) -> Result<Vec<String>, D::Error>
where
    D: serde::Deserializer<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    })
}

/// Checks what one `[[partner]]` alone, or all together, can have wrong.
///
/// # Errors
/// Names the entry and what it lacks.
pub fn check_partners(partners: &[PartnerTrust]) -> Result<(), SettingsError> {
    let mut names = HashSet::new();
    let mut domains = HashSet::new();
    for partner in partners {
        let key = format!("partner {:?}", partner.name);
        if partner.name.is_empty() || !names.insert(partner.name.as_str()) {
            return Err(SettingsError::invalid(&key, "needs a name of its own"));
        }
        if let Some(domain) = &partner.trust_domain
            && !domains.insert(domain.as_str())
        {
            return Err(SettingsError::invalid(
                &key,
                format!("trust-domain {domain:?} belongs to two partners"),
            ));
        }
        if partner.bundle.is_none() && (partner.trust_domain.is_some() || !partner.san.is_empty()) {
            return Err(SettingsError::invalid(
                &key,
                "needs a bundle: trust-domain and san are checked under it",
            ));
        }
        if partner.trust_domain.is_none()
            && partner.san.is_empty()
            && partner.fingerprint.is_empty()
        {
            return Err(SettingsError::invalid(
                &key,
                "needs a trust-domain, a san or a fingerprint to be known by",
            ));
        }
    }
    Ok(())
}
