//! The networks to serve: one `[network]`, or several `[[network]]` with names.

use std::collections::HashSet;

use link::settings::{non_negative, one_or_many, positive};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use topology::{Options, Penalties, Source, Weight};

use crate::settings::aggregation::Aggregation;
use crate::settings::{Settings, SettingsError};

/// Longest name of a network: with the longest resource id behind it, it stays within the 64
/// characters of RFC 7285 §10.2.
const MAX_NAME_CHARS: usize = 32;

/// Name that no network may have: `/pki/` is where certificates are enrolled.
const RESERVED_NAME: &str = "pki";

/// What a link and a neighbour cost.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Routingcost {
    /// What a link's cost is; chosen from the data if unset.
    #[serde(skip_serializing_if = "Option::is_none", with = "weight")]
    pub weight: Option<Weight>,
    /// Factors by relation.
    pub penalty: Penalty,
}

/// Penalty factors by a neighbour's relation; unset takes the outer setting's, then the default.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Penalty {
    /// For customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<f64>,
    /// For peers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer: Option<f64>,
    /// For transit providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit: Option<f64>,
}

impl Routingcost {
    /// The defaults, spelt out.
    #[must_use]
    pub fn standard() -> Self {
        let Penalties { customer, peer, transit } = Penalties::default();
        let penalty =
            Penalty { customer: Some(customer), peer: Some(peer), transit: Some(transit) };
        Self { weight: None, penalty }
    }

    pub(crate) fn check(&self, before: &str) -> Result<(), SettingsError> {
        let Penalty { customer, peer, transit } = self.penalty;
        for (name, factor) in [("customer", customer), ("peer", peer), ("transit", transit)] {
            non_negative(&format!("{before}routingcost.penalty.{name}"), factor)?;
        }
        Ok(())
    }
}

/// One network: its operator files and its own choices.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NetworkSettings {
    /// Name, in front of the resource ids where there are several networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `FORMAT=PATH` each.
    #[serde(deserialize_with = "sources")]
    pub source: Vec<String>,
    /// The own AS number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// Overrides the outer setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_pid_cost: Option<f64>,
    /// Overrides the outer setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_capacity_mbps: Option<f64>,
    /// Overrides the outer setting.
    pub routingcost: Routingcost,
    /// Overrides the outer setting.
    pub aggregation: Aggregation,
    /// Overrides the outer setting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduce_prefixes: Option<bool>,
}

/// One text or several, each of the form `FORMAT=PATH`, so that another is refused with its line.
fn sources<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let written: Vec<String> = one_or_many(deserializer)?;
    for text in &written {
        text.parse::<Source>().map_err(D::Error::custom)?;
    }
    Ok(written)
}

impl NetworkSettings {
    /// The operator files, parsed.
    ///
    /// # Errors
    /// An entry that is not `FORMAT=PATH`, or of a format that is not known.
    pub fn sources(&self) -> Result<Vec<Source>, SettingsError> {
        let parse = |text: &String| {
            text.parse::<Source>()
                .map_err(|error| SettingsError::invalid("source", error.to_string()))
        };
        self.source.iter().map(parse).collect()
    }

    /// The choices in force for this network: its own, then the outer ones, then the defaults.
    #[must_use]
    pub fn options(&self, outer: &Settings) -> Options {
        let (own, all) = (&self.routingcost, &outer.routingcost);
        let standard = Penalties::default();
        Options {
            asn: self.asn,
            weight: own.weight.or(all.weight),
            penalties: Penalties {
                customer: own
                    .penalty
                    .customer
                    .or(all.penalty.customer)
                    .unwrap_or(standard.customer),
                peer: own.penalty.peer.or(all.penalty.peer).unwrap_or(standard.peer),
                transit: own.penalty.transit.or(all.penalty.transit).unwrap_or(standard.transit),
            },
            default_capacity_mbps: self.default_capacity_mbps.or(outer.default_capacity_mbps),
            default_pid_cost: self.default_pid_cost.or(outer.default_pid_cost),
            merging: self.aggregation.merging(outer.aggregation),
            reduce_prefixes: self.reduce_prefixes.unwrap_or(outer.reduce_prefixes),
        }
    }
}

/// All networks, in the order of the file; the first is the default one (RFC 7285 §9.2.2).
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Networks {
    #[serde(deserialize_with = "one_or_several")]
    list: Vec<NetworkSettings>,
}

impl Networks {
    /// The networks.
    #[must_use]
    pub fn list(&self) -> &[NetworkSettings] {
        &self.list
    }

    pub(crate) fn list_mut(&mut self) -> &mut Vec<NetworkSettings> {
        &mut self.list
    }

    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        let several = self.list.len() > 1;
        let mut names = HashSet::new();
        for (index, network) in self.list.iter().enumerate() {
            let key = network
                .name
                .as_ref()
                .map_or_else(|| format!("network {}", index + 1), |n| format!("network {n:?}"));
            match &network.name {
                None if several => {
                    return Err(SettingsError::invalid(
                        &key,
                        "needs a name: there are several networks",
                    ));
                }
                Some(name) if !is_network_name(name) => {
                    let rule =
                        format!("has a name that is not 1 to {MAX_NAME_CHARS} of 0-9 A-Z a-z _ -");
                    return Err(SettingsError::invalid(&key, rule));
                }
                Some(name) if name == RESERVED_NAME => {
                    let rule = "has a name whose paths are those of enrolment; take another";
                    return Err(SettingsError::invalid(&key, rule));
                }
                Some(name) if !names.insert(name.as_str()) => {
                    return Err(SettingsError::invalid(
                        &key,
                        "has a name that another network has",
                    ));
                }
                _ => {}
            }
            if network.asn == Some(0) {
                let rule = "asn is 0, which is no AS number; expected 1 to 4294967295";
                return Err(SettingsError::invalid(&key, rule));
            }
            non_negative(&format!("{key}: default-pid-cost"), network.default_pid_cost)?;
            positive(&format!("{key}: default-capacity-mbps"), network.default_capacity_mbps)?;
            network.routingcost.check(&format!("{key}: "))?;
            network.aggregation.check(&format!("{key}: "))?;
            network.sources()?;
        }
        Ok(())
    }
}

fn is_network_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=MAX_NAME_CHARS).contains(&name.len()) && name.chars().all(allowed)
}

/// `[network]` or `[[network]]`. A value that is neither is reported as a wrong network table.
fn one_or_several<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Vec<NetworkSettings>, D::Error> {
    struct Either;
    impl<'de> serde::de::Visitor<'de> for Either {
        type Value = Vec<NetworkSettings>;

        fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str("one [network] table or several [[network]] tables")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            let one =
                NetworkSettings::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
            Ok(vec![one])
        }

        fn visit_seq<A: serde::de::SeqAccess<'de>>(
            self,
            mut seq: A,
        ) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(network) = seq.next_element()? {
                list.push(network);
            }
            Ok(list)
        }
    }
    from.deserialize_any(Either)
}

mod weight {
    //! A weight is written by its name.

    use serde::{Deserialize, Deserializer, Serializer};
    use topology::Weight;

    pub(super) fn serialize<S: Serializer>(
        weight: &Option<Weight>,
        out: S,
    ) -> Result<S::Ok, S::Error> {
        match weight {
            Some(weight) => out.collect_str(weight),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<Weight>, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map(Some).map_err(serde::de::Error::custom)
    }
}
