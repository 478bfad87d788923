//! A matrix holds what went in, cell by cell.

use netmap::{Cost, MatrixBuilder, Pid};
use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, proptest};

fn square() -> impl Strategy<Value = (usize, Vec<Option<u64>>)> {
    let cell = prop::option::weighted(0.8, prop::sample::select(vec![0, 1, 2, 1_000, u64::MAX]));
    let any_cell = prop::option::weighted(0.9, 0..1_u64 << 50);
    (1..12_usize).prop_flat_map(move |side| {
        let few = prop::collection::vec(cell.clone(), side * side).boxed();
        let many = prop::collection::vec(any_cell.clone(), side * side).boxed();
        (Just(side), prop::strategy::Union::new([few, many]))
    })
}

proptest! {
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
