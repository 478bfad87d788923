//! Contents on disk: files in, fragments out, and the other way round.
//!
//! ```text
//!  share:  files ─► build: hashes, in parallel ─► index file
//!  fetch:  fragment ─► layout: which bytes of which files ─► store: NAME.mp2p-part ─► NAME
//!                                                              └► have: what is on the disk
//! ```

mod build;
mod layout;
mod space;
mod store;

pub use crate::content::build::{BuildError, Built, build};
pub use crate::content::layout::{Layout, Span};
pub(crate) use crate::content::space::part_of;
pub use crate::content::space::{Space, missing_bytes};
pub use crate::content::store::{OpenError, Paths, Stamp, Store, StoreFault, Touched};
