//! Ready ALTO maps become a snapshot: PIDs, prefixes and costs as they are.

// §11.2.1, §11.2.2.
mod pids;
// §11.2.3.
mod costs;

use netmap::{BuildError, Parts, Snapshot};

use crate::network::{Kind, PidEntry};
use crate::options::Options;
use crate::reader::alto::{Document, Map};
use crate::reduction::{Reduction, reduce};
use crate::refusal::LoadError;
use crate::report::Report;

/// Why documents make no network.
#[derive(Debug, thiserror::Error)]
enum AltoMapError {
    #[error("no network map among the `alto` sources")]
    NoNetworkMap,
    #[error("a second network map; the first is {0}")]
    SecondNetworkMap(String),
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// Makes the snapshot of one network map and any number of cost maps, sharing with an older one
/// what stayed equal.
pub(crate) fn build(
    documents: &[Document],
    (options, old): (&Options, Option<&Snapshot>),
    report: &mut Report,
) -> Result<(Snapshot, Vec<PidEntry>, Option<Reduction>), LoadError> {
    let mut maps = documents.iter().filter_map(|document| match &document.map {
        Map::Network(map) => Some((document, map)),
        Map::Cost(_) => None,
    });
    let (document, map) =
        maps.next().ok_or_else(|| LoadError::anywhere(AltoMapError::NoNetworkMap))?;
    if let Some((second, _)) = maps.next() {
        let fault = AltoMapError::SecondNetworkMap(document.file.display().to_string());
        return Err(LoadError::at(second.spot(), fault));
    }
    let pids = pids::names(document, map)?;
    let mut prefixes = pids::prefixes(document, map, report)?;
    let matrices = costs::matrices(documents, &map.meta.vtag, &pids, document, report)?;
    let reduction = options.reduce_prefixes.then(|| reduce(&mut prefixes));
    let mut counts = vec![0; pids.len()];
    for (_, pid) in &prefixes {
        counts[pid.index()] += 1;
    }
    let entry = |(pid, prefixes): (_, usize)| {
        let (node, nodes, kind) = (None, 0, Kind::Internal);
        PidEntry { pid, node, nodes, kind, prefixes }
    };
    let entries = pids.iter().cloned().zip(counts).map(entry).collect();
    report.note(format!("{} PIDs with {} prefixes, as they are", pids.len(), prefixes.len()));
    let snapshot = Snapshot::build_upon(Parts { pids, prefixes, matrices }, old)
        .map_err(|error| LoadError::at(document.spot(), AltoMapError::Build(error)))?;
    Ok((snapshot, entries, reduction))
}
