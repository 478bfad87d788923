//! Frames to bytes.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

use crate::frame::kind::{DATA_FIELDS, FrameKind, HEADER_BYTES};
use crate::frame::{Data, Frame, FrameError};

impl Frame {
    /// Appends the frame to `out`, all but the payload of a DATA, which is given back to be written
    /// right after it; empty for every other frame.
    ///
    /// # Errors
    /// It is longer than its type may be; `out` is as before.
    pub fn encode(&self, out: &mut BytesMut) -> Result<Bytes, FrameError> {
        let start = out.len();
        out.put_bytes(0, HEADER_BYTES);
        let written = self.body(out);
        let (kind, payload) = match written {
            Ok(written) => written,
            Err(error) => {
                out.truncate(start);
                return Err(error);
            }
        };
        let body = out.len() - start - HEADER_BYTES + payload.len();
        if body > kind.max_body() {
            out.truncate(start);
            return Err(FrameError::TooLong { kind: kind.name(), got: body, max: kind.max_body() });
        }
        let length = u32::try_from(body + 1).unwrap_or(u32::MAX);
        out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        out[start + 4] = kind as u8;
        Ok(payload)
    }

    /// Bytes of a DATA as a whole; what is paid for by the limits of rates.
    #[must_use]
    pub fn data_len(data: &Data) -> usize {
        let statement = data.delivery.as_ref().map_or(0, |text| text.len());
        HEADER_BYTES + DATA_FIELDS + statement + data.bytes.len()
    }

    fn body(&self, out: &mut BytesMut) -> Result<(FrameKind, Bytes), FrameError> {
        let kind = match self {
            Self::Hello(hello) => json(FrameKind::Hello, hello, out)?,
            Self::Pello(hello) => json(FrameKind::Pello, hello, out)?,
            Self::Refresh(refresh) => json(FrameKind::Refresh, refresh, out)?,
            Self::Bye(bye) => json(FrameKind::Bye, bye, out)?,
            Self::Pex(pex) => json(FrameKind::Pex, pex, out)?,
            Self::Buffermap(update) => {
                update.encode(out);
                FrameKind::Buffermap
            }
            Self::Get(get) => {
                out.put_u32(get.fragment);
                out.put_u32(get.offset);
                FrameKind::Get
            }
            Self::Busy(busy) => {
                out.put_u32(busy.fragment);
                out.put_u32(busy.retry_ms);
                FrameKind::Busy
            }
            Self::Cancel { fragment } => {
                out.put_u32(*fragment);
                FrameKind::Cancel
            }
            Self::Stop(text) => {
                out.put_slice(text.as_bytes());
                FrameKind::Stop
            }
            Self::Receipt(text) => {
                out.put_slice(text.as_bytes());
                FrameKind::Receipt
            }
            Self::Data(data) => {
                data_fields(data, out)?;
                return Ok((FrameKind::Data, data.bytes.clone()));
            }
        };
        Ok((kind, Bytes::new()))
    }
}

fn json(
    kind: FrameKind,
    body: &impl Serialize,
    out: &mut BytesMut,
) -> Result<FrameKind, FrameError> {
    serde_json::to_writer(out.writer(), body)
        .map_err(|error| FrameError::Json { kind: kind.name(), error })?;
    Ok(kind)
}

fn data_fields(data: &Data, out: &mut BytesMut) -> Result<(), FrameError> {
    let statement = data.delivery.as_deref().unwrap_or_default().as_bytes();
    let malformed = FrameError::Body { kind: FrameKind::Data.name(), why: "its statement is long" };
    out.put_u32(data.fragment);
    out.put_u32(data.offset);
    out.put_u16(u16::try_from(statement.len()).map_err(|_| malformed)?);
    out.put_slice(statement);
    Ok(())
}
