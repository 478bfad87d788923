//! `peer get`: fetch a content, and watch it come.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::Args;
use http::Method;
use indicatif::HumanBytes;
use link::daemon::run_to_end;
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;

use crate::cli::InputArguments;
use crate::cli::delegates::{Caches, DelegateArguments, handed_over};
use crate::cli::play::{How, tell_urls, to_stdout};
use crate::cli::progress::Bars;
use crate::cli::session::Session;
use crate::control::Control;
use crate::control::message::{Fetch, Started, State, Status, TransferStatus, is_index_file};
use crate::node::index_of;
use crate::settings::IspSettings;

/// From one look at how far it is to the next.
const LOOK: Duration = Duration::from_millis(200);

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
    /// Fetch only this file of the content; may be given several times
    #[arg(long = "file", value_name = "PATH")]
    files: Vec<String>,
    /// Order the peers by the public view of your ISP's ALTO server, at the URL of its directory
    #[arg(long, value_name = "URL")]
    unis: Option<String>,
    /// The CA certificates that this server is checked by [default: the system's]
    #[arg(long, value_name = "FILE", requires = "unis")]
    unis_ca: Option<PathBuf>,
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
    run_to_end(async {
        let session = Session::open(&arguments.inputs).await?;
        if arguments.detach && session.is_own() {
            session.close().await;
            bail!("--detach needs a running peer; `peer serve` starts one");
        }
        let fetched = tokio::select! {
            fetched = fetch(arguments, folder, &session, out) => fetched,
            () = session.interrupted() => Err(anyhow::anyhow!("interrupted; what is here is kept")),
        };
        let fetched = match fetched {
            Ok(Next::Play) => {
                session.interrupted().await;
                Ok(Next::End)
            }
            other => other,
        };
        session.close().await;
        fetched.map(|_| ExitCode::SUCCESS)
    })
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
}

async fn fetch(
    arguments: &Arguments,
    folder: PathBuf,
    session: &Session,
    out: &mut dyn Write,
) -> anyhow::Result<Next> {
    let control = &session.control;
    let how = arguments.how();
    let mut wanted = Vec::new();
    for what in &arguments.what {
        let local = std::path::Path::new(what);
        let what = match is_index_file(local) {
            true => std::path::absolute(local)?.display().to_string(),
            false => what.clone(),
        };
        let fetch = Fetch {
            what: what.clone(),
            folder: folder.clone(),
            files: arguments.files.clone(),
            stream: how.is_some(),
            view: arguments.view()?,
        };
        let started: Result<Started, _> = control.ask(Method::POST, "/fetch", Some(&fetch)).await;
        let started = started.with_context(|| format!("cannot fetch {what}"))?;
        if started.folder != folder {
            eprintln!("{} is at {} already", started.title, started.folder.display());
        }
        wanted.push(started);
    }
    if let (Some(How::Stdout), [film]) = (how, &wanted[..]) {
        to_stdout(control, &film.content_id, &arguments.files).await?;
        return Ok(Next::End);
    }
    if let (Some(How::Http), [film]) = (how, &wanted[..]) {
        tell_urls(control, &film.content_id, &arguments.files, out).await?;
    }
    if arguments.detach {
        for started in wanted {
            writeln!(out, "fetching {} {}", started.content_id, started.title)?;
        }
        return Ok(Next::End);
    }
    let since = Instant::now();
    let ids: Vec<ContentId> = wanted.iter().map(|started| started.content_id.clone()).collect();
    let done = watch(control, &ids).await?;
    let caches = Caches::open(&arguments.inputs)?;
    for id in &ids {
        caches.fetched(id).await;
    }
    for transfer in done {
        let started = wanted.iter().find(|started| started.content_id == transfer.content_id);
        match (arguments.json, started) {
            (false, Some(started)) => tell(&transfer, &started.folder, since.elapsed(), out)?,
            _ => writeln!(out, "{}", serde_json::to_string(&transfer)?)?,
        }
    }
    if how == Some(How::Http) && session.is_own() {
        writeln!(out, "all of it is here; Ctrl-C ends the address")?;
        out.flush()?;
        return Ok(Next::Play);
    }
    Ok(Next::End)
}

/// Until all are there.
pub(crate) async fn watch(
    control: &Control,
    ids: &[ContentId],
) -> anyhow::Result<Vec<TransferStatus>> {
    let mut bars = Bars::default();
    loop {
        let status: Status = control.get("/status").await?;
        let ours: Vec<TransferStatus> = status
            .transfers
            .into_iter()
            .filter(|transfer| ids.contains(&transfer.content_id))
            .collect();
        bars.show(&ours);
        if ours.len() < ids.len() {
            bail!("the running peer has given it up");
        }
        for transfer in &ours {
            if matches!(transfer.state, State::Failed | State::Stopped) {
                let why = transfer.message.as_deref().unwrap_or("it was stopped");
                bail!("{}: {why}", transfer.title);
            }
        }
        if ours.iter().all(|transfer| transfer.state == State::Sharing) {
            bars.clear();
            return Ok(ours);
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn tell(
    transfer: &TransferStatus,
    folder: &Path,
    took: Duration,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let size = HumanBytes(transfer.size);
    let (title, folder) = (&transfer.title, folder.display());
    match transfer.downloaded {
        0 => writeln!(out, "{title}: {size} in {folder}, all of it was there")?,
        _ => writeln!(out, "{title}: {size} in {folder}, {:.1} s", took.as_secs_f64())?,
    }
    let whole = transfer.by_rank.iter().map(|share| share.bytes).sum::<u64>().max(1);
    for share in &transfer.by_rank {
        let from = match share.rank {
            Some(1) => "the nearest peers (rank 1)".to_owned(),
            Some(rank) => format!("peers of rank {rank}"),
            None => "peers of unknown distance".to_owned(),
        };
        writeln!(out, "  {:>3} % from {from}", share.bytes * 100 / whole)?;
    }
    Ok(())
}
