//! TLS 1.3 at both ends, with material that is replaced while connections live.
//!
//! [`ServerTls`] and [`ClientTls`] hold one configuration each and swap it whole; [`PeerTls`] holds
//! both, for ends that are alike. Every change
//! makes a *new* `rustls` configuration: one that is kept would resume sessions of a certificate
//! revoked meanwhile without asking the verifier again. Tickets and early data are off for the same
//! reason.

mod client;
mod live;
mod material;
mod peer;
mod server;
mod stamp;
mod watch;

pub use crate::tls::client::{ClientTls, ClientTlsSettings, ServerTrust};
pub(crate) use crate::tls::live::Registration;
pub(crate) use crate::tls::material::Material;
pub use crate::tls::material::MaterialError;
pub use crate::tls::peer::{PeerTls, PeerTlsSettings};
pub use crate::tls::server::{
    ClientCertificates, ReloadError, ServerTls, ServerTlsSettings, TlsError,
};

/// Protocols offered, in order of preference (RFC 7301).
pub(crate) const H2: &[u8] = b"h2";
/// See [`H2`].
pub(crate) const HTTP_1_1: &[u8] = b"http/1.1";
