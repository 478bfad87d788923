//! Types of frames, and how long each may be.

use crate::frame::update::MAX_UPDATE_BYTES;
use crate::frame::{FrameError, MAX_DELIVERY_BYTES, MAX_SLICE_BYTES};

/// Bytes before the body: length and type.
pub const HEADER_BYTES: usize = 5;
/// Fragment, offset and length of the statement of a DATA frame.
pub(crate) const DATA_FIELDS: usize = 10;

/// The type of a frame, as it is written.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum FrameKind {
    Hello = 1,
    Pello = 2,
    Refresh = 3,
    Buffermap = 4,
    Get = 5,
    Busy = 6,
    Data = 7,
    Cancel = 8,
    Bye = 9,
    Pex = 10,
    Stop = 11,
    Receipt = 12,
}

impl FrameKind {
    pub(crate) fn of_code(code: u8) -> Result<Self, FrameError> {
        Ok(match code {
            1 => Self::Hello,
            2 => Self::Pello,
            3 => Self::Refresh,
            4 => Self::Buffermap,
            5 => Self::Get,
            6 => Self::Busy,
            7 => Self::Data,
            8 => Self::Cancel,
            9 => Self::Bye,
            10 => Self::Pex,
            11 => Self::Stop,
            12 => Self::Receipt,
            _ => return Err(FrameError::Kind(code)),
        })
    }

    /// Longest body, bytes.
    pub(crate) const fn max_body(self) -> usize {
        match self {
            Self::Hello | Self::Pello => 48 << 10,
            Self::Refresh => 8 << 10,
            Self::Buffermap => MAX_UPDATE_BYTES,
            Self::Get | Self::Busy => 8,
            Self::Data => DATA_FIELDS + MAX_DELIVERY_BYTES + MAX_SLICE_BYTES,
            Self::Cancel => 4,
            Self::Bye => 1 << 10,
            Self::Pex => 256 << 10,
            Self::Stop => 16 << 10,
            Self::Receipt => 8 << 10,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Pello => "PELLO",
            Self::Refresh => "REFRESH",
            Self::Buffermap => "BUFFERMAP",
            Self::Get => "GET",
            Self::Busy => "BUSY",
            Self::Data => "DATA",
            Self::Cancel => "CANCEL",
            Self::Bye => "BYE",
            Self::Pex => "PEX",
            Self::Stop => "STOP",
            Self::Receipt => "RECEIPT",
        }
    }
}
