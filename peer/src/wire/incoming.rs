//! What comes on a connection: read in large steps, so that few calls of the system carry many
//! records, no faster than the limits let it, and opened straight to where it is used.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::OwnedReadHalf;

use crate::wire::Pace;
use crate::wire::records::{MAX_RECORD_BYTES, Opened, Opener, length};

/// Bytes read at a time: at first, …
const FIRST_BYTES: usize = 32 << 10;
/// … and at most, on a connection that has always more.
const MAX_BYTES: usize = 256 << 10;

/// The half of a connection that is read.
pub(crate) struct Incoming {
    stream: OwnedReadHalf,
    opener: Opener,
    /// Before the link stands nothing limits it.
    pace: Option<Pace>,
    sealed: Vec<u8>,
    /// What of it is to be opened: from here, to there.
    held: (usize, usize),
    /// The other end has said that nothing comes any more.
    closed: bool,
}

impl Incoming {
    /// Of a connection of which this much has been read already.
    pub(crate) fn new(stream: OwnedReadHalf, opener: Opener, begun: Vec<u8>, closed: bool) -> Self {
        let held = (0, begun.len());
        Self { stream, opener, pace: None, sealed: begun, held, closed }
    }

    /// From now on it is read at this pace.
    pub(crate) fn limit(&mut self, pace: Pace) {
        self.pace = Some(pace);
    }

    /// Appends what comes next to `out`, where there is room for a record of TLS: how many bytes;
    /// 0 at the end. Nothing is lost when it is dropped.
    ///
    /// # Errors
    /// The connection breaks, or somebody has tampered with it.
    pub(crate) async fn read(&mut self, out: &mut BytesMut) -> io::Result<usize> {
        poll_fn(|context| self.poll_read(out, context)).await
    }

    fn poll_read(
        &mut self,
        out: &mut BytesMut,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let before = out.len();
        loop {
            while !self.closed
                && (out.len() == before || out.capacity() - out.len() >= MAX_RECORD_BYTES)
            {
                let begun = &self.sealed[self.held.0..self.held.1];
                let whole = length(begun).map_err(broken)?.filter(|length| *length <= begun.len());
                let Some(whole) = whole else { break };
                let opened = self.opener.open(&begun[..whole], out).map_err(broken)?;
                self.held.0 += whole;
                self.closed = opened == Opened::Closed;
            }
            let came = out.len() - before;
            if came > 0 || self.closed {
                return Poll::Ready(Ok(came));
            }
            ready!(self.poll_fill(context))?;
        }
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_full = self.held.1 == self.sealed.len();
        self.sealed.copy_within(self.held.0..self.held.1, 0);
        self.held = (0, self.held.1 - self.held.0);
        if is_full && self.sealed.len() < MAX_BYTES {
            // What came last filled it: there is more.
            self.sealed.resize((self.sealed.len() * 2).clamp(FIRST_BYTES, MAX_BYTES), 0);
        }
        let room = self.sealed.len() - self.held.1;
        let most = match &mut self.pace {
            Some(pace) => ready!(pace.poll_take(room, context)),
            None => room,
        };
        let mut buffer = ReadBuf::new(&mut self.sealed[self.held.1..][..most]);
        let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
        let came = buffer.filled().len();
        if let Some(pace) = &mut self.pace {
            pace.give_back(most - came);
        }
        ready!(read)?;
        self.held.1 += came;
        match came {
            // Without a word: somebody may have cut it off.
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            _ => Poll::Ready(Ok(())),
        }
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
