//! What is to be done so that the disk holds what is to be kept: fetch, put away, evict.
//!
//! What is not reserved any more stays as it is, in case it is wanted again, until its place is
//! needed: then whatever was used longest ago goes first. What is reserved never goes.

use std::collections::BTreeMap;

use mp2p::id::ContentId;

use crate::cache::plan::{Ranges, Share};

/// A content that lies on the disk.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Here {
    /// The fragments that are kept and given; `None`: it was put away.
    pub kept: Option<Ranges>,
    /// Bytes that it takes.
    pub bytes: u64,
    /// When it was used last, Unix seconds.
    pub last_used: u64,
}

/// One thing to do.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Act {
    /// Give it no more; its bytes stay.
    PutAway(ContentId),
    /// Delete it.
    Evict(ContentId),
    /// Fetch and give these fragments; what of them lies here is used.
    Keep(ContentId, Ranges),
}

/// What to do, in this order, so that `planned` is kept and no more than `room_bytes` are used.
#[must_use]
pub fn acts(
    planned: &BTreeMap<ContentId, Share>,
    here: &BTreeMap<ContentId, Here>,
    room_bytes: u64,
) -> Vec<Act> {
    let unplanned = || here.iter().filter(|(content, _)| !planned.contains_key(*content));
    let ended = unplanned().filter(|(_, one)| one.kept.is_some());
    let mut acts: Vec<Act> = ended.map(|(content, _)| Act::PutAway(content.clone())).collect();
    let mut spare: Vec<(u64, &ContentId, u64)> =
        unplanned().map(|(content, one)| (one.last_used, content, one.bytes)).collect();
    spare.sort_unstable();
    let mut needed: u64 = planned.values().map(|share| share.bytes).sum();
    needed += spare.iter().map(|(_, _, bytes)| bytes).sum::<u64>();
    for (_, content, bytes) in spare {
        if needed <= room_bytes {
            break;
        }
        needed -= bytes;
        acts.push(Act::Evict(content.clone()));
    }
    for (content, share) in planned {
        let one = here.get(content);
        // More lies there than is to be kept: it is fetched anew, without the rest.
        if one.is_some_and(|one| one.bytes > share.bytes + slack(share)) {
            acts.push(Act::Evict(content.clone()));
        } else if one.and_then(|one| one.kept.as_ref()) == Some(&share.ranges) {
            continue;
        }
        acts.push(Act::Keep(content.clone(), share.ranges.clone()));
    }
    acts
}

/// What a file system takes beside the bytes themselves.
fn slack(share: &Share) -> u64 {
    (1 << 20) + share.bytes / 64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(letter: char) -> ContentId {
        ContentId::parse(&letter.to_string().repeat(64)).unwrap()
    }

    fn share(bytes: u64) -> Share {
        Share { ranges: vec![(0, 4)], bytes, ..Share::default() }
    }

    fn here(kept: bool, bytes: u64, last_used: u64) -> Here {
        Here { kept: kept.then(|| vec![(0, 4)]), bytes, last_used }
    }

    #[test]
    fn the_released_go_first_by_their_last_use_and_the_reserved_never() {
        let planned = BTreeMap::from([(content('a'), share(60)), (content('e'), share(30))]);
        let on_disk = BTreeMap::from([
            (content('a'), here(true, 60, 1)),
            (content('b'), here(false, 10, 9)),
            (content('c'), here(false, 10, 5)),
            (content('d'), here(true, 10, 7)),
        ]);
        let keep = |letter| Act::Keep(content(letter), vec![(0, 4)]);
        // 60 + 30 are planned, 30 are spare: of 110 the least recently used has to go…
        let first = [Act::PutAway(content('d')), Act::Evict(content('c')), keep('e')];
        assert_eq!(acts(&planned, &on_disk, 110), first);
        // … of 95 all spare ones, and never what is reserved, though it was used before them.
        let all = acts(&planned, &on_disk, 95);
        let gone: Vec<&Act> = all.iter().filter(|act| matches!(act, Act::Evict(_))).collect();
        let order = ['c', 'd', 'b'].map(|letter| Act::Evict(content(letter)));
        assert_eq!(gone, order.iter().collect::<Vec<_>>());
        // With room for all, nothing goes.
        let with_room = acts(&planned, &on_disk, 120);
        assert_eq!(with_room, [Act::PutAway(content('d')), keep('e')]);
    }

    #[test]
    fn what_was_put_away_is_used_again_and_another_part_is_kept_instead() {
        let planned = BTreeMap::from([(content('a'), share(60))]);
        let away = BTreeMap::from([(content('a'), here(false, 60, 1))]);
        assert_eq!(acts(&planned, &away, 60), [Act::Keep(content('a'), vec![(0, 4)])]);
        let other = BTreeMap::from([(
            content('a'),
            Here { kept: Some(vec![(4, 8)]), bytes: 5 << 20, last_used: 1 },
        )]);
        let anew = [Act::Evict(content('a')), Act::Keep(content('a'), vec![(0, 4)])];
        assert_eq!(acts(&planned, &other, 60), anew);
    }
}
