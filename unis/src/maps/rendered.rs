//! A map's bytes, made once per version and content coding (RFC 7285 §15.5.2).

use std::fmt;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Brotli's quality for bytes made once: close to the smallest at a tenth of the time.
const BROTLI_QUALITY: u32 = 6;
/// Brotli's window, bits.
const BROTLI_WINDOW_BITS: u32 = 22;
/// Buffer of the compressors, bytes.
const BUFFER_BYTES: usize = 64 * 1024;

/// How a body is coded on the wire (RFC 9110 §8.4).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// Name in `Accept-Encoding` and `Content-Encoding`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Brotli => "br",
        }
    }

    /// The strong entity tag of a content tag in this coding (RFC 9110 §8.8.3.3).
    #[must_use]
    pub fn etag(self, tag: &str) -> String {
        match self {
            Self::Identity => format!("\"{tag}\""),
            coded => format!("\"{tag}-{}\"", coded.name()),
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The bytes of one resource in each coding, made when first asked for.
#[derive(Debug, Default)]
pub struct Rendered {
    identity: OnceLock<Bytes>,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
    /// Length in each coding of a map that is not kept, as it was last streamed whole; 0: never.
    streamed: [AtomicU64; 3],
}

impl Rendered {
    /// The bytes, if they are made already.
    #[must_use]
    pub fn ready(&self, coding: Coding) -> Option<Bytes> {
        self.slot(coding).get().cloned()
    }

    /// The bytes, made by `render` and coded if they are not there yet. May take a while: not for
    /// an async task.
    pub fn make(&self, coding: Coding, render: impl FnOnce() -> Vec<u8>) -> Bytes {
        let identity = self.identity.get_or_init(|| Bytes::from(render()));
        self.slot(coding).get_or_init(|| encode(coding, identity)).clone()
    }

    /// Bytes held, over all codings.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        [&self.identity, &self.gzip, &self.brotli]
            .iter()
            .filter_map(|slot| slot.get())
            .map(Bytes::len)
            .sum()
    }

    /// Length in a coding, if it is known by now.
    #[must_use]
    pub fn encoded_bytes(&self, coding: Coding) -> Option<usize> {
        let streamed = || match self.streamed[coding as usize].load(Ordering::Relaxed) {
            0 => None,
            bytes => usize::try_from(bytes).ok(),
        };
        self.slot(coding).get().map(Bytes::len).or_else(streamed)
    }

    /// Notes how long the map was when it was streamed whole.
    pub fn was_streamed(&self, coding: Coding, bytes: u64) {
        self.streamed[coding as usize].store(bytes, Ordering::Relaxed);
    }

    const fn slot(&self, coding: Coding) -> &OnceLock<Bytes> {
        match coding {
            Coding::Identity => &self.identity,
            Coding::Gzip => &self.gzip,
            Coding::Brotli => &self.brotli,
        }
    }
}

/// Codes a body; what a coder cannot do in memory does not happen.
#[must_use]
pub fn encode(coding: Coding, body: &Bytes) -> Bytes {
    let mut encoder = Encoder::new(coding, Effort::Once);
    let mut out = Vec::new();
    encoder.push(body, &mut out);
    encoder.finish(&mut out);
    Bytes::from(out)
}

/// How much time a coder may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Effort {
    /// The bytes are kept and sent many times.
    Once,
    /// The bytes are sent once, while they are made.
    OnTheFly,
}

/// A coder that is fed piece by piece.
pub enum Encoder {
    /// No coding.
    Identity,
    /// gzip.
    Gzip(Option<GzEncoder<Vec<u8>>>),
    /// Brotli.
    Brotli(Option<Box<CompressorWriter<Vec<u8>>>>),
}

impl Encoder {
    /// A coder at its beginning.
    #[must_use]
    pub fn new(coding: Coding, effort: Effort) -> Self {
        let fast = effort == Effort::OnTheFly;
        match coding {
            Coding::Identity => Self::Identity,
            Coding::Gzip => {
                let level = if fast { Compression::fast() } else { Compression::default() };
                Self::Gzip(Some(GzEncoder::new(Vec::new(), level)))
            }
            Coding::Brotli => {
                let quality = if fast { 1 } else { BROTLI_QUALITY };
                let writer =
                    CompressorWriter::new(Vec::new(), BUFFER_BYTES, quality, BROTLI_WINDOW_BITS);
                Self::Brotli(Some(Box::new(writer)))
            }
        }
    }

    /// Feeds `plain` and appends what is ready to `out`.
    pub fn push(&mut self, plain: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Identity => out.extend_from_slice(plain),
            Self::Gzip(Some(encoder)) => {
                in_memory(encoder.write_all(plain));
                out.append(encoder.get_mut());
            }
            Self::Brotli(Some(encoder)) => {
                in_memory(encoder.write_all(plain));
                out.append(encoder.get_mut());
            }
            Self::Gzip(None) | Self::Brotli(None) => {}
        }
    }

    /// Appends the end to `out`; what is pushed after it is dropped.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Identity => {}
            Self::Gzip(encoder) => {
                if let Some(rest) = encoder.take().and_then(|encoder| encoder.finish().ok()) {
                    out.extend_from_slice(&rest);
                }
            }
            Self::Brotli(encoder) => {
                if let Some(encoder) = encoder.take() {
                    out.extend_from_slice(&encoder.into_inner());
                }
            }
        }
    }
}

/// Writing to a `Vec` has no way to fail; should it ever, a log line is better than a panic.
fn in_memory(result: io::Result<()>) {
    if let Err(error) = result {
        tracing::error!(%error, "compressing in memory failed");
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use bytes::Bytes;

    use crate::maps::rendered::{Coding, Effort, Encoder, Rendered, encode};

    fn decode(coding: Coding, body: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        match coding {
            Coding::Identity => plain.extend_from_slice(body),
            Coding::Gzip => {
                flate2::read::GzDecoder::new(body).read_to_end(&mut plain).unwrap();
            }
            Coding::Brotli => {
                brotli::Decompressor::new(body, 4096).read_to_end(&mut plain).unwrap();
            }
        }
        plain
    }

    #[test]
    fn every_coding_decodes_to_the_same_bytes() {
        let body = Bytes::from(b"{\"cost-map\":{}}".repeat(20_000));
        for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli] {
            assert_eq!(decode(coding, &encode(coding, &body)), body, "{coding}");
            let mut encoder = Encoder::new(coding, Effort::OnTheFly);
            let mut out = Vec::new();
            for piece in body.chunks(1000) {
                encoder.push(piece, &mut out);
            }
            encoder.finish(&mut out);
            assert_eq!(decode(coding, &out), body, "{coding} piece by piece");
        }
    }

    #[test]
    fn a_map_is_rendered_once() {
        let rendered = Rendered::default();
        assert!(rendered.ready(Coding::Gzip).is_none());
        let mut times = 0;
        for coding in [Coding::Identity, Coding::Gzip, Coding::Brotli, Coding::Gzip] {
            let body = rendered.make(coding, || {
                times += 1;
                b"{}".to_vec()
            });
            assert_eq!(decode(coding, &body), b"{}");
        }
        assert_eq!(times, 1);
        assert!(rendered.ready(Coding::Gzip).is_some());
    }
}
