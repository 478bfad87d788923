//! The costs of all pairs of a graph like a national network's: ours against petgraph's Dijkstra
//! from every node, one thread each; and after one link's cost changed.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion};
use netmap::workload::{Dice, IspGraph, isp_graph};
use petgraph::algo::dijkstra;
use petgraph::graph::{NodeIndex, UnGraph};
use topology::paths::{Arcs, Repair, Search, Thousandths, Vertex};

/// Sizes of graphs, nodes.
const SIZES: [usize; 4] = [500, 1_000, 2_500, 5_000];
/// The size at which links change.
const CHANGING: usize = 5_000;
/// Different changes that go by.
const CHANGES: usize = 16;
const SEED: u64 = 1;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    all_pairs(&mut criterion);
    one_link(&mut criterion);
    criterion.final_summary();
}

fn all_pairs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("all pairs");
    group.sample_size(10);
    for nodes in SIZES {
        let graph = isp_graph(nodes, SEED);
        println!("{nodes} nodes, {} links", graph.links.len());
        let rival = petgraph_of(&graph);
        group.bench_with_input(BenchmarkId::new("petgraph", nodes), &rival, |bencher, rival| {
            bencher.iter(|| {
                for source in rival.node_indices() {
                    black_box(dijkstra(rival, source, None, |link| *link.weight()));
                }
            });
        });
        let arcs = arcs_of(&graph);
        group.bench_with_input(BenchmarkId::new("search", nodes), &arcs, |bencher, arcs| {
            bencher.iter(|| {
                let mut search = Search::new(arcs);
                for source in 0..arcs.len() as Vertex {
                    black_box(search.run(source));
                }
            });
        });
    }
    group.finish();
}

/// Repairs all rows after one link's cost changed, against searching them anew. Copying the rows is
/// not part of the time.
fn one_link(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one link changed");
    group.sample_size(10);
    let graph = isp_graph(CHANGING, SEED);
    let arcs = arcs_of(&graph);
    let rows = rows_of(&arcs);
    let mut dice = Dice::new(SEED);
    for (name, factor) in [("dearer", (2, 1)), ("cheaper", (1, 2))] {
        let changed: Vec<Arcs> = (0..CHANGES)
            .map(|_| {
                let mut graph = graph.clone();
                let at = dice.below(graph.links.len());
                graph.links[at].2 = graph.links[at].2 * factor.0 / factor.1;
                arcs_of(&graph)
            })
            .collect();
        let mut turn = changed.iter().cycle();
        group.bench_function(BenchmarkId::new("repair", name), |bencher| {
            bencher.iter_batched_ref(
                || rows.clone(),
                |rows| turn.next().map(|after| repair(&arcs, after, rows)),
                BatchSize::PerIteration,
            );
        });
        group.bench_function(BenchmarkId::new("search", name), |bencher| {
            bencher.iter(|| turn.next().map(rows_of));
        });
    }
    group.finish();
}

fn repair(before: &Arcs, after: &Arcs, rows: &mut [Vec<Thousandths>]) -> usize {
    let Some(changes) = after.changes_since(before, CHANGES) else { return 0 };
    let mut repair = Repair::new(after, &changes);
    let mut pairs = 0;
    for (source, row) in (0..).zip(rows) {
        if repair.concerns(source, |vertex| row[vertex as usize]) {
            pairs += repair.run(source, row).count();
        }
    }
    pairs
}

fn rows_of(arcs: &Arcs) -> Vec<Vec<Thousandths>> {
    let mut search = Search::new(arcs);
    (0..arcs.len() as Vertex).map(|source| search.run(source).to_vec()).collect()
}

fn arcs_of(graph: &IspGraph) -> Arcs {
    let both = graph.links.iter().flat_map(|(from, to, metric)| {
        let cost = Thousandths::from(*metric) * 1_000;
        [(*from, *to, cost), (*to, *from, cost)]
    });
    Arcs::new(vec![true; graph.nodes], both.collect())
}

fn petgraph_of(graph: &IspGraph) -> UnGraph<(), Thousandths> {
    let mut rival = UnGraph::with_capacity(graph.nodes, graph.links.len());
    for _ in 0..graph.nodes {
        rival.add_node(());
    }
    for (from, to, metric) in &graph.links {
        let ends = [from, to].map(|node| NodeIndex::new(*node as usize));
        rival.add_edge(ends[0], ends[1], Thousandths::from(*metric) * 1_000);
    }
    rival
}
