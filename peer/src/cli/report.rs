//! `peer report`: who got a content of this peer's user, and from how far (TR 20002 §8.3.8).

use std::io::Write;
use std::process::ExitCode;

use clap::Args;
use indicatif::HumanBytes;
use link::daemon::run_to_end;
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;
use mp2p::message::report::{ContentResult, DistributionResult};

use crate::cli::InputArguments;
use crate::identity::Identity;
use crate::node::{called, index_of};
use crate::provider::Provider;

/// Arguments of `peer report`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The content, by its id or its title; `peer status` lists those of the running peer
    #[arg(value_name = "NAME|ID")]
    content: String,
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
    let known = called(&home, &arguments.content);
    let what = known.map_or_else(|_| arguments.content.clone(), |content| content.to_string());
    let (content, result): (ContentId, DistributionResult) = run_to_end(async {
        let index = IndexFile::open(&index_of(&provider, &what).await?)?;
        let result = provider.get(&format!("/ums/result?overlay-id={}", index.overlay_id)).await?;
        Ok((index.content_id, result))
    })?;
    let ours = result.contents.iter().find(|one| one.content_id == content);
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&ours)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(ours) = ours else {
        writeln!(out, "nobody has reported anything of it yet")?;
        return Ok(ExitCode::SUCCESS);
    };
    tell(ours, out)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(ours: &ContentResult, out: &mut dyn Write) -> anyhow::Result<()> {
    let some = ours.consumers.saturating_sub(ours.complete);
    let peers = if ours.complete == 1 { "peer" } else { "peers" };
    writeln!(out, "{} {peers} got all of it, {some} only some of it", ours.complete)?;
    // What was got more than once, after an interruption, has a receipt each time.
    let (got, receipted) = (HumanBytes(ours.bytes), HumanBytes(ours.receipted));
    writeln!(out, "{got} got, receipts for {receipted}")?;
    for (rank, bytes) in &ours.by_distance {
        let from = if *rank == 0 { "unknown distance".to_owned() } else { format!("rank {rank}") };
        writeln!(out, "  {} from {from}", HumanBytes(*bytes))?;
    }
    writeln!(out, "{} errors, {} of them contradicted", ours.errors, ours.contradicted)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn who_got_all_of_it_is_not_counted_again_among_those_that_got_some() {
        let ours = ContentResult {
            content_id: ContentId::parse(&"a".repeat(64)).unwrap(),
            consumers: 5,
            complete: 2,
            contributors: 1,
            bytes: 180,
            fragments: 3,
            seconds: 1,
            receipted: 232,
            rejected: 0,
            by_distance: BTreeMap::new(),
            errors: 0,
            contradicted: 0,
            first: 0,
            last: 1,
        };
        let mut out = Vec::new();
        tell(&ours, &mut out).unwrap();
        let said = String::from_utf8(out).unwrap();
        assert!(said.starts_with("2 peers got all of it, 3 only some of it\n"), "{said}");
        assert!(said.contains("180 B got, receipts for 232 B\n"), "{said}");
        let mut out = Vec::new();
        tell(&ContentResult { complete: 1, bytes: 3 << 20, ..ours }, &mut out).unwrap();
        let said = String::from_utf8(out).unwrap();
        assert!(said.starts_with("1 peer got all of it, 4 only some of it\n"), "{said}");
        assert!(said.contains("3.00 MiB got"), "{said}");
    }
}
