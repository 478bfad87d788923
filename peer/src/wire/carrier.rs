//! The TCP connection below a link: read in large steps, so that few calls of the system carry many
//! records of TLS, and no faster than the limits let it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::wire::Pace;

/// Bytes read at a time: at first, …
const FIRST_BYTES: usize = 16 << 10;
/// … and at most, on a connection that has always more.
const MAX_BYTES: usize = 128 << 10;
/// Bytes that the system holds besides those that are on their way: what is said later waits for
/// them, on a slow link for seconds where it holds as much as it would by itself.
const UNSENT_BYTES: u32 = 32 << 10;

/// A TCP connection, and what was read of it ahead.
#[derive(Debug)]
pub(crate) struct Carrier {
    stream: TcpStream,
    ahead: Box<[u8]>,
    /// What of it is to be taken: from here, to there.
    held: (usize, usize),
    /// Before the link stands nothing limits it: a handshake is short.
    pace: Option<Pace>,
}

impl Carrier {
    pub(crate) fn new(stream: TcpStream) -> Self {
        // Where the system cannot, what is said comes later, and that is all.
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES);
        Self { stream, ahead: Box::default(), held: (0, 0), pace: None }
    }

    /// From now on it is read at this pace.
    pub(crate) fn limit(&mut self, pace: Pace) {
        self.pace = Some(pace);
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held.1 == self.ahead.len() && self.ahead.len() < MAX_BYTES {
            // What came last filled it: there is more.
            let larger = (self.ahead.len() * 2).clamp(FIRST_BYTES, MAX_BYTES);
            self.ahead = vec![0; larger].into_boxed_slice();
        }
        let most = match &mut self.pace {
            Some(pace) => ready!(pace.poll_take(self.ahead.len(), context)),
            None => self.ahead.len(),
        };
        let mut buffer = ReadBuf::new(&mut self.ahead[..most]);
        let read = Pin::new(&mut self.stream).poll_read(context, &mut buffer);
        let came = buffer.filled().len();
        if let Some(pace) = &mut self.pace {
            pace.give_back(most - came);
        }
        ready!(read)?;
        self.held = (0, came);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Carrier {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.held.0 == this.held.1 {
            ready!(this.poll_fill(context))?;
        }
        let held = &this.ahead[this.held.0..this.held.1];
        let taken = held.len().min(out.remaining());
        out.put_slice(&held[..taken]);
        this.held.0 += taken;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
