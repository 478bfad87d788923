//! Who plays comes first: what lacks something that is played next has the line, and other contents
//! are fetched when it lacks nothing. They never stand still for long: it may be its source that is
//! slow, and not the line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use mp2p::id::ContentId;

/// What was said lately counts for so long; it is said again while it is so.
const FRESH: Duration = Duration::from_secs(1);
/// Others wait for so long at a stretch…
const WAITS: Duration = Duration::from_secs(20);
/// … and then go on for so long.
const GOES_ON: Duration = Duration::from_secs(5);

/// Which contents lack something that is played next.
#[derive(Debug, Default)]
pub(crate) struct Stage(Mutex<Lacking>);

#[derive(Debug, Default)]
struct Lacking {
    /// When it was said last.
    said: HashMap<ContentId, Instant>,
    /// Since when there has always been one.
    since: Option<Instant>,
}

impl Stage {
    /// This one lacks something now.
    pub(crate) fn lacks(&self, content: &ContentId, now: Instant) {
        let mut lacking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.look(now);
        lacking.since.get_or_insert(now);
        lacking.said.insert(content.clone(), now);
    }

    /// Until when other contents are to wait; `None`: they need not.
    pub(crate) fn until(&self, now: Instant) -> Option<Instant> {
        let mut lacking = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lacking.look(now);
        let turn = WAITS + GOES_ON;
        let waited = now.saturating_duration_since(lacking.since?).as_millis() % turn.as_millis();
        let last = lacking.said.values().max().filter(|_| waited < WAITS.as_millis())?;
        Some(*last + FRESH)
    }
}

impl Lacking {
    fn look(&mut self, now: Instant) {
        self.said.retain(|_, said| now < *said + FRESH);
        if self.said.is_empty() {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(letter: char) -> ContentId {
        ContentId::parse(&letter.to_string().repeat(64)).unwrap()
    }

    #[test]
    fn others_wait_as_long_as_it_is_said_again() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let stage = Stage::default();
        assert_eq!(stage.until(start), None);
        stage.lacks(&content('a'), start);
        stage.lacks(&content('b'), at(500));
        assert_eq!(stage.until(at(600)), Some(at(1500)));
        stage.lacks(&content('a'), at(900));
        assert_eq!((stage.until(at(1899)), stage.until(at(1900))), (Some(at(1900)), None));
    }

    /// Of every 25 seconds others have 5; a gap of a second begins anew.
    #[test]
    fn others_never_stand_still_for_long() {
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let stage = Stage::default();
        let waits = |second: u64| {
            // Said a little before each look, and so always fresh.
            for tenth in 0..10 {
                let now = at(second) + Duration::from_millis(tenth * 100);
                stage.lacks(&content('a'), now);
            }
            stage.until(at(second) + Duration::from_millis(900)).is_some()
        };
        let waiting: Vec<u64> = (0..60).filter(|second| waits(*second)).collect();
        let expected: Vec<u64> = (0..20).chain(25..45).chain(50..60).collect();
        assert_eq!(waiting, expected);
        assert_eq!(stage.until(at(62)), None);
        stage.lacks(&content('a'), at(70));
        assert_eq!(stage.until(at(70)), Some(at(71)));
    }
}
