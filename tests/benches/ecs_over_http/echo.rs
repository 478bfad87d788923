//! The rival: a server that reads a request and answers as many bytes as its path says, on the
//! listener, limits and certificates that `unis` uses.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use hyper::body::Incoming;
use link::body::{self, Body};
use link::metrics::Metrics;
use link::server::{Limits, Listener, Security};
use link::shutdown::Shutdown;
use link::tls::{ClientCertificates, ServerTls, ServerTlsSettings};
use link::trust::{TrustDomain, TrustSettings};

/// First argument of this program as echo server; the second is the folder of certificates.
pub(crate) const COMMAND: &str = "echo";
/// As the settings of `unis` have it.
const MAX_BODY_BYTES: usize = 1 << 20;
const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// Longest answer.
const MAX_ANSWER_BYTES: usize = 1 << 24;

/// An echo server in a process of its own; dropped, it is killed.
pub(crate) struct Echo {
    child: Child,
    /// Host and port.
    pub(crate) authority: String,
}

impl Echo {
    /// Starts one, with the certificates of `pki` if given.
    pub(crate) fn start(pki: Option<&Path>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(COMMAND).args(pki).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().context("no standard output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { child, authority: line.trim().to_owned() })
    }

    /// Process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves on a free port, printed, until standard input ends.
pub(crate) fn serve(pki: Option<&Path>) -> anyhow::Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let security = pki.map_or(Ok(Security::Plaintext), security)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind(free, Limits::default(), security)?;
        println!("{}", listener.local_address());
        let source = Bytes::from(vec![b'.'; MAX_ANSWER_BYTES]);
        let handler = move |request: Request<Incoming>| {
            let source = source.clone();
            async move { answer(request, &source).await.unwrap_or_else(|never| match never {}) }
        };
        listener.run(Arc::new(handler), Shutdown::new()).await;
        Ok(())
    })
}

async fn answer(request: Request<Incoming>, source: &Bytes) -> Result<Response<Body>, Infallible> {
    let asked = request.uri().path().trim_start_matches('/').parse().unwrap_or(0);
    let read = body::read(request.into_body(), MAX_BODY_BYTES, BODY_DEADLINE).await;
    let bytes = source.slice(..if read.is_ok() { asked.min(MAX_ANSWER_BYTES) } else { 0 });
    let mut response = Response::new(Body::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(alto::media::ENDPOINT_COST));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    *response.body_mut() = body::full(bytes);
    Ok(response)
}

/// What `unis` makes of the same folder.
fn security(pki: &Path) -> anyhow::Result<Security> {
    let name = std::fs::read_to_string(pki.join("trust-domain"))?.trim().to_owned();
    let own = TrustDomain { name, bundle: pki.join("ca.pem"), crl: Some(pki.join("crl.pem")) };
    let settings = ServerTlsSettings {
        certificate: pki.join("server.pem"),
        key: pki.join("server-key.pem"),
        trust: TrustSettings { own, partners: Vec::new() },
        client_certificates: ClientCertificates::Optional,
    };
    Ok(Security::Tls(ServerTls::load(settings, Metrics::new())?))
}
