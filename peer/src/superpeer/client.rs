//! A peer's way of telling its status: by a super peer where PAMS has one for it, else itself.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use http::Method;
use mp2p::care::{Answer, Report};
use mp2p::id::PeerId;
use mp2p::message::activity::{CareGrant, CareWish, MAX_NOT};
use mp2p::message::bound::List;
use mp2p::message::status::{PeerReport, StatusReport};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsStream;

use crate::node::Node;
use crate::provider::ProviderError;
use crate::wire::connect;
use crate::words::{hear, say};

/// For connection and handshake.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// A report has to be with PAMS after so long; a super peer that is slower is left.
const TAKEN_TIMEOUT: Duration = Duration::from_secs(10);
/// Super peers tried for one report.
const MAX_TRIES: usize = 3;
/// PAMS is asked again for a super peer after it had none.
const ASK_AGAIN: Duration = Duration::from_secs(120);
/// One that failed is not taken again for so long.
const REST: Duration = Duration::from_secs(300);

/// The way of this peer's reports.
#[derive(Default)]
pub(crate) struct Way {
    link: Option<CareLink>,
    /// Those that failed, and until when they rest.
    not: Vec<(PeerId, Instant)>,
    /// No super peer is asked for before.
    ask_at: Option<Instant>,
}

/// A connection with a super peer.
struct CareLink {
    super_peer: PeerId,
    reader: ReadHalf<TlsStream<TcpStream>>,
    writer: WriteHalf<TlsStream<TcpStream>>,
    buffer: BytesMut,
    seq: u64,
}

impl Way {
    /// Brings a report to PAMS; `urgent`: PAMS waits for it.
    ///
    /// # Errors
    /// No super peer took it, and PAMS does not answer.
    pub(crate) async fn tell(
        &mut self,
        node: &Node,
        report: PeerReport,
        urgent: bool,
    ) -> Result<(), ProviderError> {
        if node.settings().super_peer.report_through {
            for _ in 0..MAX_TRIES {
                if self.link.is_none() {
                    self.link = self.find(node).await;
                }
                let Some(link) = &mut self.link else { break };
                match timeout(TAKEN_TIMEOUT, link.report(&report, urgent)).await {
                    Ok(Ok(())) => return Ok(()),
                    Ok(Err(error)) => self.leave(&error.to_string()),
                    Err(_elapsed) => self.leave("it is slow"),
                }
            }
        }
        let body = StatusReport { reports: List::new(vec![report]).unwrap_or_default() };
        node.provider.tell(Method::POST, "/pams/status", Some(&body)).await
    }

    /// Until the super peer is gone; for ever where there is none. Loses nothing when it is
    /// dropped.
    pub(crate) async fn lost(&mut self) {
        let Some(link) = &mut self.link else { return std::future::pending().await };
        let why = link.ended().await;
        self.leave(&why);
    }

    fn leave(&mut self, why: &str) {
        let Some(link) = self.link.take() else { return };
        tracing::info!(super_peer = %link.super_peer, why, "another super peer is looked for");
        if self.not.len() >= MAX_NOT {
            self.not.remove(0);
        }
        self.not.push((link.super_peer, Instant::now() + REST));
        self.ask_at = None;
    }

    /// A super peer that PAMS chooses and that answers.
    async fn find(&mut self, node: &Node) -> Option<CareLink> {
        let now = Instant::now();
        if self.ask_at.is_some_and(|at| now < at) {
            return None;
        }
        self.not.retain(|(_, until)| *until > now);
        let not = self.not.iter().map(|(peer, _)| peer.clone()).collect();
        let wish = CareWish { not: List::new(not).unwrap_or_default() };
        let granted: Result<CareGrant, _> =
            node.provider.ask(Method::PUT, "/pams/super", Some(&wish)).await;
        let grant = match granted {
            Ok(grant) => grant,
            Err(error) => {
                tracing::debug!(%error, "no super peer");
                self.ask_at = Some(now + ASK_AGAIN);
                return None;
            }
        };
        match timeout(OPEN_TIMEOUT, CareLink::open(node, &grant)).await {
            Ok(Ok(link)) => Some(link),
            failed => {
                let why = failed.map_or_else(|_| "too slow".to_owned(), |failed| told(&failed));
                tracing::info!(super_peer = %grant.super_peer, why, "a super peer is not met");
                self.not.truncate(MAX_NOT - 1);
                self.not.push((grant.super_peer, now + REST));
                None
            }
        }
    }
}

fn told(opened: &io::Result<CareLink>) -> String {
    opened.as_ref().err().map_or_else(String::new, ToString::to_string)
}

impl CareLink {
    async fn open(node: &Node, grant: &CareGrant) -> io::Result<Self> {
        let address = SocketAddr::new(grant.peer_addr.ip_address, grant.peer_addr.port);
        let stream = connect(address, node.settings().source_address).await?;
        stream.set_nodelay(true)?;
        let (stream, identity) = node.identity.care.dial(stream).await?;
        if identity.key != grant.super_peer.to_string() {
            return Err(io::Error::other("another peer answers"));
        }
        let (reader, writer) = tokio::io::split(stream);
        let super_peer = grant.super_peer.clone();
        Ok(Self { super_peer, reader, writer, buffer: BytesMut::new(), seq: 0 })
    }

    /// Until PAMS has the report.
    async fn report(&mut self, report: &PeerReport, urgent: bool) -> io::Result<()> {
        self.seq += 1;
        let report = Report { seq: self.seq, urgent, report: Box::new(report.clone()) };
        say(&mut self.writer, &report).await?;
        loop {
            match hear(&mut self.reader, &mut self.buffer).await? {
                Some(Answer::Taken { seq }) if seq >= self.seq => return Ok(()),
                Some(Answer::Taken { .. }) => {}
                Some(Answer::Refused { reason }) => return Err(io::Error::other(&*reason)),
                Some(Answer::Bye) => return Err(io::Error::other("it ends")),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    /// Until it ends; why.
    async fn ended(&mut self) -> String {
        loop {
            match hear(&mut self.reader, &mut self.buffer).await {
                // Of a report that was given up.
                Ok(Some(Answer::Taken { .. })) => {}
                Ok(Some(Answer::Refused { reason })) => return reason.to_string(),
                Ok(Some(Answer::Bye)) => return "it ends".to_owned(),
                Ok(None) => return "it is gone".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
    }
}
