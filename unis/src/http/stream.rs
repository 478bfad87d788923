//! Bodies made while they are sent: one piece in memory at a time.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use link::body::BoxError;

use crate::maps::rendered::{Coding, Effort, Encoder};
use crate::resource::chunks::Chunks;

/// A body over [`Chunks`], coded on the fly.
pub struct ChunkBody {
    chunks: Option<Box<dyn Chunks>>,
    encoder: Encoder,
    /// Made before the rest, not coded yet.
    first: Vec<u8>,
    /// Coded so far, bytes.
    bytes: u64,
    /// Told the whole length at the end.
    at_end: Option<AtEnd>,
}

type AtEnd = Box<dyn FnOnce(u64) + Send>;

impl ChunkBody {
    /// The pieces of `chunks`, coded.
    #[must_use]
    pub fn new(chunks: Box<dyn Chunks>, coding: Coding) -> Self {
        Self {
            chunks: Some(chunks),
            encoder: Encoder::new(coding, Effort::OnTheFly),
            first: Vec::new(),
            bytes: 0,
            at_end: None,
        }
    }

    /// Tells `at_end` how many bytes there were, once the last one is made.
    #[must_use]
    pub fn measured(self, at_end: impl FnOnce(u64) + Send + 'static) -> Self {
        Self { at_end: Some(Box::new(at_end)), ..self }
    }

    /// The same, after a first piece that is made already.
    #[must_use]
    pub fn resume(first: Vec<u8>, rest: Box<dyn Chunks>, coding: Coding) -> Self {
        Self { first, ..Self::new(rest, coding) }
    }
}

impl http_body::Body for ChunkBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let body = &mut *self;
        let Some(chunks) = &mut body.chunks else { return Poll::Ready(None) };
        let mut plain = std::mem::take(&mut body.first);
        let more = chunks.next(&mut plain);
        let mut coded = Vec::new();
        body.encoder.push(&plain, &mut coded);
        if !more {
            body.chunks = None;
            body.encoder.finish(&mut coded);
        }
        body.bytes += coded.len() as u64;
        if let Some(at_end) = body.at_end.take_if(|_| !more) {
            at_end(body.bytes);
        }
        if coded.is_empty() && more {
            // A stretch that gave nothing to send: let others have their turn before the next.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(coded)))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_none()
    }
}
