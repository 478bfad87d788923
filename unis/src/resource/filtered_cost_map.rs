//! `POST …/cost-map-filtered`: costs between the PIDs asked for, under constraints (RFC 7285
//! §11.3.2).

use std::sync::Arc;

use alto::cost::CostType;
use alto::request::CostMapFilter;
use netmap::{Pid, PidTable};

use crate::maps::table::{Kind, Resource};
use crate::maps::version::Version;
use crate::resource::cost_map::{CostMapChunks, Selection};
use crate::resource::cost_query::{self, CostQuery};
use crate::resource::pairs::PairBound;
use crate::resource::{Answer, Refusal};
use crate::settings::View;

/// Answers a filter. PIDs that are not known are ignored (§11.3.2.6); where a list named only such,
/// it is empty, not full.
///
/// # Errors
/// A body that is no such filter, a cost type that is not offered, or more pairs than `bound` lets
/// in by now.
pub fn answer(
    version: &Version,
    resource: &Resource,
    view: View,
    bound: &impl PairBound,
    body: &[u8],
) -> Result<Answer, Refusal> {
    let filter = CostMapFilter::parse(body)?;
    let network = &resource.network;
    let cost_type = CostType { description: None, ..filter.cost_type };
    let CostQuery { allowed, .. } =
        cost_query::resolve(network, view, &cost_type, filter.constraints.as_deref())?;
    let is_whole =
        filter.pids.as_ref().is_none_or(|pids| pids.srcs.is_empty() && pids.dsts.is_empty());
    if is_whole && allowed.is_none() {
        let asked = Kind::CostMap { metric: cost_type.metric.clone(), mode: cost_type.mode };
        let is_it =
            |other: &&Arc<Resource>| other.kind == asked && Arc::ptr_eq(&other.network, network);
        if let Some(whole) = version.resources().iter().find(is_it) {
            return Ok(Answer::Same(whole.clone()));
        }
    }
    let table = network.snapshot().pids();
    let selection = match &filter.pids {
        None => Selection { allowed, ..Selection::all(network) },
        Some(pids) => Selection {
            sources: select(table, &pids.srcs),
            destinations: select(table, &pids.dsts),
            allowed,
        },
    };
    bound.admit_map(selection.sources.len(), selection.destinations.len())?;
    Ok(Answer::Chunks(Box::new(CostMapChunks::new(network, cost_type, selection))))
}

/// The PIDs named, or all where none is.
fn select(table: &PidTable, names: &[String]) -> Vec<Pid> {
    if names.is_empty() {
        return table.iter().map(|(pid, _)| pid).collect();
    }
    names.iter().filter_map(|name| table.find(name)).collect()
}
