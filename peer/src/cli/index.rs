//! `peer index`: the signed index file of a content, by which others fetch it wherever they have it
//! from.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use link::daemon::run_to_end;
use mp2p::index_file::IndexFile;

use crate::cli::InputArguments;
use crate::identity::Identity;
use crate::node::index_of;
use crate::provider::Provider;

/// Arguments of `peer index`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The content: its id, or its name
    #[arg(value_name = "NAME|ID")]
    what: String,
    /// The file to write, NAME.jws [default: standard output]
    #[arg(short, long = "output", value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Writes it.
///
/// # Errors
/// Nothing of the kind is known, or the file cannot be written.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    run_to_end(async {
        let told = || format!("no index file of {}", arguments.what);
        let (settings, home) = arguments.inputs.open()?;
        let identity = Identity::open(&home)?;
        let provider = Provider::new(&identity.url, identity.servers.clone(), &settings);
        let signed = index_of(&provider, &arguments.what).await.with_context(told)?;
        IndexFile::open(&signed).with_context(told)?;
        let line = format!("{signed}\n");
        match &arguments.output {
            Some(path) => {
                std::fs::write(path, line).with_context(|| path.display().to_string())?;
            }
            None => out.write_all(line.as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    })
}
