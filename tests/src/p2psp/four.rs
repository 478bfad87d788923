//! A provider whose roles are a process each.
//!
//! UMS is first, with the CA; the others enrol with it and start; then each is told where the
//! others are, in its settings file, by SIGHUP: none has to know a port beforehand.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::daemon::{Daemon, program};
use crate::p2psp::{P2psp, run};

/// For one role to answer another: a machine that runs many tests is slow.
const CALL_TIMEOUT_MS: u64 = 5000;

struct Process {
    role: &'static str,
    file: PathBuf,
    daemon: Daemon,
}

/// Starts all four. A settings file among `more` is every process's.
pub(crate) fn start(state: &Path, more: &[&str]) -> anyhow::Result<P2psp> {
    std::fs::create_dir_all(state)?;
    let (given, more) = settings(more);
    let text = match &given {
        Some(path) => std::fs::read_to_string(path)?,
        None => String::new(),
    };
    let place = given.as_deref().and_then(Path::parent).unwrap_or(state);
    let launch = |role: &'static str, state: &Path, first: &str| -> anyhow::Result<Process> {
        let file = place.join(format!("{role}.toml"));
        std::fs::write(&file, format!("{first}call-timeout-ms = {CALL_TIMEOUT_MS}\n{text}"))?;
        let mut command = Command::new(program("p2psp")?);
        command.args(["serve", "--listen", "127.0.0.1:0", "--role", role, "--state-dir"]);
        command.arg(state).arg("--config").arg(&file).args(["--set", "overlay.probe=false"]);
        command.args(&more);
        Ok(Process { role, file, daemon: Daemon::start("p2psp", &mut command)? })
    };
    let ums = launch("ums", state, "")?;
    let url = ums.daemon.url.replace("127.0.0.1", "localhost");
    let mut all = vec![ums];
    for role in ["oms", "pams", "ixs"] {
        let own = state.join(role);
        enrol(role, state, &own, &url)?;
        all.push(launch(role, &own, &format!("authority-url = \"{url}\"\n"))?);
    }
    introduce(&all)?;
    let oms = all.iter().position(|process| process.role == "oms").context("no oms")?;
    let daemon = all.remove(oms).daemon;
    let others = all.into_iter().map(|process| (process.role, process.daemon)).collect();
    Ok(P2psp { daemon, others, state: state.to_owned(), place: None, more: Vec::new() })
}

/// The settings file among arguments, and the others.
fn settings<'a>(arguments: &[&'a str]) -> (Option<PathBuf>, Vec<&'a str>) {
    let Some(at) = arguments.iter().position(|argument| *argument == "--config") else {
        return (None, arguments.to_vec());
    };
    let rest = arguments.iter().take(at).chain(arguments.iter().skip(at + 2));
    (arguments.get(at + 1).map(PathBuf::from), rest.copied().collect())
}

/// A certificate of the role, over a key that is made here.
fn enrol(role: &str, authority: &Path, own: &Path, url: &str) -> anyhow::Result<()> {
    let (name, authority) = (format!("p2psp/p2psp/{role}/1"), authority.display().to_string());
    let order = ["pki", "token", &name, "--state-dir", &authority, "--url", url];
    let names = ["--server-name", "localhost", "--server-name", "127.0.0.1"];
    let token = run(&[&order[..], &names[..]].concat())?;
    let out = own.join("pki").display().to_string();
    run(&["pki", "enroll", token.trim(), "--out", &out]).map(|_| ())
}

/// Tells each where the others are.
fn introduce(all: &[Process]) -> anyhow::Result<()> {
    for process in all {
        let mut text = std::fs::read_to_string(&process.file)?;
        for other in all.iter().filter(|other| other.role != process.role) {
            let (role, url) = (other.role, &other.daemon.url);
            text += &format!("\n[[role-server]]\nrole = \"{role}\"\nurl = \"{url}\"\n");
        }
        std::fs::write(&process.file, text)?;
        process.daemon.signal("HUP")?;
        process.daemon.pass_to_log("settings taken over")?;
    }
    Ok(())
}
