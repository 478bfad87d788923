//! The relay's port: questions over mutual TLS, circuits as they are.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use link::shutdown::Shutdown;
use link::tls::PeerTls;
use mp2p::id::PeerId;
use mp2p::message::bound::Text;
use mp2p::relay::{Ask, CircuitKey, KEY_BYTES, PREAMBLE, Refusal, Say};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::relay::Hall;
use crate::relay::client::watch;
use crate::relay::hall::Refused;
use crate::relay::splice::splice;
use crate::revoked::Revoked;
use crate::words::{hear, say};

/// From a connection to its key or the end of its handshake.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that neither asks nor keeps anything ends after this time.
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);
/// From one look for what has run out to the next.
const SWEEP: Duration = Duration::from_secs(1);
/// Connections at a time.
const MAX_CONNECTIONS: usize = 16_384;
/// Messages that wait for one holder.
const MAX_QUEUED: usize = 64;
/// After a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until shutdown; whose certificate is refused meanwhile is let go. Where it listens.
///
/// # Errors
/// The listener has no address.
pub(crate) fn serve(
    listener: TcpListener,
    tls: Arc<PeerTls>,
    (hall, revoked): (Arc<Hall>, Revoked),
    shutdown: Shutdown,
) -> io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    tokio::spawn(async move {
        let mut sweep = tokio::time::interval(SWEEP);
        let mut news = revoked.follow();
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _tick = sweep.tick() => {
                    hall.sweep(unix_s());
                    continue;
                }
                Ok(()) = news.changed() => {
                    hall.revoked(&news.borrow_and_update().clone());
                    continue;
                }
                () = shutdown.wait() => return,
            };
            let Ok((stream, _address)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
            let (tls, hall, shutdown) = (Arc::clone(&tls), Arc::clone(&hall), shutdown.clone());
            let revoked = revoked.clone();
            tokio::spawn(async move {
                let served = tokio::select! {
                    served = welcome(stream, &tls, (&hall, &revoked)) => served,
                    () = shutdown.wait() => Ok(()),
                };
                drop(place);
                if let Err(error) = served {
                    tracing::debug!(%error, "a connection to the relay ended");
                }
            });
        }
    });
    Ok(address)
}

pub(crate) fn unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Tells a circuit from a question by what it begins with.
async fn welcome(
    mut stream: TcpStream,
    tls: &PeerTls,
    (hall, revoked): (&Hall, &Revoked),
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut first = [0];
    let peeked = timeout(HELLO_TIMEOUT, stream.peek(&mut first)).await;
    peeked.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
    if first[0] != PREAMBLE[0] {
        watch(&stream)?;
        return converse(stream, tls, (hall, revoked)).await;
    }
    let mut opening = [0; PREAMBLE.len() + KEY_BYTES];
    let read = timeout(HELLO_TIMEOUT, stream.read_exact(&mut opening)).await;
    read.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
    let (preamble, key) = opening.split_at(PREAMBLE.len());
    let key: [u8; KEY_BYTES] = key.try_into().map_err(io::Error::other)?;
    if preamble != PREAMBLE {
        return Err(io::Error::other("no circuit begins like that"));
    }
    match hall.open(CircuitKey(key), stream, unix_s()) {
        Some(pair) => splice(pair.holder, pair.other, pair.account, pair.ended).await,
        None => Ok(()),
    }
}

/// Answers what one peer asks.
async fn converse(
    stream: TcpStream,
    tls: &PeerTls,
    (hall, revoked): (&Hall, &Revoked),
) -> io::Result<()> {
    let shaken = timeout(HELLO_TIMEOUT, tls.accept(stream)).await;
    let (stream, identity) =
        shaken.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
    let peer = PeerId::parse(&identity.key).map_err(io::Error::other)?;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (control, mut queue) = mpsc::channel(MAX_QUEUED);
    let mut buffer = BytesMut::new();
    let mut kept: Option<String> = None;
    let marks = identity.marks();
    let mut over = pin!(revoked.names(&marks));
    let outcome = loop {
        let next = tokio::select! {
            () = &mut over => break Err(io::Error::other("its certificate is good no more")),
            asked = hear(&mut reader, &mut buffer) => match asked {
                Ok(Some(asked)) => asked,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            },
            said = queue.recv() => {
                let Some(said) = said else { break Ok(()) };
                let is_last = matches!(said, Say::Released { .. });
                let told = say(&mut writer, &said).await;
                if is_last || told.is_err() {
                    break told;
                }
                continue;
            }
            () = tokio::time::sleep(IDLE_TIMEOUT), if kept.is_none() => break Ok(()),
        };
        let now = unix_s();
        let answer = match next {
            Ask::Reserve { reservation } => {
                let holder = (&peer, &marks);
                hall.reserve(&reservation, holder, control.clone(), now).map(|(id, expires, _)| {
                    kept = Some(id);
                    Say::Reserved { expires }
                })
            }
            Ask::Connect { peer_id, overlay_id, passkey } => keys().and_then(|keys| {
                let to = (&peer_id, &overlay_id, &*passkey);
                let asker = (&peer, &*identity.fingerprint, &marks);
                let circuit = hall.connect(asker, to, keys, now)?;
                Ok(Say::Circuit { circuit })
            }),
        };
        if let Err(error) = say(&mut writer, &answer.unwrap_or_else(refused)).await {
            break Err(error);
        }
    };
    if let Some(id) = kept {
        hall.left(&id, &control);
    }
    outcome
}

fn refused((code, reason): Refused) -> Say {
    Say::Refused { code, reason: Text::new(reason).unwrap_or_default() }
}

/// Two keys that nobody can guess.
///
/// # Errors
/// The system has no randomness.
fn keys() -> Result<[CircuitKey; 2], Refused> {
    let mut keys = [[0; KEY_BYTES]; 2];
    for key in &mut keys {
        aws_lc_rs::rand::fill(key)
            .map_err(|_| (Refusal::InsufficientCapacity, "no randomness".to_owned()))?;
    }
    Ok(keys.map(CircuitKey))
}
