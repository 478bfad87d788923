//! The matrix of a cost map (RFC 7285 §11.2.3.6).

use std::collections::BTreeMap;

use alto::cost::{CostType, Mode};
use alto::cost_map::CostMap;
use netmap::{Cost, CostMatrix, MatrixBuilder, PidName};

use crate::map::map_error::MapError;
use crate::map::network::Network;

/// Checks a cost map against what was asked for and the network map that it must rest on, and
/// makes a matrix of it: `cost[from][to]` over all PIDs.
pub(crate) fn matrix(
    map: &CostMap,
    wanted: &CostType,
    network: &Network,
) -> Result<CostMatrix, MapError> {
    check_meta(map, wanted, network)?;
    let pids = &network.pids;
    if let Some(pid) = map.map.keys().find(|pid| !is_known(pids, pid)) {
        return Err(unknown(wanted, pid));
    }
    let mut builder = MatrixBuilder::new(&wanted.metric, pids.len());
    for from in pids {
        let row = map.map.get(from.as_str());
        let row = row.map(|row| Row { from, row, wanted }.costs(pids)).transpose()?;
        builder.push_row(row.unwrap_or_else(|| vec![None; pids.len()]))?;
    }
    let matrix = builder.finish()?;
    if matrix.pairs() == 0 {
        return Err(MapError::NoCosts { metric: wanted.metric.clone() });
    }
    Ok(matrix)
}

fn check_meta(map: &CostMap, wanted: &CostType, network: &Network) -> Result<(), MapError> {
    let metric = || wanted.metric.clone();
    if !map.meta.cost_type.is_same(wanted) {
        let show = |kind: &CostType| format!("{} {}", kind.mode, kind.metric);
        let (expected, got) = (show(wanted), show(&map.meta.cost_type));
        return Err(MapError::CostType { expected, got });
    }
    let [vtag] = map.meta.dependent_vtags.as_slice() else {
        let count = map.meta.dependent_vtags.len();
        return Err(MapError::Dependence { metric: metric(), count });
    };
    if *vtag != network.vtag {
        let (got, network) = (vtag.clone(), network.vtag.clone());
        return Err(MapError::Mismatch { metric: metric(), got, network });
    }
    Ok(())
}

/// The costs from one PID, as the message has them.
struct Row<'a> {
    from: &'a PidName,
    row: &'a BTreeMap<String, f64>,
    wanted: &'a CostType,
}

impl Row<'_> {
    /// One entry per PID. Row and PIDs ascend alike, so one walk over both is enough.
    fn costs(&self, pids: &[PidName]) -> Result<Vec<Option<Cost>>, MapError> {
        let mut cells = self.row.iter().peekable();
        let mut costs = Vec::with_capacity(pids.len());
        for to in pids {
            let cell = cells.next_if(|(name, _)| name.as_str() == to.as_str());
            costs.push(cell.map(|(_, cost)| self.cost(to, *cost)).transpose()?);
        }
        // The walk stands still at a name that is no PID's.
        match cells.next() {
            Some((name, _)) => Err(unknown(self.wanted, name)),
            None => Ok(costs),
        }
    }

    fn cost(&self, to: &PidName, cost: f64) -> Result<Cost, MapError> {
        let metric = || self.wanted.metric.clone();
        let (from, to) = (|| self.from.to_string(), || to.to_string());
        if self.wanted.mode == Mode::Ordinal && cost.fract() != 0.0 {
            return Err(MapError::Fraction { metric: metric(), from: from(), to: to(), cost });
        }
        let wrong = |source| MapError::Cost { metric: metric(), from: from(), to: to(), source };
        Cost::new(cost).map_err(wrong)
    }
}

fn is_known(pids: &[PidName], name: &str) -> bool {
    pids.binary_search_by(|pid| pid.as_str().cmp(name)).is_ok()
}

fn unknown(wanted: &CostType, pid: &str) -> MapError {
    MapError::UnknownPid { metric: wanted.metric.clone(), pid: pid.to_owned() }
}

#[cfg(test)]
mod tests {
    use alto::network_map::VersionTag;
    use netmap::Pid;

    use super::*;

    fn network() -> Network {
        let pids = ["PID1", "PID2", "PID3"].map(|name| PidName::parse(name).unwrap()).to_vec();
        let vtag = VersionTag { resource_id: "net".to_owned(), tag: "3ee2".to_owned() };
        Network { vtag, pids, prefixes: Vec::new() }
    }

    /// The cost map of RFC 7285 §11.2.3.7, with something else in place of `from`.
    fn altered(from: &str, to: &str) -> Result<CostMatrix, MapError> {
        let text = r#"{"meta": {
              "dependent-vtags": [{"resource-id": "net", "tag": "3ee2"}],
              "cost-type": {"cost-mode": "numerical", "cost-metric": "routingcost"}},
            "cost-map": {
              "PID1": {"PID1": 1, "PID2": 5, "PID3": 10},
              "PID2": {"PID1": 5, "PID2": 1, "PID3": 15},
              "PID3": {"PID1": 20, "PID2": 15}}}"#;
        assert!(text.contains(from), "{from}");
        let map = alto::cost_map::parse(&text.replace(from, to)).unwrap();
        matrix(&map, &CostType::new("routingcost", Mode::Numerical), &network())
    }

    #[test]
    fn the_cost_map_of_the_rfc_is_a_matrix_with_one_pair_undefined() {
        let matrix = altered("", "").unwrap();
        let cost = |from, to| matrix.cost(Pid::new(from), Pid::new(to)).map(Cost::value);
        assert_eq!(cost(0, 2), Some(10.0));
        assert_eq!(cost(2, 0), Some(20.0));
        assert_eq!(cost(2, 2), None);
        assert_eq!(matrix.pairs(), 8);
    }

    #[test]
    fn a_map_that_is_wrong_is_refused_with_the_place() {
        let stranger = |name: &str| {
            let reason = "which the network map does not have";
            format!("the cost map of routingcost names PID {name:?}, {reason}")
        };
        let cases = [
            (
                "\"PID1\": 20",
                "\"PID1\": -20",
                "routingcost from PID3 to PID1: cost -20 is negative",
            ),
            ("\"PID3\": 15", "\"PID4\": 15", &stranger("PID4")),
            ("\"PID2\": {", "\"PID0\": {", &stranger("PID0")),
            (
                "3ee2",
                "4ff3",
                "the cost map of routingcost is for 4ff3 of net, the network map is 3ee2 of net",
            ),
            (
                "numerical",
                "ordinal",
                "the cost map is of ordinal routingcost in place of numerical routingcost",
            ),
            (
                "[{\"resource-id\": \"net\", \"tag\": \"3ee2\"}]",
                "[]",
                "the cost map of routingcost names 0 network maps",
            ),
        ];
        for (from, to, expected) in cases {
            assert_eq!(altered(from, to).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn an_ordinal_cost_is_a_whole_number_and_a_map_says_something() {
        let ordinal = |rows: &str| {
            let text = format!(
                r#"{{"meta": {{"dependent-vtags": [{{"resource-id": "net", "tag": "3ee2"}}],
                "cost-type": {{"cost-mode": "ordinal", "cost-metric": "hopcount"}}}},
                "cost-map": {rows}}}"#
            );
            let map = alto::cost_map::parse(&text).unwrap();
            matrix(&map, &CostType::new("hopcount", Mode::Ordinal), &network())
        };
        assert!(ordinal(r#"{"PID1": {"PID2": 3}}"#).is_ok());
        let half = ordinal(r#"{"PID1": {"PID2": 1.5}}"#);
        assert!(matches!(half, Err(MapError::Fraction { .. })));
        assert!(matches!(ordinal(r#"{"PID1": {}}"#), Err(MapError::NoCosts { .. })));
    }
}
