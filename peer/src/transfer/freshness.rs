//! Those who are linked hear of a fresh passkey before the one that they know has run out: they
//! tell others of this peer with it.

use std::time::{Duration, Instant};

use crate::transfer::driver::Driver;

/// Well below the life of a passkey.
const EVERY: Duration = Duration::from_secs(240);

/// What others were told last.
#[derive(Debug)]
pub(crate) struct Told {
    certificate: String,
    /// Since when that certificate is shown.
    since: Instant,
    at: Instant,
}

impl Told {
    /// Nothing yet.
    pub(crate) fn new(certificate: String, now: Instant) -> Self {
        Self { certificate, since: now, at: now }
    }
}

impl Driver {
    /// A list came, and with it a passkey.
    pub(crate) fn refresh_passkey(&mut self, now: Instant) {
        let certificate = self.node.identity.certificate();
        if certificate != self.told.certificate {
            (self.told.certificate, self.told.since) = (certificate, now);
        }
        if now >= self.told.at + EVERY {
            self.told.at = now;
            self.engine.passkey_changed(self.told.since, now);
        }
    }
}
