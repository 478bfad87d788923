//! What a connection is waiting for, and until when.
//!
//! hyper's own header deadline also runs while a connection idles between requests, costs a timer
//! per request, and does not cover the HTTP/2 preface; this covers all of a connection's waits with
//! one timer. Pure: `now` is an argument.

use std::time::{Duration, Instant};

/// Bytes of the HTTP/2 preface (RFC 9113 §3.4).
const PREFACE_BYTES: usize = 24;

/// The deadlines of a connection.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Waits {
    pub(crate) first_byte: Duration,
    pub(crate) header: Duration,
    pub(crate) idle: Duration,
    pub(crate) write: Duration,
}

/// What one connection is doing.
#[derive(Debug)]
pub(crate) struct Activity {
    waits: Waits,
    http2: bool,
    phase: Phase,
    in_work: usize,
    read_bytes: usize,
    write_blocked: Option<Instant>,
    /// When something of each answer in work was last taken; as many as requests at a time.
    answers: Vec<(u64, Instant)>,
    answers_begun: u64,
}

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum Phase {
    /// Nothing has come yet (HTTP/2: not the whole preface).
    New(Instant),
    /// A request's head is coming in.
    Head(Instant),
    /// Between requests, or in one.
    Settled(Instant),
}

/// Why a connection is closed.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Overdue {
    FirstByte,
    Head,
    Idle,
    Write,
}

impl Overdue {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::FirstByte => "first-byte",
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Write => "write",
        }
    }
}

impl Activity {
    pub(crate) fn new(waits: Waits, http2: bool, now: Instant) -> Self {
        let phase = Phase::New(now);
        Self {
            waits,
            http2,
            phase,
            in_work: 0,
            read_bytes: 0,
            write_blocked: None,
            answers: Vec::new(),
            answers_begun: 0,
        }
    }

    /// Bytes have come in.
    pub(crate) fn read(&mut self, bytes: usize, now: Instant) {
        if bytes == 0 {
            return;
        }
        self.read_bytes = self.read_bytes.saturating_add(bytes);
        self.phase = match self.phase {
            Phase::New(since) if self.http2 && self.read_bytes < PREFACE_BYTES => Phase::New(since),
            Phase::New(_) if self.http2 => Phase::Settled(now),
            Phase::New(_) => Phase::Head(now),
            // HTTP/2: answers to pings come in while the connection idles.
            Phase::Settled(_) if self.in_work == 0 && !self.http2 => Phase::Head(now),
            other => other,
        };
    }

    /// A request's head is complete.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.in_work += 1;
        self.phase = Phase::Settled(now);
    }

    /// A request's answer is out, or given up.
    pub(crate) fn end(&mut self, now: Instant) {
        self.in_work = self.in_work.saturating_sub(1);
        self.phase = Phase::Settled(now);
    }

    /// The client takes no more bytes for now.
    pub(crate) fn write_blocked(&mut self, now: Instant) {
        self.write_blocked.get_or_insert(now);
    }

    /// The client took bytes.
    pub(crate) fn written(&mut self) {
        self.write_blocked = None;
    }

    /// An answer is ready; the client has until the write deadline to take the first of it. Each
    /// answer has its own: taking one does not excuse holding another (RFC 9113 §5.2: windows are
    /// per stream).
    pub(crate) fn answer(&mut self, now: Instant) -> u64 {
        self.answers_begun += 1;
        self.answers.push((self.answers_begun, now));
        self.answers_begun
    }

    /// A piece of an answer was asked for; its body has as long to bring it.
    pub(crate) fn taken(&mut self, answer: u64, now: Instant) {
        if let Some((_, since)) = self.answers.iter_mut().find(|(known, _)| *known == answer) {
            *since = now;
        }
    }

    /// An answer is out, or given up.
    pub(crate) fn answered(&mut self, answer: u64) {
        self.answers.retain(|(known, _)| *known != answer);
    }

    /// The next deadline and what it is for; `None` while a handler works.
    pub(crate) fn deadline(&self) -> Option<(Instant, Overdue)> {
        let wait = match self.phase {
            Phase::New(since) => Some((since + self.waits.first_byte, Overdue::FirstByte)),
            Phase::Head(since) => Some((since + self.waits.header, Overdue::Head)),
            Phase::Settled(since) if self.in_work == 0 => {
                Some((since + self.waits.idle, Overdue::Idle))
            }
            Phase::Settled(_) => None,
        };
        let untaken = self.answers.iter().map(|(_, since)| *since);
        let write = untaken.chain(self.write_blocked).min();
        let write = write.map(|since| (since + self.waits.write, Overdue::Write));
        match (wait, write) {
            (Some(wait), Some(write)) => Some(if wait.0 <= write.0 { wait } else { write }),
            (wait, write) => wait.or(write),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAITS: Waits = Waits {
        first_byte: Duration::from_secs(5),
        header: Duration::from_secs(10),
        idle: Duration::from_secs(120),
        write: Duration::from_secs(30),
    };

    struct Story {
        start: Instant,
        activity: Activity,
    }

    fn story(http2: bool) -> Story {
        let start = Instant::now();
        Story { start, activity: Activity::new(WAITS, http2, start) }
    }

    impl Story {
        fn at(&self, seconds: u64) -> Instant {
            self.start + Duration::from_secs(seconds)
        }

        fn due(&self) -> Option<(u64, Overdue)> {
            let (when, what) = self.activity.deadline()?;
            Some(((when - self.start).as_secs(), what))
        }
    }

    #[test]
    fn a_silent_client_has_until_the_first_byte() {
        assert_eq!(story(false).due(), Some((5, Overdue::FirstByte)));
        assert_eq!(story(true).due(), Some((5, Overdue::FirstByte)));
    }

    #[test]
    fn dripping_does_not_move_the_deadline_of_a_head() {
        let mut story = story(false);
        for second in 1..9 {
            let now = story.at(second);
            story.activity.read(1, now);
        }
        assert_eq!(story.due(), Some((11, Overdue::Head)));
    }

    #[test]
    fn half_a_preface_is_not_a_first_byte() {
        let mut story = story(true);
        let now = story.at(3);
        story.activity.read(8, now);
        assert_eq!(story.due(), Some((5, Overdue::FirstByte)));
        story.activity.read(16, now);
        assert_eq!(story.due(), Some((123, Overdue::Idle)));
    }

    #[test]
    fn answering_pings_is_idleness() {
        let mut story = story(true);
        let (now, later) = (story.start, story.at(60));
        story.activity.read(24, now);
        story.activity.read(17, later);
        assert_eq!(story.due(), Some((120, Overdue::Idle)));
    }

    #[test]
    fn work_has_no_deadline_and_idleness_begins_after_it() {
        let mut story = story(false);
        let (one, two, nine) = (story.at(1), story.at(2), story.at(9));
        story.activity.read(100, one);
        story.activity.begin(one);
        story.activity.read(100, two);
        assert_eq!(story.due(), None);
        story.activity.end(nine);
        assert_eq!(story.due(), Some((129, Overdue::Idle)));
        story.activity.read(1, nine);
        assert_eq!(story.due(), Some((19, Overdue::Head)));
    }

    #[test]
    fn taking_one_answer_does_not_excuse_holding_another() {
        let mut story = story(true);
        let (one, two, nine) = (story.at(1), story.at(2), story.at(9));
        story.activity.begin(one);
        story.activity.begin(one);
        let held = story.activity.answer(one);
        let fetched = story.activity.answer(two);
        assert_eq!(story.due(), Some((31, Overdue::Write)));
        story.activity.taken(fetched, nine);
        story.activity.read(17, nine);
        story.activity.written();
        assert_eq!(story.due(), Some((31, Overdue::Write)));
        story.activity.answered(held);
        assert_eq!(story.due(), Some((39, Overdue::Write)));
        story.activity.answered(fetched);
        assert_eq!(story.due(), None);
    }

    #[test]
    fn a_client_that_takes_nothing_is_overdue_from_its_first_refusal() {
        let mut story = story(false);
        let (one, two, nine) = (story.at(1), story.at(2), story.at(9));
        story.activity.begin(one);
        story.activity.write_blocked(two);
        story.activity.write_blocked(nine);
        assert_eq!(story.due(), Some((32, Overdue::Write)));
        story.activity.written();
        assert_eq!(story.due(), None);
    }
}
