//! This peer as a super peer (TR 20002 §8.3.10 step 1), and others' way to one.
//!
//! ```text
//!  peers in care ══ mutual TLS ══► hall ─► desk ─► batch, with the own report ══► PAMS
//!        ▲                                   │                                      │
//!        └───────────── taken ───────────────┴──────────────────────────────────────┘
//! ```
//!
//! PAMS says who is in whose care. A report that no super peer takes in time the peer brings to
//! PAMS itself, so that a super peer that dies loses nothing but time: it moves its peers to
//! another.

mod batch;
mod client;
mod desk;
mod hall;
mod offer;

pub(crate) use crate::superpeer::client::Way;
pub(crate) use crate::superpeer::desk::{Desk, Waiting};
pub(crate) use crate::superpeer::offer::run;
