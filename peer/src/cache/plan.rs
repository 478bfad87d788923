//! From reservations to fragments.
//!
//! The contents of an overlay stand in a row, the oldest first; a reservation covers the bytes of
//! the row from its offset on, as many as are reserved. Whole fragments count. The caches of a
//! composed reservation (Req-Reso-050) each see the same row, and each content in it begins at a
//! multiple of [`PART_BYTES`], so that together they have every fragment, and none twice.

use std::collections::BTreeMap;

use mp2p::id::{ContentId, OverlayId};
use mp2p::reservation::PART_BYTES;
use serde::{Deserialize, Serialize};

use crate::cache::book::Lease;

/// Fragments, from the first to before the second of each pair; in order, none twice.
pub type Ranges = Vec<(u32, u32)>;

/// A content that may be kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Item {
    /// Which.
    pub content_id: ContentId,
    /// Bytes.
    pub size: u64,
    /// Of each fragment but the last, bytes.
    pub fragment_size: u32,
}

/// What is to be kept of a content.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Share {
    /// Which fragments.
    pub ranges: Ranges,
    /// How long they are together.
    pub bytes: u64,
    /// The reservation that its traffic is counted for: the oldest.
    pub payer: String,
    /// The reservations that it is kept under, and how many bytes for each.
    pub under: BTreeMap<String, u64>,
}

/// What is to be kept for reservations, of the contents of each overlay.
#[must_use]
pub fn plan<'a>(
    leases: impl Iterator<Item = &'a Lease>,
    rows: &BTreeMap<OverlayId, Vec<Item>>,
) -> BTreeMap<ContentId, Share> {
    let mut shares: BTreeMap<ContentId, Share> = BTreeMap::new();
    for lease in leases.filter(|lease| !lease.is_used_up()) {
        let of = &lease.reservation;
        let row = rows.get(&of.overlay_id).map_or(&[][..], Vec::as_slice);
        let wanted = |item: &&Item| of.content_id.as_ref().is_none_or(|id| *id == item.content_id);
        let offset = of.part_offset_bytes;
        let covered = (offset.unwrap_or(0), of.storage_bytes);
        let align = if offset.is_some() { PART_BYTES } else { 1 };
        let mut start = 0_u64;
        let mut left = of.storage_bytes;
        for item in row.iter().filter(wanted) {
            let range = item.covered(start, (covered.0, covered.1), left);
            start = start.saturating_add(item.size).next_multiple_of(align);
            let Some(range) = range else { continue };
            let bytes = item.bytes(range);
            left -= bytes;
            let share = shares.entry(item.content_id.clone()).or_default();
            if share.ranges.is_empty() {
                lease.id().clone_into(&mut share.payer);
            }
            share.under.insert(lease.id().to_owned(), bytes);
            share.ranges = union(&share.ranges, range);
            share.bytes = share.ranges.iter().map(|range| item.bytes(*range)).sum();
        }
    }
    shares
}

impl Item {
    /// The whole fragments of a content that begins at `start` of the row, between `from` and
    /// `from + length`; `left` bytes of them at most.
    fn covered(&self, start: u64, (from, length): (u64, u64), left: u64) -> Option<(u32, u32)> {
        let size = u64::from(self.fragment_size.max(1));
        let end = from.saturating_add(length);
        let first = from.saturating_sub(start).div_ceil(size);
        let reach = end.saturating_sub(start).min(self.size);
        let last = if reach == self.size { self.size.div_ceil(size) } else { reach / size };
        let first = u32::try_from(first).ok()?;
        let mut last = u32::try_from(last).ok()?;
        while last > first && self.bytes((first, last)) > left {
            last -= 1;
        }
        (first < last).then_some((first, last))
    }

    /// Bytes of fragments.
    #[must_use]
    pub fn bytes(&self, (from, to): (u32, u32)) -> u64 {
        let at =
            |fragment: u32| (u64::from(fragment) * u64::from(self.fragment_size)).min(self.size);
        at(to).saturating_sub(at(from))
    }
}

/// Bytes of fragments of a content.
#[must_use]
pub fn bytes_of(item: &Item, ranges: &Ranges) -> u64 {
    ranges.iter().map(|range| item.bytes(*range)).sum()
}

fn union(ranges: &Ranges, one: (u32, u32)) -> Ranges {
    let mut all = ranges.clone();
    all.push(one);
    all.sort_unstable();
    let mut merged: Ranges = Vec::with_capacity(all.len());
    for (from, to) in all {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use mp2p::id::PeerId;
    use mp2p::message::bound::Text;
    use mp2p::reservation::{Reservation, ReservationKind};
    use proptest::prelude::*;

    use super::*;
    use crate::cache::book::Used;

    fn content(number: u64) -> ContentId {
        ContentId::parse(&format!("{number:064x}")).unwrap()
    }

    fn item(number: u64, size: u64, fragment_size: u32) -> Item {
        Item { content_id: content(number), size, fragment_size }
    }

    fn overlay() -> OverlayId {
        OverlayId::parse("film").unwrap()
    }

    fn lease(id: &str, storage_bytes: u64, part_offset_bytes: Option<u64>) -> Lease {
        let peer = |letter: &str| PeerId::parse(&letter.repeat(64)).unwrap();
        let reservation = Reservation {
            reservation_id: Text::new(id).unwrap(),
            kind: ReservationKind::Cs,
            overlay_id: overlay(),
            content_id: None,
            server: peer("a"),
            holder: peer("b"),
            bandwidth_bps: 1,
            quota_bytes: 0,
            storage_bytes,
            part_offset_bytes,
            epoch: 1,
            iat: 0,
            exp: 1,
        };
        Lease { reservation, used: Used::default() }
    }

    fn planned(leases: &[Lease], row: &[Item]) -> BTreeMap<ContentId, Share> {
        plan(leases.iter(), &BTreeMap::from([(overlay(), row.to_vec())]))
    }

    #[test]
    fn the_oldest_contents_are_kept_as_far_as_the_room_goes() {
        let row = [item(1, 100, 40), item(2, 100, 40), item(3, 10, 40)];
        let shares = planned(&[lease("r-1", 190, None)], &row);
        assert_eq!(shares[&content(1)].ranges, [(0, 3)]);
        // 90 are left: two whole fragments, and not the rest.
        assert_eq!((&shares[&content(2)].ranges, shares[&content(2)].bytes), (&vec![(0, 2)], 80));
        assert!(!shares.contains_key(&content(3)));
        // Of a content that is named, and of no other.
        let mut named = lease("r-2", 190, None);
        named.reservation.content_id = Some(content(3));
        let shares = planned(&[named], &row);
        assert_eq!(shares.keys().collect::<Vec<_>>(), [&content(3)]);
    }

    #[test]
    fn who_came_first_pays_and_what_is_used_up_keeps_nothing() {
        let row = [item(1, 100, 40)];
        let [one, mut two] = [lease("r-1", 40, None), lease("r-2", 100, None)];
        let shares = planned(&[one, two.clone()], &row);
        let share = &shares[&content(1)];
        assert_eq!((&*share.payer, &share.ranges, share.bytes), ("r-1", &vec![(0, 3)], 100));
        assert_eq!(share.under, BTreeMap::from([("r-1".into(), 40), ("r-2".into(), 100)]));
        two.reservation.quota_bytes = 5;
        two.used.bytes_out = 5;
        assert!(planned(&[two], &row).is_empty());
    }

    proptest! {
        /// Req-Reso-050: the parts of a composed reservation have every fragment, none twice, and
        /// none more than was reserved with it.
        #[test]
        fn the_parts_together_are_the_whole(
            sizes in prop::collection::vec(1_u64..100 << 20, 1..4),
            power in 14_u32..=24,
            parts in prop::collection::vec(1_u64..5, 1..5),
        ) {
            let row: Vec<Item> =
                (0..).zip(&sizes).map(|(at, size)| item(at, *size, 1 << power)).collect();
            let padded: u64 = sizes.iter().map(|size| size.next_multiple_of(PART_BYTES)).sum();
            let (mut offset, mut leases) = (0, Vec::new());
            for part in parts {
                let bytes = (part * PART_BYTES).min(padded - offset);
                leases.push(lease(&format!("r-{offset}"), bytes, Some(offset)));
                offset += bytes;
            }
            leases.push(lease("r-last", padded - offset, Some(offset)));
            let mut seen: BTreeMap<ContentId, Vec<u32>> = BTreeMap::new();
            for lease in &leases {
                let shares = planned(std::slice::from_ref(lease), &row);
                let bytes: u64 = shares.values().map(|share| share.bytes).sum();
                prop_assert!(bytes <= lease.reservation.storage_bytes);
                for (content, share) in shares {
                    let fragments = share.ranges.iter().flat_map(|(from, to)| *from..*to);
                    seen.entry(content).or_default().extend(fragments);
                }
            }
            for item in row {
                let mut fragments = seen.remove(&item.content_id).unwrap_or_default();
                fragments.sort_unstable();
                let all = item.size.div_ceil(u64::from(item.fragment_size));
                prop_assert_eq!(fragments, (0..all as u32).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn ranges_that_meet_become_one() {
        assert_eq!(union(&vec![(0, 2), (5, 6)], (2, 4)), [(0, 4), (5, 6)]);
        assert_eq!(union(&vec![(0, 4)], (1, 2)), [(0, 4)]);
        assert_eq!(union(&Vec::new(), (3, 4)), [(3, 4)]);
    }
}
