//! Constraints on costs: `le 5`, `gt 0.1` (RFC 7285 §11.3.2.3).

use std::fmt;

use crate::number;

/// How a cost is compared with a constraint's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `gt`: greater than.
    Greater,
    /// `lt`: less than.
    Less,
    /// `ge`: greater than or equal to.
    GreaterOrEqual,
    /// `le`: less than or equal to.
    LessOrEqual,
    /// `eq`: equal to.
    Equal,
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "gt" => Self::Greater,
            "lt" => Self::Less,
            "ge" => Self::GreaterOrEqual,
            "le" => Self::LessOrEqual,
            "eq" => Self::Equal,
            _ => return None,
        })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Greater => "gt",
            Self::Less => "lt",
            Self::GreaterOrEqual => "ge",
            Self::LessOrEqual => "le",
            Self::Equal => "eq",
        })
    }
}

/// A text that is no constraint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an operator (gt, lt, ge, le, eq), white space and a number")]
pub struct ConstraintError(String);

/// One condition on a cost. Displays as it is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constraint {
    /// The comparison.
    pub operator: Operator,
    /// What the cost is compared with: in the metric's unit, or a rank in ordinal mode. Finite.
    pub value: f64,
}

impl Constraint {
    /// Reads an operator, a run of white space and a JSON number that a double can hold.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        Self::read(text).ok_or_else(|| ConstraintError(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        let (operator, rest) = text.split_at_checked(2)?;
        let operator = Operator::parse(operator)?;
        let number = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        if number.len() == rest.len() || number::scan(number.as_bytes()) != Ok(number.len()) {
            return None;
        }
        let value = number.parse::<f64>().ok().filter(|value| value.is_finite())?;
        Some(Self { operator, value })
    }

    /// Whether a cost meets the constraint, compared as IEEE 754 doubles.
    pub fn holds(&self, cost: f64) -> bool {
        match self.operator {
            Operator::Greater => cost > self.value,
            Operator::Less => cost < self.value,
            Operator::GreaterOrEqual => cost >= self.value,
            Operator::LessOrEqual => cost <= self.value,
            Operator::Equal => cost == self.value,
        }
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.operator, self.value)
    }
}

/// Whether a cost meets every constraint; true where there is none.
pub fn all(constraints: &[Constraint], cost: f64) -> bool {
    constraints.iter().all(|constraint| constraint.holds(cost))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::*;

    #[test]
    fn g4_only_five_operators_exist() {
        for (text, below, equal, above) in [
            ("gt 5", false, false, true),
            ("lt 5", true, false, false),
            ("ge 5", false, true, true),
            ("le 5", true, true, false),
            ("eq 5", false, true, false),
        ] {
            let constraint = Constraint::parse(text).unwrap();
            let answers = [4.0, 5.0, 6.0].map(|cost| constraint.holds(cost));
            assert_eq!(answers, [below, equal, above], "{text}");
            assert_eq!(constraint.to_string(), text);
        }
        for bad in ["ne 5", "GT 5", "= 5", "> 5", "gte 5", "", "5", "gt", "gt ", "é 5"] {
            assert!(Constraint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn g5_white_space_separates_and_nothing_follows() {
        for good in ["le 5", "le    5", "le\t5", "le \t 5", "le 5e0", "le 0.5E+1", "le 50e-1"] {
            assert_eq!(Constraint::parse(good).unwrap().value, 5.0, "{good}");
        }
        assert_eq!(Constraint::parse("ge -0.25").unwrap().value, -0.25);
        for bad in ["gt5", "gt 5x", "gt 5 6", "gt 5 ", " gt 5", "gt 5,", "gt +5", "gt 05", "gt .5"]
        {
            assert!(Constraint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_are_finite_numbers() {
        for bad in ["gt NaN", "gt nan", "gt inf", "lt -inf", "lt Infinity", "lt 1e400", "lt 0x1"] {
            assert!(Constraint::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn g6_doubles_are_compared() {
        assert!(Constraint::parse("eq 0.1").unwrap().holds(0.1));
        assert!(!Constraint::parse("eq 0.3").unwrap().holds(0.1 + 0.2));
    }

    #[test]
    fn g7_every_constraint_must_hold() {
        let both = [Constraint::parse("ge 4").unwrap(), Constraint::parse("le 5").unwrap()];
        assert_eq!([3.0, 4.0, 5.0, 6.0].map(|cost| all(&both, cost)), [false, true, true, false]);
        assert!(all(&[], 7.0));
    }

    proptest! {
        #[test]
        fn a_written_constraint_is_read_back(value in any::<f64>()) {
            if value.is_finite() {
                let written = Constraint { operator: Operator::LessOrEqual, value };
                assert_eq!(Constraint::parse(&written.to_string()).unwrap(), written);
            }
        }
    }
}
