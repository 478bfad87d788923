//! The data of a cost map and of an endpoint cost answer: `{source: {destination: cost}}`.
//!
//! For `#[serde(with = "crate::costs")]`. A cost that is no finite number is refused both ways
//! (RFC 7285 §11.2.3.6); whole numbers are written without a fraction, as ordinal costs must be.

use std::collections::BTreeMap;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer};
use serde::ser::{Error, Serialize, SerializeMap, Serializer};

use crate::object::Unique;

/// `costs[source][destination]`, in the metric's unit or as ranks.
pub(crate) type Costs = BTreeMap<String, BTreeMap<String, f64>>;

/// Whole numbers below this are exact as doubles.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Costs, D::Error> {
    Unique(Unique(PhantomData::<f64>)).deserialize(input)
}

pub(crate) fn serialize<S: Serializer>(costs: &Costs, output: S) -> Result<S::Ok, S::Error> {
    let mut map = output.serialize_map(Some(costs.len()))?;
    for (from, row) in costs {
        map.serialize_entry(from, &Row(row))?;
    }
    map.end()
}

struct Row<'a>(&'a BTreeMap<String, f64>);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let mut map = output.serialize_map(Some(self.0.len()))?;
        for (to, cost) in self.0 {
            map.serialize_entry(to, &Cost(*cost))?;
        }
        map.end()
    }
}

struct Cost(f64);

impl Serialize for Cost {
    fn serialize<S: Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
        let cost = self.0;
        if !cost.is_finite() {
            return Err(S::Error::custom(format_args!("cost {cost} is not a finite number")));
        }
        if cost.fract() == 0.0 && cost.abs() < EXACT_BELOW {
            // The bound makes this exact.
            return output.serialize_i64(cost as i64);
        }
        output.serialize_f64(cost)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Data(#[serde(with = "crate::costs")] Costs);

    fn one(cost: f64) -> Data {
        Data(Costs::from([("a".to_owned(), BTreeMap::from([("b".to_owned(), cost)]))]))
    }

    #[test]
    fn e5_whole_costs_are_written_as_integers() {
        for (cost, text) in
            [(0.0, "0"), (-0.0, "0"), (3.0, "3"), (-2.0, "-2"), (0.5, "0.5"), (1e300, "1e+300")]
        {
            let expected = format!("{{\"a\":{{\"b\":{text}}}}}");
            assert_eq!(serde_json::to_string(&one(cost)).unwrap(), expected);
        }
    }

    #[test]
    fn e12_what_is_no_number_is_refused() {
        for bad in [r#""1""#, "null", "true", "[1]", "{}", "1e400", "NaN"] {
            let text = format!("{{\"a\":{{\"b\":{bad}}}}}");
            assert!(serde_json::from_str::<Data>(&text).is_err(), "{bad}");
        }
        assert!(serde_json::to_string(&one(f64::NAN)).is_err());
        assert!(serde_json::to_string(&one(f64::INFINITY)).is_err());
    }

    #[test]
    fn pairs_given_twice_are_refused() {
        for bad in [r#"{"a":{"b":1,"b":1}}"#, r#"{"a":{},"a":{}}"#] {
            let error = serde_json::from_str::<Data>(bad).unwrap_err();
            assert!(error.to_string().starts_with("duplicate member"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn costs_survive_to_the_last_bit(cost in any::<f64>()) {
            if cost.is_finite() {
                let text = serde_json::to_string(&one(cost)).unwrap();
                assert_eq!(serde_json::from_str::<Data>(&text).unwrap(), one(cost));
            }
        }
    }
}
