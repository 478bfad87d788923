//! Why a network was refused: one message that says where and what.

use std::error::Error;
use std::fmt;
use std::path::Path;

use crate::spot::Spot;
use crate::told::told;

/// The reason for which no network came out. Displays as `FILE:LINE: message`, without what is
/// not known, on one line that any terminal may show. Each reader has its own small error type;
/// this one adds the place.
#[derive(Debug)]
pub struct LoadError {
    spot: Option<Spot>,
    cause: Box<dyn Error + Send + Sync>,
}

impl LoadError {
    pub(crate) fn at(spot: Spot, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { spot: Some(spot), cause: cause.into() }
    }

    pub(crate) fn anywhere(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { spot: None, cause: cause.into() }
    }

    /// The same with what may help.
    pub(crate) fn hinting(self, hint: &str) -> Self {
        Self { spot: self.spot, cause: format!("{}; {hint}", self.cause).into() }
    }

    /// The file at fault, as its path was given; `None` where the choice of sources or of options
    /// is at fault.
    pub fn file(&self) -> Option<&Path> {
        self.spot.as_ref().map(Spot::path)
    }

    /// The line at fault, counted from 1.
    pub fn line(&self) -> Option<u64> {
        self.spot.as_ref().and_then(Spot::line_number)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(spot) = &self.spot {
            write!(f, "{spot}: ")?;
        }
        f.write_str(&told(&self.cause.to_string()))
    }
}

// The cause is part of the message, so it is not offered again as a source.
impl Error for LoadError {}
