//! The fragments of a content: which are here, which are asked for, and who else has them.

use std::time::Instant;

use mp2p::frame::Buffermap;

use crate::exchange::event::LinkId;
use crate::exchange::link::Claim;

/// What is known of all fragments.
#[derive(Debug)]
pub(crate) struct Pieces {
    /// Stored here.
    pub(crate) have: Buffermap,
    /// Wanted here.
    pub(crate) want: Buffermap,
    /// Wanted and not stored yet.
    pub(crate) missing: u32,
    pub(crate) list: Vec<Piece>,
}

/// One fragment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Piece {
    /// Links at hand that have it: near ones that are not slow.
    pub(crate) near: u16,
    /// All others that do.
    pub(crate) far: u16,
    /// Links that it is asked for on, without slow ones.
    pub(crate) asked: u8,
    /// How often its sending to a far peer was begun here.
    pub(crate) given_far: u16,
    /// Passed its check, is being written.
    pub(crate) storing: bool,
    /// Came wrong, or not at all, so often.
    pub(crate) failed: u8,
    /// A near peer fetches it from afar, and said so first and last then.
    pub(crate) claim: Option<(LinkId, Claim)>,
    /// Since when somebody far has it, or nobody near fetches it any more.
    pub(crate) freed: Option<Instant>,
}

impl Pieces {
    pub(crate) fn new(have: Buffermap, want: Buffermap) -> Self {
        let missing = want.iter_without(&have).count();
        let list = vec![Piece::default(); have.fragments() as usize];
        Self { missing: u32::try_from(missing).unwrap_or(u32::MAX), have, want, list }
    }

    pub(crate) fn count(&self) -> u32 {
        self.have.fragments()
    }

    /// Wanted, and neither here nor on its way to the disk.
    pub(crate) fn lacks(&self, fragment: u32) -> bool {
        let stored = self.list.get(fragment as usize).is_none_or(|piece| piece.storing);
        self.want.has(fragment) && !self.have.has(fragment) && !stored
    }

    pub(crate) fn at(&mut self, fragment: u32) -> Option<&mut Piece> {
        self.list.get_mut(fragment as usize)
    }

    pub(crate) fn of(&self, fragment: u32) -> Piece {
        self.list.get(fragment as usize).copied().unwrap_or_default()
    }

    /// A link gained (or, with -1, lost) a fragment.
    pub(crate) fn count_holder(&mut self, fragment: u32, near: bool, change: i32) {
        if let Some(piece) = self.at(fragment) {
            let count = if near { &mut piece.near } else { &mut piece.far };
            let changed = i32::from(*count) + change;
            *count = u16::try_from(changed.max(0)).unwrap_or(u16::MAX);
        }
    }

    /// Stored: whether it is new.
    pub(crate) fn stored(&mut self, fragment: u32) -> bool {
        let new = self.have.insert(fragment);
        if let Some(piece) = self.at(fragment) {
            *piece = Piece { storing: false, claim: None, ..*piece };
        }
        if new && self.want.has(fragment) {
            self.missing -= 1;
        }
        new
    }

    /// It is not there any more, or was never written.
    pub(crate) fn lost(&mut self, fragment: u32) -> bool {
        if let Some(piece) = self.at(fragment) {
            piece.storing = false;
        }
        let had = self.have.remove(fragment);
        if had && self.want.has(fragment) {
            self.missing += 1;
        }
        had
    }

    /// Other fragments are wanted from now on.
    pub(crate) fn wanted(&mut self, want: Buffermap) {
        let missing = want.iter_without(&self.have).count();
        self.missing = u32::try_from(missing).unwrap_or(u32::MAX);
        self.want = want;
    }
}
