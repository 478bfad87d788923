//! Two connections made one: bytes are passed on and counted, not faster than was reserved, not
//! more than was reserved, and not longer.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Bytes passed on at a time.
const STEP_BYTES: usize = 256 << 10;
/// With a rate: bytes at a time are those of this long, so that no step is a burst.
const STEP_TIME: Duration = Duration::from_millis(50);
/// A circuit without a byte for so long ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// What one reservation has used, and may use; shared by its circuits.
#[derive(Debug)]
pub struct Account {
    /// Bytes from the holder.
    out: AtomicU64,
    /// Bytes to the holder.
    into: AtomicU64,
    /// Bytes in all; 0: no bound.
    quota: u64,
    /// Bytes a second; 0: no bound.
    rate: u64,
    /// When what was let through so far is paid for.
    paid: std::sync::Mutex<Option<Instant>>,
    exhausted: AtomicBool,
}

impl Account {
    /// Of a reservation of `quota` bytes in all, at `bandwidth_bps`; 0: no bound.
    #[must_use]
    pub fn new(quota: u64, bandwidth_bps: u64) -> Self {
        Self {
            out: AtomicU64::new(0),
            into: AtomicU64::new(0),
            quota,
            rate: bandwidth_bps / 8,
            paid: std::sync::Mutex::new(None),
            exhausted: AtomicBool::new(false),
        }
    }

    /// Bytes from the holder, and to it.
    #[must_use]
    pub fn used(&self) -> (u64, u64) {
        (self.out.load(Ordering::Relaxed), self.into.load(Ordering::Relaxed))
    }

    /// Whether the quota is used up.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.exhausted.load(Ordering::Relaxed)
    }

    fn step(&self) -> usize {
        if self.rate == 0 {
            return STEP_BYTES;
        }
        let bytes = self.rate.saturating_mul(STEP_TIME.as_millis() as u64) / 1000;
        usize::try_from(bytes).unwrap_or(STEP_BYTES).clamp(1500, STEP_BYTES)
    }

    /// Counts bytes; the time to wait before they may go on, or `None` where the quota ends.
    fn take(&self, bytes: u64, from_holder: bool, now: Instant) -> Option<Duration> {
        let counter = if from_holder { &self.out } else { &self.into };
        counter.fetch_add(bytes, Ordering::Relaxed);
        let (out, into) = self.used();
        if self.quota > 0 && out.saturating_add(into) > self.quota {
            counter.fetch_sub(bytes, Ordering::Relaxed);
            self.exhausted.store(true, Ordering::Relaxed);
            return None;
        }
        if self.rate == 0 {
            return Some(Duration::ZERO);
        }
        let cost = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        let mut paid = self.paid.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let from = paid.map_or(now, |paid| paid.max(now));
        *paid = Some(from + cost);
        Some(from.saturating_duration_since(now))
    }
}

/// Passes bytes on until both ends have closed, the quota is used up, or `ended`.
pub(crate) async fn splice(
    mut holder: TcpStream,
    mut other: TcpStream,
    account: Arc<Account>,
    ended: CancellationToken,
) -> io::Result<()> {
    let (mut from_holder, mut to_holder) = holder.split();
    let (mut from_other, mut to_other) = other.split();
    let both = async {
        tokio::try_join!(
            pass(&mut from_holder, &mut to_other, &account, true),
            pass(&mut from_other, &mut to_holder, &account, false),
        )
    };
    tokio::select! {
        passed = both => passed.map(|_| ()),
        () = ended.cancelled() => Ok(()),
    }
}

async fn pass(
    from: &mut ReadHalf<'_>,
    to: &mut WriteHalf<'_>,
    account: &Account,
    from_holder: bool,
) -> io::Result<()> {
    let mut buffer = vec![0; account.step()];
    loop {
        let read = tokio::time::timeout(IDLE_TIMEOUT, from.read(&mut buffer)).await;
        let bytes = read.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
        if bytes == 0 {
            return to.shutdown().await;
        }
        let Some(wait) = account.take(bytes as u64, from_holder, Instant::now()) else {
            return Err(io::Error::other("the quota of the reservation is used up"));
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        to.write_all(&buffer[..bytes]).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_through_is_counted_and_ends_at_the_quota() {
        let account = Account::new(1000, 0);
        let now = Instant::now();
        assert_eq!(account.take(600, true, now), Some(Duration::ZERO));
        assert_eq!(account.take(400, false, now), Some(Duration::ZERO));
        assert!(!account.is_exhausted());
        assert_eq!(account.take(1, true, now), None);
        assert_eq!((account.used(), account.is_exhausted()), ((600, 400), true));
    }

    /// 8,000 bit/s are 1,000 bytes a second, whoever sends them.
    #[test]
    fn both_directions_share_the_rate() {
        let account = Account::new(0, 8000);
        let now = Instant::now();
        assert_eq!(account.take(500, true, now), Some(Duration::ZERO));
        assert_eq!(account.take(500, false, now), Some(Duration::from_millis(500)));
        assert_eq!(account.take(1, true, now), Some(Duration::from_secs(1)));
        let later = now + Duration::from_secs(5);
        assert_eq!(account.take(1, true, later), Some(Duration::ZERO));
    }
}
