//! Which server gives how much: one where one has enough, else several (Req-Reso-050).

use mp2p::id::PeerId;
use mp2p::message::server::MAX_PARTS;
use mp2p::reservation::{PART_BYTES, ReservationKind};

use crate::reservation::book::Book;
use crate::reservation::grant::{Distance, Order};

/// What one server gives.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) server: PeerId,
    pub(crate) bandwidth_bps: u64,
    pub(crate) storage_bytes: u64,
    /// Where its part of the whole begins; none where it is the whole.
    pub(crate) offset: Option<u64>,
}

/// What a server has free: bit/s, bytes.
type Free = (PeerId, u64, u64);

impl Book {
    /// The pieces of an order, the provider's own servers and near ones first; none where all
    /// together have not enough.
    pub(crate) fn pieces(&self, order: &Order, far: Distance<'_>, now: u64) -> Option<Vec<Piece>> {
        let kind = order.server();
        let mut free: Vec<_> = self
            .servers
            .iter()
            .filter(|(peer, server)| server.kind == kind && **peer != order.holder)
            .filter(|(_, server)| server.dedicated || !order.dedicated)
            .filter_map(|(peer, server)| {
                let place = (!server.dedicated, far(server.address.ip_address)?);
                let (bandwidth, storage) = server.free(now)?;
                Some((place, (peer.clone(), bandwidth, storage)))
            })
            .collect();
        free.sort_by_key(|(place, _)| *place);
        let free: Vec<Free> = free.into_iter().map(|(_, free)| free).collect();
        let (bandwidth_bps, storage_bytes) = (order.bandwidth_bps, order.storage_bytes);
        let is_relay = order.kind == ReservationKind::Rs;
        if order.at_most && !is_relay {
            let spare = free.into_iter().filter(|(_, b, _)| *b >= bandwidth_bps);
            let mut spare = spare.map(|(server, _, has)| {
                let rest = self.servers.get(&server).map_or(0, |server| server.to_spread());
                (server, rest.min(has))
            });
            let (server, rest) = spare.find(|(_, rest)| *rest >= PART_BYTES)?;
            let storage_bytes = storage_bytes.min((rest / 2).max(PART_BYTES));
            return Some(vec![Piece { server, bandwidth_bps, storage_bytes, offset: None }]);
        }
        let enough = |(_, b, s): &&Free| *b >= bandwidth_bps && *s >= storage_bytes;
        if let Some((server, ..)) = free.iter().find(enough) {
            let server = server.clone();
            return Some(vec![Piece { server, bandwidth_bps, storage_bytes, offset: None }]);
        }
        let all = composed(free.clone(), bandwidth_bps, storage_bytes);
        let less = || most(free, bandwidth_bps).filter(|_| order.at_most && is_relay);
        all.or_else(|| less().map(|piece| vec![piece]))
    }
}

/// As much of what is asked for as one server has; the first of those that have as much.
fn most(free: Vec<Free>, asked: u64) -> Option<Piece> {
    let given = |free: &Free| free.1.min(asked);
    let most = free.iter().map(given).max().filter(|most| *most > 0)?;
    let (server, ..) = free.into_iter().find(|free| given(free) == most)?;
    Some(Piece { server, bandwidth_bps: most, storage_bytes: 0, offset: None })
}

/// Parts of storage begin at multiples of [`PART_BYTES`]: all but the last are as long as that, or
/// a multiple of it.
fn composed(free: Vec<Free>, mut bandwidth: u64, storage: u64) -> Option<Vec<Piece>> {
    let (mut offset, mut pieces) = (0, Vec::new());
    for (server, has_bandwidth, has_storage) in free {
        let left = storage - offset;
        let storage_bytes = match has_storage >= left {
            true => left,
            false => has_storage - has_storage % PART_BYTES,
        };
        let bandwidth_bps = has_bandwidth.min(bandwidth);
        if (bandwidth_bps, storage_bytes) == (0, 0) || pieces.len() == MAX_PARTS {
            continue;
        }
        let at = (storage > 0).then_some(offset);
        pieces.push(Piece { server, bandwidth_bps, storage_bytes, offset: at });
        (bandwidth, offset) = (bandwidth - bandwidth_bps, offset + storage_bytes);
    }
    (bandwidth == 0 && offset == storage && !pieces.is_empty()).then_some(pieces)
}

#[cfg(test)]
mod tests;
