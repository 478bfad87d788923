//! Limits of what comes in hold where it is read: a connection is read only as far as the limits
//! let it, and what is not read waits with its sender.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use crate::exchange::Bucket;

/// Other limits count after so long at the latest.
const LOOK: Duration = Duration::from_millis(250);

/// What may be read from all connections together, and from each.
#[derive(Debug)]
pub struct Intake(Mutex<Rates>);

#[derive(Debug)]
struct Rates {
    all: Bucket,
    /// From one peer, bytes a second.
    peer: Option<u64>,
}

impl Intake {
    /// At `all` bytes a second together and `peer` bytes a second from each; `None`: no bound.
    #[must_use]
    pub fn new(all: Option<u64>, peer: Option<u64>, now: Instant) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Rates { all: Bucket::new(all, now), peer })))
    }

    /// Other rates from now on.
    pub fn set(&self, all: Option<u64>, peer: Option<u64>, now: Instant) {
        let mut rates = self.lock();
        rates.all.set(all, now);
        rates.peer = peer;
    }

    /// The pace of one connection.
    #[must_use]
    pub fn pace(self: &Arc<Self>, now: Instant) -> Pace {
        Pace { intake: Arc::clone(self), own: Bucket::new(None, now), pause: None }
    }

    /// Takes as many of `most` bytes as a connection with this bucket may read now; else says when
    /// to look again.
    fn take(&self, own: &mut Bucket, most: usize, now: Instant) -> Result<usize, Instant> {
        let mut rates = self.lock();
        own.set(rates.peer, now);
        match (rates.all.grant(most, now), own.grant(most, now)) {
            (Ok(all), Ok(mine)) => {
                let taken = all.min(mine);
                rates.all.spend(taken as u64, now);
                own.spend(taken as u64, now);
                Ok(taken)
            }
            (Err(one), Err(other)) => Err(one.max(other)),
            (Err(later), Ok(_)) | (Ok(_), Err(later)) => Err(later),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Rates> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How fast one connection may be read.
#[derive(Debug)]
pub struct Pace {
    intake: Arc<Intake>,
    own: Bucket,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    /// Waits until something may be read, and takes it from what the limits allow: how many bytes.
    pub(crate) fn poll_take(&mut self, most: usize, context: &mut Context<'_>) -> Poll<usize> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            let now = Instant::now();
            match self.intake.take(&mut self.own, most, now) {
                Ok(taken) => return Poll::Ready(taken),
                Err(later) => {
                    self.pause = Some(Box::pin(sleep_until(later.min(now + LOOK).into())));
                }
            }
        }
    }

    /// So many bytes of those that were taken last have not come.
    pub(crate) fn give_back(&mut self, bytes: usize) {
        if bytes > 0 {
            self.own.refund(bytes as u64);
            self.intake.lock().all.refund(bytes as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 80,000 bytes a second for all and 50,000 for each: two connections that take whatever they
    /// may get their share in every second, and no more than a burst (an eighth of a second)
    /// beyond it.
    #[test]
    fn what_is_read_stays_within_both_limits() {
        let start = Instant::now();
        let intake = Intake::new(Some(80_000), Some(50_000), start);
        let (mut one, mut two) = (Bucket::new(None, start), Bucket::new(None, start));
        let mut read = [0_usize; 2];
        for millis in 0..10_000 {
            let now = start + Duration::from_millis(millis);
            for (bucket, read) in [&mut one, &mut two].into_iter().zip(&mut read) {
                *read += intake.take(bucket, 64 << 10, now).unwrap_or_default();
            }
            let seconds = millis as f64 / 1000.0;
            let all = (read[0] + read[1]) as f64;
            assert!(all <= 80_000.0 * (seconds + 0.125) + 1.0, "{all} in {seconds} s");
            assert!(read[0] as f64 <= 50_000.0 * (seconds + 0.125) + 1.0, "{read:?}");
        }
        // What waits for a whole step is the only loss.
        assert!(read[0] + read[1] > 780_000, "{read:?}");
    }

    #[test]
    fn without_limits_nothing_waits_and_a_new_one_counts_at_once() {
        let start = Instant::now();
        let intake = Intake::new(None, None, start);
        let mut own = Bucket::new(None, start);
        assert_eq!(intake.take(&mut own, 70_000, start), Ok(70_000));
        intake.set(Some(0), None, start);
        assert!(intake.take(&mut own, 1, start).is_err());
    }

    /// 8,000 bytes a second: half a bucket of 4 KiB is there after 256 ms. What did not come is
    /// there for others at once.
    #[test]
    fn what_has_not_come_costs_nothing() {
        let start = Instant::now();
        let intake = Intake::new(Some(8_000), None, start);
        let mut pace = intake.pace(start);
        let later = start + Duration::from_millis(257);
        let taken = intake.take(&mut pace.own, 4000, later).unwrap();
        assert_eq!(taken, 2056);
        assert!(intake.take(&mut pace.own, 4000, later).is_err());
        pace.give_back(taken);
        assert_eq!(intake.take(&mut pace.own, 4000, later), Ok(2056));
    }
}
