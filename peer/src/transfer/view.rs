//! What is shown of a transfer, made from what its engine and its links have counted.

use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use mp2p::id::PeerId;
use mp2p::message::join::JoinAnswer;
use mp2p::message::list::RankedBy;

use crate::content::Store;
use crate::control::message::{FromPath, FromRank, Neighbour, State, WayThere};
use crate::exchange::Engine;
use crate::metrics::Metrics;
use crate::transfer::Shown;
use crate::transfer::links::Links;
use crate::wire::Path;

/// Counts of one transfer, by peer.
#[derive(Default)]
pub(crate) struct Counts {
    /// Bytes received from, and sent to, each peer.
    by_peer: HashMap<PeerId, (u64, u64)>,
    /// Bytes received by the way that they came.
    by_path: BTreeMap<WayThere, u64>,
    /// As the last list has them.
    ranks: HashMap<PeerId, Option<u32>>,
    ranked_by: Option<&'static str>,
    members: u64,
    metrics: Metrics,
}

impl Counts {
    /// None yet; what comes is counted in `metrics` as well.
    pub(crate) fn with(metrics: Metrics) -> Self {
        Self { metrics, ..Self::default() }
    }

    /// Counts what came; the rank of the peer that it came from.
    pub(crate) fn received(&mut self, peer: &PeerId, path: &Path, bytes: usize) -> Option<u32> {
        *self.by_path.entry(way(path)).or_default() += bytes as u64;
        self.metrics.came(way(path), bytes);
        self.of(peer).0 += bytes as u64;
        self.rank(peer)
    }

    pub(crate) fn sent(&mut self, peer: &PeerId, bytes: usize) {
        self.of(peer).1 += bytes as u64;
    }

    /// A list came; `by_isp`: in the order that the ISP gave it itself.
    pub(crate) fn listed(&mut self, answer: &JoinAnswer, by_isp: bool) {
        let entries = answer.status.peer_info_list.iter();
        self.ranks.extend(entries.map(|entry| (entry.peer_id.clone(), entry.rank)));
        self.ranked_by = Some(match answer.status.ranked_by {
            _ if by_isp => "unis",
            RankedBy::Map => "map",
            RankedBy::StaleMap => "stale-map",
            RankedBy::Ecs => "ecs",
            RankedBy::Score => "score",
        });
        self.members = answer.status.num_peers;
    }

    /// Members of the overlay beside this peer, as the last list says.
    pub(crate) fn others(&self) -> u64 {
        self.members.saturating_sub(1)
    }

    fn of(&mut self, peer: &PeerId) -> &mut (u64, u64) {
        // One more entry for each peer that ever was linked: as many as the engine takes links.
        if !self.by_peer.contains_key(peer) {
            self.by_peer.insert(peer.clone(), (0, 0));
        }
        self.by_peer.entry(peer.clone()).or_default()
    }

    fn rank(&self, peer: &PeerId) -> Option<u32> {
        self.ranks.get(peer).copied().flatten()
    }

    /// Nearest first; what came from an unknown distance last.
    pub(crate) fn by_rank(&self) -> Vec<FromRank> {
        let mut sums = BTreeMap::new();
        for (peer, (down, _)) in self.by_peer.iter().filter(|(_, (down, _))| *down > 0) {
            let rank = self.rank(peer);
            let place = rank.unwrap_or(u32::MAX);
            sums.entry(place).or_insert(FromRank { rank, bytes: 0 }).bytes += down;
        }
        sums.into_values().collect()
    }

    /// Writes what is to be shown.
    pub(crate) fn show(
        &self,
        shown: &Shown,
        (engine, store, links): (&Engine, &Store, &Links),
        (state, message, waiting): (State, Option<String>, Duration),
        now: Instant,
    ) {
        let (have, size) = store.progress();
        let (down_rate, up_rate) = engine.progress(now).rates;
        let fragments = engine.have().fragments();
        let whole = store.layout().cut().size();
        let neighbours = engine.links(now).into_iter().map(|link| {
            let (downloaded, uploaded) = self.by_peer.get(&link.peer).copied().unwrap_or_default();
            Neighbour {
                rank: self.rank(&link.peer),
                relayed: link.via.is_some(),
                path: links.path_to(&link.peer).map_or(WayThere::Direct, way),
                downloaded,
                uploaded,
                has: has((link.held, fragments), (uploaded, whole)),
                peer_id: link.peer,
            }
        });
        let mut neighbours: Vec<Neighbour> = neighbours.collect();
        neighbours.sort_by_key(|neighbour| neighbour.rank.unwrap_or(u32::MAX));
        let mut status = shown.lock().unwrap_or_else(PoisonError::into_inner);
        (status.state, status.message) = (state, message);
        status.waiting = waiting.as_secs();
        (status.have, status.size) = (have, size);
        (status.down_rate, status.up_rate) = (down_rate, up_rate);
        status.downloaded = self.by_peer.values().map(|(down, _)| down).sum();
        status.uploaded = self.by_peer.values().map(|(_, up)| up).sum();
        status.ranked_by = self.ranked_by.map(str::to_owned);
        // The last list does not know of those that came since.
        status.members = self.members.max(neighbours.len() as u64);
        status.neighbours = neighbours;
        status.by_rank = self.by_rank();
        let by_path =
            self.by_path.iter().map(|(path, bytes)| FromPath { path: *path, bytes: *bytes });
        status.by_path = by_path.collect();
    }
}

/// How much of a content somebody has: what it told of, in fragments, or was given, in bytes. Who
/// has all of it is not told of every fragment.
fn has((held, fragments): (u32, u32), (given, whole): (u64, u64)) -> f32 {
    let told = f64::from(held) / f64::from(fragments.max(1));
    let given = given as f64 / whole.max(1) as f64;
    told.max(given).min(1.0) as f32
}

/// As it is shown.
const fn way(path: &Path) -> WayThere {
    match path {
        Path::Direct => WayThere::Direct,
        Path::Punched => WayThere::Punched,
        Path::Relay(_) => WayThere::Relay,
    }
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn who_was_given_something_has_it_whatever_it_told() {
        assert_eq!(has((2, 8), (0, 800)), 0.25);
        assert_eq!(has((0, 8), (400, 800)), 0.5);
        assert_eq!(has((8, 8), (1000, 800)), 1.0);
        assert_eq!(has((0, 0), (0, 0)), 0.0);
    }
}
