//! The peer (TR 20002 §8.2.4): shares contents and fetches them, from those first that the
//! provider's ranked list names first.
//!
//! ```text
//!  commands ─► control (Unix socket) ─► node ─► provider ══mutual TLS══ P2PSP: list, events
//!                                        │
//!                                        ├─► exchange: protocol, no sockets, no clock
//!                                        ├─► wire ══mutual TLS══ other peers
//!                                        └─► content: files on disk, fragment by fragment
//! ```

// Who we are and what we keep.
pub mod home;
pub mod identity;

// Whom we ask, and what we tell.
pub mod isp;
pub mod provider;
pub mod report;
pub(crate) mod superpeer;

// What may not be exchanged.
pub mod denylist;

// What is kept for others, and by others for us.
pub mod cache;
pub mod delegate;

// What is exchanged, and how peers are met.
pub mod content;
pub mod exchange;
pub mod nat;
pub mod relay;
pub(crate) mod revoked;
pub mod wire;
pub(crate) mod words;

// One content at work, all of them, and playing one while it comes.
pub mod node;
pub mod stream;
pub mod transfer;

// What its user chooses and types.
pub mod alone;
pub mod cli;
pub mod control;
pub mod daemon;
pub mod loopback;
pub mod metrics;
pub(crate) mod plain;
pub mod settings;
pub mod web;
