//! What peers say of each other's failures, for as long as it counts, and who stands in quarantine
//! for it. Pure: `now` is an argument.
//!
//! Users count, not peers: one user with a hundred peers is one voice. Towards a quarantine only
//! those count that have a reputation to lose, so that a hundred fresh users are none. A voice
//! fades after [`WINDOW_S`].

use std::collections::{HashMap, HashSet};

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
    /// Until when, Unix seconds: kept beside the members, so that nobody sheds it by coming anew.
    quarantined: HashMap<(OverlayId, PeerId), u64>,
}

/// Who speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accuser<'a> {
    /// A user; a server of the provider speaks as its own peer.
    pub(crate) of: &'a str,
    /// Whether there is a reputation to lose.
    pub(crate) is_reputable: bool,
}

#[derive(Clone, Debug)]
struct Voice {
    /// A user; a server of the provider speaks as its own peer.
    of: String,
    is_reputable: bool,
    kind: FailureKind,
    at: u64,
}

/// How many speak against a member.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Voices {
    /// Users who could not reach it, or were left in the middle.
    pub(crate) gone: usize,
    /// Users with whatever complaint, who have a reputation to lose.
    pub(crate) reputable: usize,
}

impl Accusations {
    /// Takes a voice in; all that count against the member now.
    pub(crate) fn add(
        &mut self,
        (overlay, accused): (&OverlayId, &PeerId),
        accuser: Accuser<'_>,
        kind: FailureKind,
        now: u64,
    ) -> Voices {
        let Accuser { of, is_reputable } = accuser;
        let key = (overlay.clone(), accused.clone());
        if self.by_accused.len() >= MAX_ACCUSED && !self.by_accused.contains_key(&key) {
            self.sweep(now);
            if self.by_accused.len() >= MAX_ACCUSED {
                return Voices::default();
            }
        }
        let voices = self.by_accused.entry(key).or_default();
        voices.retain(|voice| counts(voice, now) && !(voice.of == of && voice.kind == kind));
        if voices.len() >= MAX_VOICES && is_reputable {
            // A crowd of strangers does not keep those out who count.
            if let Some(stranger) = voices.iter().position(|voice| !voice.is_reputable) {
                voices.swap_remove(stranger);
            }
        }
        if voices.len() < MAX_VOICES {
            voices.push(Voice { of: of.to_owned(), is_reputable, kind, at: now });
        }
        let is_gone =
            |kind: FailureKind| matches!(kind, FailureKind::Unreachable | FailureKind::Timeout);
        Voices {
            gone: distinct(voices.iter().filter(|voice| is_gone(voice.kind))),
            reputable: distinct(voices.iter().filter(|voice| voice.is_reputable)),
        }
    }

    /// What was said is settled: it was looked into.
    pub(crate) fn settle(&mut self, overlay: &OverlayId, accused: &PeerId) {
        self.by_accused.remove(&(overlay.clone(), accused.clone()));
    }

    /// A member stands last until then.
    pub(crate) fn quarantine(&mut self, overlay: &OverlayId, accused: &PeerId, until: u64) {
        self.settle(overlay, accused);
        if self.quarantined.len() < MAX_ACCUSED {
            self.quarantined.insert((overlay.clone(), accused.clone()), until);
        }
    }

    /// Until when a peer that comes stands last; 0 where it does not.
    pub(crate) fn quarantined(&self, overlay: &OverlayId, peer: &PeerId) -> u64 {
        match self.quarantined.is_empty() {
            true => 0,
            false => {
                let key = (overlay.clone(), peer.clone());
                self.quarantined.get(&key).copied().unwrap_or_default()
            }
        }
    }

    /// Members of an overlay that somebody spoke against of late, or that stand in quarantine.
    pub(crate) fn in_overlay(&self, overlay: &OverlayId, now: u64) -> usize {
        let has_voice = |voices: &[Voice]| voices.iter().any(|voice| counts(voice, now));
        let of_it = self.by_accused.iter().filter(|((of, _), _)| of == overlay);
        let spoken_against = of_it.filter(|(_, voices)| has_voice(voices)).map(|(key, _)| key);
        let stand_last = self.quarantined.iter().filter(|(_, until)| **until > now);
        let stand_last = stand_last.map(|(key, _)| key).filter(|(of, _)| of == overlay);
        spoken_against.chain(stand_last).collect::<HashSet<_>>().len()
    }

    /// Forgets what faded.
    pub(crate) fn sweep(&mut self, now: u64) {
        self.by_accused.retain(|_, voices| {
            voices.retain(|voice| counts(voice, now));
            !voices.is_empty()
        });
        self.quarantined.retain(|_, until| *until > now);
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
            let accuser = Accuser { of, is_reputable: of != "carla" };
            let voices = accusations.add((&overlay, &bad), accuser, kind, now);
            (voices.gone, voices.reputable)
        };
        assert_eq!(add("anna", FailureKind::Unreachable, 100), (1, 1));
        assert_eq!(add("anna", FailureKind::Unreachable, 101), (1, 1));
        assert_eq!(add("anna", FailureKind::Slow, 101), (1, 1));
        assert_eq!(add("ben", FailureKind::Slow, 102), (1, 2));
        assert_eq!(add("carla", FailureKind::Timeout, 103), (2, 2));
        assert_eq!(add("dora", FailureKind::Slow, 282), (1, 1));
        assert_eq!(accusations.in_overlay(&overlay, 300), 1);
        accusations.settle(&overlay, &bad);
        assert_eq!(accusations.in_overlay(&overlay, 300), 0);
    }

    #[test]
    fn a_quarantine_is_kept_for_who_comes_anew_and_ends() {
        let (overlay, bad) =
            (OverlayId::parse("film").unwrap(), PeerId::parse(&"b".repeat(64)).unwrap());
        let mut accusations = Accusations::default();
        accusations.quarantine(&overlay, &bad, 700);
        accusations.sweep(699);
        assert_eq!(accusations.quarantined(&overlay, &bad), 700);
        accusations.sweep(700);
        assert_eq!(accusations.quarantined(&overlay, &bad), 0);
    }

    #[test]
    fn a_crowd_of_accusers_fills_no_memory_and_keeps_nobody_out() {
        let (overlay, bad) =
            (OverlayId::parse("film").unwrap(), PeerId::parse(&"b".repeat(64)).unwrap());
        let mut accusations = Accusations::default();
        for user in 0..1000 {
            let accuser = Accuser { of: &user.to_string(), is_reputable: false };
            let voices = accusations.add((&overlay, &bad), accuser, FailureKind::Slow, 100);
            assert_eq!(voices.reputable, 0, "a thousand strangers are nobody");
        }
        for (count, of) in ["anna", "ben", "carla"].into_iter().enumerate() {
            let accuser = Accuser { of, is_reputable: true };
            let voices = accusations.add((&overlay, &bad), accuser, FailureKind::Slow, 100);
            assert_eq!(voices.reputable, count + 1);
        }
        assert_eq!(accusations.by_accused.values().map(Vec::len).sum::<usize>(), MAX_VOICES);
        accusations.sweep(100 + WINDOW_S);
        assert!(accusations.by_accused.is_empty());
    }
}
