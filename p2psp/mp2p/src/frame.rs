//! Frames of the content distribution peer protocol between two peers (reference point R10,
//! TR 20002 §7.3; message names of ITU-T X.609.7).
//!
//! ```text
//!  ┌──────────────┬────────┬─────────────────────────────────────┐
//!  │ u32 length   │ u8     │ body: length − 1 bytes              │
//!  │ (big endian) │ type   │ JSON, or fields and bytes as below  │
//!  └──────────────┴────────┴─────────────────────────────────────┘
//!
//!  dialler                                   listener
//!     │ ── HELLO  overlay, content, passkey, map ──► │
//!     │ ◄─ PELLO  passkey, map ───────────────────── │
//!     │ ── GET fragment ────────────────────────────►│
//!     │ ◄─ DATA … DATA with the Delivery statement ──│   or BUSY
//!     │ ── BUFFERMAP, RECEIPT, CANCEL, PEX, BYE …    │
//! ```
//!
//! A link carries one content. Each type has a bound of its own, checked on the header, before
//! anything of the body is waited for. Decoding takes bytes out of a buffer: a frame, or not yet,
//! or an error after which the link is of no use. The bytes of DATA are never copied.

mod decode;
mod encode;
mod error;
mod hello;
mod kind;
mod map;
mod update;

use bytes::Bytes;

pub use crate::frame::decode::decode;
pub use crate::frame::error::FrameError;
pub use crate::frame::hello::{Bye, ByeReason, Hello, Pex, PexEntry, Refresh, VERSION};
pub use crate::frame::kind::HEADER_BYTES;
pub use crate::frame::map::{Buffermap, MAX_FRAGMENTS};
pub use crate::frame::update::{MAX_UPDATE, MapUpdate};

/// Most bytes of content in one DATA frame.
pub const MAX_SLICE_BYTES: usize = 64 << 10;
/// Longest Delivery statement, JWS.
pub const MAX_DELIVERY_BYTES: usize = 2 << 10;

/// What one peer says to another.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// The dialler names itself and what it wants. JSON.
    Hello(Box<Hello>),
    /// The answer to [`Frame::Hello`]. JSON.
    Pello(Box<Hello>),
    /// Still there; members that changed. JSON.
    Refresh(Refresh),
    /// What the sender has, or is about to have.
    Buffermap(MapUpdate),
    /// Asks for a fragment, from `offset` to its end.
    Get(Get),
    /// Will not serve the fragment now.
    Busy(Busy),
    /// A slice of a fragment.
    Data(Data),
    /// The fragment is no longer wanted.
    Cancel {
        /// Which; counts from 0.
        fragment: u32,
    },
    /// The last frame of a link. JSON.
    Bye(Bye),
    /// Other members, with their passkeys. JSON.
    Pex(Pex),
    /// A signed order to stop the distribution, compact JWS (TR 20002 §8.3.4).
    Stop(Box<str>),
    /// A receipt signed by the consumer, compact JWS (TR 20002 §8.3.8).
    Receipt(Box<str>),
}

/// Asks for a fragment. Body: both numbers, big endian.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Get {
    /// Which; counts from 0.
    pub fragment: u32,
    /// First byte wanted, counted in the fragment.
    pub offset: u32,
}

/// Will not serve a fragment now. Body: both numbers, big endian.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct Busy {
    /// Which; counts from 0.
    pub fragment: u32,
    /// When to ask again, milliseconds.
    pub retry_ms: u32,
}

/// A slice of a fragment. Body: fragment, offset, length of the statement (u16, 0: none), the
/// statement, the bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Data {
    /// Which; counts from 0.
    pub fragment: u32,
    /// Where the bytes begin, counted in the fragment.
    pub offset: u32,
    /// In the last slice: the sender's signed statement of what it sent, compact JWS.
    pub delivery: Option<Box<str>>,
    /// The bytes, 1 to [`MAX_SLICE_BYTES`].
    pub bytes: Bytes,
}
