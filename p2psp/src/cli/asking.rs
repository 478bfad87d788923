//! What commands ask of a running server, with the operator's certificate.

use std::io::Write;
use std::path::PathBuf;
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

/// For the server to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Which server is asked, as whom.
#[derive(Args, Debug)]
pub struct Asking {
    #[command(flatten)]
    state: StateArguments,
    /// The running server [default: https://localhost and the port of the setting listen]
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
        let base = self.url.clone().or_else(|| settings.public_url.clone()).unwrap_or(near);
        let pki: PathBuf = pki_folder(&settings.identity()?);
        let server = ServerTrust { trust_domain: None, bundle: pki.join("ca.pem"), crl: None };
        let own = Some((pki.join("client.pem"), pki.join("client-key.pem")));
        let tls = ClientTlsSettings { own, servers: vec![server], expected: None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let tls = ClientTls::load(tls, link::metrics::Metrics::new())
                .context("no operator's certificate can be read")?;
            let client = Client::builder().tls(tls).response_timeout(ANSWER_WITHIN).build();
            let url = format!("{base}{path}");
            let answer = client.call(method, &url).await?;
            if answer.status == StatusCode::NO_CONTENT {
                return Ok(Value::Null);
            }
            let found: Value = serde_json::from_slice(&answer.body).context("no JSON")?;
            match answer.status.is_success() {
                true => Ok(found),
                false => {
                    let told = found["error"]["message"].as_str().unwrap_or("-");
                    bail!("{}: {told}", answer.status)
                }
            }
        })
    }

    /// Prints a list, a line each, or all as JSON.
    pub(crate) fn print(
        &self,
        found: &Value,
        out: &mut dyn Write,
        line: impl Fn(&Value, &mut dyn Write) -> std::io::Result<()>,
    ) -> anyhow::Result<ExitCode> {
        match self.format {
            Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(found)?)?,
            Format::Text => {
                found.as_array().into_iter().flatten().try_for_each(|one| line(one, out))?;
            }
        }
        Ok(ExitCode::SUCCESS)
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
