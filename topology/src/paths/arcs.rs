//! A graph laid out for searching: the arcs of each vertex side by side.

use crate::paths::{Thousandths, UNREACHED, Vertex};

/// One direction of a link: from, to, cost.
pub type Arc = (Vertex, Vertex, Thousandths);

/// Compressed sparse rows: the arcs out of vertex `n` are `starts[n]..starts[n + 1]`.
#[derive(Clone, Debug)]
pub struct Arcs {
    starts: Vec<u32>,
    heads: Vec<(Vertex, Thousandths)>,
    /// Whether paths run through the vertex.
    through: Vec<bool>,
    /// Whether each arc has its like back.
    symmetric: bool,
    /// What an arc costs: half of them no more, half of them no less.
    median_step: Thousandths,
}

/// An arc whose cost is not what it was; [`UNREACHED`] where there is none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Change {
    /// Where it starts.
    pub from: Vertex,
    /// Where it ends.
    pub to: Vertex,
    /// What it cost.
    pub old: Thousandths,
    /// What it costs.
    pub new: Thousandths,
}

impl Arcs {
    /// The cheapest of parallel arcs. `through` says of each vertex whether paths run through it.
    ///
    /// # Panics
    /// Where an arc names a vertex beyond `through`.
    pub fn new(through: Vec<bool>, mut arcs: Vec<Arc>) -> Self {
        arcs.sort_unstable();
        arcs.dedup_by_key(|(from, to, _)| (*from, *to));
        let mut starts = vec![0; through.len() + 1];
        for (from, ..) in &arcs {
            starts[*from as usize + 1] += 1;
        }
        for vertex in 0..through.len() {
            starts[vertex + 1] += starts[vertex];
        }
        let back = |&(from, to, cost): &Arc| arcs.binary_search(&(to, from, cost)).is_ok();
        let symmetric = arcs.iter().all(back);
        let heads: Vec<_> = arcs.into_iter().map(|(_, to, cost)| (to, cost)).collect();
        let median_step = median(heads.iter().map(|(_, cost)| *cost).collect());
        Self { starts, heads, through, symmetric, median_step }
    }

    /// How many vertices there are.
    pub fn len(&self) -> usize {
        self.through.len()
    }

    /// Whether there is no vertex.
    pub fn is_empty(&self) -> bool {
        self.through.is_empty()
    }

    /// Where one step from a vertex leads, ascending, and its cost.
    ///
    /// # Panics
    /// Where there is no such vertex.
    #[inline]
    pub fn from(&self, vertex: Vertex) -> &[(Vertex, Thousandths)] {
        let vertex = vertex as usize;
        &self.heads[self.starts[vertex] as usize..self.starts[vertex + 1] as usize]
    }

    /// The cost of the step between two vertices.
    ///
    /// # Panics
    /// Where there is no vertex `from`.
    pub fn step(&self, from: Vertex, to: Vertex) -> Option<Thousandths> {
        let arcs = self.from(from);
        let at = arcs.binary_search_by_key(&to, |(head, _)| *head).ok()?;
        Some(arcs[at].1)
    }

    /// Every arc, ascending.
    pub fn iter(&self) -> impl Iterator<Item = Arc> {
        let vertices = 0..self.len() as Vertex;
        vertices.flat_map(|from| self.from(from).iter().map(move |(to, cost)| (from, *to, *cost)))
    }

    /// Whether paths run through the vertex.
    ///
    /// # Panics
    /// Where there is no such vertex.
    #[inline]
    pub fn is_through(&self, vertex: Vertex) -> bool {
        self.through[vertex as usize]
    }

    /// Whether every path costs the same the other way.
    pub fn is_symmetric(&self) -> bool {
        self.symmetric
    }

    /// What an arc costs: half of them no more, half of them no less; 0 without arcs.
    pub(in crate::paths) fn median_step(&self) -> Thousandths {
        self.median_step
    }

    /// The same arcs the other way round.
    pub(in crate::paths) fn reversed(&self) -> Self {
        let arcs = self.iter().map(|(from, to, cost)| (to, from, cost)).collect();
        Self::new(self.through.clone(), arcs)
    }

    /// The arcs that are not as in an older graph, at most `most` of them; `None` where there are
    /// more, or where the vertices are not the same.
    pub fn changes_since(&self, old: &Self, most: usize) -> Option<Vec<Change>> {
        if self.through != old.through {
            return None;
        }
        let mut changes = Vec::new();
        for from in 0..self.len() as Vertex {
            if self.from(from) != old.from(from) {
                compare(from, old.from(from), self.from(from), &mut changes);
                if changes.len() > most {
                    return None;
                }
            }
        }
        Some(changes)
    }
}

fn median(mut costs: Vec<Thousandths>) -> Thousandths {
    let middle = costs.len() / 2;
    if costs.is_empty() { 0 } else { *costs.select_nth_unstable(middle).1 }
}

/// What changed among the arcs out of one vertex; both lists ascend.
fn compare(
    from: Vertex,
    mut old: &[(Vertex, Thousandths)],
    mut new: &[(Vertex, Thousandths)],
    changes: &mut Vec<Change>,
) {
    loop {
        let next = old.first().into_iter().chain(new.first()).map(|(to, _)| *to).min();
        let Some(to) = next else { return };
        let take = |arcs: &mut &[(Vertex, Thousandths)]| match arcs.split_first() {
            Some((&(head, cost), rest)) if head == to => {
                *arcs = rest;
                cost
            }
            _ => UNREACHED,
        };
        let (old, new) = (take(&mut old), take(&mut new));
        if old != new {
            changes.push(Change { from, to, old, new });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcs_that_came_went_or_changed_are_told() {
        let old = Arcs::new(vec![true; 3], vec![(0, 1, 5), (0, 2, 7), (2, 0, 1)]);
        let new = Arcs::new(vec![true; 3], vec![(0, 1, 6), (1, 2, 4), (2, 0, 1), (2, 0, 9)]);
        let change = |from, to, old, new| Change { from, to, old, new };
        let expected = [change(0, 1, 5, 6), change(0, 2, 7, UNREACHED), change(1, 2, UNREACHED, 4)];
        assert_eq!(new.changes_since(&old, 3).unwrap(), expected);
        assert_eq!(new.changes_since(&old, 2), None);
        let with_end = Arcs::new(vec![true, true, false], Vec::new());
        assert_eq!(new.changes_since(&with_end, 9), None, "an end is another vertex");
    }
}
