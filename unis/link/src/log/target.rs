//! Where logs go, as the setting `log.target` says it.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where the machine's own syslog listens.
const LOCAL_SYSLOG: &str = "/dev/log";

/// Where logs go.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// Standard error.
    #[default]
    Stderr,
    /// The machine's own syslog, `/dev/log`.
    Syslog,
    /// A syslog receiver elsewhere.
    Receiver(Address),
}

/// A syslog receiver.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Address {
    /// A datagram socket of this machine.
    Unix(PathBuf),
    /// An address (RFC 5426), in clear.
    Udp(SocketAddr),
}

/// A text that names no place for logs.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is none of stderr, syslog, unix:PATH, udp:IP:PORT")]
pub struct TargetError(String);

impl Target {
    /// The receiver, if it is syslog.
    #[must_use]
    pub fn address(&self) -> Option<Address> {
        match self {
            Self::Stderr => None,
            Self::Syslog => Some(Address::Unix(PathBuf::from(LOCAL_SYSLOG))),
            Self::Receiver(address) => Some(address.clone()),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let refused = || TargetError(text.to_owned());
        match text.split_once(':') {
            None if text == "stderr" => Ok(Self::Stderr),
            None if text == "syslog" => Ok(Self::Syslog),
            Some(("unix", path)) if !path.is_empty() => {
                Ok(Self::Receiver(Address::Unix(path.into())))
            }
            Some(("udp", to)) => {
                let to: SocketAddr = to.parse().map_err(|_| refused())?;
                Ok(Self::Receiver(Address::Udp(to)))
            }
            _ => Err(refused()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stderr => f.write_str("stderr"),
            Self::Syslog => f.write_str("syslog"),
            Self::Receiver(Address::Unix(path)) => write!(f, "unix:{}", path.display()),
            Self::Receiver(Address::Udp(to)) => write!(f, "udp:{to}"),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = TargetError;

    fn try_from(text: String) -> Result<Self, TargetError> {
        text.parse()
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_read_as_it_is_written() {
        for text in
            ["stderr", "syslog", "unix:/run/log", "udp:192.0.2.1:514", "udp:[2001:db8::1]:514"]
        {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
        for text in ["", "stdout", "unix:", "udp:host:514", "udp:192.0.2.1", "tcp:192.0.2.1:514"] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains("udp:IP:PORT"), "{error}");
        }
    }
}
