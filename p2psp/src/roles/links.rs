//! Where the roles of other processes are, by the settings in force.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use link::client::Client;
use link::identity::{SpiffeError, SpiffeName};
use link::metrics::Metrics;
use link::shutdown::Shutdown;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust, TlsError};

use crate::roles::distant::{Distant, End};
use crate::settings::{Part, RoleServer};

/// Largest answer of a role, bytes.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// All roles, as seen from outside.
pub struct Links {
    distant: [Arc<Distant>; Part::ALL.len()],
    material: Material,
}

/// What links are made with.
pub struct Material {
    /// Certificate and key to show (PEM).
    pub own: (PathBuf, PathBuf),
    /// Whom to believe.
    pub colleagues: ServerTrust,
    /// What is counted.
    pub metrics: Metrics,
    /// Ends everything.
    pub shutdown: Shutdown,
}

/// A role's process cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum LinksError {
    /// Certificates.
    #[error("role-server {part}: {source}")]
    Tls {
        /// Which role.
        part: Part,
        /// What is wrong.
        source: TlsError,
    },
    /// The name that it is to have.
    #[error("role-server {part}: {source}")]
    Name {
        /// Which role.
        part: Part,
        /// What is wrong.
        source: SpiffeError,
    },
}

impl Links {
    /// No role is anywhere yet.
    #[must_use]
    pub fn new(material: Material) -> Self {
        Self { distant: Part::ALL.map(|part| Arc::new(Distant::new(part))), material }
    }

    /// A role of another process.
    #[must_use]
    pub fn to(&self, part: Part) -> Arc<Distant> {
        let all = Part::ALL.iter().zip(&self.distant);
        let found = all.into_iter().find(|(one, _)| **one == part).map(|(_, distant)| distant);
        found.map_or_else(|| Arc::new(Distant::new(part)), Arc::clone)
    }

    /// Takes the places of `servers` over; whoever is not named is nowhere. `timeout` bounds a
    /// call. Must be called inside a runtime.
    ///
    /// # Errors
    /// [`LinksError`]; all stay where they were then.
    pub fn follow(&self, servers: &[RoleServer], timeout: Duration) -> Result<(), LinksError> {
        let mut moves = Vec::new();
        for part in Part::ALL {
            let distant = self.to(part);
            match servers.iter().find(|server| server.role == part) {
                None => moves.push((distant, None)),
                Some(server) => {
                    let name = self.name(server)?;
                    if !distant.is_at(&server.url, name.as_str()) {
                        moves.push((distant, Some(self.end(server, name, timeout)?)));
                    }
                }
            }
        }
        for (distant, end) in moves {
            distant.moves(end);
        }
        Ok(())
    }

    fn name(&self, server: &RoleServer) -> Result<SpiffeName, LinksError> {
        let domain = self.material.colleagues.trust_domain.as_deref().unwrap_or_default();
        SpiffeName::in_domain(domain, &server.name)
            .map_err(|source| LinksError::Name { part: server.role, source })
    }

    fn end(
        &self,
        server: &RoleServer,
        name: SpiffeName,
        timeout: Duration,
    ) -> Result<End, LinksError> {
        let Material { own, colleagues, metrics, shutdown } = &self.material;
        let text = name.to_string();
        let tls = ClientTlsSettings {
            own: Some(own.clone()),
            servers: vec![colleagues.clone()],
            expected: Some(name),
        };
        let tls = ClientTls::load(tls, metrics.clone())
            .map_err(|source| LinksError::Tls { part: server.role, source })?;
        let watch = shutdown.child();
        tokio::spawn(Arc::clone(&tls).watch(watch.clone()));
        let client = Client::builder().tls(tls).connect_timeout(timeout).handshake_timeout(timeout);
        let client = client.response_timeout(timeout).max_response_bytes(MAX_ANSWER_BYTES).build();
        Ok(End { url: server.url.clone(), name: text, client, watch })
    }
}
