//! Sign-up: somebody becomes a user, or a user gets a further peer, by a one-time token
//! (Req-User-010).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use link::pki::{Authority, Entry, Naming, PkiError, TokenOrder};
use mp2p::id::{PeerId, UserId};
use mp2p::message::account::SignedUp;

use crate::settings::SignUpBy;
use crate::users::Ums;
use crate::users::ledger::{Act, LedgerError, SignUpBounds, SignedUpAs};

/// Hands out tokens.
#[derive(Clone)]
pub struct SignUps {
    /// Who makes them.
    pub authority: Arc<Authority>,
    /// Where to enrol with them.
    pub url: String,
    /// How long they are good.
    pub life: Duration,
    /// Who may sign up.
    pub by: SignUpBy,
    /// New users of a day.
    pub most_a_day: u32,
    /// … from one address.
    pub most_of_source: u32,
    /// Whether this host's own addresses count too.
    pub loopback_too: bool,
}

/// Tokens for further peers of one user on a day.
const MAX_FURTHER: u32 = 8;

/// Nobody signs up.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// By setting.
    #[error("users of this provider are invited: ask its operator")]
    Closed,
    /// Somebody has the name.
    #[error("there is a user {0} already")]
    Taken(UserId),
    /// Enough for today.
    #[error("there were too many sign-ups today, in all or from there: come back tomorrow")]
    TooMany,
    /// A user has had enough for today.
    #[error(
        "a user gets tokens for {0} further peers a day at most: come back tomorrow, or ask the operator for one"
    )]
    TooManyPeers(u32),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The CA.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The CA's thread.
    #[error("the authority broke off")]
    Task,
}

impl SignUps {
    /// A new user, where anybody may be one: the name is taken from now on.
    ///
    /// # Errors
    /// [`SignUpError`].
    pub async fn newcomer(
        &self,
        ums: &Ums,
        user: UserId,
        from: IpAddr,
        now: u64,
    ) -> Result<SignedUp, SignUpError> {
        let source = link::rate::host(from);
        let by = Act { actor: source.to_string(), now };
        if self.by != SignUpBy::Open {
            return Err(SignUpError::Closed);
        }
        let counts = self.loopback_too || !source.is_loopback();
        let bounds = SignUpBounds {
            most_a_day: self.most_a_day,
            source: counts.then_some((source, self.most_of_source)),
        };
        match ums.ledger().sign_up(&user, bounds, &by).await? {
            SignedUpAs::New => self.token(user, now).await,
            SignedUpAs::Taken => Err(SignUpError::Taken(user)),
            SignedUpAs::TooMany => Err(SignUpError::TooMany),
        }
    }

    /// A further peer for a user who asks with another.
    ///
    /// # Errors
    /// [`SignUpError`].
    pub async fn further(
        &self,
        ums: &Ums,
        user: UserId,
        by: &Act,
    ) -> Result<SignedUp, SignUpError> {
        match ums.ledger().further(&user, MAX_FURTHER, by).await? {
            true => self.token(user, by.now).await,
            false => Err(SignUpError::TooManyPeers(MAX_FURTHER)),
        }
    }

    /// Ends a peer of a user's whose key is lost: its certificates are revoked, it takes part no
    /// more. Whether the user has such a peer.
    ///
    /// # Errors
    /// [`SignUpError`].
    pub async fn lost(
        &self,
        ums: &Ums,
        (user, peer): (&UserId, &PeerId),
        by: &Act,
    ) -> Result<bool, SignUpError> {
        let (authority, whose) = (Arc::clone(&self.authority), user.to_string());
        let id = peer.digits();
        let revoke = move || {
            let entries = authority.status()?;
            let is_meant = |entry: &&Entry| {
                entry.peer() == Some(&*id) && entry.user.as_deref() == Some(&*whose)
            };
            let Some(entry) = entries.iter().find(is_meant) else { return Ok(false) };
            match authority.revoke(&entry.name) {
                // None of them was good any more.
                Err(PkiError::Unknown(_)) => Ok(true),
                revoked => revoked.map(|_| true),
            }
        };
        let is_theirs = tokio::task::spawn_blocking(revoke).await;
        let is_theirs = is_theirs.map_err(|_| SignUpError::Task)??;
        if is_theirs {
            ums.ledger().end_peer(peer, by).await?;
        }
        Ok(is_theirs)
    }

    /// A token for a peer of a user.
    ///
    /// # Errors
    /// The CA refuses.
    pub async fn token(&self, user: UserId, now: u64) -> Result<SignedUp, SignUpError> {
        let order = TokenOrder {
            name: Naming::PeerOf { user: user.to_string() },
            server_names: Vec::new(),
            ttl: self.life,
            url: self.url.clone(),
        };
        let authority = Arc::clone(&self.authority);
        let made = tokio::task::spawn_blocking(move || authority.token(&order));
        let token = made.await.map_err(|_| SignUpError::Task)??;
        Ok(SignedUp { token: token.to_string(), expires: now.saturating_add(self.life.as_secs()) })
    }
}
