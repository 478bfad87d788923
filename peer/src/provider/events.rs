//! `GET /oms/events`: what the provider says by itself, replayed after a broken connection from
//! the last event that was seen.

use std::collections::VecDeque;

use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use mp2p::message::event::EventAck;
use mp2p::sse::{Endless, Reader, Received};

use crate::provider::{Provider, ProviderError};

/// An open stream of events.
pub struct Events {
    content: Incoming,
    reader: Reader,
    queue: VecDeque<Received>,
}

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// The provider does not answer.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The connection broke.
    #[error("the stream of events broke: {0}")]
    Broken(hyper::Error),
    /// Not what a stream of events looks like.
    #[error(transparent)]
    Endless(#[from] Endless),
}

impl Events {
    /// Opens the stream after event number `after`.
    ///
    /// # Errors
    /// The provider refuses or is away.
    pub async fn open(provider: &Provider, after: Option<u64>) -> Result<Self, EventError> {
        let path = match after {
            Some(seq) => format!("/oms/events?after={seq}"),
            None => "/oms/events".to_owned(),
        };
        let content = provider.stream(&path, "text/event-stream").await?;
        Ok(Self { content, reader: Reader::default(), queue: VecDeque::new() })
    }

    /// The next event; `None` where the provider ended the stream.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<Received>, EventError> {
        loop {
            if let Some(event) = self.queue.pop_front() {
                return Ok(Some(event));
            }
            let Some(frame) = self.content.frame().await else { return Ok(None) };
            if let Ok(data) = frame.map_err(EventError::Broken)?.into_data() {
                self.queue.extend(self.reader.push(&data)?);
            }
        }
    }
}

impl Provider {
    /// Says that all events up to `seq` have arrived.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn acknowledge(&self, seq: u64) -> Result<(), ProviderError> {
        self.tell(Method::POST, "/oms/events/ack", Some(&EventAck { seq })).await
    }
}
