//! Values that the settings of every daemon have, and what makes them good.

use std::collections::HashSet;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::identity::spiffe_domain;
use crate::pki::is_server_name;
use crate::settings::SettingsError;
use crate::trust::{PartnerTrust, fingerprint};

/// The folder of a program's state: as set, else from the usual places.
///
/// # Errors
/// What is set is no path, or nothing is set, and none of `STATE_DIRECTORY`, `XDG_STATE_HOME` and
/// `HOME` either.
pub fn state_dir(set: Option<&Path>, program: &str) -> Result<PathBuf, SettingsError> {
    if set.is_some_and(|set| set.as_os_str().is_empty()) {
        return Err(SettingsError::invalid("state-dir", "is empty; `.` is the current folder"));
    }
    set.map(Path::to_owned)
        .or_else(|| usual_dir(|name| std::env::var_os(name), program))
        .ok_or_else(|| {
            SettingsError::invalid("state-dir", "is not set, and neither is HOME; give --state-dir")
        })
}

/// Of the usual places, by variables of the environment, the first that is set. A relative path
/// would be another folder for each that one works in: it counts as not set, as the XDG Base
/// Directory Specification has it.
fn usual_dir(variable: impl Fn(&str) -> Option<OsString>, program: &str) -> Option<PathBuf> {
    let from = |name: &str, below: &Path| {
        variable(name)
            .filter(|value| Path::new(value).is_absolute())
            .map(|value| Path::new(&value).join(below))
    };
    from("STATE_DIRECTORY", Path::new(""))
        .or_else(|| from("XDG_STATE_HOME", Path::new(program)))
        .or_else(|| from("HOME", &Path::new(".local/state").join(program)))
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

/// Refuses names that the certificate of a server cannot carry.
///
/// # Errors
/// Names the setting and the value.
pub fn check_names(own: Option<&str>, server_names: &[String]) -> Result<(), SettingsError> {
    if let Some(domain) = own.filter(|domain| !spiffe_domain(domain)) {
        return Err(SettingsError::invalid("trust-domain", no_domain(domain)));
    }
    match server_names.iter().find(|name| !is_server_name(name)) {
        None => Ok(()),
        Some(name) => {
            let message = format!("{name:?} is neither a DNS name nor an address");
            Err(SettingsError::invalid("server-names", message))
        }
    }
}

fn no_domain(text: &str) -> String {
    format!("{text:?} is no trust domain; expected one of a-z 0-9 . - _")
}

/// Checks what one `[[partner]]` alone, or all together and beside the `own` trust domain, can have
/// wrong.
///
/// # Errors
/// Names the entry and what it lacks.
pub fn check_partners(own: Option<&str>, partners: &[PartnerTrust]) -> Result<(), SettingsError> {
    let mut names = HashSet::new();
    let mut domains = HashSet::new();
    let mut prints = HashSet::new();
    for partner in partners {
        let key = format!("partner {:?}", partner.name);
        if partner.name.is_empty() || !names.insert(partner.name.as_str()) {
            return Err(SettingsError::invalid(&key, "needs a name of its own"));
        }
        if let Some(domain) = &partner.trust_domain {
            let fault = if !spiffe_domain(domain) {
                no_domain(domain)
            } else if own == Some(domain) {
                format!("trust-domain {domain:?} is the own one")
            } else if !domains.insert(domain.as_str()) {
                format!("trust-domain {domain:?} belongs to two partners")
            } else {
                String::new()
            };
            if !fault.is_empty() {
                return Err(SettingsError::invalid(&key, fault));
            }
        }
        for text in &partner.fingerprint {
            let fault = match fingerprint(text) {
                None => format!("{text:?} is no SHA-256 fingerprint; expected 64 hex digits"),
                Some(print) if !prints.insert(print.clone()) => {
                    format!("fingerprint {text:?} stands twice")
                }
                Some(_) => continue,
            };
            return Err(SettingsError::invalid(&key, fault));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn partner(name: &str, trust_domain: Option<&str>, fingerprint: &str) -> PartnerTrust {
        PartnerTrust {
            name: name.to_owned(),
            trust_domain: trust_domain.map(str::to_owned),
            bundle: Some(PathBuf::from("ca.pem")),
            fingerprint: vec![fingerprint.to_owned()],
            ..PartnerTrust::default()
        }
    }

    #[test]
    fn names_that_no_certificate_can_carry_are_refused() {
        let good = ["alto.isp.example", "192.0.2.1", "2001:db8::1"].map(str::to_owned);
        assert!(check_names(Some("isp.example"), &good).is_ok());
        let message = |own, name: &str| {
            check_names(own, &[name.to_owned()]).map_err(|error| error.to_string()).unwrap_err()
        };
        for name in ["a b", "", "*.isp.example", "https://isp.example"] {
            assert!(message(None, name).contains(&format!("{name:?} is neither")), "{name}");
        }
        for own in ["Isp.example", "isp/example", ""] {
            let told = message(Some(own), "a.example");
            assert!(told.contains(&format!("trust-domain: {own:?} is no trust domain")), "{told}");
        }
    }

    #[test]
    fn what_partners_are_known_by_is_well_formed_and_nobody_elses() {
        let (one, two) = ("ab".repeat(32), "AB:".repeat(31) + "AC");
        let own = Some("isp.example");
        let good = [partner("a", Some("a.example"), &one), partner("b", None, &two)];
        assert!(check_partners(own, &good).is_ok());
        let cases = [
            (partner("c", Some("C.example"), &"cd".repeat(32)), "is no trust domain"),
            (partner("c", Some("isp.example"), &"cd".repeat(32)), "is the own one"),
            (partner("c", Some("a.example"), &"cd".repeat(32)), "belongs to two partners"),
            (partner("c", None, "zz"), "is no SHA-256 fingerprint"),
            (partner("c", None, &"AB:".repeat(32)[..95]), "stands twice"),
        ];
        for (bad, part) in cases {
            let all: Vec<_> = good.iter().cloned().chain([bad]).collect();
            let message = check_partners(own, &all).unwrap_err().to_string();
            assert!(message.contains("partner \"c\"") && message.contains(part), "{message}");
        }
    }

    #[test]
    fn a_usual_place_that_is_relative_or_empty_is_not_set() {
        let found = |variables: &[(&str, &str)]| {
            let value = |name: &str| variables.iter().find(|(one, _)| *one == name);
            let dir = usual_dir(|name| value(name).map(|(_, value)| value.into()), "peer");
            dir.map(|dir| dir.display().to_string())
        };
        let home = ("HOME", "/home/a");
        let at = |dir: &str| Some(dir.to_owned());
        assert_eq!(found(&[home, ("XDG_STATE_HOME", "/s")]), at("/s/peer"));
        for relative in ["s", "./s", "~/s", ""] {
            let variables = [home, ("XDG_STATE_HOME", relative), ("STATE_DIRECTORY", relative)];
            assert_eq!(found(&variables), at("/home/a/.local/state/peer"), "{relative}");
        }
        let service = [home, ("XDG_STATE_HOME", "/s"), ("STATE_DIRECTORY", "/var/lib/p")];
        assert_eq!(found(&service), at("/var/lib/p/"));
        assert_eq!(found(&[("HOME", "a")]), None);
    }
}
