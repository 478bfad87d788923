//! What a client writes, a server reads as it was meant.

#![allow(clippy::unwrap_used, reason = "a fixture that does not hold fails its test")]

use alto::address::TypedAddress;
use alto::constraint::Constraint;
use alto::cost::{CostType, Mode};
use alto::fault::Fault;
use alto::name::PropertyName;
use alto::request::{CostMapFilter, EndpointPropertyQuery, NetworkMapFilter, PidFilter};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};

fn names(pattern: &'static str) -> impl Strategy<Value = Vec<String>> {
    btree_set(pattern, 0..9).prop_map(|set| set.into_iter().rev().collect())
}

fn pids() -> impl Strategy<Value = Vec<String>> {
    names("[0-9A-Za-z:@_-]{1,64}")
}

fn cost_type() -> impl Strategy<Value = CostType> {
    let mode = prop_oneof![Just(Mode::Numerical), Just(Mode::Ordinal)];
    ("[0-9A-Za-z_-][0-9A-Za-z:_-]{0,3}", mode)
        .prop_map(|(metric, mode)| CostType::new(metric, mode))
}

fn constraint() -> impl Strategy<Value = Constraint> {
    ("gt|lt|ge|le|eq", any::<i32>(), 0..3)
        .prop_map(|(operator, digits, exponent)| format!("{operator} {digits}e-{exponent}"))
        .prop_map(|text| Constraint::parse(&text).unwrap())
}

fn properties() -> impl Strategy<Value = Vec<PropertyName>> {
    btree_set("([a-z]{1,4}\\.)?[a-z]{1,4}", 1..9)
        .prop_map(|set| set.iter().map(|text| PropertyName::parse(text).unwrap()).collect())
}

fn endpoints() -> impl Strategy<Value = Vec<TypedAddress>> {
    btree_set(any::<[u8; 4]>(), 1..9)
        .prop_map(|set| {
            set.into_iter().map(|octets| TypedAddress::from(std::net::IpAddr::from(octets)))
        })
        .prop_map(Iterator::collect)
}

proptest! {
    #[test]
    fn network_map_filters(pids in pids(), address_types in names("[0-9A-Za-z]{1,9}")) {
        let written = NetworkMapFilter { pids, address_types };
        assert_eq!(NetworkMapFilter::parse(&written.to_json()), Ok(written));
    }

    #[test]
    fn cost_map_filters(
        cost_type in cost_type(),
        constraints in option::of(vec(constraint(), 0..4)),
        pids in option::of((pids(), pids())),
    ) {
        let pids = pids.map(|(srcs, dsts)| PidFilter { srcs, dsts });
        let written = CostMapFilter { cost_type, constraints, pids };
        assert_eq!(CostMapFilter::parse(&written.to_json()), Ok(written));
    }

    #[test]
    fn endpoint_property_queries(properties in properties(), endpoints in endpoints()) {
        let written = EndpointPropertyQuery { properties, endpoints };
        assert_eq!(EndpointPropertyQuery::parse(&written.to_json()), Ok(written));
    }

    #[test]
    fn faults(field in any::<String>(), value in any::<String>()) {
        for written in [
            Fault::invalid_value(field.clone(), value.clone()),
            Fault::missing(field.clone()),
            Fault::syntax(value.clone()),
        ] {
            assert_eq!(Fault::from_json(&written.to_json()).unwrap(), written);
        }
    }
}
