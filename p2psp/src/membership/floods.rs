//! How often somebody may join: by address and by user, so that neither many peers nor many
//! addresses make a flood.

use std::time::Duration;

use link::rate::{Rate, Source, SourceRate};

use crate::membership::Asker;
use crate::settings::OverlaySettings;

/// Reports of failures of one user a second, and at once.
const REPORTS: Rate = Rate { per_second: 2, burst: 60 };

/// Bounds on joins and reports. Refreshes are neither.
pub struct Floods {
    by_address: Option<SourceRate>,
    by_user: Option<SourceRate>,
    reports: Option<SourceRate>,
}

impl Floods {
    /// As the settings say; addresses of this host are bound only if `loopback_too`.
    #[must_use]
    pub fn new(settings: &OverlaySettings, loopback_too: bool) -> Self {
        let rate = |per_second| Rate { per_second, burst: settings.join_burst };
        let address = rate(settings.joins_per_second);
        let user = rate(settings.user_joins_per_second);
        Self {
            by_address: SourceRate::new(Source::Host, address, loopback_too),
            by_user: SourceRate::new(Source::Host, user, true),
            reports: SourceRate::new(Source::Host, REPORTS, true),
        }
    }

    /// Counts a join.
    ///
    /// # Errors
    /// There were too many; how long until the next.
    pub(crate) fn check(&self, asker: &Asker) -> Result<(), Duration> {
        if let Some(rate) = &self.by_address {
            rate.check(asker.address.ip())?;
        }
        match (&self.by_user, &asker.user) {
            (Some(rate), Some(user)) => rate.check_key(user.as_str()),
            _ => Ok(()),
        }
    }
}

impl Floods {
    /// Counts a report of failures.
    ///
    /// # Errors
    /// There were too many; how long until the next.
    pub(crate) fn check_report(&self, asker: &Asker) -> Result<(), Duration> {
        let peer = asker.peer.digits();
        let of = asker.user.as_ref().map_or(&*peer, |user| user.as_str());
        self.reports.as_ref().map_or(Ok(()), |rate| rate.check_key(of))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use mp2p::id::{PeerId, UserId};
    use mp2p::message::list::PeerType;

    use super::*;

    fn asker(user: &str, address: &str) -> Asker {
        Asker {
            peer: PeerId::parse(&"a".repeat(64)).unwrap(),
            user: Some(UserId::parse(user).unwrap()),
            kind: PeerType::Peer,
            certificate: String::new(),
            address: SocketAddr::new(address.parse().unwrap(), 1),
        }
    }

    #[test]
    fn joins_are_bound_by_address_and_by_user() {
        let settings = OverlaySettings {
            joins_per_second: 1,
            user_joins_per_second: 1,
            join_burst: 2,
            ..OverlaySettings::default()
        };
        let floods = Floods::new(&settings, false);
        let joins = |user: &str, address: &str| floods.check(&asker(user, address)).is_ok();
        // One user from everywhere, then many users from one address.
        assert!(joins("anna", "192.0.2.1") && joins("anna", "192.0.2.2"));
        assert!(!joins("anna", "192.0.2.3"));
        assert!(joins("ben", "192.0.2.9") && joins("carla", "192.0.2.9"));
        assert!(!joins("dora", "192.0.2.9"));
        assert!(joins("emil", "127.0.0.1") && joins("frida", "127.0.0.1"));
        assert!(joins("gerd", "127.0.0.1"));
    }
}
