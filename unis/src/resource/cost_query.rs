//! What the filtered cost map and the endpoint cost service check and write alike (RFC 7285
//! §11.3.2.3, §11.5.1.3).

use alto::constraint::{self, Constraint};
use alto::cost::{CostType, Mode};
use alto::fault::Fault;
use alto::pairs::Part;
use netmap::{CostMatrix, CostTable};

use crate::maps::network::ServedNetwork;
use crate::resource::directory::offered;
use crate::settings::View;

/// The costs that a query asks for, and which of them its constraints let through.
pub struct CostQuery<'a> {
    /// `cost[from][to]`.
    pub matrix: &'a CostMatrix,
    /// As numbers or as ranks.
    pub mode: Mode,
    /// Which ordinals satisfy the constraints; `None` = all.
    pub allowed: Option<Vec<bool>>,
}

/// Finds the costs of a cost type that this view offers.
///
/// # Errors
/// `E_INVALID_FIELD_VALUE` for a metric, or a mode of it, that is not offered.
pub fn resolve<'a>(
    network: &'a ServedNetwork,
    view: View,
    cost_type: &CostType,
    constraints: Option<&[Constraint]>,
) -> Result<CostQuery<'a>, Fault> {
    let CostType { metric, mode, .. } = cost_type;
    let matrix = network
        .matrix(cost_type)
        .ok_or_else(|| Fault::invalid_value("cost-type/cost-metric", metric.as_str()))?;
    if !offered(network, view).any(|(name, offered)| name == metric && offered == *mode) {
        return Err(Fault::invalid_value("cost-type/cost-mode", mode.as_str()));
    }
    let allowed = constraints
        .filter(|list| !list.is_empty())
        .map(|list| allowed(matrix.table(), *mode, list));
    Ok(CostQuery { matrix, mode: *mode, allowed })
}

/// Each distinct cost is held against the constraints once; a constraint on ranks compares ranks.
fn allowed(table: &CostTable, mode: Mode, constraints: &[Constraint]) -> Vec<bool> {
    let value = |ordinal: u32| match mode {
        Mode::Numerical => table.cost(ordinal).value(),
        Mode::Ordinal => f64::from(ordinal),
    };
    (0..u32::try_from(table.len()).unwrap_or(u32::MAX))
        .map(|ordinal| constraint::all(constraints, value(ordinal)))
        .collect()
}

/// Appends a cost: its text ready in the table, or its rank over all pairs of the map (RFC 7285
/// §6.1.2).
#[inline]
pub fn push_cost(out: &mut Vec<u8>, table: &CostTable, mode: Mode, ordinal: u32) {
    match mode {
        Mode::Numerical => out.extend_from_slice(table.text(ordinal).as_bytes()),
        Mode::Ordinal => push_integer(out, ordinal),
    }
}

fn push_integer(out: &mut Vec<u8>, value: u32) {
    let digits = Digits::of(value);
    out.extend_from_slice(&digits.bytes[digits.begin..DIGITS]);
}

/// Most digits of a rank.
const DIGITS: usize = 10;

/// A rank as text.
pub struct Digits {
    /// Room behind the digits, for those who copy more than they need.
    bytes: [u8; DIGITS + 16],
    begin: usize,
}

impl Digits {
    /// Writes it.
    #[must_use]
    pub fn of(mut value: u32) -> Self {
        let (mut bytes, mut begin) = ([0; DIGITS + 16], DIGITS);
        loop {
            begin -= 1;
            bytes[begin] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                return Self { bytes, begin };
            }
        }
    }

    /// The digits, to be copied.
    #[must_use]
    pub fn part(&self) -> Part<'_> {
        Part { base: &self.bytes, begin: self.begin, bytes: DIGITS - self.begin }
    }
}

#[cfg(test)]
mod tests {
    use crate::resource::cost_query::push_integer;

    #[test]
    fn integers_are_written_as_display_writes_them() {
        for value in [0, 7, 10, 99, 100, 65_535, 1_000_000, u32::MAX] {
            let mut out = Vec::new();
            push_integer(&mut out, value);
            assert_eq!(out, value.to_string().into_bytes());
        }
    }
}
