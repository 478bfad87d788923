//! `peer delegates`: the caches that stand in for this peer; and what `share` and `get` do with
//! `--delegate`.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::HumanBytes;
use link::daemon::run_to_end;
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;
use serde_json::json;

use crate::cli::InputArguments;
use crate::delegate::{Delegates, Delegation, Progress, hand_over, progress, take_back};
use crate::identity::Identity;
use crate::provider::Provider;

/// From one look at how far the caches are to the next.
const LOOK: Duration = Duration::from_millis(500);
/// Caches that have not begun after this time will not.
const BEGIN: Duration = Duration::from_secs(120);

const EXAMPLES: &str = "\
A peer on a battery leaves its part to a cache of the provider's:
  peer share holiday.mp4 --delegate     a cache takes it over and gives it while this peer is away
  peer get film.mp4 --delegate          a cache fetches it; later, from near:
  peer get film.mp4 -o Downloads
  peer delegates                        how far the caches are, and until when they keep it
  peer delegates --take-back ID         they need not keep it longer";

/// Arguments of `peer delegates`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Release the caches of this content
    #[arg(long, value_name = "ID")]
    take_back: Option<ContentId>,
    /// For programs
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    inputs: InputArguments,
}

/// `--delegate` of `share` and `get`.
#[derive(Args, Debug)]
pub(crate) struct DelegateArguments {
    /// Hand it to a cache of the provider's, or to several that together have room, and leave
    #[arg(long)]
    pub(crate) delegate: bool,
    /// How long the cache is to keep it, hours; the provider may grant less
    #[arg(long, value_name = "HOURS", default_value_t = 24, requires = "delegate")]
    hours: u16,
}

impl DelegateArguments {
    pub(crate) fn seconds(&self) -> u64 {
        u64::from(self.hours.max(1)) * 3600
    }
}

/// Prints what caches keep for this peer, after releasing those that were named.
///
/// # Errors
/// The provider does not answer, or nothing of the kind was handed over.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let caches = Caches::open(&arguments.inputs)?;
    run_to_end(async {
        if let Some(content) = &arguments.take_back {
            let known = caches.delegates.of_content(content);
            let known = known.with_context(|| format!("{content} was not handed to any cache"))?;
            take_back(&caches.provider, &caches.delegates, &known).await?;
        }
        for delegation in caches.delegates.all() {
            let progress = progress(&caches.provider, &delegation).await?;
            match arguments.json {
                true => writeln!(out, "{}", told(&delegation, &progress))?,
                false => tell(&delegation, &progress, out)?,
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn told(delegation: &Delegation, progress: &Progress) -> serde_json::Value {
    json!({
        "content-id": delegation.content_id,
        "title": delegation.title,
        "size": delegation.size,
        "is-wanted": delegation.is_wanted,
        "caches": progress.caches,
        "kept-bytes": progress.kept_bytes,
        "served-bytes": progress.served_bytes,
        "expires": delegation.expires,
    })
}

fn tell(delegation: &Delegation, progress: &Progress, out: &mut dyn Write) -> anyhow::Result<()> {
    let what = if delegation.is_wanted { "fetched for us" } else { "given for us" };
    let percent = progress.kept_bytes * 100 / delegation.size.max(1);
    let (caches, left) = (progress.caches, hours_until(delegation.expires));
    let Delegation { content_id, title, .. } = delegation;
    let state = match caches {
        0 => "no cache keeps it any more".to_owned(),
        1 => format!("{percent} % with a cache, for {left} more"),
        _ => format!("{percent} % with {caches} caches, for {left} more"),
    };
    let given = HumanBytes(progress.served_bytes);
    writeln!(out, "{what} {content_id} {title}: {state}; {given} given")?;
    Ok(())
}

fn hours_until(expires: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let minutes = expires.saturating_sub(now) / 60;
    format!("{}:{:02} h", minutes / 60, minutes % 60)
}

/// The caches of one peer.
pub(crate) struct Caches {
    pub(crate) provider: Provider,
    pub(crate) delegates: Delegates,
}

impl Caches {
    pub(crate) fn open(inputs: &InputArguments) -> anyhow::Result<Self> {
        let (settings, home) = inputs.open()?;
        let identity = Identity::open(&home)?;
        let provider = Provider::new(&identity.url, identity.servers.clone(), &settings);
        Ok(Self { provider, delegates: Delegates::of(&home) })
    }

    /// Hands a content over and waits until caches have begun to fetch it, or, where it is ours,
    /// until they have all of it.
    pub(crate) async fn hand_over(
        &self,
        index: &IndexFile,
        is_wanted: bool,
        arguments: &DelegateArguments,
    ) -> anyhow::Result<Delegation> {
        let seconds = arguments.seconds();
        let delegation =
            hand_over(&self.provider, &self.delegates, index, (is_wanted, seconds)).await?;
        let since = std::time::Instant::now();
        loop {
            let now = progress(&self.provider, &delegation).await?;
            let is_done = now.kept_bytes >= delegation.size;
            if now.has_begun && (is_wanted || is_done) {
                return Ok(delegation);
            }
            if now.caches < delegation.reservations.len() {
                bail!("a cache has given it up; nothing is lost, try again");
            }
            if !now.has_begun && since.elapsed() > BEGIN {
                take_back(&self.provider, &self.delegates, &delegation).await?;
                bail!("no cache has begun after {} s", BEGIN.as_secs());
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What was fetched is here: caches need not keep it for us any more.
    pub(crate) async fn fetched(&self, content: &ContentId) {
        let Some(known) = self.delegates.of_content(content).filter(|one| one.is_wanted) else {
            return;
        };
        if let Err(error) = take_back(&self.provider, &self.delegates, &known).await {
            tracing::info!(error = format!("{error:#}"), "a cache is not released yet");
        }
    }
}

/// What is said at the end.
pub(crate) fn handed_over(delegation: &Delegation, out: &mut dyn Write) -> anyhow::Result<()> {
    let Delegation { content_id, title, expires, .. } = delegation;
    let caches = match delegation.reservations.len() {
        1 => "a cache".to_owned(),
        number => format!("{number} caches"),
    };
    let left = hours_until(*expires);
    match delegation.is_wanted {
        true => writeln!(
            out,
            "delegated {content_id} {title}: {caches} will keep it for {left}; \
             `peer get` brings it from there"
        )?,
        false => writeln!(
            out,
            "delegated {content_id} {title}: {caches} will give it for {left}; \
             this peer may leave"
        )?,
    }
    Ok(())
}
