//! A cost: a finite number that is not negative, and its text on the wire (RFC 7285 §11.2.3.6).

use std::cmp::Ordering;
use std::fmt;

use thiserror::Error;

/// From here upwards a cost is written with an exponent.
const PLAIN_BELOW: f64 = 1e21;
/// Below this, zero apart, a cost is written with an exponent.
const PLAIN_FROM: f64 = 1e-6;

/// A cost in the unit of its metric: finite, 0 or more, never -0.
///
/// Its `Display` is a JSON number: the shortest digits that give the same `f64` again, with an
/// exponent only outside 10^-6..10^21. So a text is 24 characters at most.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct Cost(f64);

/// Why a number is no cost.
#[derive(Copy, Clone, Debug, PartialEq, Error)]
pub enum CostError {
    /// Not a number, or infinite.
    #[error("cost {0} is not a finite number")]
    NotFinite(f64),
    /// Less than zero.
    #[error("cost {0} is negative")]
    Negative(f64),
}

impl Cost {
    /// No cost at all, as inside a PID.
    pub const ZERO: Cost = Cost(0.0);

    /// Checks a number; -0 becomes 0.
    ///
    /// # Errors
    /// Refuses NaN, the infinities and negative numbers.
    pub fn new(value: f64) -> Result<Cost, CostError> {
        if !value.is_finite() {
            return Err(CostError::NotFinite(value));
        }
        if value < 0.0 {
            return Err(CostError::Negative(value));
        }
        // -0 + 0 is 0; every other number stays.
        Ok(Cost(value + 0.0))
    }

    /// A sum of integer thousandths of the unit; exact to the last digit below 2^53.
    pub fn from_thousandths(thousandths: u64) -> Cost {
        Cost(thousandths as f64 / 1000.0)
    }

    /// The number.
    pub fn value(self) -> f64 {
        self.0
    }

    /// Bits that are equal exactly where costs are equal, and ascend as costs do.
    pub(crate) fn bits(self) -> u64 {
        self.0.to_bits()
    }
}

impl Eq for Cost {}

impl Ord for Cost {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Cost {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.0 == 0.0 || (PLAIN_FROM..PLAIN_BELOW).contains(&self.0);
        if plain { write!(f, "{}", self.0) } else { write!(f, "{:e}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        Cost::new(value).unwrap().to_string()
    }

    #[test]
    fn what_is_no_cost_is_refused() {
        assert!(matches!(Cost::new(f64::NAN), Err(CostError::NotFinite(_))));
        assert_eq!(Cost::new(f64::INFINITY), Err(CostError::NotFinite(f64::INFINITY)));
        assert_eq!(Cost::new(-1.5), Err(CostError::Negative(-1.5)));
        assert_eq!(CostError::Negative(-1.5).to_string(), "cost -1.5 is negative");
    }

    #[test]
    fn minus_zero_is_zero() {
        assert_eq!(text(-0.0), "0");
        assert_eq!(Cost::new(-0.0).unwrap().bits(), Cost::ZERO.bits());
    }

    #[test]
    fn texts_are_short_json_numbers() {
        assert_eq!(text(10.0), "10");
        assert_eq!(text(200.54), "200.54");
        assert_eq!(text(0.000001), "0.000001");
        assert_eq!(text(1e300), "1e300");
        assert_eq!(text(1.5e-9), "1.5e-9");
        assert_eq!(text(f64::MAX), "1.7976931348623157e308");
        assert_eq!(text(f64::MIN_POSITIVE), "2.2250738585072014e-308");
    }

    #[test]
    fn thousandths_are_exact() {
        assert_eq!(Cost::from_thousandths(200_540).to_string(), "200.54");
        assert_eq!(Cost::from_thousandths(1), Cost::new(0.001).unwrap());
        assert_eq!(Cost::from_thousandths(0), Cost::ZERO);
        assert!(Cost::from_thousandths(u64::MAX).value().is_finite());
    }
}
