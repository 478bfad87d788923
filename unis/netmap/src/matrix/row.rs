//! Rows of a matrix: for each destination the index of its cost, in 16 bits where that is enough.

use std::sync::Arc;

use crate::pid::Pid;
use crate::rank::Key;
use crate::tag::Tagger;

/// Most distinct costs for which 16 bits are enough: the last value says "no cost".
pub(crate) const MAX_NARROW_COSTS: usize = NO_COST_NARROW as usize;
/// No cost between the two PIDs, in a narrow row.
pub(crate) const NO_COST_NARROW: u16 = u16::MAX;
/// No cost between the two PIDs, in a wide row.
pub(crate) const NO_COST_WIDE: u32 = u32::MAX;

/// All rows of a matrix, in the order of the PIDs. Each is shared between the snapshots in which
/// it is the same.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    Narrow(Vec<Arc<[u16]>>),
    Wide(Vec<Arc<[u32]>>),
}

impl Rows {
    pub(crate) fn row(&self, from: Pid) -> Row<'_> {
        Row(match self {
            Rows::Narrow(rows) => Ordinals::Narrow(&rows[from.index()]),
            Rows::Wide(rows) => Ordinals::Wide(&rows[from.index()]),
        })
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::Narrow(rows) => rows.len(),
            Rows::Wide(rows) => rows.len(),
        }
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        match self {
            Rows::Narrow(rows) => {
                rows.iter().map(|row| size_of_val(&**row) + size_of_val(row)).sum()
            }
            Rows::Wide(rows) => rows.iter().map(|row| size_of_val(&**row) + size_of_val(row)).sum(),
        }
    }

    /// Takes over every row of `old` that is equal at the same place; says how many.
    pub(crate) fn share_with(&mut self, old: &Rows) -> usize {
        match (self, old) {
            (Rows::Narrow(new), Rows::Narrow(old)) => share(new, old),
            (Rows::Wide(new), Rows::Wide(old)) => share(new, old),
            _ => 0,
        }
    }

    /// Whether the rows at one place are the same piece of memory.
    pub(crate) fn is_shared(&self, other: &Rows, from: Pid) -> bool {
        let at = from.index();
        match (self, other) {
            (Rows::Narrow(a), Rows::Narrow(b)) => same_piece(a.get(at), b.get(at)),
            (Rows::Wide(a), Rows::Wide(b)) => same_piece(a.get(at), b.get(at)),
            _ => false,
        }
    }

    /// Every ordinal, row by row, for a tag.
    pub(crate) fn tag(&self, tagger: &mut Tagger) {
        match self {
            Rows::Narrow(rows) => tag_rows(rows, u16::to_le_bytes, tagger),
            Rows::Wide(rows) => tag_rows(rows, u32::to_le_bytes, tagger),
        }
    }
}

/// What stands in a row.
pub(in crate::matrix) trait Ordinal: Copy + Eq {
    /// No cost.
    const NONE: Self;
    /// In 32 bits, [`NO_COST_WIDE`] where it is none.
    fn widen(self) -> u32;
    /// Of an ordinal that has room.
    fn narrow(ordinal: u32) -> Self;
}

impl Ordinal for u16 {
    const NONE: Self = NO_COST_NARROW;

    #[inline]
    fn widen(self) -> u32 {
        if self == NO_COST_NARROW { NO_COST_WIDE } else { u32::from(self) }
    }

    #[inline]
    fn narrow(ordinal: u32) -> Self {
        ordinal as u16
    }
}

impl Ordinal for u32 {
    const NONE: Self = NO_COST_WIDE;

    #[inline]
    fn widen(self) -> u32 {
        self
    }

    #[inline]
    fn narrow(ordinal: u32) -> Self {
        ordinal
    }
}

fn share<T: PartialEq>(new: &mut [Arc<[T]>], old: &[Arc<[T]>]) -> usize {
    let mut shared = 0;
    for (new, old) in new.iter_mut().zip(old) {
        if new == old {
            *new = Arc::clone(old);
            shared += 1;
        }
    }
    shared
}

fn same_piece<T>(a: Option<&Arc<[T]>>, b: Option<&Arc<[T]>>) -> bool {
    matches!((a, b), (Some(a), Some(b)) if Arc::ptr_eq(a, b))
}

fn tag_rows<T: Copy, const BYTES: usize>(
    rows: &[Arc<[T]>],
    to_bytes: fn(T) -> [u8; BYTES],
    tagger: &mut Tagger,
) {
    let mut bytes = Vec::new();
    for row in rows {
        bytes.clear();
        bytes.extend(row.iter().flat_map(|ordinal| to_bytes(*ordinal)));
        tagger.bytes(&bytes);
    }
}

/// The costs from one PID to all, as ordinals.
#[derive(Copy, Clone, Debug)]
pub struct Row<'a>(Ordinals<'a>);

#[derive(Copy, Clone, Debug)]
enum Ordinals<'a> {
    Narrow(&'a [u16]),
    Wide(&'a [u32]),
}

impl<'a> Row<'a> {
    /// The ordinal cost to a destination; `None` where the pair has no cost.
    #[inline]
    pub fn ordinal(&self, to: Pid) -> Option<u32> {
        match self.0 {
            Ordinals::Narrow(row) => from_narrow(*row.get(to.index())?),
            Ordinals::Wide(row) => from_wide(*row.get(to.index())?),
        }
    }

    /// How many destinations there are: the number of PIDs.
    pub fn len(&self) -> usize {
        match self.0 {
            Ordinals::Narrow(row) => row.len(),
            Ordinals::Wide(row) => row.len(),
        }
    }

    /// Whether there is no destination.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ordinal cost to every destination, in the order of the PIDs.
    pub fn iter(self) -> impl Iterator<Item = Option<u32>> + 'a {
        let (narrow, wide): (&[u16], &[u32]) = match self.0 {
            Ordinals::Narrow(row) => (row, &[]),
            Ordinals::Wide(row) => (&[], row),
        };
        narrow.iter().map(|n| from_narrow(*n)).chain(wide.iter().map(|n| from_wide(*n)))
    }

    /// For each candidate its raw ordinal, [`NO_COST_WIDE`] where it has none, and its index.
    pub(crate) fn gather(&self, candidates: &[Option<Pid>]) -> Vec<Key> {
        match self.0 {
            Ordinals::Narrow(row) => gather(candidates, row),
            Ordinals::Wide(row) => gather(candidates, row),
        }
    }
}

fn gather<T: Ordinal>(candidates: &[Option<Pid>], row: &[T]) -> Vec<Key> {
    let ordinal = |pid: &Option<Pid>| pid.and_then(|pid| row.get(pid.index()).copied());
    let key = |(pid, index)| Key::new(ordinal(pid).map_or(NO_COST_WIDE, T::widen), index);
    candidates.iter().zip(0..).map(key).collect()
}

fn from_narrow(ordinal: u16) -> Option<u32> {
    (ordinal != NO_COST_NARROW).then_some(u32::from(ordinal))
}

fn from_wide(ordinal: u32) -> Option<u32> {
    (ordinal != NO_COST_WIDE).then_some(ordinal)
}
