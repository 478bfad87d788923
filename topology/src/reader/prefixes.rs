//! `prefixes`: CSV `prefix,pop[,origin_as]`, one prefix and the node that it is on a row.
//!
//! The operator's own list must be right: whatever is malformed is refused.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use crate::draft::{Draft, Precedence, PrefixRow};
use crate::placement::prefix;
use crate::progress::Progress;
use crate::reader::number::AsError;
use crate::reader::rows::{Row, Rows};
use crate::reader::{number, open};
use crate::refusal::LoadError;
use crate::report::Report;

const PREFIX: usize = 0;
const POP: usize = 1;
const ORIGIN_AS: usize = 2;

#[derive(Debug, thiserror::Error)]
enum PrefixesError {
    #[error("row names no pop for `{0}`")]
    NoPop(String),
    #[error("origin_as: {0}")]
    Origin(#[source] AsError),
}

/// Reads the file. Pops are not looked up yet, nor are repeated prefixes found.
pub(crate) fn read(
    file: &Arc<Path>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let input = open::open(file, progress)?;
    let mut rows = Rows::open(input, file, &["prefix", "pop"], &["origin_as"])?;
    let mut draft = Draft::new(file);
    draft.prefixes.precedence = Precedence::List;
    let mut pops = HashMap::<String, u32>::new();
    while let Some(row) = rows.next()? {
        let spot = draft.spot(row.line);
        let prefix = prefix::read(row.field(PREFIX), &spot, report)
            .map_err(|fault| LoadError::at(spot.clone(), fault))?;
        let (pop, origin_as) = columns(&row).map_err(|fault| LoadError::at(spot, fault))?;
        let pop = match pops.get(pop) {
            Some(index) => *index,
            None => {
                let index = draft.prefixes.pops.len() as u32;
                draft.prefixes.pops.push(pop.to_owned());
                pops.insert(pop.to_owned(), index);
                index
            }
        };
        let line = row.line;
        draft.prefixes.rows.push(PrefixRow { prefix, pop, origin_as, metric: None, line });
    }
    report.note(format!("{}: prefixes {}", file.display(), draft.prefixes.rows.len()));
    Ok(draft)
}

fn columns<'a>(row: &'a Row<'_>) -> Result<(&'a str, Option<u32>), PrefixesError> {
    let pop = row.field(POP);
    if pop.is_empty() {
        return Err(PrefixesError::NoPop(row.field(PREFIX).to_owned()));
    }
    let origin = row.field(ORIGIN_AS);
    let origin_as = (!origin.is_empty()).then(|| number::as_number(origin)).transpose();
    Ok((pop, origin_as.map_err(PrefixesError::Origin)?))
}
