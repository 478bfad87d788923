//! What a peer and a relay server say to each other (R9 and R10; TR 20002 §8.3.3, X.609.2; the
//! words of RFC 8656 where there are some).
//!
//! ```text
//!  C, behind a NAT           RS                              A
//!    │ ── Reserve ─────────► │                               │
//!    │ ◄── Reserved ──────── │ ◄─────────── Connect(C) ───── │
//!    │ ◄── Incoming(k) ───── │ ──────────── Circuit(l) ────► │
//!    │ ══ k ═══════════════► │ ◄═══════════════════════ l ══ │   two plain connections, spliced
//!    └────────── mutual TLS from end to end: RS sees ciphertext ───────┘
//! ```
//!
//! Questions and answers go over mutual TLS: a length (u32, big endian), then JSON. A circuit is a
//! connection of its own that begins with [`PREAMBLE`] and a key that was told over TLS.

use bytes::{Buf, BufMut, BytesMut};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::{OverlayId, PeerId};
use crate::message::bound::Text;

/// The protocol in the handshake (RFC 7301).
pub const PROTOCOL: &[u8] = b"mp2p-relay/1";
/// What a circuit begins with; no TLS record does.
pub const PREAMBLE: &[u8; 8] = b"MP2P-RS1";
/// Bytes of the key of a circuit.
pub const KEY_BYTES: usize = 32;
/// Longest message.
pub const MAX_MESSAGE_BYTES: usize = 16 << 10;
/// Longest signed object in a message.
const MAX_SIGNED_BYTES: usize = 8 << 10;
/// Longest reason.
const MAX_REASON_BYTES: usize = 256;

/// What a peer asks of a relay server.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "ask", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Ask {
    /// Keep this connection: others will want to reach me. Asked again, it renews.
    Reserve {
        /// What OMS reserved, signed by it.
        reservation: Text<MAX_SIGNED_BYTES>,
    },
    /// Lead me to a peer that keeps a connection here.
    Connect {
        /// Which.
        peer_id: PeerId,
        /// In which overlay.
        overlay_id: OverlayId,
        /// That I am a member of it, signed by OMS.
        passkey: Text<MAX_SIGNED_BYTES>,
    },
}

/// What a relay server says.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "say", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Say {
    /// It keeps the connection.
    Reserved {
        /// Until when, Unix seconds.
        expires: u64,
    },
    /// Somebody wants to reach you: open the circuit.
    Incoming {
        /// Its key at your end.
        circuit: CircuitKey,
        /// Who.
        from: PeerId,
    },
    /// The circuit is yours: open it.
    Circuit {
        /// Its key at your end.
        circuit: CircuitKey,
    },
    /// No.
    Refused {
        /// Why, for programs.
        code: Refusal,
        /// Why, for people.
        reason: Text<MAX_REASON_BYTES>,
    },
    /// The reservation is over, and so is this connection.
    Released {
        /// Why, for people.
        reason: Text<MAX_REASON_BYTES>,
    },
}

/// Why a relay server refuses.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// What is shown is not good here.
    Forbidden,
    /// Nobody of that name keeps a connection.
    NoReservation,
    /// The quota is used up (486 of RFC 8656).
    QuotaReached,
    /// Too much to do (508).
    InsufficientCapacity,
    /// Not what is asked of a relay.
    Malformed,
}

/// The key of one end of a circuit: whoever has it gets in, once.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct CircuitKey(pub [u8; KEY_BYTES]);

impl std::fmt::Debug for CircuitKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("CircuitKey")
    }
}

impl Serialize for CircuitKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text: String = self.0.iter().map(|byte| format!("{byte:02x}")).collect();
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for CircuitKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let text = String::deserialize(deserializer)?;
        let wrong = || D::Error::custom("64 hex digits are the key of a circuit");
        if text.len() != 2 * KEY_BYTES || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut key = [0; KEY_BYTES];
        for (at, byte) in key.iter_mut().enumerate() {
            let digits = text.get(2 * at..2 * at + 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| wrong())?;
        }
        Ok(Self(key))
    }
}

/// Why bytes are no message.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// Too long.
    #[error("a message of {0} bytes is too long")]
    TooLong(usize),
    /// Not what is said here.
    #[error("a message is malformed: {0}")]
    Json(#[from] serde_json::Error),
}

/// Appends a message to `out`.
///
/// # Errors
/// It is too long.
pub fn encode(message: &impl Serialize, out: &mut BytesMut) -> Result<(), RelayError> {
    let body = serde_json::to_vec(message)?;
    match u32::try_from(body.len()) {
        Ok(length) if body.len() <= MAX_MESSAGE_BYTES => out.put_u32(length),
        _ => return Err(RelayError::TooLong(body.len())),
    }
    out.put_slice(&body);
    Ok(())
}

/// Takes the first message out of `buffer`; `None`: more bytes are needed.
///
/// # Errors
/// It is none: the connection is to be closed.
pub fn decode<T: DeserializeOwned>(buffer: &mut BytesMut) -> Result<Option<T>, RelayError> {
    let Some(length) = buffer.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*length) as usize;
    if length > MAX_MESSAGE_BYTES {
        return Err(RelayError::TooLong(length));
    }
    if buffer.len() < 4 + length {
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(serde_json::from_slice(&buffer.split_to(length))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_however_they_are_cut() {
        let said = [
            Say::Circuit { circuit: CircuitKey([0xab; KEY_BYTES]) },
            Say::Refused { code: Refusal::NoReservation, reason: Text::default() },
        ];
        let mut wire = BytesMut::new();
        for message in &said {
            encode(message, &mut wire).unwrap();
        }
        let (mut buffer, mut heard) = (BytesMut::new(), Vec::new());
        for byte in wire {
            buffer.put_u8(byte);
            heard.extend(decode::<Say>(&mut buffer).unwrap());
        }
        assert_eq!(heard, said);
    }

    #[test]
    fn what_is_too_long_or_none_is_refused_at_once() {
        let mut long = BytesMut::from(&u32::MAX.to_be_bytes()[..]);
        assert!(matches!(decode::<Ask>(&mut long), Err(RelayError::TooLong(_))));
        let mut none = BytesMut::from(&b"\0\0\0\x02{}"[..]);
        assert!(matches!(decode::<Ask>(&mut none), Err(RelayError::Json(_))));
        assert!(serde_json::from_str::<CircuitKey>("\"zz\"").is_err());
        assert!(serde_json::from_str::<CircuitKey>(&format!("\"{}\"", "+f".repeat(32))).is_err());
        assert!(serde_json::from_str::<CircuitKey>(&format!("\"{}\"", "ü".repeat(32))).is_err());
    }
}
