//! What was agreed on when an overlay was made: whose it is, and who may take part.

use std::sync::Arc;

use mp2p::id::{PeerId, UserId};
use mp2p::message::overlay::{AccessKind, OverlayChange, OverlayRequest};
use serde::{Deserialize, Serialize};

/// Who made an overlay.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Owner {
    /// With which peer.
    pub peer: PeerId,
    /// Which user; a server of the provider has none.
    pub user: Option<UserId>,
}

impl Owner {
    /// Whether a peer is the owner's: one user may have several.
    #[must_use]
    pub fn is(&self, peer: &PeerId, user: Option<&UserId>) -> bool {
        self.peer == *peer || (self.user.is_some() && self.user.as_ref() == user)
    }
}

/// The terms of an overlay. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What was asked for.
    pub request: Arc<OverlayRequest>,
    /// By whom; none where the provider made it.
    pub owner: Option<Arc<Owner>>,
}

impl Terms {
    /// Whether a peer is the owner's: one user may have several.
    #[must_use]
    pub fn is_owned_by(&self, peer: &PeerId, user: Option<&UserId>) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.is(peer, user))
    }

    /// Whether a peer may take part. A server of the provider may, in any.
    #[must_use]
    pub fn admit(&self, peer: &PeerId, user: Option<&UserId>) -> bool {
        let access = &self.request.access;
        match (access.kind, user) {
            (AccessKind::Open, _) | (AccessKind::Closed, None) => true,
            (AccessKind::Closed, Some(user)) => {
                self.is_owned_by(peer, Some(user)) || access.users.contains(user)
            }
        }
    }

    /// Takes over what the owner changes.
    pub(crate) fn change(&mut self, change: OverlayChange) {
        let request = Arc::make_mut(&mut self.request);
        let OverlayChange {
            overlay_id: _,
            title,
            description,
            requirements,
            access,
            report_policy,
        } = change;
        if let Some(title) = title {
            request.title = title;
        }
        if let Some(description) = description {
            request.description = description;
        }
        request.requirements = requirements.unwrap_or(request.requirements);
        if let Some(access) = access {
            request.access = access;
        }
        request.report_policy = report_policy.unwrap_or(request.report_policy);
    }
}

#[cfg(test)]
mod tests {
    use mp2p::id::OverlayId;
    use mp2p::message::bound::List;

    use super::*;

    #[test]
    fn a_closed_overlay_is_its_owners_the_listed_users_and_the_providers() {
        let peer = |letter: &str| PeerId::parse(&letter.repeat(64)).unwrap();
        let user = |name: &str| UserId::parse(name).unwrap();
        let mut request = OverlayRequest::named(OverlayId::parse("film").unwrap());
        let owner = Owner { peer: peer("a"), user: Some(user("anna")) };
        let terms = |request: &OverlayRequest| Terms {
            request: Arc::new(request.clone()),
            owner: Some(Arc::new(owner.clone())),
        };
        assert!(terms(&request).admit(&peer("c"), Some(&user("carla"))));
        request.access.kind = AccessKind::Closed;
        request.access.users = List::new(vec![user("ben")]).unwrap();
        let closed = terms(&request);
        for (who, name, may) in
            [("a", "anna", true), ("d", "anna", true), ("b", "ben", true), ("c", "carla", false)]
        {
            assert_eq!(closed.admit(&peer(who), Some(&user(name))), may, "{name}");
        }
        assert!(closed.admit(&peer("e"), None));
        assert!(!closed.is_owned_by(&peer("b"), Some(&user("ben"))));
        assert!(!closed.is_owned_by(&peer("e"), None));
    }
}
