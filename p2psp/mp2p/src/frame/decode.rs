//! Bytes to frames.

use bytes::{Buf, Bytes, BytesMut};
use serde::de::DeserializeOwned;

use crate::frame::kind::{DATA_FIELDS, FrameKind, HEADER_BYTES};
use crate::frame::update::MapUpdate;
use crate::frame::{Busy, Data, Frame, FrameError, Get, MAX_DELIVERY_BYTES, MAX_SLICE_BYTES};

/// Takes the first frame out of `buffer`; `None`: more bytes are needed, and nothing was taken.
/// Room for the rest of a frame that has begun is reserved.
///
/// # Errors
/// [`FrameError`]: the link is to be closed.
pub fn decode(buffer: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
    let Some(header) = buffer.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let [length @ .., code] = *header;
    let length = u32::from_be_bytes(length) as usize;
    let kind = FrameKind::of_code(code)?;
    let body = length.checked_sub(1).ok_or(FrameError::Empty)?;
    if body > kind.max_body() {
        return Err(FrameError::TooLong { kind: kind.name(), got: body, max: kind.max_body() });
    }
    let whole = HEADER_BYTES + body;
    if buffer.len() < whole {
        buffer.reserve(whole - buffer.len());
        return Ok(None);
    }
    let mut frame = buffer.split_to(whole).freeze();
    frame.advance(HEADER_BYTES);
    read(kind, frame).map(Some)
}

fn read(kind: FrameKind, mut body: Bytes) -> Result<Frame, FrameError> {
    let malformed = |why| FrameError::Body { kind: kind.name(), why };
    Ok(match kind {
        FrameKind::Hello => Frame::Hello(json(kind, &body)?),
        FrameKind::Pello => Frame::Pello(json(kind, &body)?),
        FrameKind::Refresh => Frame::Refresh(json(kind, &body)?),
        FrameKind::Bye => Frame::Bye(json(kind, &body)?),
        FrameKind::Pex => Frame::Pex(json(kind, &body)?),
        FrameKind::Buffermap => Frame::Buffermap(MapUpdate::decode(&body)?),
        FrameKind::Data => Frame::Data(data(body)?),
        FrameKind::Stop => Frame::Stop(text(kind, &body)?),
        FrameKind::Receipt => Frame::Receipt(text(kind, &body)?),
        FrameKind::Get | FrameKind::Busy if body.len() != 8 => {
            return Err(malformed("8 bytes are needed"));
        }
        FrameKind::Cancel if body.len() != 4 => return Err(malformed("4 bytes are needed")),
        FrameKind::Get => Frame::Get(Get { fragment: body.get_u32(), offset: body.get_u32() }),
        FrameKind::Busy => Frame::Busy(Busy { fragment: body.get_u32(), retry_ms: body.get_u32() }),
        FrameKind::Cancel => Frame::Cancel { fragment: body.get_u32() },
    })
}

fn json<T: DeserializeOwned>(kind: FrameKind, body: &[u8]) -> Result<T, FrameError> {
    serde_json::from_slice(body).map_err(|error| FrameError::Json { kind: kind.name(), error })
}

fn text(kind: FrameKind, body: &[u8]) -> Result<Box<str>, FrameError> {
    match std::str::from_utf8(body) {
        Ok(text) if !text.is_empty() => Ok(text.into()),
        _ => Err(FrameError::Body { kind: kind.name(), why: "it is no text" }),
    }
}

fn data(mut body: Bytes) -> Result<Data, FrameError> {
    let malformed = |why| FrameError::Body { kind: FrameKind::Data.name(), why };
    if body.len() < DATA_FIELDS {
        return Err(malformed("it ends in its fields"));
    }
    let (fragment, offset) = (body.get_u32(), body.get_u32());
    let statement = usize::from(body.get_u16());
    if statement > MAX_DELIVERY_BYTES || statement >= body.len() {
        return Err(malformed("its statement is longer than there is room"));
    }
    let statement = body.split_to(statement);
    if body.len() > MAX_SLICE_BYTES {
        return Err(malformed("it has more bytes than a slice"));
    }
    let delivery = match statement.is_empty() {
        true => None,
        false => Some(text(FrameKind::Data, &statement)?),
    };
    Ok(Data { fragment, offset, delivery, bytes: body })
}
