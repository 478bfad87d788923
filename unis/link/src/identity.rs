//! Who is at the other end of a connection.
//!
//! [`SpiffeName`] is the name that a certificate carries, [`Role`] what that name entitles its
//! holder to be, [`Identity`] what the handshake proved, [`Caller`] what a request handler sees.

mod role;
mod spiffe;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

pub use crate::identity::role::Role;
pub(crate) use crate::identity::spiffe::is_domain as spiffe_domain;
pub use crate::identity::spiffe::{Shape, SpiffeError, SpiffeName};

/// The sender of a request; stands in the request's extensions.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The observed source address.
    pub address: SocketAddr,
    /// What the client's certificate proved; `None` without a certificate or without TLS.
    pub identity: Option<Arc<Identity>>,
}

impl Caller {
    /// The proved role, [`Role::None`] without a certificate.
    pub fn role(&self) -> Role {
        self.identity.as_ref().map_or(Role::None, |identity| identity.role)
    }
}

/// What a client certificate, or a partner's password, proved.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Identity {
    /// The partner that the certificate belongs to; `None` is the own trust domain.
    pub partner: Option<String>,
    /// The SPIFFE name in the certificate, where it has one.
    pub name: Option<SpiffeName>,
    /// What the name makes of its holder.
    pub role: Role,
    /// SHA-256 of the certificate (DER), 64 lower-case hex digits; empty without one.
    pub fingerprint: String,
    /// Serial number, lower-case hex, two digits a byte; empty without a certificate.
    pub serial: String,
    /// SHA-256 of the public key (SubjectPublicKeyInfo, DER), 64 lower-case hex digits;
    /// empty without a certificate.
    pub key: String,
    /// SHA-256 of its issuer's name (DER), 64 lower-case hex digits; empty without a certificate.
    pub issuer: String,
    /// The user that the certificate names (`UID` of its subject, RFC 4519 §2.39).
    pub user: Option<String>,
}

impl Identity {
    /// Of a partner that proved itself without a certificate.
    pub fn of_partner(name: &str) -> Self {
        Self {
            partner: Some(name.to_owned()),
            name: None,
            role: Role::Partner,
            fingerprint: String::new(),
            serial: String::new(),
            key: String::new(),
            issuer: String::new(),
            user: None,
        }
    }

    /// By what a certificate that was good is refused: its serial number where it is revoked, its
    /// issuer where that is trusted no more.
    #[must_use]
    pub fn marks(&self) -> [String; 2] {
        [self.serial.clone(), self.issuer.clone()]
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, &self.partner) {
            (Some(name), _) => write!(f, "{name}"),
            (None, Some(partner)) => write!(f, "partner {partner}"),
            (None, None) => write!(f, "certificate {}", self.serial),
        }
    }
}

/// Lower-case hex, two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 0x0f)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
