//! The envelope of everything that is signed: a JWS in compact form (RFC 7515 §3.1).
//!
//! ```text
//!  base64url({"alg":"EdDSA","typ":"passkey+jwt"}) . base64url(claims) . base64url(signature)
//! ```
//!
//! Which algorithm is meant says the *key*; the header only has to agree with it, so that a forger
//! cannot choose (RFC 8725 §3.1). `typ` keeps one kind of object from being taken for another
//! (§3.11). What a peer signs carries the peer's key ([`ByPeer`]).

mod envelope;
mod key;
mod own;

pub(crate) use crate::signed::envelope::peek;
pub use crate::signed::envelope::{Kind, MAX_SIGNED_BYTES, SignedError, open, seal};
pub use crate::signed::key::{KeyError, SigningKey, VerifyingKey};
pub use crate::signed::own::{ByPeer, PeerKey, open_own, seal_own};
