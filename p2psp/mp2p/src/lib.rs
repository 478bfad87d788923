//! What P2P service provider and peers say to each other (TR 20002 §8.3), and what they sign.
//!
//! ```text
//!  peer ── JoinRequest ──► OMS      UMS ◄── profile ── OMS      PAMS ◄── StatusReport ── peer
//!   ▲                       │                                    │
//!   └── PeerList, Passkey ──┘ ◄───────── score, age ─────────────┘
//!   │
//!   └── frames: HELLO with Passkey ──► another peer, which checks it without asking anybody
//! ```
//!
//! [`id`] names users, peers, overlays and contents; [`message`] has the bodies, with the member
//! names of ITU-T X.609 and Q.4103 where those exist; [`signed`] is the one envelope of all signed
//! objects: [`passkey`] and [`receipt`]; [`index_file`] says what a content consists of,
//! [`delivery`] what a peer sent of it, [`denylist`] what nobody may exchange, [`stop`] ends its
//! distribution. No input, no output, no clock: `now` is an argument. [`fragment`] cuts contents
//! and hashes their parts; [`frame`] is what peers say to each other. [`stun`] tells a peer how it
//! is seen from outside. [`care`] what they say to a super peer, [`reservation`] what a cache or
//! relay server owes a peer, [`sse`] the event stream.
//!
//! Members that nobody here knows are ignored, so that both ends may grow; every text and list has
//! a bound, checked while it is read.

pub mod care;
pub mod delivery;
pub mod denylist;
pub mod fragment;
pub mod frame;
pub mod id;
pub mod index_file;
pub mod message;
pub mod passkey;
pub mod receipt;
pub mod relay;
pub mod reservation;
pub mod signed;
pub mod sse;
pub mod stop;
pub mod stun;
