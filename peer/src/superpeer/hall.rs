//! The super peer's port: whoever is in its care reports here.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use link::identity::Role;
use link::tls::PeerTls;
use mp2p::care::{Answer, Report};
use mp2p::id::PeerId;
use mp2p::message::bound::Text;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use crate::node::Node;
use crate::revoked::Marks;
use crate::superpeer::desk::{Desk, Waiting};
use crate::words::{hear, say};

/// For the handshake.
const HELLO_TIMEOUT: Duration = Duration::from_secs(10);
/// Somebody who reports less often than the longest interval is gone.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2 * 3600);
/// Answers that wait for one peer.
const MAX_ANSWERS: usize = 16;
/// After a failed accept, such as one for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes reports until shutdown; then those who are there are told to find another.
pub(crate) async fn take(node: Arc<Node>, listener: TcpListener, desk: Arc<Desk>) {
    // Some come before PAMS knows that others have left.
    let capacity = node.settings().super_peer.capacity as usize;
    let places = Arc::new(Semaphore::new(capacity + capacity / 4 + 1));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = node.shutdown.wait() => return,
        };
        let Ok((stream, address)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (node, desk) = (Arc::clone(&node), Arc::clone(&desk));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = converse(&node, &desk, (stream, address)).await {
                tracing::debug!(%error, "a peer in care left");
            }
        });
    }
}

async fn converse(
    node: &Node,
    desk: &Desk,
    (stream, address): (TcpStream, SocketAddr),
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (stream, peer, marks) = welcome(stream, &node.identity.care).await?;
    tracing::debug!(%peer, %address, "a peer in care has come");
    let _here = desk.enter();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (out, mut answers) = mpsc::channel(MAX_ANSWERS);
    let mut buffer = BytesMut::new();
    let mut revoked = pin!(node.revoked.names(&marks));
    loop {
        tokio::select! {
            () = &mut revoked => return Err(io::Error::other("its certificate is good no more")),
            heard = hear::<Report>(&mut reader, &mut buffer) => {
                let Some(report) = heard? else { return Ok(()) };
                if report.report.peer_id != peer || !report.report.is_sensible() {
                    let reason = Text::new("not your own report").unwrap_or_default();
                    return say(&mut writer, &Answer::Refused { reason }).await;
                }
                let from = Some((report.seq, out.clone()));
                desk.put(Waiting { report: *report.report, from }, report.urgent);
            }
            answer = answers.recv() => {
                let Some(answer) = answer else { return Ok(()) };
                say(&mut writer, &answer).await?;
            }
            () = tokio::time::sleep(IDLE_TIMEOUT) => return Ok(()),
            () = node.shutdown.wait() => return say(&mut writer, &Answer::Bye).await,
        }
    }
}

/// The handshake with a peer of the provider; the marks of its certificate.
async fn welcome(
    stream: TcpStream,
    tls: &PeerTls,
) -> io::Result<(tokio_rustls::TlsStream<TcpStream>, PeerId, Marks)> {
    let shaken = timeout(HELLO_TIMEOUT, tls.accept(stream)).await;
    let (stream, identity) =
        shaken.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
    if identity.role != Role::Peer || identity.partner.is_some() {
        return Err(io::Error::other("super peers are for peers"));
    }
    let peer = PeerId::parse(&identity.key).map_err(io::Error::other)?;
    Ok((stream, peer, identity.marks()))
}
