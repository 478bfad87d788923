//! `p2psp check`: settings, and the files that they name, as `serve` would take them.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use link::daemon::trust_domain;
use link::identity::SpiffeName;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};

use crate::cli::InputArguments;
use crate::settings::{IspSettings, Settings};
use crate::users::Policy;

const EXAMPLES: &str = "\
Nothing is made and nobody asked: whether addresses are free, and what a UNIS says, shows when the
server runs.

Examples:
  p2psp check --config p2psp.toml
  p2psp check --config p2psp.toml --set list.size=30        as it would be with another value";

/// Arguments of `p2psp check`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(flatten)]
    inputs: InputArguments,
}

/// Reads everything, and says what would run.
///
/// # Errors
/// Settings or files are refused.
pub fn run(arguments: &Arguments, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.inputs.inputs())?;
    let domain = trust_domain(&settings.identity()?)?;
    for server in &settings.role_server {
        SpiffeName::in_domain(&domain, &server.name)
            .with_context(|| format!("role-server {}", server.role))?;
    }
    for isp in &settings.isp {
        files(isp).with_context(|| format!("isp {:?}", isp.name))?;
    }
    if let Some(policy) = &settings.class.policy {
        Policy::read(policy).context("class.policy")?;
    }
    tell(&settings, out)?;
    Ok(ExitCode::SUCCESS)
}

/// The bundle, and what is shown to that UNIS: read as they will be.
fn files(isp: &IspSettings) -> anyhow::Result<()> {
    let server = ServerTrust {
        trust_domain: isp.trust_domain.clone(),
        bundle: isp.bundle.clone(),
        crl: isp.crl.clone(),
    };
    let own = isp.certificate.clone().zip(isp.key.clone());
    let settings = ClientTlsSettings { own, servers: vec![server], expected: None };
    ClientTls::load(settings, link::metrics::Metrics::new())?;
    Ok(())
}

fn tell(settings: &Settings, out: &mut dyn Write) -> anyhow::Result<()> {
    let roles: Vec<&str> = settings.role.iter().map(|part| part.as_str()).collect();
    writeln!(out, "roles {}", roles.join(","))?;
    writeln!(out, "state {}", settings.state_dir()?.display())?;
    for isp in &settings.isp {
        let whose = match isp.prefixes.len() {
            0 => "all addresses".to_owned(),
            count => format!("{count} prefixes"),
        };
        writeln!(out, "isp {} at {} for {whose}", isp.name, isp.url)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    /// What is wrong with settings in `folder`; nothing where they are good.
    fn wrong(folder: &Path, text: &str) -> String {
        let file = folder.join("p2psp.toml");
        let state = format!("state-dir = {:?}\n", folder.join("state"));
        std::fs::write(&file, state + text).unwrap();
        let typed = ["p2psp", "check", "--config", file.to_str().unwrap()];
        let Command::Check(arguments) = Cli::try_parse_from(typed).unwrap().command else {
            panic!("another command");
        };
        let checked = run(&arguments, &mut Vec::new());
        checked.err().map_or_else(String::new, |error| format!("{error:#}"))
    }

    /// Each is refused by `serve` as well, or makes no sense when it runs.
    #[test]
    fn check_finds_what_serve_would() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let domain = "a.example".to_owned();
        let names = link::pki::PkiSettings {
            trust_domain: domain,
            server_path: "p2psp/p2psp/oms/1".into(),
            server_names: Vec::new(),
            peer_life: std::time::Duration::from_secs(3600),
        };
        link::pki::Authority::init(&at.join("isp"), &names).unwrap();
        std::fs::write(at.join("empty.pem"), "").unwrap();
        std::fs::write(at.join("classes.toml"), "hysteresis-percent = 101").unwrap();
        let isp = |url: &str, bundle: &str| {
            format!("[[isp]]\nname = \"a\"\nurl = {url:?}\nbundle = {bundle:?}\n")
        };
        let (url, bundle) = ("https://unis.example/directory", "isp/ca.pem");
        assert_eq!(wrong(at, &isp(url, bundle)), "");
        let server = "[[role-server]]\nrole = \"ums\"\nurl = \"https://u.example\"\n";
        for (text, told) in [
            (isp("unis.example", bundle), "unis.example"),
            (isp("ftp://unis.example/directory", bundle), "ftp://"),
            (isp("https:///directory", bundle), "https:///directory"),
            (isp(url, "none.pem"), "none.pem"),
            (isp(url, "empty.pem"), "empty.pem"),
            ("[log]\nlevel = \"p2psp=loud\"\n".to_owned(), "no log level"),
            ("[class]\npolicy = \"classes.toml\"\n".to_owned(), "hysteresis-percent"),
            ("authority-url = \"https://ums.example\"\n".to_owned(), "nothing was enrolled for"),
            ("provider = \"no name\"\n".to_owned(), "no name"),
            (format!("role = [\"oms\"]\n{server}name = \"a b\"\n"), "role-server ums"),
            ("[overlay]\nstun-ports = [3478, 0, 0, 3478]\n".to_owned(), "3478 twice"),
        ] {
            let found = wrong(at, &text);
            assert!(found.contains(told), "{text}: {found:?}");
        }
        assert!(!at.join("state").exists(), "checking makes nothing");
    }
}
