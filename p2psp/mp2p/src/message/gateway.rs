//! Who of one network fetches what from outside it.
//!
//! Each member of a PID fetching everything across an expensive link costs that link as many copies
//! as there are members; a single gateway halves the speed. So the members share the fragments out
//! among themselves by rendezvous hashing, fetch their own from outside, and pass them on inside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::PeerId;
use crate::message::bound::List;

/// Members that fetch from outside, at most.
pub const MAX_GATEWAYS: usize = 64;

/// How the members of one PID share out what comes from outside.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Gateway {
    /// Members that fetch the same fragment from outside.
    pub quota: u16,
    /// Who fetches from outside, those that are there longest; the same for every asker of the PID.
    pub members: List<PeerId, MAX_GATEWAYS>,
    /// The asker's place in `members`, from 0; absent where it fetches nothing from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ordinal: Option<u16>,
}

impl Gateway {
    /// Whether the asker is one of those that fetch `fragment` from outside.
    #[must_use]
    pub fn fetches(&self, fragment: u64) -> bool {
        let own =
            self.ordinal.and_then(|at| Some((usize::from(at), self.members.get(at as usize)?)));
        let Some((at, own)) = own else { return false };
        let weight = (weight(own, fragment), at);
        let others = self.members.iter().enumerate();
        let before = others.filter(|(at, other)| (self::weight(other, fragment), *at) > weight);
        before.count() < usize::from(self.quota)
    }
}

/// How much of a claim a member has on a fragment: SplitMix64 (Steele, Lea, Flood 2014) over the
/// first 64 bits of its id and the fragment's number.
fn weight(peer: &PeerId, fragment: u64) -> u64 {
    mix(peer.first_bits() ^ mix(fragment))
}

const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateways(members: usize, quota: u16) -> Vec<Gateway> {
        let id = |at: usize| format!("{:016x}{}", mix(at as u64), "0".repeat(48));
        let ids: Vec<PeerId> = (0..members).map(|at| PeerId::parse(&id(at)).unwrap()).collect();
        let view = |ordinal: Option<u16>| Gateway {
            quota,
            members: List::new(ids.clone()).unwrap(),
            ordinal,
        };
        (0..members as u16).map(|at| view(Some(at))).chain([view(None)]).collect()
    }

    /// The first output of SplitMix64 seeded with 0, as in the reference implementation (Vigna).
    #[test]
    fn the_mixing_is_the_published_one() {
        assert_eq!(mix(0), 0xe220_a839_7b1d_cdaf);
    }

    #[test]
    fn each_fragment_is_fetched_by_as_many_as_the_quota_says_and_evenly() {
        let members = gateways(8, 2);
        let mut load = [0; 9];
        for fragment in 0..4000 {
            let fetching: Vec<usize> = (0..9).filter(|at| members[*at].fetches(fragment)).collect();
            assert_eq!(fetching.len(), 2, "{fragment}");
            fetching.into_iter().for_each(|at| load[at] += 1);
        }
        assert_eq!(load[8], 0, "who is no gateway fetches nothing from outside");
        // 1,000 each; six standard deviations are 176.
        assert!(load[..8].iter().all(|got| (824..1176).contains(got)), "{load:?}");
    }

    #[test]
    fn few_members_fetch_everything() {
        assert!(gateways(2, 3).iter().take(2).all(|member| (0..100).all(|at| member.fetches(at))));
    }
}
