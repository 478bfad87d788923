//! Another peer, met on a stream.

use std::io;

use bytes::BytesMut;
use link::identity::Identity;
use mp2p::id::PeerId;
use tokio_rustls::TlsStream;

use crate::wire::Carrier;

/// How a peer was reached.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Path {
    /// One dialled the other.
    Direct,
    /// Both connected at the same moment.
    Punched,
    /// Through this relay.
    Relay(PeerId),
}

impl Path {
    /// The relay in between.
    #[must_use]
    pub const fn relay(&self) -> Option<&PeerId> {
        match self {
            Self::Relay(relay) => Some(relay),
            Self::Direct | Self::Punched => None,
        }
    }
}

/// The other end after the handshake.
pub struct Met {
    /// The hash of its key.
    pub peer: PeerId,
    /// SHA-256 of its certificate, 64 lower-case hex digits.
    pub certificate: String,
    /// What its certificate says.
    pub identity: Identity,
    pub(crate) stream: TlsStream<Carrier>,
    /// What has been read already and is no frame yet.
    pub(crate) pending: BytesMut,
}

impl Met {
    /// # Errors
    /// The certificate has no key that names a peer.
    pub(crate) fn new((stream, identity): (TlsStream<Carrier>, Identity)) -> io::Result<Self> {
        let peer = PeerId::parse(&identity.key).map_err(io::Error::other)?;
        let certificate = identity.fingerprint.clone();
        Ok(Self { peer, certificate, identity, stream, pending: BytesMut::new() })
    }
}
