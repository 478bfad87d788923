//! `peer get`: fetch a content, and watch it come.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use clap::Args;
use http::Method;
use indicatif::HumanBytes;
use link::daemon::{error_text, run_to_end};
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;
use serde_json::Value;

use crate::cli::InputArguments;
use crate::cli::bring::bring;
use crate::cli::delegates::{Caches, DelegateArguments, handed_over};
use crate::cli::got::tell;
use crate::cli::play::{How, tell_urls, to_stdout};
use crate::cli::session::Session;
use crate::cli::watch::watch;
use crate::control::Control;
use crate::control::message::{Fetch, Started, Which, is_index_file};
use crate::node::index_of;
use crate::plain::plain;
use crate::settings::IspSettings;

/// A command that is a peer of its own does not wait for ever for somebody who has what is missing.
const PATIENCE_S: u64 = 300;

/// Peers of other commands that may end while this one fetches through them.
const MAX_PEERS: u32 = 1000;

/// Arguments of `peer get`.
#[derive(Args, Debug)]
pub struct Arguments {
    /// What to fetch: the id of a content, its name, or an index file (NAME.jws); several at once
    #[arg(required = true, value_name = "NAME|ID|FILE")]
    what: Vec<String>,
    /// The folder to put it in [default: setting download-dir, else this folder]; `-`: play it to
    /// standard output
    #[arg(short, long = "output", value_name = "DIR")]
    output: Option<PathBuf>,
    /// Play it while it comes, in order: `http` prints an address for a player, `stdout` (also by
    /// `-o -`) writes the bytes to standard output
    #[arg(long, value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "http", conflicts_with = "json")]
    stream: Option<How>,
    /// Fetch only this file or folder of the content, such as album/song.ogg, song.ogg or
    /// album/live; may be given several times
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<String>,
    /// Only list the files of the content
    #[arg(long, conflicts_with_all = ["files", "output", "stream", "detach", "delegate"])]
    list: bool,
    /// Give up once nobody has had what is missing for so long; [default: 300 where no
    /// peer runs, else never]
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
    /// Order the peers by the public view of your ISP's ALTO server, at the URL of its directory
    #[arg(long, value_name = "URL")]
    unis: Option<String>,
    /// The CA certificates that this server is checked by [default: the system's]
    #[arg(long, value_name = "FILE", requires = "unis")]
    unis_ca: Option<PathBuf>,
    /// Begin though the disk has less room than all of it takes: holes of a content take none
    #[arg(long)]
    anyway: bool,
    /// Leave it to the peer that runs, and do not wait
    #[arg(long)]
    detach: bool,
    /// Print what came from how far when it is done, as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    delegate: DelegateArguments,
    #[command(flatten)]
    inputs: InputArguments,
}

impl Arguments {
    fn view(&self) -> anyhow::Result<IspSettings> {
        let ca = self.unis_ca.as_ref().map(std::path::absolute).transpose()?;
        Ok(IspSettings { unis: self.unis.clone(), ca })
    }

    /// Whether what lies elsewhere is copied to the folder that is named.
    fn copies(&self) -> bool {
        match self.how() {
            None => !self.detach,
            Some(How::Http) => !self.detach && self.output.is_some(),
            Some(How::Stdout) => false,
        }
    }

    fn how(&self) -> Option<How> {
        let to_stdout = self.output.as_ref().is_some_and(|folder| *folder == *"-");
        if to_stdout { Some(How::Stdout) } else { self.stream }
    }
}

/// Fetches and waits until all of it is there.
///
/// # Errors
/// Something cannot be found or fetched.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    if arguments.what.len() > 1 && !arguments.files.is_empty() {
        bail!("--file chooses files of one content, and {} are named", arguments.what.len());
    }
    if arguments.list {
        return run_to_end(list(arguments, out));
    }
    if arguments.delegate.delegate {
        return run_to_end(delegate(arguments, out));
    }
    let how = arguments.how();
    if how.is_some() && arguments.what.len() > 1 {
        bail!("one content is played at a time, and {} are named", arguments.what.len());
    }
    if how == Some(How::Stdout) && arguments.detach {
        bail!("what goes to standard output cannot be left to another");
    }
    let (settings, home) = arguments.inputs.open()?;
    let folder = arguments.output.clone().filter(|folder| *folder != *"-");
    let folder = folder.or(settings.download_dir).unwrap_or_else(|| match how {
        Some(How::Stdout) => home.played(),
        _ => PathBuf::from("."),
    });
    let folder = std::path::absolute(folder)?;
    if let Some(file) = folder.ancestors().find(|part| part.is_file()) {
        bail!("-o names a folder, and {} is a file", file.display());
    }
    run_to_end(async {
        for _ in 0..MAX_PEERS {
            let session = Session::open(&arguments.inputs).await?;
            match through(arguments, &folder, session, out).await? {
                Next::Again => {}
                Next::End | Next::Play => return Ok(ExitCode::SUCCESS),
            }
        }
        bail!("the peers of {MAX_PEERS} other commands have ended meanwhile");
    })
}

/// Fetches through one peer.
async fn through(
    arguments: &Arguments,
    folder: &Path,
    session: Session,
    out: &mut dyn Write,
) -> anyhow::Result<Next> {
    if arguments.detach && session.is_own() {
        session.close().await;
        bail!("--detach needs a running peer; `peer serve` starts one");
    }
    let fetched = tokio::select! {
        fetched = fetch(arguments, folder.to_owned(), &session, out) => fetched,
        () = session.interrupted() => {
            session.close().await;
            bail!("interrupted; what is here is kept");
        }
    };
    let fetched = match fetched {
        Ok(Next::Play) => {
            session.interrupted().await;
            Ok(Next::End)
        }
        // What it has fetched is here.
        Err(_ended) if session.has_gone().await => Ok(Next::Again),
        other => other,
    };
    session.close().await;
    fetched
}

/// A cache fetches it, and this peer leaves.
async fn delegate(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    if arguments.detach || arguments.output.is_some() || !arguments.files.is_empty() {
        bail!("--delegate fetches whole contents to a cache, not to a folder of this machine");
    }
    let caches = Caches::open(&arguments.inputs)?;
    for what in &arguments.what {
        let told = || format!("cannot have {what} fetched");
        let signed = index_of(&caches.provider, what).await.with_context(told)?;
        let index = IndexFile::open(&signed).with_context(told)?;
        let delegation =
            caches.hand_over(&index, true, &arguments.delegate).await.with_context(told)?;
        handed_over(&delegation, out)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What is left when all of it is here.
enum Next {
    End,
    /// A player uses the address, until Ctrl-C.
    Play,
    /// The peer was another command's, and has ended with it.
    Again,
}

async fn fetch(
    arguments: &Arguments,
    folder: PathBuf,
    session: &Session,
    out: &mut dyn Write,
) -> anyhow::Result<Next> {
    let control = &session.control;
    let how = arguments.how();
    let since = Instant::now();
    let patience = arguments.wait.or(session.is_own().then_some(PATIENCE_S));
    let (wanted, failed) = begin(arguments, &folder, control).await?;
    let (wanted, mut failed) = with_room(arguments, session, wanted, failed).await?;
    if let (Some(how), [film]) = (how, &wanted[..]) {
        let files: &[String] = if arguments.files.is_empty() { &[] } else { &film.files };
        match how {
            How::Stdout => {
                to_stdout(control, &film.content_id, files, patience).await?;
                return Ok(Next::End);
            }
            How::Http => tell_urls(control, &film.content_id, files, out).await?,
        }
    }
    if arguments.detach {
        for started in &wanted {
            writeln!(out, "fetching {} {}", started.content_id, started.title)?;
            // Who plays it gets its addresses, wherever it lies.
            if how.is_none() && arguments.output.is_some() && started.folder != folder {
                failed.push(format!(
                    "{} is at {}, and stays there; without --detach it is copied",
                    started.title,
                    started.folder.display()
                ));
            }
        }
        return all_or_error(failed, arguments.what.len()).map(|()| Next::End);
    }
    let ids: Vec<ContentId> = wanted.iter().map(|started| started.content_id.clone()).collect();
    let watched = watch(control, &ids, patience).await?;
    failed.extend(watched.failed);
    // Told once, it does not come unasked when some later command finds nothing in its way.
    for content_id in watched.void.into_iter().filter(|_| session.is_own()) {
        let _: Value = control.ask(Method::POST, "/stop", Some(&Which { content_id })).await?;
    }
    let caches = Caches::open(&arguments.inputs)?;
    for transfer in watched.done {
        caches.fetched(&transfer.content_id).await;
        let started = wanted.iter().find(|started| started.content_id == transfer.content_id);
        let Some(started) = started else { continue };
        if arguments.copies() {
            let (files, from, to) = (started.files.clone(), started.folder.clone(), folder.clone());
            let brought = tokio::task::spawn_blocking(move || match from == to {
                true => Ok(()),
                false => bring(&files, &from, &to),
            });
            if let Err(error) = brought.await? {
                failed.push(error_text(&error));
                continue;
            }
        }
        match arguments.json {
            false => tell(&transfer, (started.size, &folder), since.elapsed(), out)?,
            true => writeln!(out, "{}", serde_json::to_string(&transfer)?)?,
        }
    }
    all_or_error(failed, arguments.what.len())?;
    if how == Some(How::Http) && session.is_own() {
        writeln!(out, "all of it is here; Ctrl-C ends the address")?;
        out.flush()?;
        return Ok(Next::Play);
    }
    Ok(Next::End)
}

/// Begins to fetch all that can be found: what was begun, and why the rest was not.
async fn begin(
    arguments: &Arguments,
    folder: &Path,
    control: &Control,
) -> anyhow::Result<(Vec<Started>, Vec<String>)> {
    let (mut wanted, mut failed) = (Vec::<Started>::new(), Vec::new());
    for what in &arguments.what {
        let local = Path::new(what);
        let what = match is_index_file(local) {
            true => std::path::absolute(local)?.display().to_string(),
            false => what.clone(),
        };
        let fetch = Fetch {
            what: what.clone(),
            folder: folder.to_owned(),
            files: arguments.files.clone(),
            stream: arguments.how().is_some(),
            view: arguments.view()?,
            anyway: arguments.anyway,
        };
        let started: Result<Started, _> = control.ask(Method::POST, "/fetch", Some(&fetch)).await;
        match started {
            Ok(started) if wanted.iter().any(|one| one.content_id == started.content_id) => {}
            Ok(started) => {
                started.note.iter().for_each(|note| eprintln!("{}: {note}", started.title));
                wanted.push(started);
            }
            Err(error) => {
                let why = format!("cannot fetch {what}: {error}");
                if arguments.what.len() > 1 {
                    eprintln!("{why}");
                }
                failed.push(why);
            }
        }
    }
    if wanted.is_empty() {
        all_or_error(failed, arguments.what.len())?;
        bail!("nothing is fetched");
    }
    Ok((wanted, failed))
}

/// Those that have room on the disk; the others wait for it where a peer runs, and are not waited
/// for.
async fn with_room(
    arguments: &Arguments,
    session: &Session,
    wanted: Vec<Started>,
    mut failed: Vec<String>,
) -> anyhow::Result<(Vec<Started>, Vec<String>)> {
    let mut with_room = Vec::new();
    for started in wanted {
        if let (true, Some(why)) = (arguments.copies(), &started.no_copy) {
            let (title, lies) = (&started.title, started.folder.display());
            failed.push(format!("{title} lies in {lies}, and for a copy of it there is {why}"));
            continue;
        }
        let Some(why) = &started.no_room else {
            with_room.push(started);
            continue;
        };
        let title = &started.title;
        if session.is_own() {
            let which = Which { content_id: started.content_id.clone() };
            let _: Value = session.control.ask(Method::POST, "/stop", Some(&which)).await?;
            failed.push(format!("{title}: {why}"));
        } else if arguments.detach {
            eprintln!("{title}: {why}; it comes once there is room");
            with_room.push(started);
        } else {
            failed.push(format!(
                "{title}: {why}; it comes once there is room, or `peer stop` ends it"
            ));
        }
    }
    if with_room.is_empty() {
        all_or_error(failed, arguments.what.len())?;
        bail!("nothing is fetched");
    }
    Ok((with_room, failed))
}

/// What could not be done is the error of the command, whatever was.
fn all_or_error(failed: Vec<String>, asked: usize) -> anyhow::Result<()> {
    match &failed[..] {
        [] => Ok(()),
        [one] if asked == 1 => bail!("{one}"),
        several => bail!("{} of {asked} failed:\n{}", several.len(), several.join("\n")),
    }
}

/// Prints the files of contents, and fetches nothing.
async fn list(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let caches = Caches::open(&arguments.inputs)?;
    for what in &arguments.what {
        let told = || format!("cannot look into {what}");
        let signed = index_of(&caches.provider, what).await.with_context(told)?;
        let index = IndexFile::open(&signed).with_context(told)?;
        if arguments.json {
            writeln!(out, "{}", serde_json::to_string(&index.files)?)?;
            continue;
        }
        for file in &*index.files {
            writeln!(out, "{:>10}  {}", HumanBytes(file.size).to_string(), plain(&file.path))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_came_what_did_not_is_an_error() {
        assert!(all_or_error(Vec::new(), 3).is_ok());
        let one =
            |asked| all_or_error(vec!["b is gone".to_owned()], asked).unwrap_err().to_string();
        assert_eq!(one(1), "b is gone");
        assert_eq!(one(3), "1 of 3 failed:\nb is gone");
    }
}
