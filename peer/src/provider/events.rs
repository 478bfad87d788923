//! `GET /oms/events`: what the provider says by itself (server-sent events), replayed after a
//! broken connection from the last one that was seen.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

use crate::provider::{Provider, ProviderError};

/// A line may be this long: a signed stop is short.
const MAX_LINE_BYTES: usize = 64 << 10;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its number, for replay and acknowledgement.
    pub seq: Option<u64>,
    /// Its kind: `stop`, `reorganised`, …
    pub kind: String,
    /// What it says.
    pub data: Value,
}

/// An open stream of events.
pub struct Events {
    content: Incoming,
    reader: Reader,
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
    #[error("the provider sends events that cannot be read: {0}")]
    Malformed(&'static str),
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
        Ok(Self { content, reader: Reader::default() })
    }

    /// The next event; `None` where the provider ended the stream.
    ///
    /// # Errors
    /// The connection broke.
    pub async fn next(&mut self) -> Result<Option<Event>, EventError> {
        loop {
            if let Some(event) = self.reader.event()? {
                return Ok(Some(event));
            }
            let Some(frame) = self.content.frame().await else { return Ok(None) };
            if let Ok(data) = frame.map_err(EventError::Broken)?.into_data() {
                self.reader.take(&data);
            }
        }
    }
}

/// Takes a stream of events apart (WHATWG HTML §9.2.6).
#[derive(Debug, Default)]
struct Reader {
    pending: Vec<u8>,
    seq: Option<u64>,
    kind: String,
    data: String,
}

impl Reader {
    fn take(&mut self, bytes: &Bytes) {
        self.pending.extend_from_slice(bytes);
    }

    /// The next event that is whole.
    fn event(&mut self) -> Result<Option<Event>, EventError> {
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let line = std::str::from_utf8(&line).map_err(|_| EventError::Malformed("no UTF-8"))?;
            let line = line.trim_end_matches(['\r', '\n']);
            if line.is_empty() {
                if let Some(event) = self.finish()? {
                    return Ok(Some(event));
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => self.seq = value.parse().ok(),
                "event" => value.clone_into(&mut self.kind),
                "data" => self.data.push_str(value),
                // Comments, which keep the connection alive, and what is not known.
                _ => {}
            }
        }
        match self.pending.len() + self.data.len() > MAX_LINE_BYTES {
            true => Err(EventError::Malformed("a line without end")),
            false => Ok(None),
        }
    }

    fn finish(&mut self) -> Result<Option<Event>, EventError> {
        let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        if data.is_empty() {
            return Ok(None);
        }
        let data = serde_json::from_str(&data).map_err(|_| EventError::Malformed("no JSON"))?;
        Ok(Some(Event { seq: self.seq, kind, data }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_come_whole_however_they_are_cut() {
        let text =
            ": hello\n\nid: 7\nevent: stop\ndata: {\"stop\":\"x\"}\n\nid: 8\r\ndata: 1\r\n\r\n";
        let mut reader = Reader::default();
        let mut seen = Vec::new();
        for byte in text.bytes() {
            reader.take(&Bytes::copy_from_slice(&[byte]));
            seen.extend(reader.event().unwrap());
        }
        let stop = Event { seq: Some(7), kind: "stop".into(), data: json!({"stop": "x"}) };
        let other = Event { seq: Some(8), kind: String::new(), data: json!(1) };
        assert_eq!(seen, [stop, other]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut reader = Reader::default();
        reader.take(&Bytes::from(vec![b'x'; MAX_LINE_BYTES + 1]));
        assert!(reader.event().is_err());
    }
}
