//! What the operator may choose about the reading of a network.

use std::fmt;
use std::str::FromStr;

/// Largest penalty factor, default capacity (Mbit/s) and cost of the default PID accepted: far
/// above any sense, low enough that sums in thousandths stay exact.
const SETTING_MAX: f64 = 1e9;

/// How costs are made from links. The default has no AS, leaves the weight to what the files
/// hold, and gives customers, peers and transits penalty factors of 0, 1 and 2.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The operator's own AS number; `None`: the one of an inventory, if any.
    pub asn: Option<u32>,
    /// What a link costs in `routingcost`; `None`: igp if any link has one, else distance if any
    /// node has coordinates, else hops.
    pub weight: Option<Weight>,
    /// What a neighbour adds to `routingcost`.
    pub penalties: Penalties,
    /// The capacity in Mbit/s of links whose file gives none; `None`: such links are refused where
    /// capacities count.
    pub default_capacity_mbps: Option<f64>,
    /// What pairs with the default PID cost, in every metric; `None`: they have no cost.
    pub default_pid_cost: Option<f64>,
    /// How few PIDs there shall be; `None`: one for each node.
    pub merging: Option<Merging>,
    /// Whether prefixes are made as few as give each address the same PID.
    pub reduce_prefixes: bool,
}

impl Options {
    /// Whether every number is finite, in range and not negative.
    ///
    /// # Errors
    /// Names the first setting that is not.
    pub fn check(&self) -> Result<(), OptionsError> {
        let Penalties { customer, peer, transit } = self.penalties;
        let settings = [
            ("routingcost.penalty.customer", Some(customer)),
            ("routingcost.penalty.peer", Some(peer)),
            ("routingcost.penalty.transit", Some(transit)),
            ("default-capacity-mbps", self.default_capacity_mbps),
            ("default-pid-cost", self.default_pid_cost),
        ];
        for (setting, value) in settings {
            let Some(value) = value else { continue };
            if !(0.0..=SETTING_MAX).contains(&value) {
                return Err(OptionsError::OutOfRange { setting, value });
            }
        }
        match self.default_capacity_mbps {
            Some(0.0) => Err(OptionsError::ZeroCapacity),
            _ => Ok(()),
        }
    }
}

/// What a neighbour adds to the routing cost: factors of the smallest power of two above the
/// largest cost between two internal nodes. 0 adds nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Penalties {
    /// For a network that pays the operator.
    pub customer: f64,
    /// For a network with which nobody pays.
    pub peer: f64,
    /// For a network that the operator pays.
    pub transit: f64,
}

impl Default for Penalties {
    fn default() -> Self {
        Self { customer: 0.0, peer: 1.0, transit: 2.0 }
    }
}

/// How many PIDs there may be, and which become one where nodes are more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merging {
    /// All of them, the default one included.
    pub max_pids: usize,
    /// What makes two of them near.
    pub by: AggregateBy,
}

/// What makes two PIDs near each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AggregateBy {
    /// Their routing cost.
    #[default]
    Cost,
    /// Their places on the earth.
    Region,
}

impl AggregateBy {
    /// The word that settings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Region => "region",
        }
    }
}

impl fmt::Display for AggregateBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A setting that no cost can be made from.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OptionsError {
    /// Negative, not finite or absurdly large.
    #[error("{setting} is {value}; expected a number from 0 to {SETTING_MAX}")]
    OutOfRange {
        /// The setting, as configuration files name it.
        setting: &'static str,
        /// What it was set to.
        value: f64,
    },
    /// A link without capacity has no inverse.
    #[error("default-capacity-mbps is 0; expected more")]
    ZeroCapacity,
}

/// What a link costs in `routingcost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Weight {
    /// The metric of the interior gateway protocol; 1 where a link has none.
    Igp,
    /// Great-circle kilometres between the ends.
    Distance,
    /// Microseconds.
    Delay,
    /// 100 Gbit/s by the capacity.
    InverseCapacity,
    /// 1.
    Hops,
}

impl Weight {
    /// Every weight, in the order in which help texts list them.
    pub const ALL: [Self; 5] =
        [Self::Igp, Self::Distance, Self::Delay, Self::InverseCapacity, Self::Hops];

    /// The word that settings use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Igp => "igp",
            Self::Distance => "distance",
            Self::Delay => "delay",
            Self::InverseCapacity => "inverse-capacity",
            Self::Hops => "hops",
        }
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no weight.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown weight `{0}`; expected one of {list}", list = list())]
pub struct UnknownWeight(String);

impl FromStr for Weight {
    type Err = UnknownWeight;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|weight| weight.as_str() == text);
        known.ok_or_else(|| UnknownWeight(text.to_owned()))
    }
}

fn list() -> String {
    Weight::ALL.map(Weight::as_str).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_read_as_they_are_written() {
        for weight in Weight::ALL {
            assert_eq!(weight.to_string().parse(), Ok(weight));
        }
        let wrong = "capacity".parse::<Weight>().unwrap_err().to_string();
        assert!(wrong.contains("`capacity`; expected one of igp, distance"), "{wrong}");
    }

    #[test]
    fn the_defaults_pass_and_numbers_without_sense_are_named() {
        assert_eq!(Options::default().check(), Ok(()));
        let mut options = Options::default();
        options.penalties.peer = -1.0;
        assert!(options.check().unwrap_err().to_string().contains("penalty.peer is -1"));
        let options = Options { default_pid_cost: Some(f64::NAN), ..Options::default() };
        assert!(options.check().is_err());
        let options = Options { default_capacity_mbps: Some(0.0), ..Options::default() };
        assert_eq!(options.check(), Err(OptionsError::ZeroCapacity));
    }
}
