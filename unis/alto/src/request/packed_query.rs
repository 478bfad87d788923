//! Request for costs between endpoints, as a server reads it (RFC 7285 §11.5.1.3).

use crate::constraint::Constraint;
use crate::cost::CostType;
use crate::fault::Fault;
use crate::request::endpoint_cost_query::EndpointCostQuery;
use crate::request::endpoints::Endpoints;
use crate::request::quick;

/// What an [`EndpointCostQuery`] holds, read without copying the endpoints' texts.
#[derive(Clone, Debug)]
pub struct PackedQuery<'a> {
    /// The costs' type; without description.
    pub cost_type: CostType,
    /// What every cost of the answer must meet; none where the request is silent about it.
    pub constraints: Option<Vec<Constraint>>,
    /// Sources; empty for the client itself.
    pub srcs: Endpoints<'a>,
    /// Destinations, as the sources. Never both lists are empty.
    pub dsts: Endpoints<'a>,
}

impl<'a> PackedQuery<'a> {
    /// Reads the body of a request: in one pass where it is plainly well formed, else by the exact
    /// way, which alone decides what is wrong with it.
    ///
    /// # Errors
    /// As [`EndpointCostQuery::parse`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Fault> {
        match quick::endpoint_cost_query(body) {
            Some(query) => Ok(query),
            None => EndpointCostQuery::parse(body).map(Self::from),
        }
    }
}

/// Whether the quick way, where it takes a body, reads it as the exact way does.
#[cfg(any(test, fuzzing))]
pub fn ways_agree(body: &[u8]) -> bool {
    let quick = quick::endpoint_cost_query(body).map(EndpointCostQuery::from);
    quick.is_none_or(|quick| EndpointCostQuery::parse(body) == Ok(quick))
}

impl From<EndpointCostQuery> for PackedQuery<'_> {
    fn from(query: EndpointCostQuery) -> Self {
        let EndpointCostQuery { cost_type, constraints, srcs, dsts } = query;
        let (srcs, dsts) = (Endpoints::of(&srcs), Endpoints::of(&dsts));
        Self { cost_type, constraints, srcs, dsts }
    }
}

#[cfg(any(test, fuzzing))]
impl From<PackedQuery<'_>> for EndpointCostQuery {
    fn from(query: PackedQuery<'_>) -> Self {
        let PackedQuery { cost_type, constraints, srcs, dsts } = query;
        Self { cost_type, constraints, srcs: srcs.typed(), dsts: dsts.typed() }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

    use super::*;
    use crate::address::TypedAddress;
    use crate::cost::Mode;

    /// Members that a query may have, good and bad, by name and value.
    fn member() -> impl Strategy<Value = String> {
        let metric = r#"("routingcost"|"priv:"|"a.b"|1|"hopcount")"#;
        let mode = r#"("numerical"|"ordinal"|"foo"|null)"#;
        let extra = r#"|,"description":"x"|,"cost-mode":"ordinal""#;
        let cost_type = format!(r#"\{{"cost-metric":{metric}(,"cost-mode":{mode}({extra}|)|)\}}"#);
        let kind = prop::string::string_regex(&cost_type).unwrap();
        let constraints = r#"(\["(gt|le|ne)[ \t]{0,2}[0-9]{1,2}(e[0-9])?x?"\]|\[\]|\[5\]|"gt 5")"#;
        prop_oneof![
            4 => kind.prop_map(|value| format!(r#""cost-type":{value}"#)),
            1 => constraints.prop_map(|value| format!(r#""constraints":{value}"#)),
            4 => endpoints().prop_map(|value| format!(r#""endpoints":{value}"#)),
            1 => Just(r#""unknown":{"a":[1,null]}"#.to_owned()),
        ]
    }

    fn endpoints() -> impl Strategy<Value = String> {
        let address = prop_oneof![
            30 => r#""ipv4:192\.0\.2\.([1-9][0-9]?|0)""#,
            4 => r#""ipv6:(2001:db8::|::ffff:192\.0\.2\.)[0-9]""#,
            2 => r#""ipv4\\u003a1\.2\.3\.4""#,
            1 => r#"("ipv4:1\.2\.3\.4/24"|"ipv4:01\.2\.3\.4"|"ipv5:1"|5|null|"\\ud800")"#,
        ];
        let list =
            prop::collection::vec(address, 0..9).prop_map(|all| format!("[{}]", all.join(",")));
        let name = prop_oneof![8 => Just("srcs"), 8 => Just("dsts"), 1 => Just("other")];
        prop::collection::vec((name, list), 0..3).prop_map(|members| {
            let written = members.iter().map(|(name, list)| format!("\"{name}\": {list}"));
            format!("{{{}}}", written.collect::<Vec<_>>().join(","))
        })
    }

    /// Members that make a query, most of the time, and some more or less than that.
    fn body() -> impl Strategy<Value = String> {
        let kind = r#""cost-type": \{"cost-mode":"ordinal","cost-metric":"hopcount"\}"#;
        let endpoints = endpoints().prop_map(|value| format!(r#""endpoints": {value}"#));
        (kind, endpoints, prop::collection::vec(member(), 0..2), 0..9_usize)
            .prop_map(|(kind, endpoints, mut members, cut)| {
                members.extend([kind, endpoints]);
                members.truncate(if cut == 0 { 1 } else { 4 });
                members
            })
            .prop_shuffle()
            .prop_map(|members| format!("{{{}}}", members.join(", ")))
    }

    /// A query that has nothing wrong with it, as a client writes it.
    fn query() -> impl Strategy<Value = EndpointCostQuery> {
        let addresses = || {
            let canonical = any::<IpAddr>().prop_map(|address| address.to_canonical());
            prop::collection::btree_set(canonical, 1..50)
                .prop_map(|set| set.into_iter().map(TypedAddress::from).collect::<Vec<_>>())
        };
        let constraint = "(gt|lt|ge|le|eq) [1-9][0-9]{0,2}(\\.[0-9])?"
            .prop_map(|text| Constraint::parse(&text).unwrap());
        let constraints = prop::option::of(prop::collection::vec(constraint, 0..3));
        (addresses(), addresses(), constraints, any::<bool>()).prop_map(
            |(srcs, dsts, constraints, ordinal)| {
                let mode = if ordinal { "ordinal" } else { "numerical" };
                let mode = Mode::parse(mode).unwrap();
                let cost_type = CostType::new("routingcost", mode);
                EndpointCostQuery { cost_type, constraints, srcs, dsts }
            },
        )
    }

    fn agree(body: &[u8]) {
        assert!(ways_agree(body), "{}", String::from_utf8_lossy(body));
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_the_exact_way(body in body()) {
            agree(body.as_bytes());
        }

        #[test]
        fn the_quick_way_agrees_on_damaged_bodies(
            query in query(),
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            cut in any::<bool>(),
        ) {
            let mut body = query.to_json();
            let at = at.index(body.len());
            if cut { body.truncate(at) } else { body[at] = byte }
            agree(&body);
        }

        #[test]
        fn a_written_query_goes_the_quick_way_and_is_read_back(query in query()) {
            let body = query.to_json();
            assert_eq!(quick::endpoint_cost_query(&body).map(EndpointCostQuery::from), Some(query));
            agree(&body);
        }
    }

    #[test]
    fn an_array_is_no_object_on_either_way() {
        let body = br#"[{"cost-metric":"routingcost","cost-mode":"ordinal"},[],{"srcs":[]}]"#;
        assert!(quick::endpoint_cost_query(body).is_none());
        let inner =
            br#"{"cost-type":["routingcost","ordinal"],"endpoints":{"srcs":["ipv4:1.2.3.4"]}}"#;
        assert!(quick::endpoint_cost_query(inner).is_none());
        assert_eq!(PackedQuery::parse(inner).unwrap_err(), Fault::invalid_type("cost-type"));
    }
}
