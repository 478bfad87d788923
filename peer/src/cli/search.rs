//! `peer search`: contents by words of their titles and descriptions.

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use indicatif::HumanBytes;
use link::daemon::run_to_end;

use crate::cli::InputArguments;
use crate::identity::Identity;
use crate::plain::plain;
use crate::provider::Provider;

/// Arguments of `peer search`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The words
    #[arg(required = true)]
    words: Vec<String>,
    /// For programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Asks the provider and prints what it knows, best first; exit 1 where that is nothing.
///
/// # Errors
/// The provider does not answer.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (settings, home) = arguments.inputs.open()?;
    let identity = Identity::open(&home)?;
    let provider = Provider::new(&identity.url, identity.servers.clone(), &settings);
    let found = run_to_end(async { Ok(provider.search(&arguments.words.join(" ")).await?) })?;
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&found)?)?;
    } else {
        for content in found.contents.iter() {
            let size = HumanBytes(content.size).to_string();
            let gone = if content.gone { "  (its overlay is over)" } else { "" };
            writeln!(out, "{}  {size:>10}  {}{gone}", content.content_id, plain(&content.title))?;
        }
    }
    if found.contents.is_empty() && !arguments.json {
        eprintln!("nothing is found for \"{}\"", arguments.words.join(" "));
    }
    Ok(if found.contents.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
