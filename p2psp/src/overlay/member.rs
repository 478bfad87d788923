//! A member of an overlay, and where it can be reached.

use std::net::IpAddr;

use mp2p::id::{PeerId, UserId};
use mp2p::message::join::{AddressKind, Nat, PeerAddress, SharingPolicy};
use mp2p::message::list::PeerType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A member.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Member {
    /// Which peer.
    pub peer: PeerId,
    /// Whose; none of a user where the provider runs it.
    pub user: Option<UserId>,
    /// The user's class, as UMS told of late.
    pub class: u8,
    /// What it is.
    pub kind: PeerType,
    /// Where others reach it.
    pub address: PeerAddress,
    /// Whether others get through to there.
    pub reach: Reach,
    /// What it says stands between it and the others.
    pub nat: Nat,
    /// Whether it opens ways to others at OMS' word.
    #[serde(default)]
    pub rendezvous: bool,
    /// The relay server through which it is reached otherwise.
    pub via: Option<Box<Via>>,
    /// Several users complain of it: until then, Unix seconds, it stands last.
    pub doubted_until: u64,
    /// When UMS last told class and consent, Unix seconds; 0: never.
    pub profiled: u64,
    /// Whether its status may be shown as it is, where its user said so for all peers.
    pub consent: Option<bool>,
    /// What it gives, and to whom.
    pub policy: SharingPolicy,
    /// Unix seconds from which on it is forgotten.
    pub expires: u64,
}

/// Whether others get through to a member.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Nobody has tried yet.
    #[default]
    Unknown,
    /// OMS did.
    Reachable,
    /// OMS did not.
    Unreachable,
}

/// A relay server that keeps a connection with a member (TR 20002 §8.3.3 step 5).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Via {
    /// The relay server.
    pub server: PeerId,
    /// Where it is.
    pub address: PeerAddress,
    /// Unix seconds from which on it owes the member nothing.
    pub expires: u64,
}

impl Member {
    /// What its user says for all peers wins over what the peer itself says (Annex A.1).
    pub fn consents(&mut self, consent: Option<bool>) {
        self.consent = consent;
        self.policy.show_status = consent.unwrap_or(self.policy.show_status);
    }

    /// The relay that others go through, where they have to and can.
    #[must_use]
    pub fn relay(&self, now: u64) -> Option<&Via> {
        let needed = self.reach != Reach::Reachable;
        self.via.as_deref().filter(|via| needed && via.expires > now)
    }

    /// What stands before it, where whoever is behind `own` meets it by rendezvous and cannot dial
    /// it.
    #[must_use]
    pub fn met_from(&self, own: Option<Nat>) -> Option<Nat> {
        met(self.reach, self.nat, self.rendezvous, own)
    }

    /// What stands between it and the others, as far as is known: what OMS found out wins.
    #[must_use]
    pub const fn kind_of_nat(&self) -> Nat {
        kind_of_nat(self.reach, self.nat)
    }

    /// Whether lists may name it: a list must not send anybody to where nobody answers.
    #[must_use]
    pub fn is_listed(&self, now: u64) -> bool {
        self.expires > now && (self.reach == Reach::Reachable || self.relay(now).is_some())
    }
}

/// See [`Member::kind_of_nat`].
const fn kind_of_nat(reach: Reach, nat: Nat) -> Nat {
    match (reach, nat) {
        (Reach::Reachable, _) => Nat::None,
        (_, Nat::None) => Nat::Unknown,
        (_, nat) => nat,
    }
}

/// See [`Member::met_from`]. Of a newcomer nothing is known until its dial has ended, unless it has
/// found out itself what it is behind: nobody is sent to it before.
pub(crate) fn met(reach: Reach, nat: Nat, rendezvous: bool, own: Option<Nat>) -> Option<Nat> {
    let nat = kind_of_nat(reach, nat);
    let is_known = reach == Reach::Unreachable || nat != Nat::Unknown;
    let meets = own.is_some_and(|own| own.meets(nat));
    (reach != Reach::Reachable && rendezvous && is_known && meets).then_some(nat)
}

/// An announced address that nobody is sent to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AddressError {
    /// No port at all.
    #[error("peer_addr is empty: others need a port to reach this peer at")]
    None,
    /// A port of a service that is none of ours.
    #[error("port {port} is below {min}: lists do not point at ports of other services")]
    Port {
        /// The announced port.
        port: u16,
        /// The lowest taken.
        min: u16,
    },
}

/// Where a peer is reached: at the address that was observed, whatever it announces, and the port
/// that it announces. A list must not be aimed at somebody who did not join.
///
/// # Errors
/// [`AddressError`].
pub fn reachable_at(
    announced: &[PeerAddress],
    observed: IpAddr,
    min_port: u16,
) -> Result<PeerAddress, AddressError> {
    let observed = observed.to_canonical();
    let is_observed = |address: &&PeerAddress| address.ip_address.to_canonical() == observed;
    let own = announced.iter().find(is_observed);
    let kind = if own.is_some() { AddressKind::Host } else { AddressKind::Reflexive };
    let port = own.or(announced.first()).ok_or(AddressError::None)?.port;
    if port < min_port {
        return Err(AddressError::Port { port, min: min_port });
    }
    Ok(PeerAddress { ip_address: observed, port, kind })
}

#[cfg(test)]
mod tests {
    use mp2p::message::join::JoinRequest;

    use super::*;

    fn request(addresses: &[(&str, u16)]) -> JoinRequest {
        let addresses: Vec<String> = addresses
            .iter()
            .map(|(ip, port)| format!(r#"{{"ip_address":"{ip}","port":{port}}}"#))
            .collect();
        let (peer, addresses) = ("a".repeat(64), addresses.join(","));
        let text =
            format!(r#"{{"overlay-id":"film","peer-id":"{peer}","peer_addr":[{addresses}]}}"#);
        serde_json::from_str(&text).unwrap()
    }

    fn at(addresses: &[(&str, u16)], observed: &str) -> Result<PeerAddress, AddressError> {
        reachable_at(&request(addresses).peer_addr, observed.parse().unwrap(), 1024)
    }

    #[test]
    fn the_observed_address_wins_over_the_announced_one() {
        let victim = at(&[("203.0.113.80", 8080)], "192.0.2.1").unwrap();
        assert_eq!(victim.ip_address.to_string(), "192.0.2.1");
        assert_eq!((victim.port, victim.kind), (8080, AddressKind::Reflexive));
    }

    #[test]
    fn a_mapped_address_is_the_address() {
        let mapped = at(&[("10.0.0.1", 1), ("192.0.2.1", 7000)], "::ffff:192.0.2.1").unwrap();
        assert_eq!(mapped.ip_address.to_string(), "192.0.2.1");
        assert_eq!((mapped.port, mapped.kind), (7000, AddressKind::Host));
    }

    /// Met by whoever can be dialled: not while it is being dialled itself, but where nobody got
    /// through to it, or it says what it is behind. Whom OMS reached is dialled.
    #[test]
    fn a_newcomer_is_met_once_its_dial_has_ended_or_it_knows_what_it_is_behind() {
        use Reach::{Reachable, Unknown, Unreachable};
        let open = |reach, nat| met(reach, nat, true, Some(Nat::None));
        for nat in [Nat::None, Nat::Unknown] {
            assert_eq!(open(Unknown, nat), None, "{nat:?}");
            assert_eq!(open(Unreachable, nat), Some(Nat::Unknown), "{nat:?}");
        }
        for nat in [Nat::Cone, Nat::Symmetric, Nat::Blocked] {
            let met = [Unknown, Unreachable, Reachable].map(|reach| open(reach, nat));
            assert_eq!(met, [Some(nat), Some(nat), None]);
        }
        assert_eq!(met(Unreachable, Nat::Cone, false, Some(Nat::None)), None, "opens no ways");
        assert_eq!(met(Unreachable, Nat::Cone, true, None), None, "nor does who asks");
    }

    #[test]
    fn nobody_is_sent_to_ports_of_other_services() {
        let refused = at(&[("192.0.2.1", 25)], "192.0.2.1").unwrap_err();
        assert_eq!(refused, AddressError::Port { port: 25, min: 1024 });
        assert_eq!(at(&[], "192.0.2.1").unwrap_err(), AddressError::None);
    }
}
