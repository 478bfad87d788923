//! Exact reading of a request's JSON (RFC 8259).
//!
//! Stricter than a general reader and able to say more: duplicate members are refused at every
//! depth, since readers disagree about which one counts; numbers keep their text, since an error
//! must repeat it (RFC 7285 §8.5.2); nesting is bounded; a fault names line and column.

mod parser;
mod tree;

pub use parser::{MAX_DEPTH, check_depth, parse};
pub use tree::Json;
