//! What a few changed arcs do to the costs from one vertex, without searching the whole graph.
//!
//! After G. Ramalingam, T. Reps, "An incremental algorithm for a generalization of the
//! shortest-path problem", J. Algorithms 21(2), 1996: vertices whose every cheapest path led over
//! a dearer arc lose their cost and get it again from those around them; then what became cheaper
//! spreads. Only vertices whose cost changes, and the arcs at them, are looked at.

use std::borrow::Cow;

use crate::paths::arcs::{Arcs, Change};
use crate::paths::queue::Queue;
use crate::paths::{Thousandths, UNREACHED, Vertex};

/// The room that a repair needs, used again by the next.
pub struct Repair<'a> {
    /// As they are now.
    arcs: &'a Arcs,
    /// The same the other way round.
    back: Cow<'a, Arcs>,
    changes: &'a [Change],
    queue: Queue,
    /// Vertices with another cost than before, and that cost.
    before: Vec<(Vertex, Thousandths)>,
    is_noted: Vec<bool>,
}

impl<'a> Repair<'a> {
    /// Room for repairs in a graph whose `arcs` differ by `changes` from those before.
    pub fn new(arcs: &'a Arcs, changes: &'a [Change]) -> Self {
        let back = match arcs.is_symmetric() {
            true => Cow::Borrowed(arcs),
            false => Cow::Owned(arcs.reversed()),
        };
        let queue = Queue::new(arcs.median_step());
        let is_noted = vec![false; arcs.len()];
        Self { arcs, back, changes, queue, before: Vec::new(), is_noted }
    }

    /// Whether the changes touch any cost from `source`; `cost` tells the costs before.
    pub fn concerns(&self, source: Vertex, cost: impl Fn(Vertex) -> Thousandths) -> bool {
        self.changes.iter().any(|change| {
            let (from, to) = (cost(change.from), cost(change.to));
            self.carries(source, change.from)
                && (was_tight(change, from, to) || is_cheaper(change, from, to))
        })
    }

    /// Brings the costs from `source` up to date; they have to be those before. Says which
    /// vertices have another cost now, in no order.
    ///
    /// # Panics
    /// Where there are fewer costs than vertices.
    pub fn run<'b>(
        &'b mut self,
        source: Vertex,
        costs: &mut [Thousandths],
    ) -> impl Iterator<Item = Vertex> + use<'b> {
        for (vertex, _) in self.before.drain(..) {
            self.is_noted[vertex as usize] = false;
        }
        self.lose(source, costs);
        self.regain(source, costs);
        self.spread(costs);
        self.before.retain(|(vertex, before)| {
            let changed = costs[*vertex as usize] != *before;
            self.is_noted[*vertex as usize] = changed;
            changed
        });
        self.before.iter().map(|(vertex, _)| *vertex)
    }

    /// Whether a path from `source` may go on from `vertex`.
    fn carries(&self, source: Vertex, vertex: Vertex) -> bool {
        vertex == source || self.arcs.is_through(vertex)
    }

    /// Keeps what a vertex cost before, once.
    fn note(&mut self, vertex: Vertex, cost: Thousandths) {
        if !std::mem::replace(&mut self.is_noted[vertex as usize], true) {
            self.before.push((vertex, cost));
        }
    }

    /// Notes every vertex that no path as cheap as before leads to, in the order of their costs, so
    /// that whoever stands before a vertex is judged before it. Where arcs without cost leave that
    /// open, the vertex is noted: it gets its cost again.
    fn lose(&mut self, source: Vertex, costs: &[Thousandths]) {
        let cost = |vertex: Vertex| costs[vertex as usize];
        self.queue.clear();
        for change in self.changes {
            let (from, to) = (cost(change.from), cost(change.to));
            let tight = was_tight(change, from, to) && change.to != source;
            if tight && self.carries(source, change.from) {
                self.queue.push(to, change.to);
            }
        }
        while let Some((before, vertex)) = self.queue.pop() {
            if self.is_noted[vertex as usize] || self.is_held(source, vertex, costs) {
                continue;
            }
            self.note(vertex, before);
            if !self.arcs.is_through(vertex) {
                continue;
            }
            for &(head, step) in self.arcs.from(vertex) {
                let over = before + step <= cost(head) && cost(head) != UNREACHED;
                if over && head != source && !self.is_noted[head as usize] {
                    self.queue.push(cost(head), head);
                }
            }
        }
    }

    /// Whether a vertex that keeps its cost, and is nearer, leads to this one as cheaply as before.
    fn is_held(&self, source: Vertex, vertex: Vertex, costs: &[Thousandths]) -> bool {
        let cost = costs[vertex as usize];
        self.back.from(vertex).iter().any(|&(tail, step)| {
            let before = costs[tail as usize];
            before < cost
                && before + step <= cost
                && !self.is_noted[tail as usize]
                && self.carries(source, tail)
        })
    }

    /// Gives each vertex that lost its cost the best that others offer, and the heads of cheaper
    /// arcs theirs.
    fn regain(&mut self, source: Vertex, costs: &mut [Thousandths]) {
        self.queue.clear();
        for (vertex, _) in &self.before {
            costs[*vertex as usize] = UNREACHED;
        }
        for (vertex, _) in &self.before {
            let offers = self.back.from(*vertex).iter().filter(|(tail, _)| {
                costs[*tail as usize] != UNREACHED && self.carries(source, *tail)
            });
            let best = offers.map(|(tail, step)| costs[*tail as usize] + step).min();
            if let Some(best) = best {
                costs[*vertex as usize] = best;
                self.queue.push(best, *vertex);
            }
        }
        for change in self.changes {
            let (from, to) = (costs[change.from as usize], costs[change.to as usize]);
            if is_cheaper(change, from, to) && self.carries(source, change.from) {
                self.note(change.to, to);
                costs[change.to as usize] = from + change.new;
                self.queue.push(from + change.new, change.to);
            }
        }
    }

    /// A search from all vertices that were given a cost.
    fn spread(&mut self, costs: &mut [Thousandths]) {
        while let Some((cost, vertex)) = self.queue.pop() {
            if cost > costs[vertex as usize] || !self.arcs.is_through(vertex) {
                continue;
            }
            for &(head, step) in self.arcs.from(vertex) {
                let (total, before) = (cost + step, costs[head as usize]);
                if total < before {
                    self.note(head, before);
                    costs[head as usize] = total;
                    self.queue.push(total, head);
                }
            }
        }
    }
}

/// Whether a cheapest path may have led over an arc that is dearer now.
fn was_tight(change: &Change, from: Thousandths, to: Thousandths) -> bool {
    change.old < change.new && from != UNREACHED && from + change.old == to
}

/// Whether an arc that is cheaper now leads to its head for less than before.
fn is_cheaper(change: &Change, from: Thousandths, to: Thousandths) -> bool {
    change.new < change.old && from != UNREACHED && from + change.new < to
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::paths::search::Search;

    /// Vertices (through or not), arcs before, and which of them cost something else now: `None`
    /// are gone.
    #[derive(Clone, Debug)]
    struct Changing {
        through: Vec<bool>,
        arcs: Vec<(Vertex, Vertex, Thousandths)>,
        edits: Vec<(prop::sample::Index, Option<Thousandths>)>,
        more: Vec<(Vertex, Vertex, Thousandths)>,
        both_ways: bool,
    }

    fn changing() -> impl Strategy<Value = Changing> {
        (2u32..24).prop_flat_map(|count| {
            let step = || prop_oneof![Just(0), 1u64..5, 1u64..5_000];
            let arc = move || (0..count, 0..count, step());
            let through = prop::collection::vec(prop::bool::weighted(0.8), count as usize);
            let edit = (any::<prop::sample::Index>(), prop::option::of(step()));
            let arcs = prop::collection::vec(arc(), 1..80);
            let edits = prop::collection::vec(edit, 0..4);
            let more = prop::collection::vec(arc(), 0..3);
            let parts = (through, arcs, edits, more, any::<bool>());
            parts.prop_map(|(through, arcs, edits, more, both_ways)| Changing {
                through,
                arcs,
                edits,
                more,
                both_ways,
            })
        })
    }

    impl Changing {
        fn graph(&self, arcs: &[(Vertex, Vertex, Thousandths)]) -> Arcs {
            let back = arcs.iter().filter(|_| self.both_ways);
            let back = back.map(|(from, to, cost)| (*to, *from, *cost));
            Arcs::new(self.through.clone(), arcs.iter().copied().chain(back).collect())
        }

        fn edited(&self) -> Vec<(Vertex, Vertex, Thousandths)> {
            let mut arcs: Vec<_> = self.arcs.iter().copied().map(Some).collect();
            for (at, cost) in &self.edits {
                let arc = &mut arcs[at.index(self.arcs.len())];
                *arc = arc.and_then(|(from, to, _)| Some((from, to, (*cost)?)));
            }
            arcs.into_iter().flatten().chain(self.more.iter().copied()).collect()
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn repaired_costs_are_those_of_a_search(changing in changing()) {
            let old = changing.graph(&changing.arcs);
            let new = changing.graph(&changing.edited());
            let changes = new.changes_since(&old, usize::MAX).unwrap();
            let mut repair = Repair::new(&new, &changes);
            for source in 0..old.len() as Vertex {
                let before = Search::new(&old).run(source).to_vec();
                let expected = Search::new(&new).run(source).to_vec();
                let concerned = repair.concerns(source, |vertex| before[vertex as usize]);
                let mut costs = before.clone();
                let mut changed: Vec<_> = repair.run(source, &mut costs).collect();
                prop_assert_eq!(&costs, &expected, "from {}", source);
                changed.sort_unstable();
                let differ =
                    |vertex: &Vertex| before[*vertex as usize] != expected[*vertex as usize];
                let differing: Vec<_> = (0..old.len() as Vertex).filter(differ).collect();
                prop_assert!(concerned || differing.is_empty());
                prop_assert_eq!(changed, differing);
            }
        }
    }
}
