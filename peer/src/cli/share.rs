//! `peer share`: give a file or a folder to others.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use http::Method;
use link::daemon::run_to_end;
use mp2p::id::{ContentId, OverlayId};
use mp2p::index_file::IndexFile;
use serde_json::Value;

use crate::cli::InputArguments;
use crate::cli::delegates::{Caches, DelegateArguments, handed_over};
use crate::cli::progress::HashBar;
use crate::cli::requirements::RequirementArguments;
use crate::cli::session::Session;
use crate::control::Control;
use crate::control::message::{Share, Started, State, Status, TransferStatus, Which};
use crate::node::called;

/// From one look at how far it is to the next.
const LOOK: Duration = Duration::from_millis(200);
/// From one look at whether it is still shared to the next.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Arguments of `peer share`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The file or folder
    path: PathBuf,
    /// Its title, by which others find it [default: the name of PATH]
    #[arg(long)]
    title: Option<String>,
    /// More words about it, searched too
    #[arg(long, default_value = "")]
    description: String,
    /// Share it in this overlay instead of one of its own
    #[arg(long, value_name = "ID")]
    overlay: Option<OverlayId>,
    /// Share it in the place of this content, of which it is a new version: the old one leaves the
    /// index, and is shared here no longer
    #[arg(long, value_name = "NAME|ID", conflicts_with = "overlay")]
    replaces: Option<String>,
    #[command(flatten)]
    requirements: RequirementArguments,
    #[command(flatten)]
    delegate: DelegateArguments,
    #[command(flatten)]
    inputs: InputArguments,
}

/// Registers the content and serves it: by the peer that runs, else until Ctrl-C.
///
/// # Errors
/// The path cannot be read, or the provider refuses.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let told = || format!("cannot share {}", arguments.path.display());
    let path = std::path::absolute(&arguments.path).with_context(told)?;
    if path.to_str().is_none() {
        return Err(anyhow::anyhow!("its path is no text (UTF-8)")).with_context(told);
    }
    let replaces = match &arguments.replaces {
        Some(old) => Some(called(&arguments.inputs.open()?.1, old).with_context(told)?),
        None => None,
    };
    let share = Share {
        path,
        title: arguments.title.clone(),
        description: arguments.description.clone(),
        overlay: arguments.overlay.clone(),
        replaces,
        requirements: arguments.requirements.requirements(),
        keep_cached: arguments.requirements.keep_cached,
    };
    run_to_end(async {
        let session = Session::open(&arguments.inputs).await?;
        let before: Status = session.control.get("/status").await?;
        let started = tokio::select! {
            started = session.control.ask(Method::POST, "/share", Some(&share)) => {
                started.map_err(anyhow::Error::from)
            }
            () = watch(&session.control, &share.path) => Err(anyhow::anyhow!("the peer has ended")),
            () = session.interrupted() => Err(anyhow::anyhow!("interrupted")),
        };
        let started: anyhow::Result<Started> = started;
        let shown = started.with_context(told).and_then(|started| {
            writeln!(out, "sharing {} {}", started.content_id, started.title)?;
            out.flush()?;
            if let Some(note) = &started.note {
                eprintln!("{note}");
            }
            Ok(started)
        });
        let content = shown.as_ref().ok().map(|started| started.content_id.clone());
        let shown = match shown {
            Ok(started) if arguments.delegate.delegate => tokio::select! {
                delegated = delegate(arguments, &session, (started, &before), out) => {
                    delegated.map(|()| true)
                }
                () = session.interrupted() => Err(anyhow::anyhow!("interrupted")),
            },
            shown => shown.map(|_started| false),
        };
        let ended = match (&shown, content) {
            (Ok(false), Some(content)) => stay(session, &content, &arguments.inputs).await,
            _ => {
                session.close().await;
                Ok(())
            }
        };
        shown.and(ended).map(|()| ExitCode::SUCCESS)
    })
}

/// Shows how far the hashing is, until the peer that runs ends.
async fn watch(control: &Control, path: &Path) {
    let mut bar = HashBar::default();
    while let Ok(status) = control.get::<Status>("/status").await {
        bar.show(&status.hashing, path);
        tokio::time::sleep(LOOK).await;
    }
}

/// Where no peer runs that lasts, this command is one until it is told to end; so it is, too, once
/// that of another command has ended.
async fn stay(
    mut session: Session,
    content: &ContentId,
    inputs: &InputArguments,
) -> anyhow::Result<()> {
    while !session.lasts() {
        let (ended, goes_on) = tokio::select! {
            ended = until_over(&session.control, content) => (ended, session.has_gone().await),
            () = session.interrupted() => (Ok(()), false),
        };
        session.close().await;
        if !goes_on {
            return ended;
        }
        session = Session::open(inputs).await?;
    }
    session.close().await;
    Ok(())
}

/// Until nothing is shared by this command any more; tells when that ends which it was to share.
async fn until_over(control: &Control, content: &ContentId) -> anyhow::Result<()> {
    let is_over = |one: &TransferStatus| matches!(one.state, State::Failed | State::Stopped);
    let mut is_told = false;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        let Ok(status) = control.get::<Status>("/status").await else { return Ok(()) };
        let ours = status.transfers.iter().find(|transfer| transfer.content_id == *content);
        if ours.is_some_and(|ours| !is_over(ours)) {
            continue;
        }
        let why = ours.and_then(|ours| ours.message.as_deref());
        let why = why.unwrap_or("it was stopped, and is shared no more");
        if status.transfers.iter().all(is_over) {
            bail!("{why}");
        }
        if !std::mem::replace(&mut is_told, true) {
            eprintln!("{why}; what was shared before goes on");
        }
    }
}

/// Caches have all of it at the end, and this peer shares it no more. Where none takes it, nobody
/// can find what nobody would give; what was shared `before` goes on.
async fn delegate(
    arguments: &Arguments,
    session: &Session,
    (started, before): (Started, &Status),
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let caches = Caches::open(&arguments.inputs)?;
    let content = &started.content_id;
    let index = IndexFile::open(&caches.provider.index(content).await?.index_file)?;
    let delegated = caches.hand_over(&index, false, &arguments.delegate).await;
    let was_shared = before.transfers.iter().any(|transfer| transfer.content_id == *content);
    if delegated.is_ok() || !was_shared {
        let which = Which { content_id: content.clone() };
        let _: Value = session.control.ask(Method::POST, "/stop", Some(&which)).await?;
    }
    match delegated {
        Ok(delegation) => handed_over(&delegation, out),
        Err(refused) if was_shared => Err(refused.context("this peer goes on sharing it")),
        Err(refused) => {
            let others = caches.provider.describe(&index.overlay_id).await?.num_peers;
            if index.publisher == before.peer_id && others == 0 {
                caches.provider.withdraw(&index).await?;
            }
            Err(refused.context("it is shared no more"))
        }
    }
}
