//! Two members that cannot be dialled open a way to each other at the same moment (R5; TR 20002
//! §8.3.3; the words of RFC 5389 and BEP 55): OMS passes on where each of them is seen from.
//!
//! ```text
//!  A                          OMS                          B
//!  │ ── Rendezvous(B, port) ──► │ ── event: rendezvous(A, at) ─► │
//!  │ ◄─ event: answer(B, at) ── │ ◄──── Rendezvous(A, port) ──── │
//!  └────────── both connect to each other, from those ports ─────┘
//! ```
//!
//! A peer names its port alone: the address is the one that OMS sees it come from, so that nobody
//! has others dial somebody else.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{OverlayId, PeerId};
use crate::message::bound::Text;
use crate::message::join::Nat;

/// The name of a rendezvous: whoever asks chooses it.
pub type RendezvousId = Text<64>;

/// `POST /oms/peer/rendezvous`: a way to another member is wanted, or the answer to that.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RendezvousRequest {
    /// In which overlay.
    pub overlay_id: OverlayId,
    /// The other member.
    pub peer_id: PeerId,
    /// The name of this meeting, made by the asker.
    pub rendezvous_id: RendezvousId,
    /// The TCP port that the asker is seen at from outside and connects from; that on which it
    /// listens for [`Way::Dial`].
    pub port: u16,
    /// How the way is to be opened.
    #[serde(default)]
    pub way: Way,
    /// Whether this answers what the other one asked.
    #[serde(default)]
    pub answer: bool,
}

/// How a way is opened.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// Both connect at the same moment (RFC 9293 §3.5, simultaneous open).
    #[default]
    Punch,
    /// The asker can be dialled: the other one dials it, and there is no answer.
    Dial,
}

impl Nat {
    /// Whether two members behind these find a way to each other without a relay: TCP connections
    /// that open at the same moment pass translation that keeps its mappings, and firewalls that
    /// let answers in; who can be dialled is dialled.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        use Nat::{Blocked, Cone, None};
        matches!((self, other), (None, _) | (_, None) | (Cone | Blocked, Cone | Blocked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_meet_where_one_can_be_dialled_or_both_keep_their_mappings() {
        use Nat::{Blocked, Cone, None, Symmetric, Unknown};
        for any in [None, Cone, Symmetric, Blocked, Unknown] {
            assert!(None.meets(any) && any.meets(None), "{any:?}");
            assert!(!any.meets(Unknown) || any == None, "{any:?}");
        }
        assert!(Cone.meets(Cone) && Cone.meets(Blocked) && Blocked.meets(Blocked));
        assert!(!Cone.meets(Symmetric) && !Symmetric.meets(Symmetric) && !Symmetric.meets(Blocked));
    }

    #[test]
    fn what_is_left_out_is_a_first_question() {
        let text = format!(
            r#"{{"overlay-id":"film","peer-id":"{}","rendezvous-id":"r1","port":7000}}"#,
            "a".repeat(64)
        );
        let request: RendezvousRequest = serde_json::from_str(&text).unwrap();
        assert_eq!((request.way, request.answer), (Way::Punch, false));
    }
}
