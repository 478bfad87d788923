//! A daemon whose authority is in another process: `STATE/pki` holds what it enrolled for there,
//! and is kept fresh from there.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use rustls_pki_types::UnixTime;
use tokio::sync::Notify;

use crate::daemon::identities::IdentitySettings;
use crate::identity::SpiffeName;
use crate::pki::Folder;
use crate::pki::enrolment::{self, TrustSource};
use crate::shutdown::Shutdown;
use crate::tls::Material;

/// From one look at the authority's revocation list to the next: with the second and a half in
/// which a changed file is noticed, whoever is revoked is out of this process within five.
const LOOK: Duration = Duration::from_secs(2);
/// From one look at the end of the own certificate to the next.
const LOOK_AT_OWN: Duration = Duration::from_secs(60);
/// A certificate that lives no longer than this is renewed; it began with 90 days.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The authority, as seen from another process.
#[derive(Clone, Debug)]
pub(crate) struct Away {
    url: String,
    folder: PathBuf,
    /// Somebody knows that there is a new revocation list.
    look: Arc<Notify>,
}

impl Away {
    /// The authority at `url`, and the trust domain of the certificate in `folder`.
    ///
    /// # Errors
    /// There is none, it is of another trust domain than the one set, or of another kind of server.
    pub(crate) fn open(
        url: &str,
        folder: &Path,
        settings: &IdentitySettings,
    ) -> anyhow::Result<(Self, String)> {
        let files = Folder::at(folder);
        let (name, _) = own_name(&files).with_context(|| {
            format!("nothing was enrolled for in {}: `pki enroll` does", folder.display())
        })?;
        let domain = name.trust_domain().to_owned();
        if let Some(set) = settings.trust_domain.as_ref().filter(|set| **set != domain) {
            bail!("{}: {name} is not in the trust domain {set}", files.client().display());
        }
        let wanted = SpiffeName::in_domain(&domain, &settings.server_path)?;
        if wanted.role() != name.role() {
            bail!("{}: {name} is no {}", files.client().display(), wanted.role());
        }
        let (url, folder) = (url.trim_end_matches('/').to_owned(), folder.to_owned());
        let away = Self { url, folder, look: Arc::default() };
        Ok((away, domain))
    }

    /// Fetches CAs and revocation lists, and renews what runs out or is of a CA that issues no
    /// more, until shutdown. The files are watched by whoever uses them.
    pub(crate) async fn watch(self, shutdown: Shutdown) {
        let mut trust = TrustSource::of(&self.url, &self.folder);
        let (mut is_there, mut own_seen) = (true, None::<Instant>);
        loop {
            let fetched = trust.fetch().await;
            // Once, not at each look.
            match &fetched {
                Err(error) if is_there => {
                    tracing::warn!(%error, url = self.url, "no revocation list; the last one counts");
                }
                Ok(_) if !is_there => {
                    tracing::info!(url = self.url, "revocation lists come again")
                }
                _ => {}
            }
            is_there = fetched.is_ok();
            if fetched.is_ok_and(|is_new| is_new) {
                tracing::info!(url = self.url, "other CAs are trusted from now on");
                own_seen = None;
            }
            if own_seen.is_none_or(|seen| seen.elapsed() >= LOOK_AT_OWN) {
                own_seen = Some(Instant::now());
                self.renew_own().await;
            }
            tokio::select! {
                () = shutdown.wait() => return,
                () = self.look.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn renew_own(&self) {
        if !self.runs_out() && !enrolment::is_outlived(&self.folder) {
            return;
        }
        match enrolment::renew(&self.url, &self.folder).await {
            Ok(name) => tracing::info!(name, "certificate renewed"),
            Err(error) => tracing::error!(%error, "certificate not renewed"),
        }
    }

    /// Has the revocation list fetched now.
    pub(crate) fn look_now(&self) {
        self.look.notify_one();
    }

    fn runs_out(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let ends = own_name(&Folder::at(&self.folder)).map_or(0, |(_, not_after)| not_after);
        ends < i64::try_from((now + RENEW_BEFORE).as_secs()).unwrap_or(i64::MAX)
    }
}

/// The name in the certificate at hand, and its end in Unix seconds.
fn own_name(files: &Folder) -> anyhow::Result<(SpiffeName, i64)> {
    let own = Material::load(&files.client(), &files.client_key(), UnixTime::now())?;
    Ok((own.name.context("the certificate has no SPIFFE name")?, own.not_after))
}
