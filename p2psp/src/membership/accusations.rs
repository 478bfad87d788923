//! What peers say of each other's failures, for as long as it counts. Pure: `now` is an argument.
//!
//! Users count, not peers: one user with a hundred peers is one voice. A voice fades after
//! [`WINDOW_S`].

use std::collections::HashMap;

use mp2p::id::{OverlayId, PeerId};
use mp2p::message::failure::FailureKind;

/// How long a voice counts, seconds.
pub(crate) const WINDOW_S: u64 = 180;
/// Voices kept against one member.
const MAX_VOICES: usize = 32;
/// Members that somebody spoke against, kept at most.
const MAX_ACCUSED: usize = 100_000;

/// Voices against members.
#[derive(Debug, Default)]
pub struct Accusations {
    by_accused: HashMap<(OverlayId, PeerId), Vec<Voice>>,
}

#[derive(Clone, Debug)]
struct Voice {
    /// A user; a server of the provider speaks as its own peer.
    of: String,
    kind: FailureKind,
    at: u64,
}

/// How many speak against a member.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Voices {
    /// Users who could not reach it, or were left in the middle.
    pub(crate) gone: usize,
    /// Users with whatever complaint.
    pub(crate) all: usize,
}

impl Accusations {
    /// Takes a voice in; all that count against the member now.
    pub(crate) fn add(
        &mut self,
        (overlay, accused): (&OverlayId, &PeerId),
        of: &str,
        kind: FailureKind,
        now: u64,
    ) -> Voices {
        let key = (overlay.clone(), accused.clone());
        if self.by_accused.len() >= MAX_ACCUSED && !self.by_accused.contains_key(&key) {
            self.sweep(now);
            if self.by_accused.len() >= MAX_ACCUSED {
                return Voices::default();
            }
        }
        let voices = self.by_accused.entry(key).or_default();
        voices.retain(|voice| counts(voice, now) && !(voice.of == of && voice.kind == kind));
        if voices.len() < MAX_VOICES {
            voices.push(Voice { of: of.to_owned(), kind, at: now });
        }
        let is_gone =
            |kind: FailureKind| matches!(kind, FailureKind::Unreachable | FailureKind::Timeout);
        Voices {
            gone: distinct(voices.iter().filter(|voice| is_gone(voice.kind))),
            all: distinct(voices.iter()),
        }
    }

    /// What was said is settled: it was looked into.
    pub(crate) fn settle(&mut self, overlay: &OverlayId, accused: &PeerId) {
        self.by_accused.remove(&(overlay.clone(), accused.clone()));
    }

    /// Members of an overlay that somebody spoke against of late.
    pub(crate) fn in_overlay(&self, overlay: &OverlayId, now: u64) -> usize {
        let has_voice = |voices: &[Voice]| voices.iter().any(|voice| counts(voice, now));
        let of_it = self.by_accused.iter().filter(|((of, _), _)| of == overlay);
        of_it.filter(|(_, voices)| has_voice(voices)).count()
    }

    /// Forgets what faded.
    pub(crate) fn sweep(&mut self, now: u64) {
        self.by_accused.retain(|_, voices| {
            voices.retain(|voice| counts(voice, now));
            !voices.is_empty()
        });
    }
}

fn counts(voice: &Voice, now: u64) -> bool {
    now.saturating_sub(voice.at) < WINDOW_S
}

fn distinct<'a>(voices: impl Iterator<Item = &'a Voice>) -> usize {
    let mut users: Vec<&str> = voices.map(|voice| voice.of.as_str()).collect();
    users.sort_unstable();
    users.dedup();
    users.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_count_once_each_and_fade() {
        let (overlay, bad) =
            (OverlayId::parse("film").unwrap(), PeerId::parse(&"b".repeat(64)).unwrap());
        let mut accusations = Accusations::default();
        let mut add = |of: &str, kind, now| {
            let voices = accusations.add((&overlay, &bad), of, kind, now);
            (voices.gone, voices.all)
        };
        assert_eq!(add("anna", FailureKind::Unreachable, 100), (1, 1));
        assert_eq!(add("anna", FailureKind::Unreachable, 101), (1, 1));
        assert_eq!(add("anna", FailureKind::Slow, 101), (1, 1));
        assert_eq!(add("ben", FailureKind::Slow, 102), (1, 2));
        assert_eq!(add("carla", FailureKind::Timeout, 103), (2, 3));
        assert_eq!(add("dora", FailureKind::Slow, 282), (1, 2));
        assert_eq!(accusations.in_overlay(&overlay, 300), 1);
        accusations.settle(&overlay, &bad);
        assert_eq!(accusations.in_overlay(&overlay, 300), 0);
    }

    #[test]
    fn a_crowd_of_accusers_fills_no_memory() {
        let (overlay, bad) =
            (OverlayId::parse("film").unwrap(), PeerId::parse(&"b".repeat(64)).unwrap());
        let mut accusations = Accusations::default();
        for user in 0..1000 {
            accusations.add((&overlay, &bad), &user.to_string(), FailureKind::Slow, 100);
        }
        assert_eq!(accusations.by_accused.values().map(Vec::len).sum::<usize>(), MAX_VOICES);
        accusations.sweep(100 + WINDOW_S);
        assert!(accusations.by_accused.is_empty());
    }
}
