//! Messages on a connection: a length, then JSON.

use std::io;

use bytes::BytesMut;
use mp2p::care::{decode, encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The next message; `None` at the end. Loses nothing when it is dropped.
pub(crate) async fn hear<T: DeserializeOwned>(
    reader: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> io::Result<Option<T>> {
    loop {
        if let Some(heard) = decode(buffer).map_err(io::Error::other)? {
            return Ok(Some(heard));
        }
        if reader.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
}

pub(crate) async fn say(
    writer: &mut (impl AsyncWrite + Unpin),
    said: &impl Serialize,
) -> io::Result<()> {
    let mut out = BytesMut::new();
    encode(said, &mut out).map_err(io::Error::other)?;
    writer.write_all(&out).await?;
    writer.flush().await
}
