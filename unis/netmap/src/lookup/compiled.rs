//! Both families together, one address or many.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::lookup::interval::{NO_PID, Span, cut};
use crate::lookup::search::{GROUP, Isa};
use crate::lookup::v4::{Form, V4};
use crate::lookup::v6::V6;
use crate::pid::Pid;

/// The compiled look-up of one network.
#[derive(Debug)]
pub(crate) struct Lookup {
    v4: V4,
    v6: V6,
}

impl Lookup {
    /// Takes checked prefixes, ascending.
    pub(crate) fn compile(prefixes: &[(IpNet, Pid)]) -> Self {
        Self::compile_as(prefixes, Form::for_intervals, Isa::detect())
    }

    /// The same with another choice of form and instructions.
    fn compile_as(prefixes: &[(IpNet, Pid)], form: fn(usize) -> Form, isa: Isa) -> Self {
        let v4 = cut(prefixes.iter().filter_map(|(prefix, pid)| match prefix {
            IpNet::V4(net) => Some(span(net.network().into(), net.broadcast().into(), *pid)),
            IpNet::V6(_) => None,
        }));
        let v6 = cut(prefixes.iter().filter_map(|(prefix, pid)| match prefix {
            IpNet::V4(_) => None,
            IpNet::V6(net) => Some(span(net.network().into(), net.broadcast().into(), *pid)),
        }));
        Self { v4: V4::compile(&v4, form(v4.len()), isa), v6: V6::compile(&v6, isa) }
    }

    /// Memory held, bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.v4.memory_bytes() + self.v6.memory_bytes()
    }

    /// The PID of one address; `::ffff:a.b.c.d` is `a.b.c.d`.
    pub(crate) fn pid_of(&self, address: IpAddr) -> Option<Pid> {
        let mut found = [NO_PID];
        match address.to_canonical() {
            IpAddr::V4(address) => self.v4.look_up(&[address.into()], &mut found),
            IpAddr::V6(address) => self.v6.look_up(&[address.into()], &mut found),
        }
        pid(found[0])
    }

    /// The PID of each address, in the order given; clears `out` first. Each family is gathered,
    /// and goes down its structure in lockstep.
    pub(crate) fn pids_of(&self, addresses: &[IpAddr], out: &mut Vec<Option<Pid>>) {
        out.clear();
        out.resize(addresses.len(), None);
        for (addresses, out) in addresses.chunks(TOGETHER).zip(out.chunks_mut(TOGETHER)) {
            // Which family comes next is anybody's guess, the processor's too: no branch on it.
            let mut places = [[0_u16; TOGETHER]; 2];
            let mut many = [0; 2];
            for (place, address) in (0..).zip(addresses) {
                let family = usize::from(address.is_ipv6());
                places[family][many[family]] = place;
                many[family] += 1;
            }
            let [v4, v6] = [0, 1].map(|family| &places[family][..many[family]]);
            let mut keys = [0; TOGETHER];
            for (key, place) in keys.iter_mut().zip(v4) {
                if let IpAddr::V4(address) = addresses[usize::from(*place)] {
                    *key = address.to_bits();
                    // Its memory comes while the other family is looked up.
                    self.v4.announce(*key);
                }
            }
            for places in v6.chunks(GROUP) {
                self.pids_of_v6(addresses, places, out);
            }
            let mut found = [NO_PID; TOGETHER];
            self.v4.look_up(&keys[..v4.len()], &mut found[..v4.len()]);
            for (place, found) in v4.iter().zip(found) {
                out[usize::from(*place)] = pid(found);
            }
        }
    }

    /// The PIDs of a group of the addresses, which are of IPv6 or written in its way.
    #[inline]
    fn pids_of_v6(&self, addresses: &[IpAddr], places: &[u16], out: &mut [Option<Pid>]) {
        let (mut keys, mut found) = ([0; GROUP], [NO_PID; GROUP]);
        let mut is_any_mapped = false;
        for (key, place) in keys.iter_mut().zip(places) {
            if let IpAddr::V6(address) = addresses[usize::from(*place)] {
                *key = address.to_bits();
                is_any_mapped |= *key >> 32 == 0xffff;
            }
        }
        self.v6.look_up(&keys[..places.len()], &mut found[..places.len()]);
        for (place, found) in places.iter().zip(found) {
            out[usize::from(*place)] = pid(found);
        }
        if is_any_mapped {
            self.pids_of_mapped(addresses, places, out);
        }
    }

    /// The same of those that are written in its way.
    #[cold]
    fn pids_of_mapped(&self, addresses: &[IpAddr], places: &[u16], out: &mut [Option<Pid>]) {
        for place in places {
            let address = addresses[usize::from(*place)].to_canonical();
            if address.is_ipv4() {
                out[usize::from(*place)] = self.pid_of(address);
            }
        }
    }

    /// The PID of each IPv4 address, given as the number that it is; clears `out` first. Nothing has
    /// to be told apart or gathered.
    pub(crate) fn pids_of_ipv4(&self, addresses: &[u32], out: &mut Vec<Option<Pid>>) {
        out.clear();
        out.reserve(addresses.len());
        let mut found = [NO_PID; GROUP];
        for group in addresses.chunks(GROUP) {
            group.iter().for_each(|address| self.v4.announce(*address));
            let found = &mut found[..group.len()];
            self.v4.look_up(group, found);
            out.extend(found.iter().map(|found| pid(*found)));
        }
    }
}

/// Addresses that are told apart by family at a time.
const TOGETHER: usize = 256;

fn span<A>(first: A, last: A, pid: Pid) -> Span<A> {
    Span { first, last, pid: pid.raw() }
}

fn pid(found: u32) -> Option<Pid> {
    (found != NO_PID).then_some(Pid::new(found))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::net::{Ipv4Addr, Ipv6Addr};

    use ipnet::{Ipv4Net, Ipv6Net};
    use proptest::prelude::{
        Just, ProptestConfig, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest,
    };

    use super::*;
    use crate::prefix::PrefixTable;

    /// Addresses that lie close together often enough for prefixes to nest.
    fn v4_address() -> impl Strategy<Value = u32> {
        let near = |base: u32| (0..1024_u32).prop_map(move |low| base.wrapping_add(low));
        prop_oneof![any::<u32>(), near(0x0a00_0000), near(u32::MAX - 700), near(0)]
    }

    fn v6_address() -> impl Strategy<Value = u128> {
        let base = 0x2001_0db8_u128 << 96;
        let bits = prop::collection::vec(0..128_u32, 0..4);
        let few = bits.prop_map(|bits| bits.iter().fold(0, |sum, bit| sum ^ (1 << bit)));
        let start = prop_oneof![Just(base), Just(0), Just(u128::MAX)];
        let near = (start, few).prop_map(|(start, few)| start ^ few);
        prop_oneof![any::<u128>(), near.clone(), near]
    }

    /// Prefixes of any length, ascending, each once. PIDs below `pids`.
    fn prefixes(pids: u32) -> impl Strategy<Value = Vec<(IpNet, Pid)>> {
        let v4 = (v4_address(), 0..=32_u8).prop_map(|(address, length)| {
            IpNet::from(Ipv4Net::new(Ipv4Addr::from(address), length).unwrap().trunc())
        });
        let v6 = (v6_address(), 0..=128_u8).prop_map(|(address, length)| {
            IpNet::from(Ipv6Net::new(Ipv6Addr::from(address), length).unwrap().trunc())
        });
        let pid = (0..pids).prop_map(Pid::new);
        let many = prop::collection::btree_map(prop_oneof![v4, v6], pid, 0..120);
        many.prop_map(|map: BTreeMap<_, _>| map.into_iter().collect())
    }

    /// Both sides of both edges of every prefix, and the edges of the families.
    fn edges(prefixes: &[(IpNet, Pid)]) -> Vec<IpAddr> {
        let mut v4 = vec![0, u32::MAX];
        let mut v6 = vec![0, u128::MAX, 0xffff_0000_0000, 0xffff_ffff_ffff];
        for (prefix, _) in prefixes {
            match prefix {
                IpNet::V4(net) => {
                    let (first, last): (u32, u32) = (net.network().into(), net.broadcast().into());
                    v4.extend([first.wrapping_sub(1), first, last, last.wrapping_add(1)]);
                }
                IpNet::V6(net) => {
                    let first: u128 = net.network().into();
                    let last: u128 = net.broadcast().into();
                    v6.extend([first.wrapping_sub(1), first, last, last.wrapping_add(1)]);
                }
            }
        }
        let mapped: Vec<_> = v4.iter().map(|n| Ipv4Addr::from(*n).to_ipv6_mapped()).collect();
        let v4 = v4.into_iter().map(|n| IpAddr::from(Ipv4Addr::from(n)));
        let v6 = v6.into_iter().map(Ipv6Addr::from).chain(mapped).map(IpAddr::from);
        v4.chain(v6).collect()
    }

    fn linear_scan(prefixes: &[(IpNet, Pid)], address: IpAddr) -> Option<Pid> {
        let address = address.to_canonical();
        let holding = prefixes.iter().filter(|(prefix, _)| prefix.contains(&address));
        holding.max_by_key(|(prefix, _)| prefix.prefix_len()).map(|(_, pid)| *pid)
    }

    /// Every way to look up has to say what a linear scan says.
    fn check(prefixes: &[(IpNet, Pid)], others: &[IpAddr], form: fn(usize) -> Form) {
        let mut addresses = edges(prefixes);
        addresses.extend(others);
        let expected: Vec<_> = addresses.iter().map(|a| linear_scan(prefixes, *a)).collect();
        let table = PrefixTable::from_ascending(prefixes.to_vec(), 1 << 17);
        for (address, expected) in addresses.iter().zip(&expected) {
            let found = table.matching(*address);
            assert_eq!(found.map(|(_, pid)| pid), *expected, "tree bitmap, {address}");
            assert!(found.is_none_or(|(prefix, _)| prefix.contains(&address.to_canonical())));
        }
        for isa in [Isa::detect(), Isa::portable()] {
            let lookup = Lookup::compile_as(prefixes, form, isa);
            let mut batched = vec![None];
            lookup.pids_of(&addresses, &mut batched);
            assert_eq!(batched, expected, "{isa:?}");
            let v4 = addresses.iter().zip(&expected).filter_map(|(address, expected)| {
                let IpAddr::V4(address) = address else { return None };
                Some((address.to_bits(), *expected))
            });
            let (v4, expected_v4): (Vec<u32>, Vec<_>) = v4.unzip();
            lookup.pids_of_ipv4(&v4, &mut batched);
            assert_eq!(batched, expected_v4, "IPv4 alone, {isa:?}");
            for (address, expected) in addresses.iter().zip(&expected) {
                assert_eq!(lookup.pid_of(*address), *expected, "{address}, {isa:?}");
            }
        }
    }

    fn addresses() -> impl Strategy<Value = Vec<IpAddr>> {
        let v4 = v4_address().prop_map(|n| IpAddr::from(Ipv4Addr::from(n)));
        let v6 = v6_address().prop_map(|n| IpAddr::from(Ipv6Addr::from(n)));
        prop::collection::vec(prop_oneof![v4, v6], 0..100)
    }

    proptest! {
        #[test]
        fn the_tree_tree_bitmap_and_linear_scan_agree(
            prefixes in prefixes(5), others in addresses(),
        ) {
            check(&prefixes, &others, |_| Form::Tree);
        }

        #[test]
        fn each_length_alone_covers_exactly_its_addresses(
            v4 in v4_address(), v6 in v6_address(), others in addresses(),
        ) {
            let v4 = (0..=32).map(|n| IpNet::from(Ipv4Net::new(v4.into(), n).unwrap().trunc()));
            let v6 = (0..=128).map(|n| IpNet::from(Ipv6Net::new(v6.into(), n).unwrap().trunc()));
            let mut nested: Vec<_> = v4.chain(v6).zip((0..).map(Pid::new)).collect();
            nested.sort_unstable();
            check(&nested, &others, |_| Form::Tree);
        }
    }

    proptest! {
        // Each case fills tables of 33 or 67 MB.
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn the_direct_table_agrees_with_few_pids(prefixes in prefixes(5), others in addresses()) {
            check(&prefixes, &others, |_| Form::Direct);
        }

        #[test]
        fn the_direct_table_agrees_with_many_pids(
            prefixes in prefixes(100_000), others in addresses(),
        ) {
            check(&prefixes, &others, |_| Form::Direct);
        }
    }

    #[test]
    fn the_form_follows_the_number_of_intervals() {
        assert_eq!(Form::for_intervals(1), Form::Tree);
        assert_eq!(Form::for_intervals(131_072), Form::Tree);
        assert_eq!(Form::for_intervals(131_073), Form::Direct);
    }

    proptest! {
        #[test]
        fn a_batch_says_what_single_look_ups_say(
            addresses in addresses(), prefixes in prefixes(9),
        ) {
            let lookup = Lookup::compile(&prefixes);
            let mut out = Vec::new();
            lookup.pids_of(&addresses, &mut out);
            let single: Vec<_> = addresses.iter().map(|a| lookup.pid_of(*a)).collect();
            prop_assert_eq!(out, single);
        }
    }
}
