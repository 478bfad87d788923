//! `spiffe://<trust domain>/<path>`: the name in a certificate (SPIFFE-ID §2).

use std::fmt;
use std::str::FromStr;

use crate::identity::Role;

/// Longest name accepted (SPIFFE-ID §2.3).
const MAX_NAME_BYTES: usize = 2048;
/// Longest trust domain accepted (SPIFFE-ID §2.3).
const MAX_DOMAIN_BYTES: usize = 255;

/// A well-formed SPIFFE name, split into trust domain and path.
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub struct SpiffeName {
    text: String,
    domain_end: usize,
    shape: Shape,
}

/// What a path says. Numbers are decimal without leading zeros; anything else is [`Shape::Other`].
#[derive(Clone, Debug, Eq, PartialEq, Hash, Ord, PartialOrd)]
pub enum Shape {
    /// `/isp/<asn>/unis/<n>`
    Unis {
        /// The ISP's AS number.
        asn: u32,
        /// Which of its servers.
        number: u32,
    },
    /// `/p2psp/<id>/<oms|pams|ixs|ums|cs|rs>/<n>`
    Provider {
        /// The P2P service provider.
        id: String,
        /// Which kind of server.
        role: Role,
        /// Which of its servers.
        number: u32,
    },
    /// `/peer/<id>`
    Peer {
        /// The peer.
        id: String,
    },
    /// `/operator/<name>`
    Operator {
        /// The person.
        name: String,
    },
    /// `/authority/<name>`
    Authority {
        /// Who may have distributions stopped.
        name: String,
    },
    /// A well-formed path that has no meaning here.
    Other,
}

/// Why a text is not a SPIFFE name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SpiffeError {
    /// Another scheme, or none.
    #[error("`{0}` does not begin with spiffe://")]
    Scheme(String),
    /// Longer than a name may be.
    #[error("a SPIFFE name of {0} bytes is too long")]
    TooLong(usize),
    /// Empty or with a character outside `[a-z0-9.-_]`.
    #[error("`{0}` is no trust domain")]
    Domain(String),
    /// No path, an empty segment, a dot segment or a character outside `[a-zA-Z0-9.-_]`.
    #[error("`{0}` has a malformed path")]
    Path(String),
}

impl SpiffeName {
    const SCHEME: &str = "spiffe://";

    /// Reads a name as it stands in a URI subject alternative name.
    pub fn parse(text: &str) -> Result<Self, SpiffeError> {
        if text.len() > MAX_NAME_BYTES {
            return Err(SpiffeError::TooLong(text.len()));
        }
        let rest =
            text.strip_prefix(Self::SCHEME).ok_or_else(|| SpiffeError::Scheme(text.to_owned()))?;
        let (domain, path) =
            rest.split_once('/').ok_or_else(|| SpiffeError::Path(text.to_owned()))?;
        if !is_domain(domain) {
            return Err(SpiffeError::Domain(domain.to_owned()));
        }
        if !path.split('/').all(is_segment) {
            return Err(SpiffeError::Path(text.to_owned()));
        }
        Ok(Self {
            text: text.to_owned(),
            domain_end: Self::SCHEME.len() + domain.len(),
            shape: Shape::of(path),
        })
    }

    /// Puts a name together: `in_domain("isp.example", "operator/alice")`.
    pub fn in_domain(domain: &str, path: &str) -> Result<Self, SpiffeError> {
        Self::parse(&format!("{}{domain}/{path}", Self::SCHEME))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The trust domain.
    pub fn trust_domain(&self) -> &str {
        &self.text[Self::SCHEME.len()..self.domain_end]
    }

    /// The path, without its leading slash.
    pub fn path(&self) -> &str {
        &self.text[self.domain_end + 1..]
    }

    /// What the path says.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The role that the path names; [`Role::None`] for a path without meaning.
    pub fn role(&self) -> Role {
        match &self.shape {
            Shape::Unis { .. } => Role::Unis,
            Shape::Provider { role, .. } => *role,
            Shape::Peer { .. } => Role::Peer,
            Shape::Operator { .. } => Role::Operator,
            Shape::Authority { .. } => Role::Authority,
            Shape::Other => Role::None,
        }
    }
}

impl Shape {
    fn of(path: &str) -> Self {
        let segments: Vec<&str> = path.split('/').collect();
        Self::read(&segments).unwrap_or(Self::Other)
    }

    fn read(segments: &[&str]) -> Option<Self> {
        match segments {
            ["isp", asn, "unis", number] => {
                Some(Self::Unis { asn: decimal(asn)?, number: decimal(number)? })
            }
            ["p2psp", id, role, number] => Some(Self::Provider {
                id: (*id).to_owned(),
                role: Role::of_provider(role)?,
                number: decimal(number)?,
            }),
            ["peer", id] => Some(Self::Peer { id: (*id).to_owned() }),
            ["operator", name] => Some(Self::Operator { name: (*name).to_owned() }),
            ["authority", name] => Some(Self::Authority { name: (*name).to_owned() }),
            _ => None,
        }
    }
}

impl FromStr for SpiffeName {
    type Err = SpiffeError;

    fn from_str(text: &str) -> Result<Self, SpiffeError> {
        Self::parse(text)
    }
}

impl fmt::Display for SpiffeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether `text` may be a trust domain (SPIFFE-ID §2.1).
pub(crate) fn is_domain(text: &str) -> bool {
    let fits = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
    !text.is_empty() && text.len() <= MAX_DOMAIN_BYTES && text.bytes().all(fits)
}

fn is_segment(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !matches!(text, "" | "." | "..") && text.bytes().all(fits)
}

/// A canonical decimal: one name has one text.
fn decimal(text: &str) -> Option<u32> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role_of(text: &str) -> Role {
        SpiffeName::parse(text).unwrap().role()
    }

    #[test]
    fn each_shape_has_its_role() {
        assert_eq!(role_of("spiffe://isp.example/isp/64500/unis/1"), Role::Unis);
        assert_eq!(role_of("spiffe://p.example/p2psp/acme/oms/0"), Role::Oms);
        assert_eq!(role_of("spiffe://p.example/p2psp/acme/pams/2"), Role::Pams);
        assert_eq!(role_of("spiffe://p.example/p2psp/acme/ixs/2"), Role::Ixs);
        assert_eq!(role_of("spiffe://p.example/p2psp/acme/ums/2"), Role::Ums);
        assert_eq!(role_of("spiffe://p.example/p2psp/acme/cs/2"), Role::CacheServer);
        assert_eq!(role_of("spiffe://p.example/p2psp/acme/rs/2"), Role::RelayServer);
        assert_eq!(role_of("spiffe://p.example/peer/8f3a"), Role::Peer);
        assert_eq!(role_of("spiffe://isp.example/operator/first-try"), Role::Operator);
        assert_eq!(role_of("spiffe://p.example/authority/rights"), Role::Authority);
    }

    #[test]
    fn another_shape_authenticates_without_a_role() {
        assert_eq!(role_of("spiffe://isp.example/workload"), Role::None);
        assert_eq!(role_of("spiffe://isp.example/isp/064500/unis/1"), Role::None);
        assert_eq!(role_of("spiffe://isp.example/isp/4294967296/unis/1"), Role::None);
        assert_eq!(role_of("spiffe://isp.example/p2psp/acme/unis/1"), Role::None);
        assert_eq!(role_of("spiffe://isp.example/operator/a/b"), Role::None);
        assert_eq!(role_of("spiffe://isp.example/p2psp/a/operator/b"), Role::None);
    }

    #[test]
    fn the_parts_are_the_text() {
        let name = SpiffeName::in_domain("isp.example", "isp/64500/unis/1").unwrap();
        assert_eq!(name.as_str(), "spiffe://isp.example/isp/64500/unis/1");
        assert_eq!(name.trust_domain(), "isp.example");
        assert_eq!(name.path(), "isp/64500/unis/1");
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        for text in [
            "https://isp.example/x",
            "SPIFFE://isp.example/x",
            "spiffe://isp.example",
            "spiffe://isp.example/",
            "spiffe:///x",
            "spiffe://ISP.example/x",
            "spiffe://isp.example:443/x",
            "spiffe://me@isp.example/x",
            "spiffe://isp.example/a//b",
            "spiffe://isp.example/a/../b",
            "spiffe://isp.example/a/",
            "spiffe://isp.example/a?b",
            "spiffe://isp.example/a#b",
            "spiffe://isp.example/%61",
            "spiffe://isp.example/isp/+1/unis/1",
        ] {
            assert!(SpiffeName::parse(text).is_err(), "{text}");
        }
        let long = format!("spiffe://isp.example/{}", "a".repeat(2048));
        assert!(SpiffeName::parse(&long).is_err());
    }
}
