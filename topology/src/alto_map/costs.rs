//! Costs of ready cost maps (RFC 7285 §11.2.3), one matrix a metric.

use std::collections::BTreeMap;

use ::alto::cost::{CostType, Mode};
use ::alto::cost_map::CostMap;
use ::alto::name::{CostMetric, NameError};
use ::alto::network_map::VersionTag;
use netmap::{Cost, CostError, CostMatrix, MatrixBuilder, MatrixError, PidName};

use crate::reader::alto::{Document, Map};
use crate::refusal::LoadError;
use crate::report::{Report, code};

/// The metric that every ALTO server should have (RFC 7285 §6.1.1.1).
const ROUTINGCOST: &str = "routingcost";

/// Why a cost map cannot stand.
#[derive(Debug, thiserror::Error)]
enum CostMapError {
    #[error("cost metric `{metric}`: {error}")]
    Metric { metric: String, error: NameError },
    #[error("a second cost map of metric `{metric}` and mode `{mode}`; the first is {first}")]
    Second { metric: String, mode: &'static str, first: String },
    #[error("cost of PID `{0}`, which the network map does not have")]
    UnknownPid(String),
    #[error("from `{from}` to `{to}`: {error}")]
    Cost { from: String, to: String, error: CostError },
    #[error(transparent)]
    Matrix(#[from] MatrixError),
}

/// The maps of one metric.
#[derive(Default)]
struct Modes<'a> {
    numerical: Option<(&'a Document, &'a CostMap)>,
    ordinal: Option<(&'a Document, &'a CostMap)>,
}

/// A matrix for each metric, by name; an empty one of `routingcost` where no map has it.
pub(crate) fn matrices(
    documents: &[Document],
    vtag: &VersionTag,
    pids: &[PidName],
    network: &Document,
    report: &mut Report,
) -> Result<Vec<CostMatrix>, LoadError> {
    let mut metrics = BTreeMap::<&str, Modes<'_>>::new();
    for document in documents {
        let Map::Cost(map) = &document.map else { continue };
        warn_other_version(document, map, vtag, report);
        refuse_metric(document, &map.meta.cost_type)?;
        let CostType { metric, mode, .. } = &map.meta.cost_type;
        let modes = metrics.entry(metric).or_default();
        let place = match mode {
            Mode::Numerical => &mut modes.numerical,
            Mode::Ordinal => &mut modes.ordinal,
        };
        if let Some((first, _)) = place {
            let (metric, first) = (metric.clone(), first.file.display().to_string());
            let fault = CostMapError::Second { metric, mode: mode.as_str(), first };
            return Err(LoadError::at(document.spot(), fault));
        }
        *place = Some((document, map));
    }
    let mut matrices = Vec::new();
    if !metrics.contains_key(ROUTINGCOST) {
        let message = "no cost map of metric `routingcost`; no pair has such a cost";
        report.warn(code::NO_ROUTINGCOST, &network.spot(), message);
        matrices.push(matrix(ROUTINGCOST, network, &BTreeMap::new(), pids)?);
    }
    for (metric, modes) in metrics {
        let Some((document, map)) = modes.numerical.or(modes.ordinal) else { continue };
        if modes.numerical.is_none() {
            let message = format!("metric `{metric}` has only ranks; they are taken as costs");
            report.warn(code::ORDINAL_ONLY, &document.spot(), message);
        }
        matrices.push(matrix(metric, document, &map.map, pids)?);
    }
    Ok(matrices)
}

type Costs = BTreeMap<String, BTreeMap<String, f64>>;

fn matrix(
    metric: &str,
    document: &Document,
    costs: &Costs,
    pids: &[PidName],
) -> Result<CostMatrix, LoadError> {
    refuse_unknown(document, costs, pids)?;
    let refuse = |error| LoadError::at(document.spot(), CostMapError::Matrix(error));
    let mut builder = MatrixBuilder::new(metric, pids.len());
    let nothing = BTreeMap::new();
    for from in pids {
        let row = costs.get(from.as_str()).unwrap_or(&nothing);
        let cost = |to: &PidName| {
            let value = row.get(to.as_str())?;
            let wrong = |error| {
                let (from, to) = (from.to_string(), to.to_string());
                LoadError::at(document.spot(), CostMapError::Cost { from, to, error })
            };
            Some(Cost::new(*value).map_err(wrong))
        };
        let row: Vec<Option<Cost>> =
            pids.iter().map(|to| cost(to).transpose()).collect::<Result<_, _>>()?;
        builder.push_row(row).map_err(refuse)?;
    }
    builder.finish().map_err(refuse)
}

fn refuse_unknown(document: &Document, costs: &Costs, pids: &[PidName]) -> Result<(), LoadError> {
    let known = |name: &str| pids.binary_search_by(|pid| pid.as_str().cmp(name)).is_ok();
    let named = costs.iter().flat_map(|(from, row)| std::iter::once(from).chain(row.keys()));
    for name in named {
        if !known(name) {
            let fault = CostMapError::UnknownPid(name.clone());
            return Err(LoadError::at(document.spot_of(name, 0), fault));
        }
    }
    Ok(())
}

fn refuse_metric(document: &Document, cost_type: &CostType) -> Result<(), LoadError> {
    let metric = &cost_type.metric;
    let wrong = |error| {
        let fault = CostMapError::Metric { metric: metric.clone(), error };
        LoadError::at(document.spot_of(metric, 0), fault)
    };
    CostMetric::parse(metric).map(drop).map_err(wrong)
}

fn warn_other_version(document: &Document, map: &CostMap, vtag: &VersionTag, report: &mut Report) {
    if map.meta.dependent_vtags.contains(vtag) {
        return;
    }
    let VersionTag { resource_id, tag } = vtag;
    let message = match map.meta.dependent_vtags.first() {
        Some(other) => format!(
            "costs are of `{}` version {}, the network map is `{resource_id}` version {tag}",
            other.resource_id, other.tag
        ),
        None => format!("costs say no version of the network map `{resource_id}`"),
    };
    report.warn(code::VTAG_MISMATCH, &document.spot(), message);
}
