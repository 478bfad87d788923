//! `peer stop`: give up a content.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use link::daemon::run_to_end;
use mp2p::id::ContentId;
use serde_json::Value;

use crate::cli::InputArguments;
use crate::cli::session::Session;
use crate::control::message::Which;

/// Arguments of `peer stop`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The content; `peer status` lists them
    content: ContentId,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Neither shares nor fetches it any more; its files stay.
///
/// # Errors
/// No peer is running, or it has no such content.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let control = Session::running(&arguments.inputs)?;
    let which = Which { content_id: arguments.content.clone() };
    run_to_end(async {
        let _: Value = control.ask(Method::POST, "/stop", Some(&which)).await?;
        Ok(())
    })?;
    writeln!(out, "stopped {}", arguments.content)?;
    Ok(ExitCode::SUCCESS)
}
