//! `alto`: network maps and cost maps as an ALTO server sends them (RFC 7285 §11.2), one document
//! a file, told apart by their members.

use std::path::Path;
use std::sync::Arc;

use ::alto::cost_map::{self, CostMap};
use ::alto::document::DocumentError;
use ::alto::network_map::{self, NetworkMap};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::progress::Progress;
use crate::reader::open;
use crate::refusal::LoadError;
use crate::spot::{LineCursor, Spot};

/// Why a document is no map.
#[derive(Debug, thiserror::Error)]
enum AltoError {
    #[error("is no ALTO map: {0}")]
    Json(String),
    #[error("has neither `network-map` nor `cost-map`")]
    NoMap,
    #[error("has both `network-map` and `cost-map`; each needs a file of its own")]
    TwoMaps,
}

/// One file's map.
pub(crate) struct Document {
    pub(crate) file: Arc<Path>,
    pub(crate) map: Map,
    text: String,
}

/// What a document holds.
pub(crate) enum Map {
    Network(NetworkMap),
    Cost(CostMap),
}

impl Document {
    pub(crate) fn spot(&self) -> Spot {
        Spot::file(&self.file)
    }

    /// The line that has this text as a JSON string for the `nth` time (from 0), if there is one.
    pub(crate) fn spot_of(&self, string: &str, nth: usize) -> Spot {
        let found = self.text.match_indices(&format!("\"{string}\"")).nth(nth);
        match found {
            Some((at, _)) => Spot::line(&self.file, LineCursor::new(&self.text).line_at(at)),
            None => self.spot(),
        }
    }
}

/// The members that tell maps apart.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Members {
    network_map: Option<IgnoredAny>,
    cost_map: Option<IgnoredAny>,
}

/// Reads a file. What the map says is not judged yet.
pub(crate) fn read(file: &Arc<Path>, progress: &dyn Progress) -> Result<Document, LoadError> {
    let text = open::read_text(file, progress)?;
    let members: Members = serde_json::from_str(&text).map_err(|error| {
        let spot = Spot::line(file, error.line() as u64);
        LoadError::at(spot, AltoError::Json(error.to_string()))
    })?;
    let wrong = |error: DocumentError| {
        let spot = Spot::line(file, error.line as u64);
        LoadError::at(spot, AltoError::Json(error.message))
    };
    let map = match (members.network_map, members.cost_map) {
        (Some(_), None) => Map::Network(network_map::parse(&text).map_err(wrong)?),
        (None, Some(_)) => Map::Cost(cost_map::parse(&text).map_err(wrong)?),
        (None, None) => return Err(LoadError::at(Spot::file(file), AltoError::NoMap)),
        (Some(_), Some(_)) => return Err(LoadError::at(Spot::file(file), AltoError::TwoMaps)),
    };
    Ok(Document { file: Arc::clone(file), map, text })
}
