//! Bodies of requests: what is read is written and read again as the same, what is refused is told
//! in an error message that a client can read.

use std::fmt::Debug;

use alto::fault::Fault;

/// Checks one body.
///
/// # Panics
/// Reading and writing do not agree.
pub fn check<Q: Debug + PartialEq>(
    body: &[u8],
    parse: impl Fn(&[u8]) -> Result<Q, Fault>,
    write: impl Fn(&Q) -> Vec<u8>,
) {
    match parse(body) {
        Ok(query) => assert_eq!(parse(&write(&query)), Ok(query)),
        Err(fault) => {
            let told = Fault::from_json(&fault.to_json());
            assert_eq!(told.map(|told| told.code).ok(), Some(fault.code));
        }
    }
}
