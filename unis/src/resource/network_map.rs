//! `GET …/network-map`: every PID with its prefixes (RFC 7285 §11.2.1).
//!
//! Also the writer that the filtered network map shares.

use std::io::Write;
use std::sync::Arc;

use alto::network_map::VersionTag;
use alto::write;
use netmap::{IpNet, Pid};

use crate::maps::network::ServedNetwork;
use crate::resource::chunks::{CHUNK_BYTES, Chunks};

/// Which address types are wanted (RFC 7285 §10.4.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Families {
    /// `ipv4`
    pub ipv4: bool,
    /// `ipv6`
    pub ipv6: bool,
}

impl Families {
    /// Both.
    pub const ALL: Self = Self { ipv4: true, ipv6: true };
    /// Neither.
    pub const NONE: Self = Self { ipv4: false, ipv6: false };
}

/// The version tag of a network's map (RFC 7285 §10.3), the same in every view and filter of it.
#[must_use]
pub fn version_tag(network: &ServedNetwork) -> VersionTag {
    VersionTag { resource_id: network.id("network-map"), tag: network.network_tag().to_owned() }
}

/// A network map of some PIDs, written piece by piece.
pub struct NetworkMapChunks {
    network: Arc<ServedNetwork>,
    pids: Vec<Pid>,
    families: Families,
    next: usize,
}

impl NetworkMapChunks {
    /// The whole map.
    #[must_use]
    pub fn whole(network: &Arc<ServedNetwork>) -> Self {
        let pids = network.snapshot().pids().iter().map(|(pid, _)| pid).collect();
        Self::of(network, pids, Families::ALL)
    }

    /// The map of `pids`, in their order, with the prefixes of `families`.
    #[must_use]
    pub fn of(network: &Arc<ServedNetwork>, pids: Vec<Pid>, families: Families) -> Self {
        Self { network: Arc::clone(network), pids, families, next: 0 }
    }
}

impl Chunks for NetworkMapChunks {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let end = out.len() + CHUNK_BYTES;
        if self.next == 0 {
            out.extend_from_slice(b"{\"meta\":{\"vtag\":");
            write::push_vtag(out, &version_tag(&self.network));
            out.extend_from_slice(b"},\"network-map\":{");
        }
        let snapshot = self.network.snapshot();
        while let Some(&pid) = self.pids.get(self.next) {
            if self.next > 0 {
                out.push(b',');
            }
            write::push_string(out, snapshot.pids().name(pid).as_str());
            out.push(b':');
            push_groups(out, snapshot.prefixes().of(pid), self.families);
            self.next += 1;
            if out.len() >= end {
                return true;
            }
        }
        out.extend_from_slice(b"}}");
        false
    }
}

/// An endpoint address group (RFC 7285 §10.4.5); a family without prefixes is left out.
fn push_groups(out: &mut Vec<u8>, prefixes: &[IpNet], families: Families) {
    let border = prefixes.partition_point(|prefix| matches!(prefix, IpNet::V4(_)));
    let (ipv4, ipv6) = prefixes.split_at(border);
    let groups = [("ipv4", ipv4, families.ipv4), ("ipv6", ipv6, families.ipv6)];
    out.push(b'{');
    let mut first = true;
    for (name, prefixes, _) in
        groups.into_iter().filter(|(_, prefixes, wanted)| *wanted && !prefixes.is_empty())
    {
        if !std::mem::take(&mut first) {
            out.push(b',');
        }
        write::push_string(out, name);
        out.extend_from_slice(b":[");
        for (index, prefix) in prefixes.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            // The text of an address has nothing to escape, and writing to a Vec does not fail.
            let _ = write!(out, "\"{prefix}\"");
        }
        out.push(b']');
    }
    out.push(b'}');
}
