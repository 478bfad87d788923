//! A matrix holds what went in, cell by cell.

use netmap::{Amount, Cost, CostMatrix, MatrixBuilder, Parts, Pid, PidName, RowPatch, Snapshot};
use proptest::prelude::{
    Just, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

fn square() -> impl Strategy<Value = (usize, Vec<Option<u64>>)> {
    let cell = prop::option::weighted(0.8, prop::sample::select(vec![0, 1, 2, 1_000, u64::MAX]));
    let any_cell = prop::option::weighted(0.9, 0..1_u64 << 50);
    (1..12_usize).prop_flat_map(move |side| {
        let few = prop::collection::vec(cell.clone(), side * side).boxed();
        let many = prop::collection::vec(any_cell.clone(), side * side).boxed();
        (Just(side), prop::strategy::Union::new([few, many]))
    })
}

fn built(side: usize, cells: &[Option<u64>]) -> CostMatrix {
    let mut builder = MatrixBuilder::new("routingcost", side).with_step(1_000.try_into().unwrap());
    for row in cells.chunks(side) {
        builder.push_amounts(row.iter().map(|cell| cell.map(Amount::Thousandths))).unwrap();
    }
    builder.finish().unwrap()
}

/// Cells, and which of them are something else later.
type Edited = (usize, Vec<Option<u64>>, Vec<(prop::sample::Index, Option<u64>)>);

fn edited() -> impl Strategy<Value = Edited> {
    let new = prop::option::weighted(0.8, prop_oneof![0..3_000_u64, 0..1_u64 << 50]);
    let edits = prop::collection::vec((any::<prop::sample::Index>(), new), 0..9);
    (square(), edits).prop_map(|((side, cells), edits)| (side, cells, edits))
}

fn of_matrix(matrix: CostMatrix) -> Snapshot {
    let name = |n| PidName::parse(&format!("P{n:03}")).unwrap();
    let pids = (0..matrix.len()).map(name).collect();
    Snapshot::build(Parts { pids, prefixes: Vec::new(), matrices: vec![matrix] }).unwrap()
}

/// What a matrix says: every ordinal, every text, the number of pairs, the tag.
fn content(matrix: CostMatrix) -> impl PartialEq + std::fmt::Debug {
    let pids = (0..matrix.len() as u32).map(Pid::new);
    let rows: Vec<Vec<_>> = pids.map(|pid| matrix.row(pid).iter().collect()).collect();
    let table = matrix.table();
    let texts: Vec<_> = (0..table.len() as u32).map(|n| table.text(n).to_owned()).collect();
    let pairs = matrix.pairs();
    (rows, texts, pairs, of_matrix(matrix).cost_tag("routingcost").cloned())
}

/// What differs, as patches.
fn patches(side: usize, before: &[Option<u64>], after: &[Option<u64>]) -> Vec<RowPatch> {
    let row = |from: usize| {
        let places = (0..side).filter(|to| before[from * side + to] != after[from * side + to]);
        let cost = |to: usize| after[from * side + to].map(Cost::from_thousandths);
        let costs: Vec<_> = places.map(|to| (Pid::new(to as u32), cost(to))).collect();
        (!costs.is_empty()).then_some(RowPatch { from: Pid::new(from as u32), costs })
    };
    (0..side).filter_map(row).collect()
}

proptest! {
    #[test]
    fn a_patched_matrix_is_the_one_built_from_all_costs((side, cells, edits) in edited()) {
        let mut after = cells.clone();
        for (at, cell) in edits {
            after[at.index(cells.len())] = cell;
        }
        let patched = built(side, &cells).patched(&patches(side, &cells, &after)).unwrap();
        prop_assert_eq!(content(patched), content(built(side, &after)));
    }

    #[test]
    fn every_cell_comes_back((side, cells) in square()) {
        let cells: Vec<_> = cells.into_iter().map(|c| c.map(Cost::from_thousandths)).collect();
        let mut builder = MatrixBuilder::new("routingcost", side);
        for row in cells.chunks(side) {
            builder.push_row(row.iter().copied()).unwrap();
        }
        let matrix = builder.finish().unwrap();
        let table = matrix.table();
        for (place, cell) in cells.iter().enumerate() {
            let [from, to] = [place / side, place % side].map(|n| Pid::new(n as u32));
            prop_assert_eq!(matrix.cost(from, to), *cell);
            let ordinal = matrix.row(from).ordinal(to);
            prop_assert_eq!(ordinal.map(|n| table.text(n).to_owned()), cell.map(|c| c.to_string()));
        }
        prop_assert_eq!(matrix.pairs(), cells.iter().flatten().count());
        let costs: Vec<_> = table.iter().collect();
        prop_assert!(costs.is_sorted_by(|a, b| a < b));
        prop_assert!(costs.iter().all(|cost| cells.contains(&Some(*cost))));
    }

    #[test]
    fn a_text_is_a_short_number_that_reads_back(bits in 0..f64::MAX.to_bits()) {
        let value = f64::from_bits(bits);
        let text = Cost::new(value).unwrap().to_string();
        prop_assert_eq!(text.parse::<f64>().unwrap(), value);
        prop_assert!(text.len() <= 24, "{}", text);
    }
}

#[test]
fn more_than_65535_distinct_costs_and_pairs_without() {
    let side = 300_u32;
    let cost = |from: u32, to: u32| {
        let number = u64::from((from * side + to) * 7_919 % 90_001);
        (number % 10 != 3).then_some(Cost::from_thousandths(number))
    };
    let mut builder = MatrixBuilder::new("delay", side as usize);
    for from in 0..side {
        builder.push_row((0..side).map(|to| cost(from, to))).unwrap();
    }
    let matrix = builder.finish().unwrap();
    assert!(matrix.table().len() > 65_535);
    for from in 0..side {
        for to in 0..side {
            assert_eq!(matrix.cost(Pid::new(from), Pid::new(to)), cost(from, to));
        }
    }
}

/// Costs `0..side * side`, the last ones `dropped` fewer.
fn counted(side: u64, dropped: u64) -> Vec<Option<u64>> {
    (0..side * side).map(|n| Some(n.min(side * side - 1 - dropped))).collect()
}

#[test]
fn a_patch_carries_a_matrix_over_the_edge_of_sixteen_bits_both_ways() {
    // 256 * 256 = 65,536 distinct costs need 32 bits, one less do not.
    let (wide, narrow) = (counted(256, 0), counted(256, 1));
    for (before, after) in [(&wide, &narrow), (&narrow, &wide)] {
        let patched = built(256, before).patched(&patches(256, before, after)).unwrap();
        assert!(content(patched) == content(built(256, after)));
    }
}

/// A pair takes two bytes, or four above 65,535 distinct costs; beside them rows are counted from
/// outside at no more than three words each, a cost with its text and end at no more than 36 bytes.
#[test]
fn a_matrix_knows_what_it_holds() {
    let bounds = |pairs_bytes: usize, side: usize, costs: usize| {
        pairs_bytes..=pairs_bytes + side * 24 + costs * 36
    };
    let equal = vec![Some(7); 300 * 300];
    assert!(bounds(180_000, 300, 1).contains(&built(300, &equal).memory_bytes()));
    let distinct: Vec<Option<u64>> = (0..300 * 300).map(Some).collect();
    let bytes = built(300, &distinct).memory_bytes();
    assert!(bounds(360_000 + 90_000 * 12, 300, 90_000).contains(&bytes), "{bytes}");
}
