//! `p2psp openapi`: what can be asked of the server, as an OpenAPI document.

use std::io::Write;
use std::process::ExitCode;

use crate::api::openapi;

/// Prints the document.
///
/// # Errors
/// It cannot be written.
pub fn run(out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    writeln!(out, "{:#}", openapi::document())?;
    Ok(ExitCode::SUCCESS)
}
