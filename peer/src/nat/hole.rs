//! A port of ours that the outside has seen, and a connection from it that meets another.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use mp2p::stun::{self, HEADER_BYTES, Transaction};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

/// For the connection to the server that tells how we are seen, and for its answer.
const STUN_TIMEOUT: Duration = Duration::from_secs(3);
/// Both have to meet within this time, …
const PUNCH_TIME: Duration = Duration::from_secs(4);
/// … in tries of this length, …
const TRY_TIME: Duration = Duration::from_millis(1500);
/// … with pauses of so many milliseconds in between, each of another length, so that two who
/// refused each other do not go on in step, …
const PAUSE_MS: (u64, u64) = (30, 150);
/// … and no more than so many.
const MAX_TRIES: usize = 24;

/// A local port that a server has seen from outside. The connection to that server is kept: with it
/// the mapping stays as long as the port is needed.
#[derive(Debug)]
pub struct Hole {
    local: SocketAddr,
    /// As the server sees it.
    pub seen: SocketAddr,
    _kept: TcpStream,
}

impl Hole {
    /// Opens one, from `source` where it is given, and asks `server` how it is seen.
    ///
    /// # Errors
    /// The server does not answer in time.
    pub async fn open(source: Option<IpAddr>, server: SocketAddr) -> io::Result<Self> {
        let any: IpAddr = match server.is_ipv4() {
            true => Ipv4Addr::UNSPECIFIED.into(),
            false => Ipv6Addr::UNSPECIFIED.into(),
        };
        let source = source.filter(|source| source.is_ipv4() == server.is_ipv4()).unwrap_or(any);
        let (seen, kept) = ask_from(SocketAddr::new(source, 0), server).await?;
        Ok(Self { local: kept.local_addr()?, seen, _kept: kept })
    }

    /// How another server sees the same port.
    ///
    /// # Errors
    /// It does not answer in time.
    pub async fn seen_by(&self, server: SocketAddr) -> io::Result<SocketAddr> {
        Ok(ask_from(self.local, server).await?.0)
    }

    /// Whether the outside sees it as it is.
    #[must_use]
    pub fn is_untranslated(&self) -> bool {
        self.local == self.seen
    }

    /// Connects to `to`, which does the same at the same moment from the port that it told.
    ///
    /// # Errors
    /// The two did not meet in time.
    pub async fn meet(&self, to: SocketAddr) -> io::Result<TcpStream> {
        let until = Instant::now() + PUNCH_TIME;
        for _ in 0..MAX_TRIES {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let socket = reusable(self.local)?;
            if let Ok(Ok(stream)) = timeout(TRY_TIME.min(left), socket.connect(to)).await {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            let pause = Duration::from_millis(fastrand::u64(PAUSE_MS.0..PAUSE_MS.1));
            tokio::time::sleep(pause.min(left)).await;
        }
        Err(io::ErrorKind::TimedOut.into())
    }
}

async fn ask_from(local: SocketAddr, server: SocketAddr) -> io::Result<(SocketAddr, TcpStream)> {
    let asked = timeout(STUN_TIMEOUT, async {
        let mut stream = reusable(local)?.connect(server).await?;
        let mut transaction: Transaction = [0; stun::TRANSACTION_BYTES];
        aws_lc_rs::rand::fill(&mut transaction).map_err(io::Error::other)?;
        stream.write_all(&stun::request(&transaction)).await?;
        let mut header = [0; HEADER_BYTES];
        stream.read_exact(&mut header).await?;
        let nonsense = || io::Error::other("what answers speaks no STUN");
        let mut answer = header.to_vec();
        answer.resize(stun::length(&header).ok_or_else(nonsense)?, 0);
        stream.read_exact(&mut answer[HEADER_BYTES..]).await?;
        let seen = stun::seen(&answer, &transaction).ok_or_else(nonsense)?;
        Ok((seen, stream))
    });
    asked.await.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))?
}

/// A socket at `local` beside others at the same.
fn reusable(local: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if local.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(local)?;
    Ok(socket)
}
