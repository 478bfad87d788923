//! One file per format: bytes in, a draft out. What is in a file is judged here; what it means
//! beside the other files is not.

// Files and texts.
pub(crate) mod field;
pub(crate) mod handle;
pub(crate) mod json;
pub(crate) mod lines;
pub(crate) mod number;
pub(crate) mod open;
pub(crate) mod rows;
pub(crate) mod sniff;
pub(crate) mod xml;

// Graphs.
pub(crate) mod gml;
pub(crate) mod graphml;
pub(crate) mod inventory;
pub(crate) mod nodelink;
pub(crate) mod rfc8345;
pub(crate) mod sndlib;

// What is placed on graphs.
pub(crate) mod neighbours;
pub(crate) mod prefixes;

// What is placed on graphs by what they have become with their neighbours.
pub(crate) mod bgpdump;
pub(crate) mod geofeed;
pub(crate) mod mrt;

// Ready maps.
pub(crate) mod alto;
