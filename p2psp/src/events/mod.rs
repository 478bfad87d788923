//! What peers, caches and relays are told unasked, and keep being told until they say that it
//! arrived.
//!
//! ```text
//!  OMS, IXS, PAMS ── post ──► Outbox: a queue a peer, numbered ──► GET /oms/events (one stream a peer)
//!                                ▲                                          │
//!                                └──────── ack: all up to SEQ ──────────────┘
//! ```
//!
//! A queue has a bound: whoever does not listen loses the oldest, sees the gap in the numbers, and
//! asks again. Numbers rise over restarts too.

mod outbox;
mod stream;

pub use crate::events::outbox::{Delivery, KeptQueue, Mail, Outbox, Reader, Waiting};
pub use crate::events::stream::{Streaming, stream};
