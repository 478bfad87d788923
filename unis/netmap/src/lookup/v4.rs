//! IPv4: a tree for small tables, DIR-24-8 for large ones.

use crate::lookup::direct::Direct;
use crate::lookup::interval::Interval;
use crate::lookup::search::{Isa, Key};
use crate::lookup::tree::Tree;

/// Up to so many intervals the tree is taken: 1.2 MB at most, which stays near the processor. It
/// would be up to 10 MB for the whole Internet, and each look-up would wait for the far caches
/// in several layers; then one load from the 33 MB of DIR-24-8 is two to three times as fast.
pub(crate) const MAX_TREE_INTERVALS: usize = 1 << 17;

/// Which form a table is compiled to.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    Tree,
    Direct,
}

impl Form {
    pub(crate) fn for_intervals(count: usize) -> Self {
        if count <= MAX_TREE_INTERVALS { Form::Tree } else { Form::Direct }
    }
}

/// The compiled form for IPv4.
#[derive(Debug)]
pub(crate) enum V4 {
    Tree(Tree<i32, 16>),
    Direct(Direct),
}

impl V4 {
    pub(crate) fn compile(intervals: &[Interval<u32>], form: Form, isa: Isa) -> Self {
        let entries = intervals.iter().map(|interval| (i32::of(interval.last), interval.pid));
        match form {
            Form::Tree => V4::Tree(Tree::build(entries, isa)),
            Form::Direct => V4::Direct(Direct::build(intervals)),
        }
    }

    /// Memory held, bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        match self {
            V4::Direct(direct) => direct.memory_bytes(),
            V4::Tree(tree) => tree.memory_bytes(),
        }
    }

    /// Says that this address will be looked up soon.
    #[inline]
    pub(crate) fn announce(&self, address: u32) {
        if let V4::Direct(direct) = self {
            direct.announce(address);
        }
    }

    /// The PID of each address, `NO_PID` where it has none.
    #[inline]
    pub(crate) fn look_up(&self, addresses: &[u32], found: &mut [u32]) {
        match self {
            V4::Direct(direct) => direct.look_up(addresses, found),
            V4::Tree(tree) => tree.search(addresses, found),
        }
    }
}
