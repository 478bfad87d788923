//! A peer's end: keep a connection to a relay, or be led to somebody who does.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use link::tls::PeerTls;
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::Text;
use mp2p::relay::{Ask, CircuitKey, PREAMBLE, Refusal, Say, decode, encode};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsStream;

/// For each step towards a relay.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);

/// An end that says nothing is asked after this time, and then so often whether it is there.
const ALIVE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(5));

/// Why a relay is of no use.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// It cannot be reached, or the connection broke.
    #[error("relay: {0}")]
    Io(#[from] io::Error),
    /// It says no.
    #[error("the relay refuses ({code:?}): {reason}")]
    Refused {
        /// Why, for programs.
        code: Refusal,
        /// Why, for people.
        reason: String,
    },
    /// The reservation is over.
    #[error("the relay has ended the reservation: {0}")]
    Released(String),
    /// Not what a relay says here.
    #[error("the relay answers nonsense")]
    Nonsense,
}

/// A connection that is kept at a relay: others are led to us through it.
pub struct Kept {
    stream: TlsStream<TcpStream>,
    buffer: BytesMut,
    address: SocketAddr,
    /// Until when, Unix seconds; a newer reservation moves it ([`Kept::ask`]).
    pub expires: u64,
}

/// Keeps a connection at the relay at `address` under a reservation that OMS signed.
///
/// # Errors
/// [`RelayError`].
pub async fn keep(
    address: SocketAddr,
    tls: &Arc<PeerTls>,
    reservation: &str,
) -> Result<Kept, RelayError> {
    let stream = open(address, tls).await?;
    let mut kept = Kept { stream, buffer: BytesMut::new(), address, expires: 0 };
    kept.ask(reservation).await?;
    match in_time(hear(&mut kept.stream, &mut kept.buffer)).await? {
        Say::Reserved { expires } => {
            kept.expires = expires;
            Ok(kept)
        }
        other => Err(refused(other)),
    }
}

impl Kept {
    /// Shows a newer reservation of the same name; the answer comes through [`Kept::next`].
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn ask(&mut self, reservation: &str) -> Result<(), RelayError> {
        let reservation = Text::new(reservation).map_err(|_| RelayError::Nonsense)?;
        in_time(say(&mut self.stream, &Ask::Reserve { reservation })).await
    }

    /// Waits until somebody wants to reach us; who, and the key of the circuit. Nothing is lost
    /// when it is dropped.
    ///
    /// # Errors
    /// The reservation is over, or the connection.
    pub async fn next(&mut self) -> Result<(PeerId, CircuitKey), RelayError> {
        loop {
            match hear(&mut self.stream, &mut self.buffer).await? {
                Say::Incoming { circuit, from } => return Ok((from, circuit)),
                Say::Reserved { expires } => self.expires = expires,
                other => return Err(refused(other)),
            }
        }
    }

    /// The relay.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

/// Is led to the peer `to` by the relay at `address`.
///
/// # Errors
/// [`RelayError`].
pub async fn reach(
    address: SocketAddr,
    tls: &Arc<PeerTls>,
    (to, overlay, passkey): (&PeerId, &OverlayId, &str),
) -> Result<TcpStream, RelayError> {
    let mut stream = open(address, tls).await?;
    let passkey = Text::new(passkey).map_err(|_| RelayError::Nonsense)?;
    let ask = Ask::Connect { peer_id: to.clone(), overlay_id: overlay.clone(), passkey };
    in_time(say(&mut stream, &ask)).await?;
    match in_time(hear(&mut stream, &mut BytesMut::new())).await? {
        Say::Circuit { circuit: key } => circuit(address, key).await,
        other => Err(refused(other)),
    }
}

/// Opens our end of a circuit at the relay at `address`: it leads to the other peer.
///
/// # Errors
/// The relay cannot be reached.
pub async fn circuit(address: SocketAddr, key: CircuitKey) -> Result<TcpStream, RelayError> {
    let mut stream = tcp(address).await?;
    let mut opening = PREAMBLE.to_vec();
    opening.extend_from_slice(&key.0);
    stream.write_all(&opening).await?;
    Ok(stream)
}

async fn open(address: SocketAddr, tls: &Arc<PeerTls>) -> Result<TlsStream<TcpStream>, RelayError> {
    let stream = tcp(address).await?;
    watch(&stream)?;
    let shaken = timeout(STEP_TIMEOUT, tls.dial(stream)).await;
    let (stream, _relay) = shaken.map_err(|_elapsed| late())??;
    Ok(stream)
}

async fn tcp(address: SocketAddr) -> Result<TcpStream, RelayError> {
    let connected = timeout(STEP_TIMEOUT, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_elapsed| late())??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// An end that is gone without a word, as with its machine, is noticed within a minute.
pub(crate) fn watch(stream: &TcpStream) -> io::Result<()> {
    let alive = TcpKeepalive::new().with_time(ALIVE.0).with_interval(ALIVE.1);
    SockRef::from(stream).set_tcp_keepalive(&alive)
}

async fn in_time<T>(step: impl Future<Output = Result<T, RelayError>>) -> Result<T, RelayError> {
    timeout(STEP_TIMEOUT, step).await.map_err(|_elapsed| late())?
}

async fn say(stream: &mut TlsStream<TcpStream>, ask: &Ask) -> Result<(), RelayError> {
    let mut out = BytesMut::new();
    encode(ask, &mut out).map_err(|_| RelayError::Nonsense)?;
    stream.write_all(&out).await?;
    Ok(stream.flush().await?)
}

async fn hear(stream: &mut TlsStream<TcpStream>, buffer: &mut BytesMut) -> Result<Say, RelayError> {
    loop {
        if let Some(said) = decode(buffer).map_err(|_| RelayError::Nonsense)? {
            return Ok(said);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(RelayError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
    }
}

fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}

fn refused(said: Say) -> RelayError {
    match said {
        Say::Refused { code, reason } => RelayError::Refused { code, reason: reason.to_string() },
        Say::Released { reason } => RelayError::Released(reason.to_string()),
        _ => RelayError::Nonsense,
    }
}
