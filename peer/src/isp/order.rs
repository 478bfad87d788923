//! Two orders made one: cheapest for the ISP first; among equals, and for those of whom the ISP
//! says nothing, as the provider had them.

use std::collections::HashMap;
use std::net::IpAddr;

use mp2p::message::bound::List;
use mp2p::message::join::AddressKind;
use mp2p::message::list::{PeerEntry, PeerList};

/// Orders a list by the ISP's costs; ranks are counted anew, 1 the nearest.
pub fn order(list: &mut PeerList, costs: &HashMap<IpAddr, f64>) {
    let is_sane = |cost: &f64| cost.is_finite() && *cost >= 0.0;
    let cost = |entry: &PeerEntry| {
        let address = address(entry)?;
        costs.get(&address).copied().filter(is_sane)
    };
    let mut entries: Vec<(Option<f64>, PeerEntry)> =
        list.peer_info_list.iter().map(|entry| (cost(entry), entry.clone())).collect();
    // Stable: the provider's order stays among equals.
    entries.sort_by(|(a, _), (b, _)| match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    });
    let mut rank = 0;
    let mut last: Option<(Option<f64>, Option<u32>)> = None;
    for (cost, entry) in &mut entries {
        // Those without a cost keep the steps between the provider's ranks.
        let step = (*cost, if cost.is_some() { None } else { entry.rank });
        if last != Some(step) {
            rank += 1;
            last = Some(step);
        }
        entry.rank = (cost.is_some() || entry.rank.is_some()).then_some(rank);
    }
    let entries = entries.into_iter().map(|(_, entry)| entry).collect();
    list.peer_info_list = List::new(entries).unwrap_or_default();
}

/// Where a peer itself is; where its relay is says nothing.
pub(crate) fn address(entry: &PeerEntry) -> Option<IpAddr> {
    let own = entry.peer_addr.iter().find(|address| address.kind != AddressKind::Proxy);
    own.map(|address| address.ip_address.to_canonical())
}

#[cfg(test)]
mod tests {
    use mp2p::id::PeerId;
    use mp2p::message::join::PeerAddress;
    use mp2p::message::list::{PeerType, RankedBy};

    use super::*;

    fn entry(host: u8, rank: Option<u32>) -> PeerEntry {
        let ip_address = IpAddr::from([192, 0, 2, host]);
        let kind = AddressKind::Host;
        PeerEntry {
            peer_id: PeerId::parse(&format!("{host:064x}")).unwrap(),
            peer_addr: std::iter::once(PeerAddress { ip_address, port: 1, kind }).collect(),
            via: None,
            nat: None,
            peer_type: PeerType::Peer,
            rank,
            bridge: false,
            score: 1.0,
            status: None,
            reason: None,
        }
    }

    fn ordered(entries: Vec<PeerEntry>, costs: &[(u8, f64)]) -> Vec<(u8, Option<u32>)> {
        let peer_info_list = List::new(entries).unwrap();
        let mut list = PeerList {
            num_peers: 9,
            ranked_by: RankedBy::Score,
            lacks: List::default(),
            peer_info_list,
        };
        let costs = costs.iter().map(|(host, cost)| (IpAddr::from([192, 0, 2, *host]), *cost));
        order(&mut list, &costs.collect());
        let host = |entry: &PeerEntry| match entry.peer_addr[0].ip_address {
            IpAddr::V4(address) => address.octets()[3],
            IpAddr::V6(_) => 0,
        };
        list.peer_info_list.iter().map(|entry| (host(entry), entry.rank)).collect()
    }

    #[test]
    fn the_isps_costs_come_first_and_the_providers_order_among_equals() {
        let list = vec![entry(1, Some(1)), entry(2, Some(2)), entry(3, Some(2)), entry(4, Some(3))];
        let costs = [(1, 30.0), (2, 5.0), (3, 5.0), (4, 0.0)];
        let expected = [(4, Some(1)), (2, Some(2)), (3, Some(2)), (1, Some(3))];
        assert_eq!(ordered(list, &costs), expected);
    }

    #[test]
    fn whom_the_isp_does_not_know_stays_behind_in_the_providers_order() {
        let list = vec![entry(1, Some(1)), entry(2, Some(2)), entry(3, Some(2)), entry(4, None)];
        let costs = [(2, 7.0), (3, f64::NAN), (9, 1.0)];
        let expected = [(2, Some(1)), (1, Some(2)), (3, Some(3)), (4, None)];
        assert_eq!(ordered(list.clone(), &costs), expected);
        // Nothing known: as it was.
        assert_eq!(ordered(list, &[]), [(1, Some(1)), (2, Some(2)), (3, Some(2)), (4, None)]);
    }
}
