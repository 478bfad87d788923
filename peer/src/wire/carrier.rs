//! The TCP connection below a handshake: TLS is given one whole record at a time, so that nothing
//! of what comes behind the handshake is left in it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::wire::records::{HEADER_BYTES, MAX_RECORD_BYTES};

/// A TCP connection, and what was read of it ahead.
#[derive(Debug)]
pub(crate) struct Carrier {
    stream: TcpStream,
    ahead: Box<[u8]>,
    /// What of it is still to be given: from here, …
    from: usize,
    /// … to the end of a whole record, …
    whole: usize,
    /// … and what has come behind that.
    to: usize,
}

impl Carrier {
    pub(crate) fn new(stream: TcpStream) -> Self {
        let ahead = vec![0; MAX_RECORD_BYTES].into_boxed_slice();
        Self { stream, ahead, from: 0, whole: 0, to: 0 }
    }

    /// The connection, and what has come of the next records.
    pub(crate) fn into_parts(self) -> (TcpStream, Vec<u8>) {
        (self.stream, self.ahead[self.from..self.to].to_vec())
    }

    /// Reads until the next record is whole, or there is no more.
    fn poll_record(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            let begun = &self.ahead[self.from..self.to];
            let length = begun.first_chunk::<HEADER_BYTES>().map(|&[_, _, _, high, low]| {
                HEADER_BYTES + usize::from(u16::from_be_bytes([high, low]))
            });
            if let Some(length) = length
                && (length <= begun.len() || length > MAX_RECORD_BYTES)
            {
                // What is no record is for TLS to refuse.
                self.whole = self.from + length.min(begun.len());
                return Poll::Ready(Ok(()));
            }
            self.ahead.copy_within(self.from..self.to, 0);
            (self.from, self.whole, self.to) = (0, 0, self.to - self.from);
            let mut buffer = ReadBuf::new(&mut self.ahead[self.to..]);
            ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer))?;
            let came = buffer.filled().len();
            self.to += came;
            if came == 0 {
                self.whole = self.to;
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl AsyncRead for Carrier {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.from == this.whole {
            ready!(this.poll_record(context))?;
        }
        let held = &this.ahead[this.from..this.whole];
        let taken = held.len().min(out.remaining());
        out.put_slice(&held[..taken]);
        this.from += taken;
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
