//! Records of TLS 1.3 once the handshake is done (RFC 8446 §5), with the keys that it agreed on:
//! what is sealed goes straight from where it lies into the buffer that the system is given, what
//! is opened straight into the buffer that frames are cut from.
//!
//! ```text
//!  ┌────┬───────────┬───────────┬──────────────────────────────────┬──────┬────────┐
//!  │ 23 │ 0x03 0x03 │ u16 length│ content                          │ type │ tag 16 │
//!  └────┴───────────┴───────────┴──────────────────────────────────┴──────┴────────┘
//!   └─────── authenticated ────┘ └────────────── encrypted ─────────────┘
//! ```
//!
//! Both keys live as long as the connection: an end that seals more records than its key is good
//! for, or that changes it (§4.6.3), ends the link, and the other is dialled again.

use aws_lc_rs::aead::{
    AES_128_GCM, AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey,
};
use bytes::BytesMut;
use tokio_rustls::rustls::ConnectionTrafficSecrets;

/// Before what is encrypted.
pub(crate) const HEADER_BYTES: usize = 5;
/// Most bytes of content in one record (§5.1).
pub(crate) const MAX_CONTENT_BYTES: usize = 1 << 14;
/// After the content: its type, and what authenticates all.
const TAIL_BYTES: usize = 1 + TAG_BYTES;
const TAG_BYTES: usize = 16;
/// What a record takes besides its content.
pub(crate) const EXTRA_BYTES: usize = HEADER_BYTES + TAIL_BYTES;
/// Longest record behind its header (§5.2).
const MAX_SEALED_BYTES: usize = MAX_CONTENT_BYTES + 256;
/// The longest record with its header.
pub(crate) const MAX_RECORD_BYTES: usize = HEADER_BYTES + MAX_SEALED_BYTES;
/// Records that one key may seal (§5.5 allows 2^24.5 with AES-GCM): 256 GiB.
const MAX_RECORDS: u64 = 1 << 24;

/// Types of content.
const ALERT: u8 = 21;
const DATA: u8 = 23;
/// Level and description of the alert that nothing comes any more (§6.1).
const CLOSE_NOTIFY: [u8; 2] = [1, 0];

/// Why a connection is of no use any more.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum RecordError {
    /// No key of a suite that is known here.
    #[error("the handshake agreed on a cipher that is not known here")]
    Suite,
    /// A header that no record has here.
    #[error("no record of TLS: type {kind}, {length} bytes")]
    Header {
        /// What it says it is.
        kind: u8,
        /// How long it says it is.
        length: usize,
    },
    /// Nobody with the key has made it.
    #[error("a record was forged or damaged")]
    Forged,
    /// Something that is not said on a link.
    #[error("a record of type {0} where data was to come")]
    Content(u8),
    /// The other end gives up.
    #[error("the other end says TLS alert {0}")]
    Alert(u8),
    /// The key has done its part.
    #[error("{MAX_RECORDS} records are enough for one key")]
    WornOut,
}

/// One direction's key and the number of the next record.
struct Key {
    key: LessSafeKey,
    iv: [u8; NONCE_LEN],
    next: u64,
}

impl Key {
    fn new((next, secrets): &(u64, ConnectionTrafficSecrets)) -> Result<Self, RecordError> {
        let (algorithm, key, iv) = match secrets {
            ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&AES_128_GCM, key, iv),
            ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&AES_256_GCM, key, iv),
            ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => (&CHACHA20_POLY1305, key, iv),
            _ => return Err(RecordError::Suite),
        };
        let key = UnboundKey::new(algorithm, key.as_ref()).map_err(|_| RecordError::Suite)?;
        let iv = iv.as_ref().try_into().map_err(|_| RecordError::Suite)?;
        Ok(Self { key: LessSafeKey::new(key), iv, next: *next })
    }

    /// Of the next record (§5.3): its number, in the last eight bytes, over the vector.
    fn nonce(&mut self) -> Result<Nonce, RecordError> {
        if self.next >= MAX_RECORDS {
            return Err(RecordError::WornOut);
        }
        let mut nonce = self.iv;
        let number = self.next.to_be_bytes();
        nonce[NONCE_LEN - number.len()..].iter_mut().zip(number).for_each(|(n, bit)| *n ^= bit);
        self.next += 1;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// Makes records.
pub(crate) struct Sealer(Key);

impl Sealer {
    /// With a key, and the number of the first record to come.
    ///
    /// # Errors
    /// The cipher is not known.
    pub(crate) fn new(secrets: &(u64, ConnectionTrafficSecrets)) -> Result<Self, RecordError> {
        Key::new(secrets).map(Self)
    }

    /// Seals at most [`MAX_CONTENT_BYTES`] into the beginning of `out`, which has room for
    /// [`EXTRA_BYTES`] more; how long the record is.
    ///
    /// # Errors
    /// The key is worn out.
    pub(crate) fn seal(&mut self, content: &[u8], out: &mut [u8]) -> Result<usize, RecordError> {
        self.record(DATA, content, out)
    }

    /// Says that nothing comes any more.
    ///
    /// # Errors
    /// The key is worn out.
    pub(crate) fn close(&mut self, out: &mut [u8]) -> Result<usize, RecordError> {
        self.record(ALERT, &CLOSE_NOTIFY, out)
    }

    fn record(&mut self, kind: u8, content: &[u8], out: &mut [u8]) -> Result<usize, RecordError> {
        let sealed = content.len() + TAIL_BYTES;
        let length = u16::try_from(sealed).map_err(|_| RecordError::Forged)?.to_be_bytes();
        let header = [DATA, 3, 3, length[0], length[1]];
        let (head, rest) = out.split_at_mut(HEADER_BYTES);
        head.copy_from_slice(&header);
        let (body, tail) = rest[..sealed].split_at_mut(content.len());
        let nonce = self.0.nonce()?;
        let sealing = self.0.key.seal_out_of_place_scatter(
            nonce,
            Aad::from(header),
            content,
            body,
            &[kind],
            tail,
        );
        sealing.map_err(|_| RecordError::WornOut)?;
        Ok(HEADER_BYTES + sealed)
    }
}

/// What a record was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Opened {
    /// Data: it is in the buffer.
    Data,
    /// Nothing comes any more.
    Closed,
}

/// Takes records apart.
pub(crate) struct Opener(Key);

impl Opener {
    /// With a key, and the number of the first record to come.
    ///
    /// # Errors
    /// The cipher is not known.
    pub(crate) fn new(secrets: &(u64, ConnectionTrafficSecrets)) -> Result<Self, RecordError> {
        Key::new(secrets).map(Self)
    }

    /// Opens a whole record; its data is appended to `out`.
    ///
    /// # Errors
    /// It is none, or says something that ends the link; `out` is as before.
    pub(crate) fn open(
        &mut self,
        record: &[u8],
        out: &mut BytesMut,
    ) -> Result<Opened, RecordError> {
        let (header, body) = record.split_at_checked(HEADER_BYTES).ok_or(RecordError::Forged)?;
        let length = body.len().checked_sub(TAG_BYTES).ok_or(RecordError::Forged)?;
        let (sealed, tag) = body.split_at(length);
        let start = out.len();
        out.resize(start + length, 0);
        let nonce = self.0.nonce()?;
        let plain = &mut out[start..];
        let opened = self.0.key.open_separate_gather(nonce, Aad::from(header), sealed, tag, plain);
        // Behind the type there may be zeros (§5.4).
        let kind_at = opened.ok().and_then(|()| plain.iter().rposition(|byte| *byte != 0));
        let Some(kind_at) = kind_at else {
            out.truncate(start);
            return Err(RecordError::Forged);
        };
        let (kind, content) = (plain[kind_at], &plain[..kind_at]);
        let other = match (kind, content) {
            (DATA, [_, ..]) => {
                out.truncate(start + kind_at);
                return Ok(Opened::Data);
            }
            (ALERT, content) if *content == CLOSE_NOTIFY => Ok(Opened::Closed),
            (ALERT, [_, description]) => Err(RecordError::Alert(*description)),
            _ => Err(RecordError::Content(kind)),
        };
        out.truncate(start);
        other
    }
}

/// How long the record is that begins here, with its header; `None`: its header has not come yet.
///
/// # Errors
/// No record of this length comes after a handshake.
pub(crate) fn length(begun: &[u8]) -> Result<Option<usize>, RecordError> {
    let Some(&[kind, _, _, high, low]) = begun.first_chunk::<HEADER_BYTES>() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if kind != DATA || !(TAIL_BYTES..=MAX_SEALED_BYTES).contains(&length) {
        return Err(RecordError::Header { kind, length });
    }
    Ok(Some(HEADER_BYTES + length))
}
