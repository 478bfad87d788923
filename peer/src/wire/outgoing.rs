//! What goes on a connection: many records in one call of the system.

use std::io;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;

use crate::wire::records::{EXTRA_BYTES, MAX_CONTENT_BYTES, RecordError, Sealer};

/// Bytes that the system holds besides those that are on their way, as time at the rate of the
/// connection: what is said later waits for them, on a slow link for seconds where it holds as much
/// as it would by itself; on a fast one each time that there is room costs a call and a wake-up.
const UNSENT: Duration = Duration::from_millis(10);
/// … and their least and most.
const UNSENT_BYTES: (u32, u32) = (32 << 10, 1 << 20);
/// The rate is looked at so often.
const LOOK: Duration = Duration::from_millis(100);

/// The half of a connection that is written.
pub(crate) struct Outgoing {
    stream: OwnedWriteHalf,
    sealer: Sealer,
    out: Vec<u8>,
    /// What of it is to be written.
    filled: usize,
    unsent: Unsent,
}

/// How much the system may hold.
struct Unsent {
    bytes: u32,
    /// What was written since then.
    written: usize,
    since: Instant,
}

impl Outgoing {
    pub(crate) fn new(stream: OwnedWriteHalf, sealer: Sealer) -> Self {
        let unsent = Unsent { bytes: UNSENT_BYTES.0, written: 0, since: Instant::now() };
        set_unsent(&stream, unsent.bytes);
        Self { stream, sealer, out: Vec::new(), filled: 0, unsent }
    }

    /// Seals bytes to be written with the next [`Outgoing::flush`].
    ///
    /// # Errors
    /// The key is worn out.
    pub(crate) fn seal(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        for content in bytes.chunks(MAX_CONTENT_BYTES) {
            let room = self.room(content.len());
            self.filled += self.sealer.seal(content, &mut self.out[room..])?;
        }
        Ok(())
    }

    /// Writes what was sealed.
    ///
    /// # Errors
    /// The connection breaks.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        let filled = std::mem::take(&mut self.filled);
        self.stream.write_all(&self.out[..filled]).await?;
        if let Some(bytes) = self.unsent.after(filled, Instant::now()) {
            set_unsent(&self.stream, bytes);
        }
        Ok(())
    }

    /// Says that nothing comes any more.
    ///
    /// # Errors
    /// The connection breaks.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        let room = self.room(2);
        self.filled += self.sealer.close(&mut self.out[room..]).map_err(io::Error::other)?;
        self.flush().await?;
        self.stream.shutdown().await
    }

    /// Where there is room for a record with so much in it.
    fn room(&mut self, content: usize) -> usize {
        let needed = self.filled + content + EXTRA_BYTES;
        if self.out.len() < needed {
            self.out.resize(needed, 0);
        }
        self.filled
    }
}

impl Unsent {
    /// So many bytes were written: how much it may be from now on, where that changes.
    fn after(&mut self, written: usize, now: Instant) -> Option<u32> {
        self.written += written;
        let spent = now.saturating_duration_since(self.since);
        if spent < LOOK {
            return None;
        }
        let bytes = self.written as f64 * UNSENT.as_secs_f64() / spent.as_secs_f64();
        let bytes = (bytes as u32).clamp(UNSENT_BYTES.0, UNSENT_BYTES.1).next_power_of_two();
        (self.written, self.since) = (0, now);
        (std::mem::replace(&mut self.bytes, bytes) != bytes).then_some(bytes)
    }
}

fn set_unsent(stream: &OwnedWriteHalf, bytes: u32) {
    // Where the system cannot, what is said comes later, and that is all.
    let _ = SockRef::from(stream.as_ref()).set_tcp_notsent_lowat(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 ms of 2.5 MB/s are 25,000 bytes: less than the least. Of 40 MB/s they are 400,000, the
    /// next power of two is 512 KiB; of 1 GB/s they are more than the most.
    #[test]
    fn the_system_holds_more_on_a_fast_link() {
        let start = Instant::now();
        let mut unsent = Unsent { bytes: UNSENT_BYTES.0, written: 0, since: start };
        let at = |tenths: u32| start + LOOK * tenths;
        assert_eq!(unsent.after(250_000, at(1)), None);
        assert_eq!(unsent.after(4_000_000, at(2)), Some(512 << 10));
        assert_eq!(unsent.after(50_000_000, at(2)), None);
        assert_eq!(unsent.after(50_000_000, at(3)), Some(1 << 20));
        assert_eq!(unsent.after(0, at(4)), Some(32 << 10));
    }
}
