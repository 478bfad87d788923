//! Two connections made one: bytes are passed on and counted, not faster than was reserved or is
//! lent, not more than was reserved, and not longer. They stay in the kernel: from one socket into
//! a pipe, from there into the other (splice(2)).

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::relay::Lender;

/// Bytes passed on at a time, and room of the pipe between two sockets.
const STEP_BYTES: usize = 256 << 10;
/// With a rate: bytes at a time are those of this long, so that no step is a burst.
const STEP_TIME: Duration = Duration::from_millis(50);
/// … where as many as this share what a relay lends.
const SHARERS: u64 = 4;
/// A circuit without a byte for so long ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// What one reservation has used, and may use; shared by its circuits.
#[derive(Debug)]
pub struct Account {
    used: Mutex<Used>,
    /// Bytes in all; 0: no bound.
    quota: u64,
    /// Bytes a second; 0: no bound.
    rate: u64,
    /// What the relay has beyond that.
    lender: Arc<Lender>,
}

#[derive(Debug, Default)]
struct Used {
    /// Bytes from the holder.
    out: u64,
    /// Bytes to the holder.
    into: u64,
    /// When what was let through so far is paid for.
    paid: Option<Instant>,
}

/// What may pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Passed {
    /// So many bytes of those asked for; less: the quota ends with them.
    pub(crate) bytes: u64,
    /// After this time.
    pub(crate) wait: Duration,
}

impl Account {
    /// Of a reservation of `quota` bytes in all, at `bandwidth_bps`; 0: no bound.
    #[must_use]
    pub fn new(quota: u64, bandwidth_bps: u64) -> Self {
        Self { used: Mutex::default(), quota, rate: bandwidth_bps / 8, lender: Arc::default() }
    }

    /// The same with what the relay has beyond what others use.
    #[must_use]
    pub fn lent_by(mut self, lender: Arc<Lender>) -> Self {
        self.lender = lender;
        self
    }

    /// Bytes from the holder, and to it.
    #[must_use]
    pub fn used(&self) -> (u64, u64) {
        let used = self.lock();
        (used.out, used.into)
    }

    /// Whether the quota is used up, to its last byte.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        let (out, into) = self.used();
        self.quota > 0 && out.saturating_add(into) >= self.quota
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&self) -> usize {
        if self.rate == 0 {
            return STEP_BYTES;
        }
        let rate = self.rate.max(self.lender.rate() / SHARERS);
        let bytes = rate.saturating_mul(STEP_TIME.as_millis() as u64) / 1000;
        usize::try_from(bytes).unwrap_or(STEP_BYTES).clamp(1500, STEP_BYTES)
    }

    /// Counts as many of `bytes` as may pass, and when.
    pub(crate) fn take(&self, bytes: u64, from_holder: bool, now: Instant) -> Passed {
        let mut used = self.lock();
        let left = match self.quota {
            0 => bytes,
            quota => quota.saturating_sub(used.out.saturating_add(used.into)),
        };
        let bytes = bytes.min(left);
        let counter = if from_holder { &mut used.out } else { &mut used.into };
        *counter = counter.saturating_add(bytes);
        if self.rate == 0 {
            return Passed { bytes, wait: Duration::ZERO };
        }
        let cost = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        let own = used.paid.map_or(now, |paid| paid.max(now));
        let (from, is_lent) = self.lender.pass(bytes, own, now);
        if !is_lent {
            used.paid = Some(own + cost);
        }
        Passed { bytes, wait: from.saturating_duration_since(now) }
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
    let pipe = Pipe::new()?;
    let step = account.step();
    loop {
        let read = tokio::time::timeout(IDLE_TIMEOUT, pipe.fill(from.as_ref(), step)).await;
        let bytes = read.map_err(|_elapsed| io::Error::from(io::ErrorKind::TimedOut))??;
        if bytes == 0 {
            return to.shutdown().await;
        }
        let passed = account.take(bytes as u64, from_holder, Instant::now());
        if !passed.wait.is_zero() {
            tokio::time::sleep(passed.wait).await;
        }
        // No more than is in the pipe.
        pipe.empty(to.as_ref(), passed.bytes as usize).await?;
        if passed.bytes < bytes as u64 {
            return Err(io::Error::other("the quota of the reservation is used up"));
        }
    }
}

/// What is between two sockets.
struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
}

impl Pipe {
    fn new() -> io::Result<Self> {
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // Where the user has too many pipes already, this one stays small, and works.
        let _ = fcntl_setpipe_size(&into, STEP_BYTES);
        Ok(Self { out, into })
    }

    /// Takes up to `most` bytes out of a socket, as many as are there; 0 at its end. The pipe is
    /// empty before.
    async fn fill(&self, from: &TcpStream, most: usize) -> io::Result<usize> {
        let take = || splice_some(from, &self.into, most);
        from.async_io(Interest::READABLE, take).await
    }

    /// Puts `bytes`, which are in the pipe, into a socket.
    async fn empty(&self, to: &TcpStream, bytes: usize) -> io::Result<()> {
        let mut left = bytes;
        while left > 0 {
            let put = || splice_some(&self.out, to, left);
            match to.async_io(Interest::WRITABLE, put).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                some => left -= some,
            }
        }
        Ok(())
    }
}

fn splice_some(
    from: &impl std::os::fd::AsFd,
    to: &impl std::os::fd::AsFd,
    most: usize,
) -> io::Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    loop {
        match rustix::pipe::splice(from, None, to, None, most, flags) {
            Err(rustix::io::Errno::INTR) => {}
            other => return other.map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_through_is_counted_and_ends_at_the_quota() {
        let account = Account::new(1000, 0);
        let now = Instant::now();
        let at_once = |bytes| Passed { bytes, wait: Duration::ZERO };
        assert_eq!(account.take(600, true, now), at_once(600));
        assert!(!account.is_exhausted());
        assert_eq!(account.take(500, false, now), at_once(400));
        assert_eq!(account.take(1, true, now), at_once(0));
        assert_eq!((account.used(), account.is_exhausted()), ((600, 400), true));
    }

    /// 8,000 bit/s are 1,000 bytes a second, whoever sends them.
    #[test]
    fn both_directions_share_the_rate() {
        let account = Account::new(0, 8000);
        let now = Instant::now();
        let wait = |bytes, from_holder, at| account.take(bytes, from_holder, at).wait;
        assert_eq!(wait(500, true, now), Duration::ZERO);
        assert_eq!(wait(500, false, now), Duration::from_millis(500));
        assert_eq!(wait(1, true, now), Duration::from_secs(1));
        assert_eq!(wait(1, true, now + Duration::from_secs(5)), Duration::ZERO);
    }

    /// Whole connections of the kernel: what one end sends the other gets, in both directions, and
    /// the account has each byte once.
    #[tokio::test]
    async fn every_byte_arrives_and_is_counted_once() {
        let account = Arc::new(Account::new(0, 0));
        let (holder, holder_end) = connection().await;
        let (other, other_end) = connection().await;
        let ended = CancellationToken::new();
        let spliced =
            tokio::spawn(splice(holder_end, other_end, Arc::clone(&account), ended.clone()));
        let (out, into): (Vec<u8>, Vec<u8>) =
            ((0..3_000_001_u32).map(|n| (n % 251) as u8).collect(), vec![7; 70_003]);
        let (heard_out, heard_into) =
            tokio::join!(exchange(other, into.clone()), exchange(holder, out.clone()),);
        assert!(heard_out == out && heard_into == into);
        spliced.await.unwrap().unwrap();
        assert_eq!(account.used(), (3_000_001, 70_003));
    }

    /// The last byte of the quota arrives, the next one does not, and is not counted.
    #[tokio::test]
    async fn nothing_passes_beyond_the_quota() {
        let account = Arc::new(Account::new(100_000, 0));
        let (mut holder, holder_end) = connection().await;
        let (other, other_end) = connection().await;
        let ended = CancellationToken::new();
        let spliced =
            tokio::spawn(splice(holder_end, other_end, Arc::clone(&account), ended.clone()));
        holder.write_all(&[1; 60_000]).await.unwrap();
        let reader = tokio::spawn(exchange(other, Vec::new()));
        while account.used().0 < 60_000 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let _ = holder.write_all(&[2; 50_000]).await;
        let heard = reader.await.unwrap();
        assert!(spliced.await.unwrap().is_err() && account.is_exhausted());
        assert_eq!((account.used(), heard.len()), ((100_000, 0), 100_000));
    }

    async fn connection() -> (TcpStream, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (dialled, accepted) = tokio::join!(TcpStream::connect(at), listener.accept());
        (dialled.unwrap(), accepted.unwrap().0)
    }

    /// Sends all, then hears all.
    async fn exchange(stream: TcpStream, sent: Vec<u8>) -> Vec<u8> {
        use tokio::io::AsyncReadExt;
        let (mut reader, mut writer) = stream.into_split();
        let sending = tokio::spawn(async move {
            let _ = writer.write_all(&sent).await;
            let _ = writer.shutdown().await;
            writer
        });
        let mut heard = Vec::new();
        let _ = reader.read_to_end(&mut heard).await;
        drop(sending.await);
        heard
    }
}
