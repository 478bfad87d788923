//! A list that grows without moving: what is freed when a large one moves is seldom used again.

/// Items of a piece.
const PIECE: usize = 512;

/// Items by their number, in pieces; the first one grows with what it holds.
#[derive(Debug)]
pub(crate) struct Chunks<T> {
    pieces: Vec<Vec<T>>,
}

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self { pieces: Vec::new() }
    }
}

impl<T> Chunks<T> {
    pub(crate) fn len(&self) -> usize {
        let full = self.pieces.len().saturating_sub(1) * PIECE;
        full + self.pieces.last().map_or(0, Vec::len)
    }

    pub(crate) fn push(&mut self, item: T) {
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            let room = if self.pieces.is_empty() { 0 } else { PIECE };
            self.pieces.push(Vec::with_capacity(room));
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.push(item);
        }
    }

    #[inline]
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.pieces.get(number as usize / PIECE)?.get(number as usize % PIECE)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.pieces.get_mut(number as usize / PIECE)?.get_mut(number as usize % PIECE)
    }

    /// Two items change places.
    pub(crate) fn swap(&mut self, one: u32, other: u32) {
        let (low, high) = (one.min(other) as usize, one.max(other) as usize);
        let (begin, end) = self.pieces.split_at_mut(high / PIECE);
        let Some(last) = end.first_mut() else { return };
        match begin.get_mut(low / PIECE) {
            Some(piece) => std::mem::swap(&mut piece[low % PIECE], &mut last[high % PIECE]),
            None => last.swap(low % PIECE, high % PIECE),
        }
    }

    /// All with their numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0_u32..).zip(self.pieces.iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_found_by_their_number() {
        let mut chunks = Chunks::default();
        for item in 0..2 * PIECE as u32 + 1 {
            assert_eq!(chunks.len() as u32, item);
            chunks.push(item);
        }
        assert!((0..=2 * PIECE as u32).all(|number| chunks.get(number) == Some(&number)));
        assert_eq!(chunks.get(2 * PIECE as u32 + 1), None);
        for (one, other) in [(3, 2 * PIECE as u32), (2 * PIECE as u32, 5), (5, 9), (9, 9)] {
            chunks.swap(one, other);
        }
        let moved = [3, 5, 9, 2 * PIECE as u32].map(|number| *chunks.get(number).unwrap());
        assert_eq!(moved, [2 * PIECE as u32, 9, 3, 5]);
        for (number, item) in [3, 5, 9, 2 * PIECE as u32].into_iter().zip([3, 5, 9, 1024]) {
            *chunks.get_mut(number).unwrap() = item;
        }
        *chunks.get_mut(PIECE as u32).unwrap() = 7;
        assert_eq!(chunks.iter().filter(|(number, item)| number != *item).count(), 1);
    }
}
