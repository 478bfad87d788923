//! One file per format: bytes in, a draft out. What is in a file is judged here; what it means
//! beside the other files is not.

// Files and texts.
pub(crate) mod number;
pub(crate) mod open;
pub(crate) mod rows;

// Graphs.
pub(crate) mod graphml;
pub(crate) mod inventory;
pub(crate) mod nodelink;

// What is placed on graphs.
pub(crate) mod neighbours;
pub(crate) mod prefixes;

// Ready maps.
pub(crate) mod alto;
