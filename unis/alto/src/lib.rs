//! Messages and media types of the ALTO protocol (RFC 7285), for servers and clients. No I/O.
//!
//! ```text
//!   client                                                              server
//!   request::*::to_json ──── POST, media::*_FILTER, *_PARAMS ────► request::*::parse
//!                                                                    │ Ok        │ Err(Fault)
//!   network_map, cost_map, endpoint_* ◄── 200, media::* ── serde or write         │
//!   Fault::from_json ◄──────────────────── 400, media::ERROR ───── Fault::to_json ┘
//! ```
//!
//! What comes from outside is read once, here, into types that nobody needs to check again.
//! A request is read so exactly that a refusal names the field and the value that caused it
//! (RFC 7285 §8.5.2); documents of tens of megabytes are read as a stream.
//!
//! What is absent: sockets, clocks, the operator's graph, and any knowledge of which resources
//! or cost types a server offers. Whether a well-formed cost type, property or constraint is one
//! that is on offer is for the server to say.

// What an answer or a request is made of (RFC 7285 §10, §11.3.2.3).
pub mod address;
pub mod constraint;
pub mod cost;
pub mod media;
pub mod name;

// What a client asks (§11.3 to §11.5), and what it hears when it asked wrongly (§8.5).
pub mod fault;
pub mod json;
pub mod request;

// What a server answers (§9, §11.2 to §11.5).
pub mod cost_map;
pub mod directory;
pub mod document;
pub mod endpoint_cost;
pub mod endpoint_property;
pub mod network_map;
pub mod pairs;
pub mod write;

// How JSON is read and written underneath.
mod costs;
mod distinct;
mod number;
mod object;
