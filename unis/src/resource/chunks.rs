//! Bodies made piece by piece, so that a map of any size costs a server one piece of memory.

/// A body that is made while it is sent.
pub trait Chunks: Send {
    /// Appends the next piece to `out`, which may be empty where little was found; `false` when that
    /// was the last one.
    fn next(&mut self, out: &mut Vec<u8>) -> bool;
}

/// About how long a piece is, bytes.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// All pieces in one.
#[must_use]
pub fn collect(mut chunks: impl Chunks) -> Vec<u8> {
    let mut body = Vec::new();
    while chunks.next(&mut body) {}
    body
}
