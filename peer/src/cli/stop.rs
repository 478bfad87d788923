//! `peer stop`: give up a content.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use http::Method;
use link::daemon::run_to_end;
use serde_json::Value;

use crate::cli::InputArguments;
use crate::control::message::Which;
use crate::control::{CallError, Control};
use crate::node::{called, give_up};

/// Arguments of `peer stop`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The content, by its id or its title; `peer status` lists them
    #[arg(value_name = "NAME|ID")]
    content: String,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Neither shares nor fetches it any more; its files stay. Where no peer runs, none goes on with it
/// later.
///
/// # Errors
/// There is no such content.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (_settings, home) = arguments.inputs.open()?;
    let content = called(&home, &arguments.content)?;
    let which = Which { content_id: content.clone() };
    let control = Control::at(&home.socket());
    run_to_end(async {
        let asked: Result<Value, _> = control.ask(Method::POST, "/stop", Some(&which)).await;
        match asked {
            Err(CallError::NotRunning(_)) => give_up(&home, &content),
            asked => Ok(asked.map(|_nothing| ())?),
        }
    })?;
    writeln!(out, "stopped {content}")?;
    Ok(ExitCode::SUCCESS)
}
