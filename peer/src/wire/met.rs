//! Another peer, met on a stream.

use std::io;

use bytes::BytesMut;
use link::identity::Identity;
use mp2p::id::PeerId;
use tokio_rustls::TlsStream;
use tokio_rustls::rustls::Connection;

use crate::wire::Carrier;
use crate::wire::incoming::Incoming;
use crate::wire::outgoing::Outgoing;
use crate::wire::records::{Opener, Sealer};

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
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
    /// What has been read already and is no frame yet.
    pub(crate) pending: BytesMut,
}

impl Met {
    /// # Errors
    /// The certificate has no key that names a peer, or more than a handshake was made.
    pub(crate) fn new((stream, identity): (TlsStream<Carrier>, Identity)) -> io::Result<Self> {
        let peer = PeerId::parse(&identity.key).map_err(io::Error::other)?;
        let certificate = identity.fingerprint.clone();
        let (incoming, outgoing, pending) = halves(stream)?;
        Ok(Self { peer, certificate, identity, incoming, outgoing, pending })
    }
}

/// Takes over from the handshake: what goes and what comes, and what has come with the handshake.
pub(crate) fn halves(stream: TlsStream<Carrier>) -> io::Result<(Incoming, Outgoing, BytesMut)> {
    let (carrier, mut session) = match stream {
        TlsStream::Client(stream) => {
            let (carrier, session) = stream.into_inner();
            (carrier, Connection::Client(session))
        }
        TlsStream::Server(stream) => {
            let (carrier, session) = stream.into_inner();
            (carrier, Connection::Server(session))
        }
    };
    let mut pending = BytesMut::new();
    let closed = match session.reader().into_first_chunk() {
        Ok(chunk) => {
            // A record is opened at a time: there is no second one.
            pending.extend_from_slice(chunk);
            chunk.is_empty()
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
        Err(error) => return Err(error),
    };
    let secrets = session.dangerous_extract_secrets().map_err(io::Error::other)?;
    let opener = Opener::new(&secrets.rx).map_err(io::Error::other)?;
    let sealer = Sealer::new(&secrets.tx).map_err(io::Error::other)?;
    let (stream, begun) = carrier.into_parts();
    let (reader, writer) = stream.into_split();
    Ok((Incoming::new(reader, opener, begun, closed), Outgoing::new(writer, sealer), pending))
}

#[cfg(test)]
mod tests;
