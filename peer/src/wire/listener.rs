//! Whoever comes by itself: bounded in number and time until it has said what it wants.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use link::shutdown::Shutdown;
use link::tls::PeerTls;
use mp2p::frame::{Frame, decode};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use crate::wire::{Carrier, Met, Path};

/// From a connection to its handshake and first frame.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// After a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The first frame is read in steps of this many bytes.
const READ_BYTES: usize = 16 << 10;

/// How many may be in the hall at a time.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Handshakes at a time.
    pub handshakes: usize,
    /// Of these from one address.
    pub per_source: usize,
}

/// Somebody who has said what it wants.
pub struct Arrival {
    /// Who.
    pub met: Met,
    /// From where; through a relay, where that is.
    pub address: SocketAddr,
    /// How.
    pub path: Path,
    /// The first frame.
    pub first: Frame,
}

/// Those who come, one by one.
pub type Arrivals = mpsc::Receiver<Arrival>;

/// Takes connections until shutdown; the arrivals wait for whoever receives them.
pub fn listen(
    listener: TcpListener,
    tls: Arc<PeerTls>,
    bounds: Bounds,
    shutdown: Shutdown,
) -> Arrivals {
    let (out, arrivals) = mpsc::channel(bounds.handshakes);
    tokio::spawn(async move {
        let hall = Hall::new(bounds);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.wait() => return,
            };
            let Ok((stream, address)) = accepted else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            let Some(place) = hall.enter(address.ip()) else { continue };
            let (tls, out) = (Arc::clone(&tls), out.clone());
            tokio::spawn(async move {
                let _ = stream.set_nodelay(true);
                let arrived = receive(stream, &tls, address, Path::Direct).await;
                drop(place);
                match arrived {
                    Ok(arrival) => {
                        let _ = out.send(arrival).await;
                    }
                    Err(error) => tracing::debug!(%error, "somebody was not let in"),
                }
            });
        }
    });
    arrivals
}

/// Takes somebody in who came over a connection: handshake and first frame.
///
/// # Errors
/// It is not trusted, breaks off, or says nothing in time.
pub async fn receive(
    stream: TcpStream,
    tls: &PeerTls,
    address: SocketAddr,
    path: Path,
) -> std::io::Result<Arrival> {
    let greeted = timeout(HELLO_TIMEOUT, greet(stream, tls)).await;
    let (met, first) =
        greeted.map_err(|_elapsed| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    Ok(Arrival { met, address, path, first })
}

async fn greet(stream: TcpStream, tls: &PeerTls) -> std::io::Result<(Met, Frame)> {
    let mut met = Met::new(tls.accept(Carrier::new(stream)).await?)?;
    loop {
        if let Some(frame) = decode(&mut met.pending).map_err(std::io::Error::other)? {
            return Ok((met, frame));
        }
        met.pending.reserve(READ_BYTES);
        if met.stream.read_buf(&mut met.pending).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Counts who is being greeted.
struct Hall {
    places: Arc<Semaphore>,
    sources: Arc<Mutex<HashMap<IpAddr, usize>>>,
    per_source: usize,
}

/// One place; given back when dropped.
struct Place {
    _permit: OwnedSemaphorePermit,
    sources: Arc<Mutex<HashMap<IpAddr, usize>>>,
    source: IpAddr,
}

impl Hall {
    fn new(bounds: Bounds) -> Self {
        Self {
            places: Arc::new(Semaphore::new(bounds.handshakes)),
            sources: Arc::default(),
            per_source: bounds.per_source,
        }
    }

    fn enter(&self, source: IpAddr) -> Option<Place> {
        let permit = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sources.entry(source).or_insert(0);
        if *count >= self.per_source {
            return None;
        }
        *count += 1;
        drop(sources);
        Some(Place { _permit: permit, sources: Arc::clone(&self.sources), source })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sources.get_mut(&self.source) {
            *count -= 1;
            if *count == 0 {
                sources.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_source_does_not_fill_the_hall_and_places_come_back() {
        let hall = Hall::new(Bounds { handshakes: 3, per_source: 2 });
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let (first, second) = (hall.enter(one), hall.enter(one));
        assert!(first.is_some() && second.is_some() && hall.enter(one).is_none());
        let third = hall.enter(other);
        assert!(third.is_some() && hall.enter(other).is_none());
        drop(first);
        assert!(hall.enter(one).is_some());
        drop((second, third));
        assert!(hall.sources.lock().unwrap().is_empty());
    }
}
