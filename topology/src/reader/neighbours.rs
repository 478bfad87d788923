//! `neighbours`: CSV `as,name,relation,pop,external_node`, one meeting point of a neighbour
//! network a row.

use std::path::Path;
use std::sync::Arc;

use crate::draft::{Draft, NeighbourRow};
use crate::progress::Progress;
use crate::reader::number::AsError;
use crate::reader::rows::{Row, Rows};
use crate::reader::{number, open};
use crate::refusal::LoadError;
use crate::relation::UnknownRelation;
use crate::report::Report;
use crate::spot::Spot;

const COLUMNS: [&str; 5] = ["as", "name", "relation", "pop", "external_node"];
const AS: usize = 0;
const NAME: usize = 1;
const RELATION: usize = 2;
const POP: usize = 3;
const EXTERNAL_NODE: usize = 4;

#[derive(Debug, thiserror::Error)]
enum NeighboursError {
    #[error("as: {0}")]
    As(#[source] AsError),
    #[error(transparent)]
    Relation(#[from] UnknownRelation),
}

/// Reads the file. Nodes are not looked up yet.
pub(crate) fn read(
    file: &Arc<Path>,
    progress: &dyn Progress,
    report: &mut Report,
) -> Result<Draft, LoadError> {
    let input = open::open(file, progress)?;
    let mut rows = Rows::open(input, file, &COLUMNS, &[])?;
    let mut draft = Draft::new(file);
    while let Some(row) = rows.next()? {
        let spot = draft.spot(row.line);
        let neighbour =
            neighbour(&row, spot.clone()).map_err(|fault| LoadError::at(spot, fault))?;
        draft.neighbours.push(neighbour);
    }
    report.note(format!("{}: neighbour rows {}", file.display(), draft.neighbours.len()));
    Ok(draft)
}

fn neighbour(row: &Row<'_>, spot: Spot) -> Result<NeighbourRow, NeighboursError> {
    Ok(NeighbourRow {
        asn: number::as_number(row.field(AS)).map_err(NeighboursError::As)?,
        name: row.field(NAME).to_owned(),
        relation: row.field(RELATION).parse()?,
        pop: row.field(POP).to_owned(),
        external_node: row.field(EXTERNAL_NODE).to_owned(),
        spot,
    })
}
