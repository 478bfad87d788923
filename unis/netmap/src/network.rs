//! The part of a snapshot that costs do not touch: PIDs, prefixes, look-up and their tag.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

use crate::lookup::compiled::Lookup;
use crate::name::PidName;
use crate::pid::{Pid, PidTable};
use crate::prefix::PrefixTable;
use crate::tag::{Tag, Tagger};

/// PIDs and prefixes, compiled; shared between snapshots that differ in costs alone.
pub(crate) struct Network {
    pids: PidTable,
    prefixes: PrefixTable,
    lookup: Lookup,
    tag: Tag,
}

impl Network {
    /// Takes checked names and prefixes, both ascending. Where the older network has the same
    /// content it is taken instead, and nothing is compiled.
    pub(crate) fn compile(
        pids: Vec<PidName>,
        prefixes: Vec<(IpNet, Pid)>,
        old: Option<&Arc<Network>>,
    ) -> Arc<Network> {
        let tag = tag(&pids, &prefixes);
        if let Some(old) = old.filter(|old| old.tag == tag) {
            return Arc::clone(old);
        }
        let lookup = Lookup::compile(&prefixes);
        let prefixes = PrefixTable::from_ascending(prefixes, pids.len());
        Arc::new(Network { pids: PidTable::from_ascending(pids), prefixes, lookup, tag })
    }

    pub(crate) fn pids(&self) -> &PidTable {
        &self.pids
    }

    pub(crate) fn prefixes(&self) -> &PrefixTable {
        &self.prefixes
    }

    pub(crate) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Memory held, bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let Self { pids, prefixes, lookup, tag: _ } = self;
        pids.memory_bytes() + prefixes.memory_bytes() + lookup.memory_bytes()
    }

    pub(crate) fn tag(&self) -> &Tag {
        &self.tag
    }
}

/// The tag of a network map's content (RFC 7285 §10.3): names, then prefixes, in canonical order.
fn tag(pids: &[PidName], prefixes: &[(IpNet, Pid)]) -> Tag {
    let mut tagger = Tagger::new("network map");
    tagger.number(pids.len() as u64);
    pids.iter().for_each(|name| tagger.text(name.as_str()));
    tagger.number(prefixes.len() as u64);
    for (prefix, pid) in prefixes {
        // The number of octets tells the families apart.
        match prefix.network() {
            IpAddr::V4(address) => tagger.bytes(&address.octets()),
            IpAddr::V6(address) => tagger.bytes(&address.octets()),
        }
        tagger.number(u64::from(prefix.prefix_len()));
        tagger.number(u64::from(pid.raw()));
    }
    tagger.finish()
}
