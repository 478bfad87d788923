//! The exchange of one content with other peers: protocol logic without sockets, files or clock.
//!
//! ```text
//!   list ──► neighbours ──► Dial                      ┌────────────── links: HELLO, PELLO, maps
//!                                                     │
//!   DATA ──► fetch ── verified ──► Write      pick ◄──┤ pieces: who has what, near and far
//!              ▲                                │     │
//!              └────────────── GET ◄────────────┘     └ group: who of us fetches what from afar
//!
//!   GET ───► serve ── Read ──► fragment_read ──► DATA, by class, within the budget
//! ```
//!
//! [`Engine`] takes what happened and the time, and is then asked with [`Engine::poll`] what to do,
//! until it says nothing more. Randomness is a seed: the same inputs give the same outputs.
//!
//! *Near* are the members of the own group (those whose traffic stays with the ISP), *far* is
//! everybody else. A fragment that nobody near has is fetched from afar by one of the group and
//! passed on inside; who that is follows from a hash of fragment and member, is told to the others
//! while it lasts, and is taken over by whoever has nothing else to do (`group.rs`, `pick.rs`). Some
//! comes once more from groups that are done, where passing it on takes longer (`spare.rs`).

// What goes in and out.
mod budget;
mod config;
mod content;
mod event;
mod notary;

// What is known.
mod group;
mod link;
mod neighbours;
mod pace;
mod pieces;
mod request;

// What is done.
mod bounds;
mod engine;
mod far;
mod fetch;
mod greet;
mod membership;
mod pick;
mod receipt;
mod seek;
mod serve;
mod slow;
mod spare;
mod stop;
mod tell;
mod twice;
mod verify;

pub use crate::exchange::budget::{Bucket, Budget, Rates};
pub use crate::exchange::config::{Config, Order};
pub use crate::exchange::content::Content;
pub use crate::exchange::engine::Engine;
pub use crate::exchange::event::{
    Candidate, LinkId, LinkInfo, Output, Ranked, Report, ReportKind, StoreError,
};
pub use crate::exchange::link::LinkView;
pub use crate::exchange::notary::{DeliveryClaim, Notary, ReceiptClaim};
pub use crate::exchange::tell::Progress;
