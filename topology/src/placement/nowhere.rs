//! Prefixes that a source knows of and has on no node, inside a wider one that it has on a node.
//!
//! By the longest match they would go where the wider one is: the own addresses to the provider
//! out of whose block they are, say. So they are named, with what the other sources say of them.
//!
//! ```text
//!   10.0.0.0/8 at as1 ─┬─ 10.7.0.0/16 of the own AS, by the same table: in the default PID
//!                      └─ 10.8.0.0/16 of the own AS, and 10.8.0.0/14 in A by a list: in A
//! ```

use netmap::IpNet;

use crate::draft::{Draft, Precedence};
use crate::graph::NodeIndex;

/// A prefix around others, who says so, and where it is.
#[derive(Clone, Copy)]
pub(crate) struct Around {
    pub(crate) prefix: IpNet,
    /// `None`: it is one of those that this file names.
    pub(crate) by: Option<Precedence>,
    /// `None`: in the default PID.
    pub(crate) node: Option<NodeIndex>,
}

/// The prefixes to name, ascending; `placed` ascends too, each prefix once.
pub(crate) fn nowhere(
    placed: impl Iterator<Item = Around>,
    drafts: &[Draft],
) -> Vec<(IpNet, Option<NodeIndex>)> {
    let mut without: Vec<(IpNet, Precedence)> = Vec::new();
    for rows in drafts.iter().map(|draft| &draft.prefixes) {
        without.extend(rows.nowhere.iter().map(|prefix| (*prefix, rows.precedence)));
    }
    without.sort_unstable();
    let mut placed = placed.peekable();
    let mut around = Vec::<Around>::new();
    let mut named = Vec::new();
    for (prefix, by) in without {
        while let Some(row) = placed.next_if(|row| row.prefix <= prefix) {
            leave(&mut around, row.prefix);
            around.push(row);
        }
        leave(&mut around, prefix);
        let Some(nearest) = around.last() else { continue };
        if nearest.prefix == prefix || nearest.by != Some(by) {
            continue;
        }
        let of_others = around.iter().rev().find(|row| row.by != Some(by));
        let node = of_others.and_then(|row| row.node);
        named.push((prefix, node));
        around.push(Around { prefix, by: None, node });
    }
    named
}

/// Leaves the prefixes that are not around this one.
fn leave(around: &mut Vec<Around>, prefix: IpNet) {
    while around.last().is_some_and(|outer| !outer.prefix.contains(&prefix)) {
        around.pop();
    }
}
