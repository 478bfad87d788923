//! UNIS, the ISP's underlying network information server: an ALTO server (RFC 7285; TR 20002
//! §7.2.1).
//!
//! ```text
//!  operator files ─► topology ─► snapshot ─┐
//!                                          ├─► Version ─► Current ─► http ─► resource::* ─► client
//!  settings ─► partners, views ─► access ──┘    (one immutable value, swapped whole)
//! ```
//!
//! `settings` says what the operator chose; `maps` loads the operator's files into a
//! [`maps::version::Version`], keeps the current one and swaps it on a reload; `resource` computes
//! the answers of RFC 7285 §9.2 and §11, one file each; `http` negotiates, authorises and maps
//! errors to replies; `cli` is the command line.

pub mod access;
pub mod cli;
pub mod http;
pub mod maps;
pub mod metrics;
pub mod progress;
pub mod reload;
pub mod resource;
pub mod server;
pub mod settings;
