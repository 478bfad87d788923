//! Takes a whole request or response body in, within a size and a time.

use std::pin::{Pin, pin};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;

use crate::body::BoxError;

/// Why a body was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is, or says that it will be, larger than allowed (413).
    #[error("the body is larger than {max_bytes} bytes")]
    TooLarge {
        /// The bound that was passed.
        max_bytes: usize,
    },
    /// It did not arrive in time (408); the deadline is for the whole body, not for a piece.
    #[error("the body did not arrive within {} ms", .deadline.as_millis())]
    TooSlow {
        /// The time that was given.
        deadline: Duration,
    },
    /// The connection broke or the framing is wrong.
    #[error("the body broke off: {0}")]
    Broken(#[source] BoxError),
}

/// Reads `body` to its end; trailers are passed over.
///
/// A `Content-Length` above `max_bytes` is refused before a byte is read.
///
/// # Errors
/// [`ReadError`], one variant each for size, time and transport.
pub async fn read<B>(body: B, max_bytes: usize, deadline: Duration) -> Result<Bytes, ReadError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(ReadError::TooLarge { max_bytes });
    }
    let body = pin!(body);
    match tokio::time::timeout(deadline, collect(body, max_bytes)).await {
        Ok(outcome) => outcome,
        Err(_elapsed) => Err(ReadError::TooSlow { deadline }),
    }
}

async fn collect<B>(mut body: Pin<&mut B>, max_bytes: usize) -> Result<Bytes, ReadError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(piece) = next_piece(body.as_mut()).await? {
        if first.len() + rest.len() + piece.len() > max_bytes {
            return Err(ReadError::TooLarge { max_bytes });
        }
        if first.is_empty() {
            first = piece;
        } else {
            rest.extend_from_slice(&piece);
        }
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(first.len() + rest.len());
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

/// The next piece of data, empty for a frame of trailers.
async fn next_piece<B>(mut body: Pin<&mut B>) -> Result<Option<Bytes>, ReadError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    match std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(error)) => Err(ReadError::Broken(error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{channel, full};

    const AMPLE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn pieces_come_out_as_one() {
        let (sender, body) = channel(3);
        for piece in ["one ", "two ", "three"] {
            sender.send(Ok(Bytes::from(piece))).await.unwrap();
        }
        drop(sender);
        assert_eq!(read(body, 13, AMPLE).await.unwrap(), "one two three");
    }

    #[tokio::test]
    async fn a_byte_too_many_is_refused_announced_or_not() {
        let announced = read(full("12345"), 4, AMPLE).await;
        assert!(matches!(announced, Err(ReadError::TooLarge { max_bytes: 4 })));
        let (sender, body) = channel(2);
        sender.send(Ok(Bytes::from("123"))).await.unwrap();
        sender.send(Ok(Bytes::from("45"))).await.unwrap();
        assert!(matches!(read(body, 4, AMPLE).await, Err(ReadError::TooLarge { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn dripping_does_not_move_the_deadline() {
        let (_sender, body) = channel(1);
        let read = read(body, 4, Duration::from_secs(15)).await;
        assert!(matches!(read, Err(ReadError::TooSlow { .. })));
    }

    #[tokio::test]
    async fn a_broken_body_is_no_body() {
        let (sender, body) = channel(1);
        sender.send(Err("gone".into())).await.unwrap();
        assert!(matches!(read(body, 4, AMPLE).await, Err(ReadError::Broken(_))));
    }
}
