//! What commands ask of a running server, with the operator's certificate.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use http::{Method, StatusCode};
use link::client::Client;
use link::daemon::pki_folder;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use serde_json::Value;

use crate::cli::state::{Format, StateArguments};
use crate::settings::{Part, Settings};

/// For the server to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Which server is asked, as whom.
#[derive(Args, Debug)]
pub struct Asking {
    #[command(flatten)]
    state: StateArguments,
    /// The running server [default: that of the role by the settings, or https://localhost and the
    /// port of the setting listen]
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Asking {
    /// How to print.
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Asks, and what is answered; nothing where the answer is empty.
    pub(crate) fn ask(&self, method: Method, path: &str) -> anyhow::Result<Value> {
        let settings = self.state.settings()?;
        let near = format!("https://localhost:{}", settings.listen.port());
        let base = self.url.clone().or_else(|| elsewhere(&settings, path));
        let base = base.or_else(|| settings.public_url.clone()).unwrap_or(near);
        let pki: PathBuf = pki_folder(&settings.identity()?);
        let server = ServerTrust { trust_domain: None, bundle: pki.join("ca.pem"), crl: None };
        let shown = pki.join("client.pem");
        let own = Some((shown.clone(), pki.join("client-key.pem")));
        let tls = ClientTlsSettings { own, servers: vec![server], expected: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let tls = ClientTls::load(tls, link::metrics::Metrics::new())
                .context("no operator's certificate can be read")?;
            let client = Client::builder().tls(tls).response_timeout(ANSWER_WITHIN).build();
            let url = format!("{base}{path}");
            let answer = client.call(method, &url).await.with_context(|| {
                format!("{base} does not answer (--url says where the server runs)")
            })?;
            if answer.status == StatusCode::NO_CONTENT {
                return Ok(Value::Null);
            }
            let found: Value = serde_json::from_slice(&answer.body).context("no JSON")?;
            match answer.status.is_success() {
                true => Ok(found),
                false => {
                    let (code, told) = (&found["error"]["code"], &found["error"]["message"]);
                    let hint = hint(code.as_str().unwrap_or_default(), &base, path, &shown);
                    bail!("{}: {}{hint}", answer.status, told.as_str().unwrap_or("-"))
                }
            }
        })
    }

    /// Prints a list, a line each, or `none` where it is empty; or all as JSON.
    pub(crate) fn print(
        &self,
        found: &Value,
        none: &str,
        out: &mut dyn Write,
        line: impl Fn(&Value, &mut dyn Write) -> std::io::Result<()>,
    ) -> anyhow::Result<ExitCode> {
        match self.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(found)?)?,
            Format::Text => {
                let all = found.as_array().map_or(&[][..], Vec::as_slice);
                if all.is_empty() {
                    writeln!(out, "{none}")?;
                }
                all.iter().try_for_each(|one| line(one, out))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The role that answers at a path.
fn part(path: &str) -> Option<Part> {
    path.split('/').nth(1).and_then(|word| word.parse().ok())
}

/// The server of another process that has the role which answers at `path`, by `[[role-server]]`.
fn elsewhere(settings: &Settings, path: &str) -> Option<String> {
    let part = part(path).filter(|part| !settings.role.contains(part))?;
    let server = settings.role_server.iter().find(|server| server.role == part)?;
    Some(server.url.clone())
}

/// What to do about a refusal that the request itself is not to blame for.
fn hint(code: &str, base: &str, path: &str, shown: &Path) -> String {
    let part = part(path).map_or("", Part::as_str);
    match code {
        "no-resource" => format!(
            "; {base} does not have the role {part}: --url names the server that has, or [[role-server]] in the settings"
        ),
        "role" | "no-certificate" => format!(
            "; {} is no operator's certificate: the operator's lies with the CA, so run this with --config, or --state-dir, of the server that has it, and --url of the one that has the role {part}",
            shown.display()
        ),
        _ => String::new(),
    }
}

/// A text as it may stand in a query (RFC 3986 §2.1).
pub(crate) fn quoted(text: &str) -> String {
    let quote = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(quote).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_can_stand_in_a_query() {
        assert_eq!(quoted("bad & ünfair=1"), "bad%20%26%20%C3%BCnfair%3D1");
    }
}
