//! Keeps a map that lost most of what it had from being put in force unseen: an export that broke
//! off leaves a file that is in order and nearly empty.

use std::fmt;

use netmap::{Diff, IpNet, changed_pairs};

use crate::maps::network::ServedNetwork;
use crate::maps::version::Version;

/// Below so many, only the loss of all counts: whoever has three PoPs may take two away.
const FEW: usize = 20;
/// The PID of all other addresses, which files can neither give nor take.
const DEFAULT_PID: &str = "default";

/// What a network would lose.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) struct Loss {
    /// The id of its map.
    network: String,
    lost: usize,
    of: usize,
    what: What,
    max_percent: u8,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum What {
    Pids,
    Prefixes,
    Costs,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, lost, of, what, max_percent } = self;
        let what = match what {
            What::Pids => "PIDs would be gone",
            What::Prefixes => "prefixes would be gone or in another PID",
            What::Costs => "costs between PIDs that stay would be gone",
        };
        write!(
            f,
            "{network}: {lost} of {of} {what}, more than the {max_percent} % of \
             reload-max-loss-percent; if that is meant, two SIGHUPs while the files stay as they \
             are put it in force"
        )
    }
}

/// Refuses a version in which a network lost all its prefixes, or more than `max_percent` of its PIDs or prefixes, or of
/// the costs between PIDs that stay. Networks that came or went with the settings are not compared.
///
/// # Errors
/// [`Loss`], the first.
pub(crate) fn check(old: &Version, new: &Version, max_percent: u8) -> Result<(), Loss> {
    for network in new.networks() {
        let id = network.id("network-map");
        let Some(before) = old.networks().iter().find(|old| old.id("network-map") == id) else {
            continue;
        };
        let (had, has) = (prefixes(before), prefixes(network));
        if had > 0 && has == 0 {
            return Err(Loss {
                network: id,
                lost: had,
                of: had,
                what: What::Prefixes,
                max_percent,
            });
        }
        for (what, (lost, of)) in losses(before, network, max_percent) {
            if is_too_much(lost, of, max_percent) {
                return Err(Loss { network: id, lost, of, what, max_percent });
            }
        }
    }
    Ok(())
}

/// Prefixes that are in a PID which files gave.
fn prefixes(network: &ServedNetwork) -> usize {
    let snapshot = network.snapshot();
    let default = snapshot.pids().find(DEFAULT_PID);
    snapshot.prefixes().iter().filter(|(_, pid)| Some(*pid) != default).count()
}

fn is_too_much(lost: usize, of: usize, max_percent: u8) -> bool {
    let share_passed = lost.saturating_mul(100) > of.saturating_mul(max_percent.into());
    share_passed && (of >= FEW || lost == of)
}

fn losses(old: &ServedNetwork, new: &ServedNetwork, max_percent: u8) -> Vec<(What, Counted)> {
    let (old, new) = (old.snapshot(), new.snapshot());
    let diff = Diff::between(old, new);
    let named = |name: &str| usize::from(name != DEFAULT_PID);
    let pids = old.pids().iter().map(|(_, name)| named(name.as_str())).sum();
    let pids_lost = diff.pids_removed.iter().map(|name| named(name.as_str())).sum();
    let counts = |prefix: &IpNet| usize::from(prefix.prefix_len() > 0);
    let prefixes = old.prefixes().iter().map(|(prefix, _)| counts(&prefix)).sum();
    let removed: usize = diff.prefixes_removed.iter().map(|(prefix, _)| counts(prefix)).sum();
    let moved: usize = diff.prefixes_moved.iter().map(|moved| counts(&moved.prefix)).sum();
    let mut losses =
        vec![(What::Pids, (pids_lost, pids)), (What::Prefixes, (removed + moved, prefixes))];
    for cost in &diff.costs {
        let pairs = old.matrix(&cost.metric).map_or(0, |matrix| matrix.pairs());
        // Those of PIDs that are gone are among them: most changes need no second look.
        if is_too_much(cost.vanished, pairs, max_percent) {
            let stays = |name: &str| new.pids().find(name).is_some();
            let gone = changed_pairs(old, new, &cost.metric).filter(|change| {
                let (from, to) = (change.from.as_str(), change.to.as_str());
                change.new.is_none() && stays(from) && stays(to)
            });
            losses.push((What::Costs, (gone.count(), pairs)));
        }
    }
    losses
}

/// How many of how many.
type Counted = (usize, usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_counts_and_of_few_only_all() {
        assert!(is_too_much(51, 100, 50));
        assert!(!is_too_much(50, 100, 50));
        assert!(!is_too_much(18, 19, 50));
        assert!(is_too_much(19, 19, 50));
        assert!(!is_too_much(0, 0, 0));
        assert!(is_too_much(1, 100, 0));
        assert!(!is_too_much(100, 100, 100));
    }
}
