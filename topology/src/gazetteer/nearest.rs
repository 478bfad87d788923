//! The closest of many positions, without going through all of them.

use crate::cost::great_circle_km;
use crate::graph::Position;

/// Kilometres that a degree of latitude makes at least.
const KM_PER_DEGREE_MIN: f64 = 111.0;

/// Positions with an index each, by latitude.
pub(crate) struct Nearest {
    sorted: Vec<(Position, u32)>,
}

impl Nearest {
    pub(crate) fn new(mut positions: Vec<(Position, u32)>) -> Self {
        positions.sort_by(|(one, _), (two, _)| one.latitude.total_cmp(&two.latitude));
        Self { sorted: positions }
    }

    /// The index of the closest, of equally close ones the lowest, and how many kilometres away.
    pub(crate) fn find(&self, from: Position) -> Option<(u32, f64)> {
        let middle = self.sorted.partition_point(|(at, _)| at.latitude < from.latitude);
        let (south, north) = self.sorted.split_at(middle);
        let mut best = None;
        for (at, index) in north {
            if !closer(from, *at, *index, &mut best) {
                break;
            }
        }
        for (at, index) in south.iter().rev() {
            if !closer(from, *at, *index, &mut best) {
                break;
            }
        }
        best
    }
}

/// Keeps the closer of two; false where it, and all further north or south of it, are too far.
fn closer(from: Position, at: Position, index: u32, best: &mut Option<(u32, f64)>) -> bool {
    let least_km = (at.latitude - from.latitude).abs() * KM_PER_DEGREE_MIN;
    if best.is_some_and(|(_, km)| least_km > km) {
        return false;
    }
    let km = great_circle_km(from, at);
    if best.is_none_or(|(known, best_km)| km < best_km || (km == best_km && index < known)) {
        *best = Some((index, km));
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert_eq, proptest};

    use super::*;

    fn position((latitude, longitude): (i16, i16)) -> Position {
        // Coarse, so that there are ties and neighbours across the date line.
        let (latitude, longitude) = (f64::from(latitude % 91), f64::from(longitude % 181));
        Position { latitude, longitude }
    }

    proptest! {
        #[test]
        fn it_is_what_a_scan_of_all_finds(
            all in prop::collection::vec(any::<(i16, i16)>(), 0..60),
            from in any::<(i16, i16)>(),
        ) {
            let all: Vec<_> = all.into_iter().map(position).zip(0..).collect();
            let from = position(from);
            let scan = all.iter().map(|(at, index)| (great_circle_km(from, *at), *index));
            let scan = scan.min_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)));
            let found = Nearest::new(all.clone()).find(from);
            prop_assert_eq!(found, scan.map(|(km, index)| (index, km)));
        }
    }
}
