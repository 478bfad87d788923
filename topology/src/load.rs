//! From sources to a network: read, assemble, place, name, cost.

use std::path::Path;
use std::sync::Arc;

use netmap::{BuildError, Cost, CostError, IpNet, MatrixError, Parts, Pid, PidName, Snapshot};
use netmap::{Ipv4Net, Ipv6Net};

use crate::aggregate::{AggregateError, aggregate};
use crate::alto_map;
use crate::cost;
use crate::draft::Draft;
use crate::graph::{self, Graph, NodeIndex, Role};
use crate::layout::Layout;
use crate::made::Made;
use crate::network::{CostWork, Kind, Network, PidEntry, Routes};
use crate::options::{Options, OptionsError};
use crate::pid::{self, PidError};
use crate::placement;
use crate::progress::Progress;
use crate::reader;
use crate::reduction::reduce;
use crate::refusal::LoadError;
use crate::report::{Report, code};
use crate::routes::Homes;
use crate::source::{Format, Source};
use crate::spot::Spot;

/// Why the choice of sources makes no network, or the parts do not fit.
#[derive(Debug, thiserror::Error)]
enum NetworkError {
    #[error("no sources; name at least one graph as FORMAT=PATH, FORMAT as {list}", list = graphs())]
    NoSource,
    #[error("no graph among the sources; add one as FORMAT=PATH, FORMAT as {list}", list = graphs())]
    NoGraph,
    #[error("`alto` sources are a whole network; they cannot be mixed with `{0}`")]
    Mixed(Source),
    #[error("no graph has a node")]
    NoNode,
    #[error(transparent)]
    Options(#[from] OptionsError),
    #[error(transparent)]
    Pid(#[from] PidError),
    #[error(transparent)]
    Cost(#[from] CostError),
    #[error(transparent)]
    Matrix(#[from] MatrixError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Aggregate(#[from] AggregateError),
    #[error("aggregation takes nodes; the PIDs of `alto` sources are taken as they are")]
    AltoAggregation,
}

/// The formats that make a graph.
fn graphs() -> String {
    let graphs = Format::ALL.into_iter().filter(|format| format.is_graph());
    graphs.map(Format::as_str).collect::<Vec<_>>().join(", ")
}

/// Reads all sources, in whatever order they come, and makes one network of them.
///
/// # Errors
/// The first thing that cannot be repaired or skipped, with its file and line.
pub fn load(
    sources: &[Source],
    options: &Options,
    progress: &dyn Progress,
) -> Result<Network, LoadError> {
    load_beside(sources, options, progress, None)
}

/// As [`load`], beside the network that the same sources made before: costs are computed from the
/// old ones where few links changed, and what stayed equal is shared. The result is the same.
///
/// # Errors
/// As [`load`].
pub fn load_beside(
    sources: &[Source],
    options: &Options,
    progress: &dyn Progress,
    old: Option<&Network>,
) -> Result<Network, LoadError> {
    options.check().map_err(refuse)?;
    if sources.is_empty() {
        return Err(refuse(NetworkError::NoSource));
    }
    let is_alto = |source: &Source| source.format == Format::Alto;
    if sources.iter().any(is_alto) {
        return match sources.iter().find(|source| !is_alto(source)) {
            Some(other) => Err(refuse(NetworkError::Mixed(other.clone()))),
            None => load_alto(sources, options, progress, old),
        };
    }
    if !sources.iter().any(|source| source.format.is_graph()) {
        return Err(refuse(NetworkError::NoGraph));
    }
    let mut report = Report::default();
    let mut drafts = read(sources, progress, &mut report)?;
    let asn = own_as(&drafts, options, &mut report);
    let graph = graph::assemble(&drafts, &mut report)?;
    if graph.nodes().is_empty() {
        return Err(LoadError::at(Spot::file(&drafts[0].file), NetworkError::NoNode));
    }
    graph::check_shape(&graph, &mut report);
    let homes = Homes::new(&graph, &drafts, asn);
    for source in sources {
        drafts.extend(read_upon(source, (&graph, &homes), progress, &mut report)?);
    }
    let prefixes = placement::place(&graph, &drafts, &mut report)?;
    let first_file = Spot::file(&drafts[0].file);
    drop(drafts);
    let mut network = build(&graph, prefixes, (options, old), &first_file, &mut report)?;
    network.asn = asn;
    count_skipped(&mut report);
    (network.warnings, network.notes) = report.finish();
    Ok(network)
}

fn refuse(error: impl Into<NetworkError>) -> LoadError {
    LoadError::anywhere(error.into())
}

/// Graphs first, then what is placed on them; within that in the order given.
fn read(
    sources: &[Source],
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Vec<Draft>, LoadError> {
    let mut sources: Vec<&Source> = sources.iter().collect();
    sources.sort_by_key(|source| !source.format.is_graph());
    let read = sources.into_iter().map(|source| read_one(source, progress, report));
    read.filter_map(Result::transpose).collect()
}

/// `None` where the file is read upon the graph.
fn read_one(
    source: &Source,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Option<Draft>, LoadError> {
    let file: Arc<Path> = Arc::from(source.file());
    let draft = match source.format {
        Format::Inventory => reader::inventory::read(&file, progress, report),
        Format::Graphml => reader::graphml::read(&file, progress, report),
        Format::Gml => reader::gml::read(&file, progress, report),
        Format::Nodelink => reader::nodelink::read(&file, progress, report),
        Format::Sndlib => reader::sndlib::read(&file, progress, report),
        Format::Rfc8345 => reader::rfc8345::read(&file, source.network_id(), progress, report),
        Format::Prefixes => reader::prefixes::read(&file, progress, report),
        Format::Neighbours => reader::neighbours::read(&file, progress, report),
        Format::Geofeed | Format::Mrt | Format::Bgpdump => return Ok(None),
        Format::Alto => Err(refuse(NetworkError::Mixed(source.clone()))),
    };
    draft.map(Some).map_err(|error| hinted(error, source.format, &file))
}

/// The error, and what the file looks like where it is of another format.
fn hinted(error: LoadError, given: Format, file: &Arc<Path>) -> LoadError {
    match reader::sniff::hint(given, file) {
        Some(hint) => error.hinting(&hint),
        None => error,
    }
}

/// What can only be read once it is known which nodes and neighbours there are; else `None`.
fn read_upon(
    source: &Source,
    (graph, homes): (&Graph, &Homes),
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Option<Draft>, LoadError> {
    let file: Arc<Path> = Arc::from(source.file());
    let draft = match source.format {
        Format::Geofeed => reader::geofeed::read(&file, graph, progress, report),
        Format::Mrt | Format::Bgpdump => {
            if homes.own.is_none() {
                let message = "the own AS is not known, so that its prefixes count as others'; set \
                               network.asn";
                report.warn(code::MISSING_ASN, &Spot::file(&file), message);
            }
            let read = if source.format == Format::Mrt {
                reader::mrt::read
            } else {
                reader::bgpdump::read
            };
            read(&file, (graph, homes), progress, report)
        }
        _ => return Ok(None),
    };
    draft.map(Some).map_err(|error| hinted(error, source.format, &file))
}

fn load_alto(
    sources: &[Source],
    options: &Options,
    progress: &dyn Progress,
    old: Option<&Network>,
) -> Result<Network, LoadError> {
    if options.merging.is_some() {
        return Err(refuse(NetworkError::AltoAggregation));
    }
    let mut report = Report::default();
    let mut documents = Vec::new();
    for source in sources {
        let file: Arc<Path> = Arc::from(source.path.as_path());
        let document = reader::alto::read(&file, progress);
        documents.push(document.map_err(|error| hinted(error, source.format, &file))?);
    }
    let old = old.map(|old| old.snapshot.as_ref());
    let (snapshot, pids, reduction) = alto_map::build(&documents, (options, old), &mut report)?;
    let (warnings, notes) = report.finish();
    Ok(Network {
        snapshot: Arc::new(snapshot),
        pids,
        asn: options.asn,
        warnings,
        notes,
        routes: None,
        layout: Layout::default(),
        work: CostWork::default(),
        aggregation: None,
        reduction,
    })
}

/// The own AS: options first, then the first file that says.
fn own_as(drafts: &[Draft], options: &Options, report: &mut Report) -> Option<u32> {
    let mut known = options.asn;
    for draft in drafts {
        let Some((asn, line)) = draft.asn else { continue };
        match known {
            Some(first) if first != asn => {
                let message = format!("own AS is {asn} here and {first} elsewhere, which counts");
                report.warn(code::CONTRADICTING_ASN, &draft.spot(line), message);
            }
            _ => known = Some(asn),
        }
    }
    known
}

/// Names the PIDs, computes the costs and puts the snapshot together.
fn build(
    graph: &Graph,
    prefixes: Vec<(IpNet, Option<NodeIndex>)>,
    (options, old): (&Options, Option<&Network>),
    first_file: &Spot,
    report: &mut Report,
) -> Result<Network, LoadError> {
    let (pids, nodes_of_pids, pids_of_nodes) = order_pids(graph).map_err(refuse)?;
    let elsewhere = options.default_pid_cost.map(Cost::new).transpose().map_err(refuse)?;
    let metrics = vec![cost::routingcost(graph, options, report)?, cost::hopcount(graph)];
    let keys = graph.nodes().iter().map(|node| node.key.clone()).collect();
    let mut routes = Routes { keys, nodes_of_pids, metrics, elsewhere };
    let (matrices, work) = routes.matrices(old).map_err(refuse)?;
    if let Some(hops) = matrices.last() {
        let of_default = elsewhere.map_or(0, |_| 2 * pids.len() - 1);
        let all = graph.nodes().len() * graph.nodes().len();
        warn_unreachable(all - (hops.pairs() - of_default), first_file, report);
    }
    let default = routes.nodes_of_pids.iter().position(Option::is_none);
    let default = default.map(|pid| Pid::new(pid as u32));
    let pid_of = |node: NodeIndex| pids_of_nodes[node as usize];
    let everything = [IpNet::V4(Ipv4Net::default()), IpNet::V6(Ipv6Net::default())];
    let mut placed = prefixes;
    placed.extend(everything.map(|prefix| (prefix, None)));
    let placed = placed.into_iter();
    let placed = placed.filter_map(|(prefix, node)| Some((prefix, node.map(pid_of).or(default)?)));
    let placed = placed.collect();
    let nodes_of_pids = routes.nodes_of_pids.clone();
    let made = Made { pids, nodes_of_pids, pids_of_nodes, prefixes: placed, matrices };
    let (mut made, aggregation) = match options.merging {
        Some(wanted) => aggregate(made, graph, &routes.metrics[0], wanted).map_err(refuse)?,
        None => (made, None),
    };
    let reduction = options.reduce_prefixes.then(|| reduce(&mut made.prefixes));
    let entries = entries(graph, &made);
    let layout = Layout::of(graph, &made);
    let Made { pids, nodes_of_pids, prefixes, matrices, .. } = made;
    let (pid_count, prefix_count) = (pids.len(), prefixes.len());
    report.note(format!("{pid_count} PIDs with {prefix_count} prefixes, the default's included"));
    routes.nodes_of_pids = nodes_of_pids;
    let old = old.map(|old| old.snapshot.as_ref());
    let parts = Parts { pids, prefixes, matrices };
    let snapshot = Snapshot::build_upon(parts, old).map_err(refuse)?;
    Ok(Network {
        snapshot: Arc::new(snapshot),
        pids: entries,
        asn: None,
        warnings: Vec::new(),
        notes: Vec::new(),
        routes: Some(routes),
        layout,
        work,
        aggregation,
        reduction,
    })
}

/// PIDs ascending by name, the node of each, and the PID of each node.
type Ordered = (Vec<PidName>, Vec<Option<NodeIndex>>, Vec<Pid>);

fn order_pids(graph: &Graph) -> Result<Ordered, NetworkError> {
    let keys: Vec<&str> = graph.nodes().iter().map(|node| node.key.as_str()).collect();
    let mut named: Vec<(PidName, Option<NodeIndex>)> =
        pid::name_pids(&keys)?.into_iter().zip((0..).map(Some)).collect();
    let default = PidName::parse(pid::DEFAULT)
        .map_err(|error| PidError::Name { key: pid::DEFAULT.to_owned(), error })?;
    named.push((default, None));
    named.sort();
    let mut pids_of_nodes = vec![Pid::new(0); keys.len()];
    for (pid, (_, node)) in (0..).zip(&named) {
        if let Some(node) = node {
            pids_of_nodes[*node as usize] = Pid::new(pid);
        }
    }
    let (pids, nodes_of_pids) = named.into_iter().unzip();
    Ok((pids, nodes_of_pids, pids_of_nodes))
}

fn entries(graph: &Graph, made: &Made) -> Vec<PidEntry> {
    let mut prefixes = vec![0; made.pids.len()];
    made.prefixes.iter().for_each(|(_, pid)| prefixes[pid.index()] += 1);
    let mut nodes = vec![0; made.pids.len()];
    made.pids_of_nodes.iter().for_each(|pid| nodes[pid.index()] += 1);
    let entry = |(at, pid): (usize, &PidName)| {
        let node = made.nodes_of_pids[at].map(|node| graph.node(node));
        let kind = match node.map(|node| node.role) {
            None => Kind::Default,
            Some(Role::Internal) => Kind::Internal,
            Some(Role::External) => Kind::External,
            Some(Role::Neighbour) => Kind::Neighbour,
        };
        let node = node.map(|node| node.key.clone());
        PidEntry { pid: pid.clone(), node, nodes: nodes[at], kind, prefixes: prefixes[at] }
    };
    made.pids.iter().enumerate().map(entry).collect()
}

/// How much of the files is not in the network.
fn count_skipped(report: &mut Report) {
    for (code, what) in [
        (code::DANGLING_LINK, "links"),
        (code::DANGLING_NEIGHBOUR, "neighbour rows"),
        (code::SKIPPED_PREFIX, "prefixes"),
    ] {
        match report.count(code) {
            0 => {}
            count => report.note(format!("skipped {what}: {count}")),
        }
    }
}

/// Where islands are not the reason, links of one direction are.
fn warn_unreachable(pairs: usize, first_file: &Spot, report: &mut Report) {
    if pairs == 0 {
        return;
    }
    let fact = format!("{pairs} ordered pairs of nodes have no path and so no cost");
    if report.count(code::ISLAND) + report.count(code::UNATTACHED_END) == 0 {
        report.warn(code::UNREACHABLE_PAIRS, first_file, fact);
    } else {
        report.note(fact);
    }
}
