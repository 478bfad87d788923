//! When what is believed runs out: CA certificates and revocation lists.

use prometheus_client::encoding::EncodeLabelSet;

/// When each thing that one side believes ends, Unix seconds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Ends {
    /// CA certificates: `notAfter`.
    pub(crate) authorities: Vec<(OfAuthority, i64)>,
    /// Revocation lists: the first `nextUpdate` of a party's.
    pub(crate) lists: Vec<(OfParty, i64)>,
}

/// A CA certificate, by the beginning of its SHA-256: two may bear one name.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(crate) struct OfAuthority {
    pub(crate) side: &'static str,
    pub(crate) party: String,
    pub(crate) fingerprint: String,
}

/// An organisation: the own trust domain, or a partner's name.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(crate) struct OfParty {
    pub(crate) side: &'static str,
    pub(crate) party: String,
}

impl Ends {
    /// Adds what one party is checked against: its CA certificates as (fingerprint, end), and the
    /// end of its lists.
    pub(crate) fn add(
        &mut self,
        side: &'static str,
        party: &str,
        authorities: &[(String, i64)],
        list: Option<i64>,
    ) {
        let party = || party.to_owned();
        for (fingerprint, ends) in authorities {
            let of = OfAuthority { side, party: party(), fingerprint: fingerprint.clone() };
            self.authorities.push((of, *ends));
        }
        self.lists.extend(list.map(|ends| (OfParty { side, party: party() }, ends)));
    }
}
