//! A daemon's own keys and whose certificates it takes: `STATE/pki` and the partners of the
//! settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use crate::metrics::Metrics;
use crate::pki::service::Service as Enrolment;
use crate::pki::{Authority, PkiSettings};
use crate::shutdown::Shutdown;
use crate::tls::{ClientCertificates, ServerTls, ServerTlsSettings};
use crate::trust::{PartnerTrust, TrustDomain, TrustSettings};

/// File of the PKI folder that holds the trust domain.
const TRUST_DOMAIN_FILE: &str = "trust-domain";

/// The part of a daemon's settings that says who it is and whom it believes.
#[derive(Clone, Debug)]
pub struct IdentitySettings {
    /// Folder whose `pki` holds keys and certificates.
    pub state_dir: PathBuf,
    /// The trust domain, where the operator named one.
    pub trust_domain: Option<String>,
    /// The one of a CA that is made without one being named.
    pub default_trust_domain: &'static str,
    /// Path of the server's SPIFFE name, such as `isp/64500/unis/1`.
    pub server_path: String,
    /// Further names for the server's certificate.
    pub server_names: Vec<String>,
    /// Partners of bilateral agreements.
    pub partners: Vec<PartnerTrust>,
}

/// The server's PKI and TLS configuration.
pub struct Identities {
    authority: Arc<Authority>,
    folder: PathBuf,
    trust_domain: String,
    tls: Arc<ServerTls>,
}

impl Identities {
    /// Opens `STATE/pki`, creating a CA and first certificates if there are none.
    ///
    /// # Errors
    /// The folder cannot be written, or a file in it, or a partner's, is not what it should be.
    pub fn open(settings: &IdentitySettings, metrics: Metrics) -> anyhow::Result<Self> {
        let folder = pki_folder(settings);
        let (authority, names) = open_authority(settings, &folder)?;
        let tls = ServerTls::load(tls_settings(settings, &folder, &names.trust_domain), metrics)?;
        Ok(Self { authority: Arc::new(authority), folder, trust_domain: names.trust_domain, tls })
    }

    /// The TLS configuration in force.
    #[must_use]
    pub fn tls(&self) -> Arc<ServerTls> {
        Arc::clone(&self.tls)
    }

    /// The trust domain of this organisation.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        &self.trust_domain
    }

    /// The CA.
    #[must_use]
    pub fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority)
    }

    /// Enrolment and renewal over HTTP, below `/pki/`.
    #[must_use]
    pub fn enrolment(&self) -> Enrolment {
        Enrolment::new(Arc::clone(&self.authority))
    }

    /// Renews what runs out and follows the files until shutdown.
    pub fn watch(&self, shutdown: &Shutdown) {
        tokio::spawn(Arc::clone(&self.authority).watch(shutdown.clone()));
        tokio::spawn(Arc::clone(&self.tls).watch(shutdown.clone()));
    }

    /// Takes over the partners of changed settings.
    ///
    /// # Errors
    /// What could not be taken over; the rest is in force.
    pub fn follow(&self, settings: &IdentitySettings) -> Result<(), String> {
        let next = tls_settings(settings, &self.folder, &self.trust_domain);
        self.tls.reload_with(next).map_err(|error| error.to_string())
    }
}

/// Where keys and certificates lie.
#[must_use]
pub fn pki_folder(settings: &IdentitySettings) -> PathBuf {
    settings.state_dir.join("pki")
}

/// Opens the CA in `folder`, creating what is missing, and remembers the trust domain it is for.
///
/// # Errors
/// As for [`Identities::open`].
pub fn open_authority(
    settings: &IdentitySettings,
    folder: &Path,
) -> anyhow::Result<(Authority, PkiSettings)> {
    let names = pki_settings(settings, folder)?;
    let authority = Authority::init(folder, &names)?;
    let remembered = folder.join(TRUST_DOMAIN_FILE);
    if !remembered.exists() {
        std::fs::write(&remembered, &names.trust_domain)
            .with_context(|| format!("cannot write {}", remembered.display()))?;
    }
    Ok((authority, names))
}

/// How the CA of this organisation and the certificate of this server are named: by the settings,
/// or as they were when the CA was made.
///
/// # Errors
/// The settings name another trust domain than the one that the CA was made for.
pub fn pki_settings(settings: &IdentitySettings, folder: &Path) -> anyhow::Result<PkiSettings> {
    let remembered = std::fs::read_to_string(folder.join(TRUST_DOMAIN_FILE)).ok();
    let remembered = remembered.map(|text| text.trim().to_owned());
    let trust_domain = match (&settings.trust_domain, remembered) {
        (Some(set), Some(made)) if *set != made => bail!(
            "the CA in {} was made for the trust domain {made}, not {set}; give another state directory",
            folder.display()
        ),
        (Some(set), _) => set.clone(),
        (None, Some(made)) => made,
        (None, None) => settings.default_trust_domain.to_owned(),
    };
    Ok(PkiSettings {
        trust_domain,
        server_path: settings.server_path.clone(),
        server_names: settings.server_names.clone(),
    })
}

fn tls_settings(
    settings: &IdentitySettings,
    folder: &Path,
    trust_domain: &str,
) -> ServerTlsSettings {
    ServerTlsSettings {
        certificate: folder.join("server.pem"),
        key: folder.join("server-key.pem"),
        trust: TrustSettings {
            own: TrustDomain {
                name: trust_domain.to_owned(),
                bundle: folder.join("ca.pem"),
                crl: Some(folder.join("crl.pem")),
            },
            partners: settings.partners.clone(),
        },
        // Enrolment and the public view are for clients without a certificate; the role table
        // refuses them the rest.
        client_certificates: ClientCertificates::Optional,
    }
}
