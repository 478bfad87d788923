//! Tells peers how they are seen from outside: STUN over TCP (RFC 8489), on two ports, so that a
//! peer learns whether what stands before it maps it alike towards both (RFC 5780 §4.3).
//!
//! Whoever asks is answered where it asks from, over a connection that it opened: nothing is sent
//! to anybody else. Connections have a bound in number, by address, and in time.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use link::rate::{Rate, Source, SourceRate};
use link::shutdown::Shutdown;
use mp2p::message::bound::List;
use mp2p::message::join::MAX_STUN_PORTS;
use mp2p::stun::{self, HEADER_BYTES};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// Connections at a time.
const MAX_CONNECTIONS: usize = 4096;
/// Connections of one address a second, and at once.
const RATE: Rate = Rate { per_second: 20, burst: 200 };
/// A peer keeps a connection while it opens a way from the same port, no longer.
const LIFE: Duration = Duration::from_secs(20);
/// Questions over one connection.
const MAX_QUESTIONS: usize = 8;
/// After a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The ports that peers are told of.
pub type Ports = List<u16, MAX_STUN_PORTS>;

/// Listens at `ip` on each of `ports`, 0: a free one, and answers until shutdown. Must be called
/// inside a runtime.
///
/// # Errors
/// A port is taken.
pub fn serve(ip: IpAddr, ports: &[u16], shutdown: &Shutdown) -> anyhow::Result<Ports> {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let rate = SourceRate::new(Source::Host, RATE, false).map(Arc::new);
    let mut bound = Vec::new();
    for port in ports {
        let at = SocketAddr::new(ip, *port);
        let told = || format!("overlay.stun-ports: cannot listen on {at}");
        let listener = std::net::TcpListener::bind(at).with_context(told)?;
        listener.set_nonblocking(true).with_context(told)?;
        bound.push(listener.local_addr().with_context(told)?.port());
        let listener = TcpListener::from_std(listener).with_context(told)?;
        tokio::spawn(accept(listener, Arc::clone(&places), rate.clone(), shutdown.clone()));
    }
    List::new(bound)
        .map_err(|_| anyhow::anyhow!("overlay.stun-ports has more than {MAX_STUN_PORTS}"))
}

async fn accept(
    listener: TcpListener,
    places: Arc<Semaphore>,
    rate: Option<Arc<SourceRate>>,
    shutdown: Shutdown,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.wait() => return,
        };
        let Ok((stream, from)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        if rate.as_ref().is_some_and(|rate| rate.check(from.ip().to_canonical()).is_err()) {
            continue;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        tokio::spawn(async move {
            let _ = tokio::time::timeout(LIFE, answer(stream, from)).await;
            drop(place);
        });
    }
}

/// Answers one connection until it ends or says something else.
async fn answer(mut stream: TcpStream, from: SocketAddr) -> std::io::Result<()> {
    for _ in 0..MAX_QUESTIONS {
        let mut header = [0; HEADER_BYTES];
        stream.read_exact(&mut header).await?;
        let Some(length) = stun::length(&header) else { return Ok(()) };
        let mut message = header.to_vec();
        message.resize(length, 0);
        stream.read_exact(&mut message[HEADER_BYTES..]).await?;
        let Some(transaction) = stun::asked(&message) else { return Ok(()) };
        stream.write_all(&stun::response(&transaction, from)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn a_peer_is_told_the_port_that_it_comes_from_on_either_port() {
        let ports = serve(HERE, &[0, 0], &Shutdown::new()).unwrap();
        assert_ne!(ports[0], ports[1]);
        for port in ports.iter() {
            let mut stream = TcpStream::connect((HERE, *port)).await.unwrap();
            for name in [[1; 12], [2; 12]] {
                stream.write_all(&stun::request(&name)).await.unwrap();
                let mut answer = [0; 32];
                stream.read_exact(&mut answer).await.unwrap();
                assert_eq!(stun::seen(&answer, &name), stream.local_addr().ok());
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_question_is_not_answered() {
        let ports = serve(HERE, &[0], &Shutdown::new()).unwrap();
        let mut stream = TcpStream::connect((HERE, ports[0])).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        // The end, or a reset for what was not read.
        let _ = stream.read_to_end(&mut answer).await;
        assert_eq!(answer, b"");
    }
}
