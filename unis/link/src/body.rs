//! Bodies: a small answer costs no allocation, a large one streams, a request's is bounded.

mod pass;
mod read;

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc;

pub use crate::body::pass::let_pass;
pub use crate::body::read::{ReadError, read};

/// Any error that may end a streamed body.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// A body of one piece goes out in pieces of this size, so that it is known whether the client
/// takes it and little of it lies in send buffers.
const PIECE_BYTES: usize = 64 << 10;

type BoxStream = Pin<Box<dyn HttpBody<Data = Bytes, Error = BoxError> + Send>>;

/// A response body.
pub struct Body {
    kind: Kind,
    /// Of the bytes handed to the connection.
    counter: Option<Counter>,
}

enum Kind {
    Empty,
    Full(Bytes),
    Channel(mpsc::Receiver<Result<Bytes, BoxError>>),
    Stream(BoxStream),
}

/// A body without content.
pub fn empty() -> Body {
    Body::of(Kind::Empty)
}

/// A body of one piece.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    let bytes = bytes.into();
    Body::of(if bytes.is_empty() { Kind::Empty } else { Kind::Full(bytes) })
}

/// A body that another [`http_body::Body`] delivers.
pub fn stream<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes, Error = BoxError> + Send + 'static,
{
    Body::of(Kind::Stream(Box::pin(body)))
}

/// A body fed from elsewhere, with room for `pieces` before the sender has to wait.
///
/// The body ends when the sender is dropped; an `Err` sent cuts the connection, so that a client
/// cannot take a part for the whole. Sending fails once the client is gone.
pub fn channel(pieces: usize) -> (mpsc::Sender<Result<Bytes, BoxError>>, Body) {
    let (sender, receiver) = mpsc::channel(pieces.max(1));
    (sender, Body::of(Kind::Channel(receiver)))
}

impl Body {
    const fn of(kind: Kind) -> Self {
        Self { kind, counter: None }
    }

    /// Adds each byte that the connection takes to `counter`, streamed ones as well.
    #[must_use]
    pub fn counted(self, counter: Counter) -> Self {
        Self { counter: Some(counter), ..self }
    }
}

impl Default for Body {
    fn default() -> Self {
        empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Empty => f.write_str("Body(empty)"),
            Kind::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Kind::Channel(_) | Kind::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let Self { kind, counter } = self.get_mut();
        let polled = kind.poll_frame(context);
        if let (Some(counter), Poll::Ready(Some(Ok(frame)))) = (counter, &polled) {
            counter.inc_by(frame.data_ref().map_or(0, |piece| piece.len() as u64));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Empty => true,
            Kind::Full(_) | Kind::Channel(_) => false,
            Kind::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Empty => SizeHint::with_exact(0),
            Kind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Kind::Channel(_) => SizeHint::default(),
            Kind::Stream(stream) => stream.size_hint(),
        }
    }
}

impl Kind {
    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self {
            Kind::Empty => Poll::Ready(None),
            Kind::Full(bytes) => {
                let piece = bytes.split_to(bytes.len().min(PIECE_BYTES));
                if bytes.is_empty() {
                    *self = Kind::Empty;
                }
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Kind::Channel(receiver) => {
                receiver.poll_recv(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
            Kind::Stream(stream) => stream.as_mut().poll_frame(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_large_body_goes_out_in_pieces_and_says_what_is_left() {
        let mut body = full(vec![7; 150_000]);
        for (piece, left) in [(65_536, 84_464), (65_536, 18_928), (18_928, 0)] {
            let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
            assert_eq!(frame.await.unwrap().unwrap().into_data().unwrap().len(), piece);
            assert_eq!(body.size_hint().exact(), Some(left));
        }
        assert!(body.is_end_stream());
    }

    #[tokio::test]
    async fn a_counter_sees_the_bytes_taken_and_no_others() {
        let counter = Counter::default();
        let mut body = full(vec![7; 150_000]).counted(counter.clone());
        assert_eq!(counter.get(), 0);
        let frame = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        frame.await.unwrap().unwrap();
        drop(body);
        assert_eq!(counter.get(), 65_536);
        let mut body = stream(full("abc").counted(counter.clone()));
        while std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context))
            .await
            .is_some()
        {}
        assert_eq!(counter.get(), 65_539);
    }
}
