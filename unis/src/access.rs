//! Who may do what (RFC 7285 §15.3.2, §16.2.4; TR 20002 §7.2.1): the role × operation table, views
//! and quotas.
//!
//! ```text
//! certificate ─► role ─► TABLE[role] ∋ operation? ─► view of the partner ─► quota of the partner ─► View
//! none ────────────────────────────────────────────► public view ────────────────────────────────► View
//! ```

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use link::Caller;
use link::identity::Role;

use crate::settings::{PartnerSettings, Settings, View};

/// What a client can ask for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Operation {
    /// The information resource directory (RFC 7285 §9.2).
    Directory,
    /// Network maps, filtered or whole (§11.2.1, §11.3.1).
    NetworkMap,
    /// Cost maps, filtered or whole (§11.2.3, §11.3.2).
    CostMap,
    /// The endpoint property service (§11.4.1).
    EndpointProperty,
    /// The endpoint cost service (§11.5.1).
    EndpointCost,
}

impl Operation {
    /// Every operation, for the documentation and the test of the table.
    pub const ALL: [Self; 5] = [
        Self::Directory,
        Self::NetworkMap,
        Self::CostMap,
        Self::EndpointProperty,
        Self::EndpointCost,
    ];
}

/// Which role may do what. What does not stand here is denied.
///
/// IXS and UMS have no business with network distances, cache and relay servers learn theirs from
/// OMS; a peer is treated as a client without certificate.
pub const TABLE: &[(Role, &[Operation])] = &[
    (Role::Operator, &Operation::ALL),
    (Role::Unis, &Operation::ALL),
    (Role::Oms, &Operation::ALL),
    (Role::Pams, &Operation::ALL),
    (Role::Partner, &Operation::ALL),
];

/// Why a request is denied.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum Denied {
    /// No certificate, and no public view.
    #[error("a client certificate is needed here")]
    NoCertificate,
    /// The certificate's role may not do this.
    #[error("this certificate's role may not do this")]
    Role,
    /// The client's view does not have this resource.
    #[error("this resource is not in your view")]
    View,
    /// The partner's quota is used up for now.
    #[error("the quota of requests is used up")]
    Quota {
        /// When the next request fits.
        retry_after: Duration,
    },
}

/// The operator's choices about access, compiled.
pub struct Access {
    public: View,
    open: bool,
    partners: HashMap<String, PartnerAccess>,
}

struct PartnerAccess {
    view: View,
    quota: Option<PartnerQuota>,
}

#[derive(Clone)]
struct PartnerQuota {
    per_second: NonZeroU32,
    bucket: Arc<DefaultDirectRateLimiter>,
}

impl PartnerQuota {
    fn new(per_second: NonZeroU32) -> Self {
        let bucket = Arc::new(RateLimiter::direct(Quota::per_second(per_second)));
        Self { per_second, bucket }
    }
}

impl Access {
    /// What `settings` say. `open`: no client can have a certificate (plain HTTP on loopback), so
    /// all see everything.
    #[must_use]
    pub fn new(settings: &Settings, open: bool) -> Self {
        let partner = |partner: &PartnerSettings| {
            let quota = partner.quota.map(PartnerQuota::new);
            (partner.name.clone(), PartnerAccess { view: partner.view, quota })
        };
        let public = if open { View::Full } else { settings.public_view };
        Self { public, open, partners: settings.partner.iter().map(partner).collect() }
    }

    /// What changed `settings` say; a quota that stayed the same goes on where it was.
    #[must_use]
    pub fn succeeded_by(&self, settings: &Settings) -> Self {
        let mut next = Self::new(settings, self.open);
        for (name, partner) in &mut next.partners {
            let before = self.partners.get(name).and_then(|partner| partner.quota.as_ref());
            if let (Some(now), Some(before)) = (&mut partner.quota, before)
                && now.per_second == before.per_second
            {
                now.bucket = Arc::clone(&before.bucket);
            }
        }
        next
    }

    /// The view in which `caller` may do `operation`.
    ///
    /// # Errors
    /// It may not, or not now.
    pub fn authorise(&self, caller: &Caller, operation: Operation) -> Result<View, Denied> {
        let Some(identity) = &caller.identity else { return self.public_view() };
        if identity.role == Role::Peer {
            return self.public_view().map_err(|_| Denied::Role);
        }
        if !allows(identity.role, operation) {
            return Err(Denied::Role);
        }
        let Some(name) = &identity.partner else { return Ok(View::Full) };
        let partner = self.partners.get(name).ok_or(Denied::Role)?;
        if let Some(quota) = &partner.quota {
            quota.bucket.check().map_err(|full| Denied::Quota {
                retry_after: full.wait_time_from(DefaultClock::default().now()),
            })?;
        }
        match partner.view {
            View::None => Err(Denied::View),
            view => Ok(view),
        }
    }

    fn public_view(&self) -> Result<View, Denied> {
        match self.public {
            View::None => Err(Denied::NoCertificate),
            view => Ok(view),
        }
    }
}

/// What [`TABLE`] says.
#[must_use]
pub fn allows(role: Role, operation: Operation) -> bool {
    TABLE.iter().any(|(entry, operations)| *entry == role && operations.contains(&operation))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use link::identity::Role;
    use link::{Caller, Identity};

    use crate::access::{Access, Denied, Operation, allows};
    use crate::settings::{Settings, View};

    const ROLES: [Role; 11] = [
        Role::Unis,
        Role::Oms,
        Role::Pams,
        Role::Ixs,
        Role::Ums,
        Role::CacheServer,
        Role::RelayServer,
        Role::Peer,
        Role::Operator,
        Role::Partner,
        Role::None,
    ];

    fn caller(role: Role, partner: Option<&str>) -> Caller {
        let identity = Identity {
            partner: partner.map(str::to_owned),
            name: None,
            role,
            fingerprint: String::new(),
            serial: String::new(),
            key: String::new(),
            user: None,
        };
        Caller { address: SocketAddr::from(([192, 0, 2, 1], 1)), identity: Some(identity) }
    }

    fn settings(text: &str) -> Settings {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn every_cell_of_the_table_is_as_documented() {
        let asks = [Role::Unis, Role::Oms, Role::Pams, Role::Operator, Role::Partner];
        let access = Access::new(&Settings::default(), false);
        for role in ROLES {
            for operation in Operation::ALL {
                let allowed = asks.contains(&role);
                assert_eq!(allows(role, operation), allowed, "{role:?} {operation:?}");
                let expected = if allowed { Ok(View::Full) } else { Err(Denied::Role) };
                assert_eq!(access.authorise(&caller(role, None), operation), expected, "{role:?}");
            }
        }
    }

    #[test]
    fn who_shows_no_certificate_gets_the_public_view_or_nothing() {
        let nobody = Caller { identity: None, ..caller(Role::None, None) };
        let ask = |text: &str, caller: &Caller| {
            Access::new(&settings(text), false).authorise(caller, Operation::Directory)
        };
        assert_eq!(ask("", &nobody), Err(Denied::NoCertificate));
        assert_eq!(ask("public-view = \"ordinal\"", &nobody), Ok(View::Ordinal));
        assert_eq!(ask("public-view = true", &caller(Role::Peer, None)), Ok(View::Full));
        // A role that is denied is not served as public either.
        assert_eq!(ask("public-view = true", &caller(Role::Ums, None)), Err(Denied::Role));
    }

    #[test]
    fn a_partner_has_its_view_and_its_quota() {
        let partner =
            "[[partner]]\nname = \"acme\"\nfingerprint = \"00\"\nview = \"ordinal\"\nquota = 1\n";
        let access = Access::new(&settings(partner), false);
        let acme = caller(Role::Oms, Some("acme"));
        assert_eq!(access.authorise(&acme, Operation::CostMap), Ok(View::Ordinal));
        assert!(matches!(access.authorise(&acme, Operation::CostMap), Err(Denied::Quota { .. })));
        let reloaded = access.succeeded_by(&settings(partner));
        assert!(matches!(reloaded.authorise(&acme, Operation::CostMap), Err(Denied::Quota { .. })));
        let stranger = caller(Role::Oms, Some("other"));
        assert_eq!(access.authorise(&stranger, Operation::CostMap), Err(Denied::Role));
    }
}
