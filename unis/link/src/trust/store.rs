//! All parties together: finds the one that a certificate belongs to and has it checked.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rustls::{CertificateError, Error};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::identity::{Identity, hex, spiffe_domain};
use crate::metrics::Ends;
use crate::trust::party::Party;
use crate::trust::{Anchors, Leaf, PartnerTrust, TrustError, TrustSettings};

/// Whom a server trusts; immutable, swapped whole by [`Trust::reload`].
#[derive(Debug)]
pub struct Trust {
    /// The own organisation first, partners in the order of the settings.
    parties: Vec<Arc<Party>>,
    by_domain: HashMap<String, usize>,
    by_fingerprint: HashMap<String, usize>,
}

/// How a leaf was matched to a party, and so what has yet to be checked.
enum Match {
    Domain(usize),
    Pin(usize),
    Listed,
}

impl Trust {
    /// Reads all files. Nobody comes in as a partner whose files are of no use, until a
    /// [`Trust::reload`] finds them good; the other parties go on.
    ///
    /// # Errors
    /// The first setting that is wrong, or file of the own trust domain.
    pub fn load(settings: &TrustSettings, now: UnixTime) -> Result<Self, TrustError> {
        check(settings)?;
        let most = settings.max_intermediates;
        let mut parties = vec![Party::own(&settings.own, most, now, None)?];
        for partner in &settings.partners {
            parties.push(partner_or_barred(partner, most, now)?);
        }
        Ok(Self::of(parties.into_iter().map(Arc::new).collect()))
    }

    /// Reads all files again. Where one party's files are wrong that party stays as it was in
    /// `self`, so that no partner can hold back another's revocations; a party that is new and
    /// wrong is left out.
    pub fn reload(&self, settings: &TrustSettings, now: UnixTime) -> (Self, Vec<TrustError>) {
        if let Err(error) = check(settings) {
            return (Self::of(self.parties.clone()), vec![error]);
        }
        let mut errors = Vec::new();
        let mut parties = Vec::with_capacity(settings.partners.len() + 1);
        let mut keep = |loaded: Result<Party, TrustError>, old: Option<Arc<Party>>| match loaded {
            Ok(party) => parties.push(Arc::new(party)),
            Err(error) => {
                errors.push(error);
                parties.extend(old);
            }
        };
        let (most, old) = (settings.max_intermediates, self.party(None));
        keep(Party::own(&settings.own, most, now, old.as_deref()), old);
        for partner in &settings.partners {
            let old = self.party(Some(&partner.name));
            keep(Party::partner(partner, most, now, old.as_deref()), old);
        }
        (Self::of(parties), errors)
    }

    /// Checks a client's chain, leaf first, in full.
    ///
    /// # Errors
    /// What the client is told in an alert.
    pub fn verify(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Result<Identity, Error> {
        let Some((first, rest)) = chain.split_first() else {
            return Err(Error::NoCertificatesPresented);
        };
        let leaf = Leaf::parse(first)?;
        leaf.check_key()?;
        let party = match self.find(&leaf)? {
            Match::Domain(at) => {
                let party = &self.parties[at];
                let anchors = party.anchors.as_ref().ok_or(CertificateError::UnknownIssuer)?;
                anchors.verify_client(first, rest, now)?;
                party
            }
            Match::Pin(at) => {
                let party = &self.parties[at];
                leaf.check_dates(now)?;
                party.revocation.check_pinned(&leaf.issuer, &leaf.serial, now)?;
                party
            }
            Match::Listed => self.find_listed(&leaf, first, rest, now)?,
        };
        Ok(party.identify(leaf))
    }

    /// The identity in a chain that [`Trust::verify`] has passed; signatures are not checked again
    /// where the party is known without them.
    pub(crate) fn identify(
        &self,
        chain: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<Identity, Error> {
        let first = chain.first().ok_or(Error::NoCertificatesPresented)?;
        let leaf = Leaf::parse(first)?;
        match self.find(&leaf)? {
            Match::Domain(at) | Match::Pin(at) => Ok(self.parties[at].identify(leaf)),
            Match::Listed => self.verify(chain, now),
        }
    }

    /// When CA certificates and revocation lists end, for `side`.
    pub(crate) fn ends(&self, side: &'static str, own: &str) -> Ends {
        let mut ends = Ends::default();
        for party in &self.parties {
            let authorities = party.anchors.as_ref().map_or(&[][..], Anchors::ends);
            let name = party.partner.as_deref().unwrap_or(own);
            ends.add(side, name, authorities, party.revocation.next_update());
        }
        ends
    }

    fn find(&self, leaf: &Leaf) -> Result<Match, CertificateError> {
        if let Some(name) = &leaf.spiffe {
            let at = self.by_domain.get(name.trust_domain());
            return at.map(|at| Match::Domain(*at)).ok_or(CertificateError::UnknownIssuer);
        }
        Ok(match self.by_fingerprint.get(&hex(&leaf.fingerprint)) {
            Some(at) => Match::Pin(*at),
            None => Match::Listed,
        })
    }

    /// The partner that lists a name of the leaf and whose own bundle vouches for it.
    fn find_listed(
        &self,
        leaf: &Leaf,
        first: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<&Arc<Party>, Error> {
        let mut refusal =
            Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure);
        for party in &self.parties {
            let listed = party.san.iter().any(|listed| leaf.has_name(listed));
            let (true, Some(anchors)) = (listed, &party.anchors) else { continue };
            match anchors.verify_client(first, rest, now) {
                Ok(()) => return Ok(party),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn party(&self, partner: Option<&str>) -> Option<Arc<Party>> {
        self.parties.iter().find(|party| party.partner.as_deref() == partner).cloned()
    }

    fn of(parties: Vec<Arc<Party>>) -> Self {
        let mut by_domain = HashMap::new();
        let mut by_fingerprint = HashMap::new();
        for (at, party) in parties.iter().enumerate() {
            by_domain.extend(party.trust_domain.iter().map(|domain| (domain.clone(), at)));
            by_fingerprint.extend(party.fingerprints.iter().map(|print| (print.clone(), at)));
        }
        Self { parties, by_domain, by_fingerprint }
    }
}

fn partner_or_barred(
    partner: &PartnerTrust,
    max_intermediates: usize,
    now: UnixTime,
) -> Result<Party, TrustError> {
    match Party::partner(partner, max_intermediates, now, None) {
        Err(error) if !matches!(error, TrustError::Settings { .. }) => {
            tracing::warn!(partner = partner.name, %error, "partner barred: its files are no use");
            Ok(Party::barred(partner))
        }
        loaded => loaded,
    }
}

/// Refuses settings in which two parties claim the same, or a claim has nothing to prove it.
fn check(settings: &TrustSettings) -> Result<(), TrustError> {
    let mut taken = HashSet::from([format!("trust domain {}", settings.own.name)]);
    check_domain("(own)", &settings.own.name)?;
    for partner in &settings.partners {
        check_partner(partner)?;
        let name = std::iter::once(format!("name {}", partner.name));
        let domain = partner.trust_domain.iter().map(|domain| format!("trust domain {domain}"));
        let prints = partner
            .fingerprint
            .iter()
            .map(|print| format!("fingerprint {}", print.replace(':', "").to_ascii_lowercase()));
        let claims = name.chain(domain).chain(prints);
        if let Some(twice) = claims.into_iter().find(|claim| !taken.insert(claim.clone())) {
            return Err(wrong(partner, format!("the {twice} is claimed twice")));
        }
    }
    Ok(())
}

fn check_partner(partner: &PartnerTrust) -> Result<(), TrustError> {
    if let Some(domain) = &partner.trust_domain {
        check_domain(&partner.name, domain)?;
    }
    let proves = partner.trust_domain.is_some() || !partner.san.is_empty();
    if proves && partner.bundle.is_none() {
        return Err(wrong(partner, "a trust domain or a san needs a bundle".to_owned()));
    }
    if !proves && partner.fingerprint.is_empty() {
        let reason = "needs a trust domain, a san or a fingerprint to be recognised by";
        return Err(wrong(partner, reason.to_owned()));
    }
    Ok(())
}

fn check_domain(partner: &str, domain: &str) -> Result<(), TrustError> {
    if spiffe_domain(domain) {
        return Ok(());
    }
    let reason = format!("`{domain}` is no trust domain");
    Err(TrustError::Settings { partner: partner.to_owned(), reason })
}

fn wrong(partner: &PartnerTrust, reason: String) -> TrustError {
    TrustError::Settings { partner: partner.name.clone(), reason }
}
