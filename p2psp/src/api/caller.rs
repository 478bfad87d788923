//! Who asks, as the connection proves it: certificate, key, user and peer belong together.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequestParts, OptionalFromRequestParts, State};
use http::request::Parts;
use link::Caller;
use link::identity::{Role, Shape};
use mp2p::id::{PeerId, UserId};
use mp2p::message::list::PeerType;

use crate::api::desk::Desk;
use crate::api::does::Takes;
use crate::api::problem::Problem;
use crate::membership::Asker;

/// Somebody who can be a member of an overlay.
pub(crate) struct Member(pub(crate) Asker);

impl<S: Send + Sync> FromRequestParts<S> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().ok_or(Problem::NoCertificate)?;
        asker(caller).map(Self)
    }
}

/// Somebody of whom deeds are put on record: the whole name.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().ok_or(Problem::NoCertificate)?;
        let name = caller.identity.as_ref().and_then(|identity| identity.name.as_ref());
        name.map(|name| Self(name.to_string())).ok_or(Problem::Role)
    }
}

/// An operator is no member, and who has no certificate is none yet.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Member {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, Problem> {
        let caller = parts.extensions.get::<Caller>().ok_or(Problem::NoCertificate)?;
        match caller.role() {
            Role::Operator => Ok(None),
            Role::None if caller.identity.is_none() => Ok(None),
            _ => asker(caller).map(|asker| Some(Self(asker))),
        }
    }
}

impl Takes for Member {}

impl Takes for Option<Member> {}

impl Takes for Named {}

impl Takes for Extension<Caller> {}

impl Takes for State<Arc<Desk>> {}

fn asker(caller: &Caller) -> Result<Asker, Problem> {
    let identity = caller.identity.as_ref().ok_or(Problem::NoCertificate)?;
    let not_ours = |reason: &str| Problem::Forbidden(reason.to_owned());
    if identity.partner.is_some() {
        return Err(not_ours("this provider's own certificates are needed here"));
    }
    let peer = PeerId::parse(&identity.key).map_err(|error| not_ours(&error.to_string()))?;
    let (kind, user) = match identity.name.as_ref().map(|name| name.shape()) {
        Some(Shape::Peer { id }) if *id == *peer.digits() => {
            let user = identity.user.as_deref().and_then(|user| UserId::parse(user).ok());
            let user = user.ok_or_else(|| not_ours("the certificate names no user"))?;
            (PeerType::Peer, Some(user))
        }
        Some(Shape::Peer { .. }) => return Err(not_ours("the certificate names another key")),
        _ => match identity.role {
            Role::CacheServer => (PeerType::Cache, None),
            Role::RelayServer => (PeerType::Relay, None),
            _ => return Err(Problem::Role),
        },
    };
    let certificate = identity.fingerprint.clone();
    Ok(Asker { peer, user, kind, certificate, address: caller.address })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use link::{Identity, SpiffeName};

    use super::*;

    fn caller(name: &str, key: &str, user: Option<&str>) -> Caller {
        let name = SpiffeName::parse(name).unwrap();
        let identity = Identity {
            partner: None,
            role: name.role(),
            name: Some(name),
            fingerprint: "f".repeat(64),
            serial: "01".into(),
            issuer: String::new(),
            key: key.into(),
            user: user.map(str::to_owned),
        };
        Caller {
            address: SocketAddr::from(([192, 0, 2, 1], 1)),
            identity: Some(Arc::new(identity)),
        }
    }

    #[test]
    fn a_peer_is_its_key_and_its_users() {
        let key = "a".repeat(64);
        let name = format!("spiffe://p2psp.example/peer/{key}");
        let asker = asker(&caller(&name, &key, Some("anna"))).unwrap();
        assert_eq!((&*asker.peer.digits(), asker.user.unwrap().as_str()), (key.as_str(), "anna"));
    }

    #[test]
    fn a_certificate_over_another_key_or_of_no_user_is_refused() {
        let (key, other) = ("a".repeat(64), "b".repeat(64));
        let name = format!("spiffe://p2psp.example/peer/{key}");
        assert!(asker(&caller(&name, &other, Some("anna"))).is_err());
        assert!(asker(&caller(&name, &key, None)).is_err());
        let mut partner = caller(&name, &key, Some("anna"));
        let identity = Arc::make_mut(partner.identity.as_mut().unwrap());
        identity.partner = Some("other".into());
        assert!(asker(&partner).is_err());
        let operator = caller("spiffe://p2psp.example/operator/eve", &key, None);
        assert!(matches!(asker(&operator), Err(Problem::Role)));
    }
}
