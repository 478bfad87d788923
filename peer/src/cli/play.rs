//! What `peer get --stream` does: bytes to standard output, or an address for a player.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, bail};
use clap::ValueEnum;
use http::Method;
use http_body_util::BodyExt;
use mp2p::id::ContentId;

use crate::cli::watch::watch;
use crate::control::Control;
use crate::control::message::{Play, Playing};

/// How a content is played.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum How {
    /// By an address on this machine.
    Http,
    /// To standard output.
    Stdout,
}

/// Prints where each file is played.
pub(crate) async fn tell_urls(
    control: &Control,
    content: &ContentId,
    files: &[String],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let play = Play { content_id: content.clone(), files: files.to_vec() };
    let playing: Vec<Playing> = control.ask(Method::POST, "/play", Some(&play)).await?;
    for film in playing {
        writeln!(out, "play {}", film.url)?;
    }
    Ok(out.flush()?)
}

/// Writes a file to standard output while it comes, with progress on the terminal. Whoever reads
/// may go before the end.
pub(crate) async fn to_stdout(
    control: &Control,
    content: &ContentId,
    files: &[String],
    patience: Option<u64>,
) -> anyhow::Result<()> {
    if files.len() > 1 {
        bail!("one file is played at a time, and {} are named", files.len());
    }
    let ids = [content.clone()];
    tokio::select! {
        played = pour(control, content, files.first()) => played,
        failed = fail(control, &ids, patience) => failed,
    }
}

async fn pour(control: &Control, content: &ContentId, file: Option<&String>) -> anyhow::Result<()> {
    let file = file.map_or_else(String::new, |file| format!("&file={}", escaped(file)));
    let mut body = control.stream(&format!("/film?content={content}{file}")).await?;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.context("it does not go on")?.into_data() else { continue };
        let written = tokio::task::spawn_blocking(move || {
            let mut out = io::stdout().lock();
            out.write_all(&piece).and_then(|()| out.flush())
        });
        match written.await? {
            // The player has seen enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
    Ok(())
}

/// Shows how far it is, and ends where the transfer fails.
async fn fail(control: &Control, ids: &[ContentId], patience: Option<u64>) -> anyhow::Result<()> {
    let watched = watch(control, ids, patience).await?;
    if let Some(why) = watched.failed.first() {
        bail!("{why}");
    }
    // All of it is here: what is left is for the player to take.
    std::future::pending().await
}

/// As a part of a query (RFC 3986 §3.4).
fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
