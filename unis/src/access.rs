//! Who may do what (RFC 7285 §15.3.2, §16.2.4; TR 20002 §7.2.1): the role × operation table, views
//! and quotas.
//!
//! ```text
//! certificate ─► role ─► TABLE[role] ∋ operation? ─► view of the partner ─► quota of the partner ─► View
//! Digest ──────► partner ─┘
//! none ────────────────────────────────────────────► public view ────────────────────────────────► View
//! ```
//!
//! Who has no quota of its own shares the bound of its address.

pub mod accounts;

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method, Uri};
use link::digest::{Account, Credentials, DigestAuth, Refused};
use link::identity::Role;
use link::rate::SourceRate;
use link::{Caller, Identity};

use crate::access::accounts::AccountsError;
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
    /// No certificate, no public view, and no good answer to a challenge (RFC 7616 §3.3).
    #[error("a client certificate or a partner's user and password are needed here")]
    Unauthenticated {
        /// `WWW-Authenticate`.
        challenge: HeaderValue,
    },
    /// The partner's quota is used up for now.
    #[error("the quota of requests is used up")]
    Quota {
        /// When the next request fits.
        retry_after: Duration,
    },
    /// The client's address asks too often.
    #[error("too many requests come from this address")]
    Address {
        /// When the next request fits.
        retry_after: Duration,
    },
}

/// The operator's choices about access, compiled.
pub struct Access {
    public: View,
    open: bool,
    partners: HashMap<String, PartnerAccess>,
    addresses: Option<Arc<SourceRate>>,
    digest: Option<DigestAuth>,
}

/// What is asked, and how the client shows who it is.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// What for.
    pub operation: Operation,
    /// The request's method.
    pub method: &'a Method,
    /// The request's target.
    pub target: &'a Uri,
    /// The request's header fields.
    pub headers: &'a HeaderMap,
}

/// What a request may see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Granted {
    /// The view.
    pub view: View,
    /// The partner that asks; `None` for the own organisation and for clients that are nobody's.
    pub partner: Option<String>,
}

impl Granted {
    const fn to_nobody(view: View) -> Self {
        Self { view, partner: None }
    }
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
    ///
    /// # Errors
    /// A partner's Digest account cannot be had, or there is no randomness for it.
    pub fn new(settings: &Settings, open: bool) -> anyhow::Result<Self> {
        let mut access = Self::without_accounts(settings, open);
        let accounts: Vec<_> = accounts::read(settings).into_iter().collect::<Result<_, _>>()?;
        let lifetime = Duration::from_secs(settings.digest.nonce_lifetime_s);
        // Digest protects neither body nor answer: never without TLS.
        if !accounts.is_empty() && !open {
            let digest = DigestAuth::new(&settings.digest.realm, lifetime, accounts)?;
            access.digest = Some(digest);
        }
        access.addresses = settings.limits.request_rate().map(Arc::new);
        Ok(access)
    }

    fn without_accounts(settings: &Settings, open: bool) -> Self {
        let partner = |partner: &PartnerSettings| {
            let quota = partner.quota.map(PartnerQuota::new);
            (partner.name.clone(), PartnerAccess { view: partner.view, quota })
        };
        Self {
            public: if open { View::Full } else { settings.public_view },
            open,
            partners: settings.partner.iter().map(partner).collect(),
            addresses: None,
            digest: None,
        }
    }

    /// What changed `settings` say, and what they say that cannot be had: an account whose file is
    /// broken stays as it was. A quota that stayed the same goes on where it was; the bound of
    /// addresses takes effect at the next start.
    #[must_use]
    pub fn succeeded_by(&self, settings: &Settings) -> (Self, Vec<AccountsError>) {
        let mut next = Self::without_accounts(settings, self.open);
        next.addresses.clone_from(&self.addresses);
        for (name, partner) in &mut next.partners {
            let before = self.partners.get(name).and_then(|partner| partner.quota.as_ref());
            if let (Some(now), Some(before)) = (&mut partner.quota, before)
                && now.per_second == before.per_second
            {
                now.bucket = Arc::clone(&before.bucket);
            }
        }
        let mut errors = Vec::new();
        let known = self.digest.as_ref().map_or(&[][..], DigestAuth::accounts);
        let mut accounts = Vec::new();
        for account in accounts::read(settings) {
            match account {
                Ok(account) => accounts.push(account),
                Err(error) => {
                    let old = known.iter().find(|known| known.partner == error.partner());
                    accounts.extend(old.cloned());
                    errors.push(error);
                }
            }
        }
        next.digest = self.next_digest(settings, accounts);
        (next, errors)
    }

    /// The same nonces where realm and lifetime stayed.
    fn next_digest(&self, settings: &Settings, accounts: Vec<Account>) -> Option<DigestAuth> {
        if accounts.is_empty() || self.open {
            return None;
        }
        let lifetime = Duration::from_secs(settings.digest.nonce_lifetime_s);
        match &self.digest {
            Some(digest) if digest.is_for(&settings.digest.realm, lifetime) => {
                Some(digest.with_accounts(accounts))
            }
            _ => DigestAuth::new(&settings.digest.realm, lifetime, accounts).ok(),
        }
    }

    /// Whether a request from `address` is within the bound of addresses.
    ///
    /// # Errors
    /// [`Denied::Address`].
    pub fn admit(&self, address: IpAddr) -> Result<(), Denied> {
        let Some(addresses) = &self.addresses else { return Ok(()) };
        addresses.check(address).map_err(|retry_after| Denied::Address { retry_after })
    }

    /// Whether `caller` may do what it asks, in which view, and as whom.
    ///
    /// # Errors
    /// It may not, or not now.
    pub fn authorise(&self, caller: &Caller, ask: &Ask<'_>) -> Result<Granted, Denied> {
        let identity = match &caller.identity {
            Some(identity) => Ok(Some(Arc::clone(identity))),
            None => self.identify(ask),
        };
        let partner = identity.as_ref().ok().and_then(Option::as_ref);
        let partner = partner.and_then(|identity| self.partners.get(identity.partner.as_ref()?));
        if partner.is_none_or(|partner| partner.quota.is_none()) {
            self.admit(caller.address.ip())?;
        }
        let Some(identity) = identity? else { return self.public_view() };
        if identity.role == Role::Peer {
            return self.public_view().map_err(|_| Denied::Role);
        }
        if !allows(identity.role, ask.operation) {
            return Err(Denied::Role);
        }
        if identity.partner.is_none() {
            return Ok(Granted::to_nobody(View::Full));
        }
        let partner = partner.ok_or(Denied::Role)?;
        if let Some(quota) = &partner.quota {
            quota.bucket.check().map_err(|full| Denied::Quota {
                retry_after: full.wait_time_from(DefaultClock::default().now()),
            })?;
        }
        match partner.view {
            View::None => Err(Denied::View),
            view => Ok(Granted { view, partner: identity.partner.clone() }),
        }
    }

    /// Who a client without certificate proves to be by Digest; `None` if it does not try.
    fn identify(&self, ask: &Ask<'_>) -> Result<Option<Arc<Identity>>, Denied> {
        let Some(digest) = &self.digest else { return Ok(None) };
        let mut shown = ask.headers.get_all(AUTHORIZATION).iter();
        let Some(shown) = shown.find(|value| Credentials::is_digest(value.as_bytes())) else {
            return Ok(None);
        };
        match digest.authenticate(shown, ask.method, ask.target) {
            Ok(account) => Ok(Some(Arc::new(Identity::of_partner(&account.partner)))),
            Err(refused) => Err(challenge(digest, Some(&refused))),
        }
    }

    /// What asks a client that shows neither certificate nor password who it is; `None` where there
    /// are no passwords.
    #[must_use]
    pub fn challenge(&self, caller: &Caller, headers: &HeaderMap) -> Option<Denied> {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let shows = caller.identity.is_some()
            || shown.any(|value| Credentials::is_digest(value.as_bytes()));
        self.digest.as_ref().filter(|_| !shows).map(|digest| challenge(digest, None))
    }

    fn public_view(&self) -> Result<Granted, Denied> {
        match (self.public, &self.digest) {
            (View::None, Some(digest)) => Err(challenge(digest, None)),
            (View::None, None) => Err(Denied::NoCertificate),
            (view, _) => Ok(Granted::to_nobody(view)),
        }
    }
}

fn challenge(digest: &DigestAuth, refused: Option<&Refused>) -> Denied {
    match digest.challenge(refused) {
        Ok(challenge) => Denied::Unauthenticated { challenge },
        Err(error) => {
            tracing::error!(%error, "no challenge can be made");
            Denied::NoCertificate
        }
    }
}

/// What [`TABLE`] says.
#[must_use]
pub fn allows(role: Role, operation: Operation) -> bool {
    TABLE.iter().any(|(entry, operations)| *entry == role && operations.contains(&operation))
}

#[cfg(test)]
mod tests;
