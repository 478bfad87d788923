//! Reaching another peer.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use link::tls::PeerTls;
use mp2p::id::PeerId;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::wire::{Carrier, Met};

/// For the TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// For the TLS handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Why another peer was not met.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody answers there.
    #[error("no connection: {0}")]
    Connect(io::Error),
    /// Whoever answers is not trusted, or does not trust us.
    #[error("no handshake: {0}")]
    Handshake(io::Error),
    /// Somebody else answers.
    #[error("{got} answers where {expected} was to be")]
    OtherPeer {
        /// Who was looked for.
        expected: PeerId,
        /// Who is there.
        got: PeerId,
    },
    /// Too slow.
    #[error("no answer within {} s", .0.as_secs())]
    TooSlow(Duration),
}

/// Connects to the peer `expected` at `address`, from `source` where it is given.
///
/// # Errors
/// [`DialError`].
pub async fn dial(
    address: SocketAddr,
    expected: &PeerId,
    tls: &PeerTls,
    source: Option<IpAddr>,
) -> Result<Met, DialError> {
    let connected = timeout(CONNECT_TIMEOUT, connect(address, source)).await;
    let stream = connected
        .map_err(|_elapsed| DialError::TooSlow(CONNECT_TIMEOUT))?
        .map_err(DialError::Connect)?;
    stream.set_nodelay(true).map_err(DialError::Connect)?;
    over(stream, expected, tls).await
}

pub(crate) async fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let Some(source) = source.filter(|source| source.is_ipv4() == address.is_ipv4()) else {
        return TcpStream::connect(address).await;
    };
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.bind(SocketAddr::new(source, 0))?;
    socket.connect(address).await
}

/// Shakes hands with the peer `expected` over a connection that leads to it.
///
/// # Errors
/// [`DialError`].
pub async fn over(stream: TcpStream, expected: &PeerId, tls: &PeerTls) -> Result<Met, DialError> {
    let shaken = timeout(HANDSHAKE_TIMEOUT, tls.dial(Carrier::new(stream))).await;
    let shaken = shaken
        .map_err(|_elapsed| DialError::TooSlow(HANDSHAKE_TIMEOUT))?
        .map_err(DialError::Handshake)?;
    let met = Met::new(shaken).map_err(DialError::Handshake)?;
    match met.peer == *expected {
        true => Ok(met),
        false => Err(DialError::OtherPeer { expected: expected.clone(), got: met.peer }),
    }
}
