//! What peers measured at their interfaces goes to UMS, which holds their credit against it
//! (Req-Traffic-020, Req-User-060).

use std::time::Duration;

use crate::activity::{Pams, Sent};
use crate::calls::{CallError, Measured, Users};

impl Pams {
    /// How often UMS is told.
    #[must_use]
    pub fn tell_interval(&self) -> Duration {
        Duration::from_secs(self.settings.load().tell_seconds)
    }

    /// Tells UMS what each peer that reported at `since` or later measured on that day, since this
    /// PAMS runs from `run` on (Unix seconds); how many peers. What it was told before may be told
    /// again.
    ///
    /// # Errors
    /// UMS does not answer; the rest is not told.
    pub async fn tell(&self, users: &dyn Users, run: u64, since: u64) -> Result<u64, CallError> {
        let (mut from, mut told) = (Some(0), 0);
        while let Some(row) = from {
            let (sent, next) = self.store.measured(row, since);
            from = next;
            let measured = sent.into_iter().map(|Sent { peer, day, bytes }| Measured {
                peer,
                day,
                run,
                bytes,
            });
            let measured: Vec<Measured> = measured.collect();
            told += measured.len() as u64;
            if !measured.is_empty() {
                users.measured(measured).await?;
            }
        }
        Ok(told)
    }
}
