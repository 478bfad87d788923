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
    first: Option<Bytes>,
}

impl ChunkBody {
    /// The pieces of `chunks`, coded.
    #[must_use]
    pub fn new(chunks: Box<dyn Chunks>, coding: Coding) -> Self {
        Self { chunks: Some(chunks), encoder: Encoder::new(coding, Effort::OnTheFly), first: None }
    }

    /// As they are, after a first piece that is made already.
    #[must_use]
    pub fn resume(first: Vec<u8>, rest: Box<dyn Chunks>) -> Self {
        Self { first: Some(Bytes::from(first)), ..Self::new(rest, Coding::Identity) }
    }
}

impl http_body::Body for ChunkBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        let body = &mut *self;
        let mut coded = Vec::new();
        while let Some(chunks) = &mut body.chunks {
            let mut plain = Vec::new();
            let more = chunks.next(&mut plain);
            body.encoder.push(&plain, &mut coded);
            if !more {
                body.chunks = None;
                body.encoder.finish(&mut coded);
            }
            if !coded.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(coded)))));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.chunks.is_none()
    }
}
