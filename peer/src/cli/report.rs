//! `peer report`: who got a content of this peer's user, and from how far (TR 20002 §8.3.8).

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use link::daemon::run_to_end;
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;
use mp2p::message::report::DistributionResult;

use crate::cli::InputArguments;
use crate::identity::Identity;
use crate::provider::Provider;

/// Arguments of `peer report`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The content; `peer status` lists those of the running peer
    content: ContentId,
    /// For programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Prints the provider's result of the distribution.
///
/// # Errors
/// It is another's content, or the provider does not answer.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let (settings, home) = arguments.inputs.open()?;
    let identity = Identity::open(&home)?;
    let provider = Provider::new(&identity.url, identity.servers.clone(), &settings);
    let result: DistributionResult = run_to_end(async {
        let index = IndexFile::open(&provider.index(&arguments.content).await?.index_file)?;
        Ok(provider.get(&format!("/ums/result?overlay-id={}", index.overlay_id)).await?)
    })?;
    let ours = result.contents.iter().find(|one| one.content_id == arguments.content);
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&ours)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(ours) = ours else {
        writeln!(out, "nobody has reported anything of it yet")?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(out, "{} peers got all of it, {} some of it", ours.complete, ours.consumers)?;
    writeln!(out, "{} bytes, {} of them with a receipt", ours.bytes, ours.receipted)?;
    for (rank, bytes) in &ours.by_distance {
        let from = if *rank == 0 { "unknown distance".to_owned() } else { format!("rank {rank}") };
        writeln!(out, "  {bytes} bytes from {from}")?;
    }
    writeln!(out, "{} errors, {} of them contradicted", ours.errors, ours.contradicted)?;
    Ok(ExitCode::SUCCESS)
}
