//! `GET …/cost-map-METRIC-MODE`: the cost from every PID to every PID (RFC 7285 §11.2.3).
//!
//! Also the writer that the filtered cost map shares. Pairs without a cost are left out
//! (§11.2.3.6).

use std::sync::Arc;

use alto::cost::{CostType, Mode};
use alto::write;
use netmap::{CostMatrix, Pid};

use crate::maps::network::ServedNetwork;
use crate::resource::chunks::{CHUNK_BYTES, Chunks};
use crate::resource::cost_query::push_cost;
use crate::resource::network_map::version_tag;

/// Pairs looked at in one piece, however few of them are written.
const PAIRS_AT_A_TIME: usize = 250_000;

/// The pairs that a cost map is asked for.
pub struct Selection {
    /// From these PIDs, in this order.
    pub sources: Vec<Pid>,
    /// To these PIDs, in this order.
    pub destinations: Vec<Pid>,
    /// Which ordinals satisfy the constraints; `None` = all.
    pub allowed: Option<Vec<bool>>,
}

impl Selection {
    /// All pairs of a network.
    #[must_use]
    pub fn all(network: &ServedNetwork) -> Self {
        let pids: Vec<Pid> = network.snapshot().pids().iter().map(|(pid, _)| pid).collect();
        Self { sources: pids.clone(), destinations: pids, allowed: None }
    }
}

/// A cost map written piece by piece; its metric is one that the network has.
pub struct CostMapChunks {
    network: Arc<ServedNetwork>,
    cost_type: CostType,
    selection: Selection,
    /// `"NAME":` of every destination, one behind the other.
    keys: Vec<u8>,
    /// `keys[ends[i - 1]..ends[i]]` is the key of destination i.
    ends: Vec<usize>,
    next: usize,
    first_row: bool,
    begun: bool,
}

impl CostMapChunks {
    /// The map of `selection`.
    #[must_use]
    pub fn new(network: &Arc<ServedNetwork>, cost_type: CostType, selection: Selection) -> Self {
        let names = network.snapshot().pids();
        let mut keys = Vec::new();
        let mut ends = Vec::with_capacity(selection.destinations.len());
        for &pid in &selection.destinations {
            write::push_string(&mut keys, names.name(pid).as_str());
            keys.push(b':');
            ends.push(keys.len());
        }
        Self {
            network: Arc::clone(network),
            cost_type,
            selection,
            keys,
            ends,
            next: 0,
            first_row: true,
            begun: false,
        }
    }

    fn push_meta(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"meta\":{\"dependent-vtags\":[");
        write::push_vtag(out, &version_tag(&self.network));
        out.extend_from_slice(b"],\"cost-type\":");
        write::push_cost_type(out, &self.cost_type);
        out.extend_from_slice(b"},\"cost-map\":{");
    }

    /// Appends the row of `from`; nothing at all if it has no pair.
    fn push_row(&self, out: &mut Vec<u8>, matrix: &CostMatrix, from: Pid) -> bool {
        let begin = out.len();
        if !self.first_row {
            out.push(b',');
        }
        write::push_string(out, self.network.snapshot().pids().name(from).as_str());
        out.extend_from_slice(b":{");
        let empty = out.len();
        let (row, table) = (matrix.row(from), matrix.table());
        let mut key_begin = 0;
        for (&to, &key_end) in self.selection.destinations.iter().zip(&self.ends) {
            let key = key_begin..key_end;
            key_begin = key_end;
            let Some(ordinal) = row.ordinal(to) else { continue };
            if self.selection.allowed.as_ref().is_some_and(|allowed| !allowed[ordinal as usize]) {
                continue;
            }
            if out.len() > empty {
                out.push(b',');
            }
            out.extend_from_slice(&self.keys[key]);
            push_cost(out, table, self.cost_type.mode, ordinal);
        }
        if out.len() == empty {
            out.truncate(begin);
            return false;
        }
        out.push(b'}');
        true
    }
}

impl Chunks for CostMapChunks {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let end = out.len() + CHUNK_BYTES;
        if !std::mem::replace(&mut self.begun, true) {
            self.push_meta(out);
        }
        let mut looked_at = 0;
        let network = Arc::clone(&self.network);
        if let Some(matrix) = network.matrix(&self.cost_type) {
            while let Some(&from) = self.selection.sources.get(self.next) {
                self.next += 1;
                if self.push_row(out, matrix, from) {
                    self.first_row = false;
                }
                looked_at += self.selection.destinations.len();
                if out.len() >= end || looked_at >= PAIRS_AT_A_TIME {
                    return true;
                }
            }
        }
        out.extend_from_slice(b"}}");
        false
    }
}

/// The whole map of one metric and mode.
#[must_use]
pub fn whole(network: &Arc<ServedNetwork>, metric: &str, mode: Mode) -> CostMapChunks {
    let cost_type = CostType { metric: metric.to_owned(), mode, description: None };
    CostMapChunks::new(network, cost_type, Selection::all(network))
}
