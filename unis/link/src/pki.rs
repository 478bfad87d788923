//! A small certificate authority for those who have none.
//!
//! ```text
//!  pki init ─► ca, server, client, crl         (files under STATE/pki, see `Folder`)
//!  pki token NAME ─► text ─► (out of band) ─► enroll ──POST /pki/enroll──► certificate
//!                                              renew  ──POST /pki/renew───► certificate
//!  pki revoke NAME|SERIAL ─► crl.pem at once
//!  pki ca next, switch, retire ─► ca.pem: another CA beside, and then instead
//! ```
//!
//! [`Authority`] does the work on disk, under a file lock, so that the command line may revoke
//! beside a running server; [`service`] puts it under `/pki/` of a server; [`enrolment`] is the
//! other end. No name constraints in the CA: webpki refuses every URI name under them
//! (RUSTSEC-2026-0098);
//! [`crate::trust`] chooses the bundle by trust domain instead.

mod authorities;
mod authority;
pub mod enrolment;
mod folder;
mod issue;
mod journal;
mod ledger;
mod rotation;
pub mod service;
mod token;
mod workbench;

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, io};

pub use crate::crypto::NoRandomness;
use crate::identity::{SpiffeError, SpiffeName};

pub use crate::pki::authority::{Authority, Granted};
pub use crate::pki::folder::Folder;
pub(crate) use crate::pki::issue::is_server_name;
pub use crate::pki::ledger::{Entry, State};
pub use crate::pki::rotation::{Ca, Turn, Waiting};
pub use crate::pki::token::{Token, TokenError};
pub(crate) use crate::pki::workbench::check_names;

/// What the authority is to be called, and its server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PkiSettings {
    /// The trust domain of every name issued.
    pub trust_domain: String,
    /// The path of the server's SPIFFE name, such as `isp/64500/unis/1`.
    pub server_path: String,
    /// DNS names and addresses of the server beside `localhost`, `127.0.0.1`, `::1` and the host's.
    pub server_names: Vec<String>,
    /// How long certificates of peers are good ([`Naming::PeerOf`]).
    pub peer_life: Duration,
}

/// How long certificates of peers are good where nobody says otherwise.
pub const PEER_LIFE: Duration = Duration::from_secs(72 * 3600);
/// How far back the validity of a certificate begins: clocks differ.
pub const BACKDATE: Duration = Duration::from_secs(60);

/// How a certificate is named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Naming {
    /// By this name.
    Fixed(SpiffeName),
    /// `peer/<key id>`, after the key that enrols: nobody else can have the name, and it lasts as
    /// long as the key. The certificate also names the user, whose peers are many.
    PeerOf {
        /// The user; a segment of a SPIFFE path.
        user: String,
    },
}

impl From<SpiffeName> for Naming {
    fn from(name: SpiffeName) -> Self {
        Self::Fixed(name)
    }
}

/// What a token is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TokenOrder {
    /// The name that the certificate will have; decided here, not by who enrols.
    pub name: Naming,
    /// DNS names and addresses that it will have besides, for servers.
    pub server_names: Vec<String>,
    /// How long the token can be used.
    pub ttl: std::time::Duration,
    /// Where to enrol: scheme and authority of the server, `https://host:port`.
    pub url: String,
}

/// Why the authority did not do it.
#[derive(Debug, thiserror::Error)]
pub enum PkiError {
    /// The disk.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{}: {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A part is missing beside another that is there; nothing is made anew over it.
    #[error("{} is missing although {} is there", .missing.display(), .present.display())]
    Torn {
        /// What is not there.
        missing: PathBuf,
        /// What is.
        present: PathBuf,
    },
    /// There is no authority.
    #[error("there is no authority in {}", .0.display())]
    Absent(PathBuf),
    /// A name is malformed.
    #[error(transparent)]
    Name(#[from] SpiffeError),
    /// A name of another organisation.
    #[error("`{name}` is not in the trust domain `{trust_domain}`")]
    Foreign {
        /// The name.
        name: String,
        /// The own trust domain.
        trust_domain: String,
    },
    /// A server name that is neither a DNS name nor an address.
    #[error("`{0}` is neither a DNS name nor an address")]
    ServerName(String),
    /// The library refuses to sign.
    #[error("signing: {0}")]
    Sign(#[from] rcgen::Error),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The ledger has no room; expired certificates leave it by themselves.
    #[error("the ledger is full with {0} entries")]
    Full(usize),
    /// Nothing by this name or serial number is valid.
    #[error("no valid certificate has the name or serial number `{0}`")]
    Unknown(String),
    /// A CA does not take the next step yet.
    #[error(transparent)]
    Waiting(#[from] Waiting),
    /// Who enrols or renews may not.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl PkiError {
    /// That a file holds something else.
    pub(crate) fn file(path: &Path, reason: impl fmt::Display) -> Self {
        Self::File { path: path.to_owned(), reason: reason.to_string() }
    }

    /// Whether the same may be granted later: the disk or the ledger is full, or the disk fails.
    /// Nothing was changed.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Full(_) => true,
            Self::Io { source, .. } => {
                // EIO has no kind of its own.
                let is_failing = source.raw_os_error() == Some(libc::EIO);
                is_failing
                    || matches!(
                        source.kind(),
                        io::ErrorKind::StorageFull
                            | io::ErrorKind::QuotaExceeded
                            | io::ErrorKind::WriteZero
                    )
            }
            _ => false,
        }
    }
}

/// Why a certificate is not granted to who asks for it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    /// Never issued, forgotten after its time, or mistyped.
    #[error("the token is unknown")]
    UnknownToken,
    /// It was good once.
    #[error("the token was used before")]
    UsedToken,
    /// Its time is over.
    #[error("the token has expired")]
    ExpiredToken,
    /// The signing request cannot be read, or its signature is not its key's.
    #[error("the signing request is refused: {0}")]
    Request(String),
    /// A certificate of another authority, revoked, or without a name.
    #[error("the certificate shown cannot be renewed here")]
    NotRenewable,
    /// A peer's name is that of its key.
    #[error("a peer that is named by its key renews with that key")]
    OtherKey,
    /// Its name has fresh ones enough.
    #[error("the name got {most} certificates within a month: use the newest, or revoke some")]
    TooMany {
        /// Fresh certificates of a name.
        most: usize,
    },
}
