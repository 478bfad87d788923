//! A daemon's own keys and whose certificates it takes: `STATE/pki` and the partners of the
//! settings.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::daemon::away::Away;
use crate::metrics::Metrics;
use crate::pki::service::Service as Enrolment;
use crate::pki::{Authority, Folder, PkiSettings, check_names};
use crate::shutdown::Shutdown;
use crate::tls::{ClientCertificates, ServerTls, ServerTlsSettings, ServerTrust};
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
    /// Certificates that a client's chain may have between leaf and bundle.
    pub max_intermediates: usize,
    /// How long certificates of peers are good, where there are peers.
    pub peer_life: Duration,
    /// Where the authority is, if not here: `STATE/pki` was enrolled for with it then.
    pub authority_url: Option<String>,
}

/// The server's PKI and TLS configuration.
pub struct Identities {
    authority: Home,
    folder: PathBuf,
    trust_domain: String,
    tls: Arc<ServerTls>,
}

/// Where the authority is.
enum Home {
    Here(Arc<Authority>),
    Away(Away),
}

impl Identities {
    /// Opens `STATE/pki`, creating a CA and first certificates if there are none.
    ///
    /// # Errors
    /// The folder cannot be written, or a file in it, or a partner's, is not what it should be.
    pub fn open(settings: &IdentitySettings, metrics: Metrics) -> anyhow::Result<Self> {
        let folder = pki_folder(settings);
        let (authority, trust_domain) = match &settings.authority_url {
            None => {
                let (authority, names) = open_authority(settings, &folder)?;
                (Home::Here(Arc::new(authority)), names.trust_domain)
            }
            Some(url) => {
                let (away, trust_domain) = Away::open(url, &folder, settings)?;
                (Home::Away(away), trust_domain)
            }
        };
        let tls = ServerTls::load(tls_settings(settings, &folder, &trust_domain), metrics)?;
        Ok(Self { authority, folder, trust_domain, tls })
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

    /// The CA, if it is in this process.
    #[must_use]
    pub fn authority(&self) -> Option<Arc<Authority>> {
        match &self.authority {
            Home::Here(authority) => Some(Arc::clone(authority)),
            Home::Away(_) => None,
        }
    }

    /// Enrolment and renewal over HTTP, below `/pki/`, if the CA is in this process.
    #[must_use]
    pub fn enrolment(&self) -> Option<Enrolment> {
        self.authority().map(Enrolment::new)
    }

    /// Certificate and key of this server, PEM, to show to others.
    #[must_use]
    pub fn own(&self) -> (PathBuf, PathBuf) {
        own_files(&self.folder, matches!(self.authority, Home::Away(_)))
    }

    /// The servers of this organisation, to believe them.
    #[must_use]
    pub fn colleagues(&self) -> ServerTrust {
        let files = Folder::at(&self.folder);
        let trust_domain = Some(self.trust_domain.clone());
        ServerTrust { trust_domain, bundle: files.ca(), crl: Some(files.crl()) }
    }

    /// Renews what runs out and follows the files until shutdown.
    pub fn watch(&self, shutdown: &Shutdown) {
        match &self.authority {
            Home::Here(authority) => {
                tokio::spawn(Arc::clone(authority).watch(shutdown.clone()));
            }
            Home::Away(away) => {
                tokio::spawn(away.clone().watch(shutdown.clone()));
            }
        }
        tokio::spawn(Arc::clone(&self.tls).watch(shutdown.clone()));
    }

    /// What has the revocation list of an authority in another process fetched now, for whoever
    /// knows that there is a new one; here files are watched.
    pub fn look(&self) -> impl Fn() + Send + Sync + 'static {
        let away = match &self.authority {
            Home::Here(_) => None,
            Home::Away(away) => Some(away.clone()),
        };
        move || away.iter().for_each(Away::look_now)
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

/// The trust domain that a server of these settings would be in, where nothing about its names and
/// the certificate that it needs is wrong; nothing is made, and nobody asked.
///
/// # Errors
/// What [`Identities::open`] would refuse for that.
pub fn trust_domain(settings: &IdentitySettings) -> anyhow::Result<String> {
    let folder = pki_folder(settings);
    match &settings.authority_url {
        None => {
            let names = pki_settings(settings, &folder)?;
            check_names(&Folder::at(&folder), &names)?;
            Ok(names.trust_domain)
        }
        Some(url) => Ok(Away::open(url, &folder, settings)?.1),
    }
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
        peer_life: settings.peer_life,
    })
}

/// What the CA of this process made, or what was enrolled for with another's.
fn own_files(folder: &Path, is_enrolled: bool) -> (PathBuf, PathBuf) {
    let files = Folder::at(folder);
    match is_enrolled {
        true => (files.client(), files.client_key()),
        false => (files.server(), files.server_key()),
    }
}

fn tls_settings(
    settings: &IdentitySettings,
    folder: &Path,
    trust_domain: &str,
) -> ServerTlsSettings {
    let (certificate, key) = own_files(folder, settings.authority_url.is_some());
    let files = Folder::at(folder);
    ServerTlsSettings {
        certificate,
        key,
        trust: TrustSettings {
            own: TrustDomain {
                name: trust_domain.to_owned(),
                bundle: files.ca(),
                crl: Some(files.crl()),
            },
            partners: settings.partners.clone(),
            max_intermediates: settings.max_intermediates,
        },
        // Enrolment and the public view are for clients without a certificate; the role table
        // refuses them the rest.
        client_certificates: ClientCertificates::Optional,
    }
}
