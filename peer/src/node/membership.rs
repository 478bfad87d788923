//! This peer's part in one overlay: joined, refreshed while it lasts, left at the end.

use std::sync::Arc;
use std::time::Duration;

use mp2p::id::OverlayId;
use mp2p::message::bound::List;
use mp2p::message::join::{
    AddressKind, JoinAnswer, JoinRequest, LeaveRequest, PeerAddress, SharingPolicy,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::identity::Identity;
use crate::isp::PublicView;
use crate::nat::Ways;
use crate::node::Lost;
use crate::node::last::LastList;
use crate::node::presence::Presence;
use crate::provider::{Provider, ProviderError};

/// Between two tries while the provider is away: doubled from the first to the last.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// While nobody is listed, or it is not known yet whether others get through to us, a list is asked
/// for again after this time: doubled up to the last, …
const FIRST_AGAIN: Duration = Duration::from_secs(3);
const LAST_AGAIN: Duration = Duration::from_secs(60);
/// … and for the second reason no more often than this.
const MAX_UNTOLD: u32 = 3;
/// A list is asked for no more often than this, whatever happens.
const MIN_INTERVAL: Duration = Duration::from_secs(2);
/// For the goodbye.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// What is heard of a membership.
#[derive(Debug)]
pub enum Change {
    /// Joined or refreshed: the list, and all that comes with it.
    Listed(Box<JoinAnswer>, Viewed),
    /// The last list, from the disk: the provider is away.
    Remembered(Box<JoinAnswer>, Viewed),
    /// The distribution was stopped; the signed order, where there is one.
    Stopped(Option<String>),
    /// The provider wants nothing of it; told in a sentence.
    Refused(String),
    /// The provider is away; what it rests on goes on.
    Away(String),
}

/// What the ISP, asked directly, said to a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Viewed {
    /// Nobody asked it.
    NotAsked,
    /// The list is in its order.
    Ordered,
    /// Nothing, and why; the list is as the provider made it.
    Silent(String),
}

/// A membership to be.
pub struct Membership {
    /// Who joins.
    pub identity: Identity,
    /// Where.
    pub provider: Provider,
    /// In which overlay.
    pub overlay: OverlayId,
    /// Our port.
    pub port: u16,
    /// What we give, and to whom.
    pub policy: SharingPolicy,
    /// Where the last list is kept.
    pub list: LastList,
    /// What stands before us, and ways past it.
    pub ways: Arc<Ways>,
    /// Wakes it, and says which relay failed.
    pub lost: Lost,
    /// The ISP's view that orders lists.
    pub view: Option<Arc<PublicView>>,
    /// That this peer takes part in the overlay with this content, of perhaps several.
    pub presence: Presence,
}

impl Membership {
    /// Joins and refreshes until `ended`, then leaves.
    pub async fn run(self, changes: mpsc::Sender<Change>, ended: CancellationToken) {
        let mut is_member = false;
        let mut retry = RETRY.0;
        let mut is_first = true;
        let mut soon = Soon::default();
        loop {
            let request = self.request();
            let told = match is_member {
                true => self.provider.refresh(&request).await,
                false => self.provider.join(&request).await,
            };
            let wait = match told {
                Ok(mut answer) => {
                    is_member = true;
                    retry = RETRY.0;
                    self.list.keep(&answer);
                    self.ways.learn(&answer);
                    let wait = soon.after(&answer);
                    let viewed = self.look(&mut answer).await;
                    let _ = changes.send(Change::Listed(Box::new(answer), viewed)).await;
                    match self.ways.look().await {
                        true => Duration::ZERO,
                        false => wait,
                    }
                }
                Err(error) => match self.failed(error, is_first).await {
                    (change, true) => {
                        let _ = changes.send(change).await;
                        is_member = false;
                        retry = (retry * 2).min(RETRY.1);
                        retry
                    }
                    (change, false) => {
                        let _ = changes.send(change).await;
                        return;
                    }
                },
            };
            is_first = false;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.woken() => {}
                () = ended.cancelled() => break,
            }
        }
        if !self.presence.end() {
            // Another content of ours is in the same overlay, and this peer with it.
            return;
        }
        let leave =
            LeaveRequest { overlay_id: self.overlay.clone(), peer_id: self.identity.peer.clone() };
        let _ = tokio::time::timeout(LEAVE_TIMEOUT, self.provider.leave(&leave)).await;
    }

    async fn woken(&self) {
        tokio::time::sleep(MIN_INTERVAL).await;
        self.lost.wanted.notified().await;
    }

    fn request(&self) -> JoinRequest {
        // The provider takes the address that it sees; the port is what it cannot see.
        let address = PeerAddress {
            ip_address: std::net::Ipv4Addr::UNSPECIFIED.into(),
            port: self.port,
            kind: AddressKind::Host,
        };
        JoinRequest {
            overlay_id: self.overlay.clone(),
            peer_id: self.identity.peer.clone(),
            peer_addr: List::new(vec![address]).unwrap_or_default(),
            nat: self.ways.nat(),
            rendezvous: self.ways.is_on(),
            relay_failed: self.lost.take(),
            sharing_policy: self.policy.clone(),
            peer_num: None,
        }
    }

    /// The list in the order of the ISP, where that is asked.
    async fn look(&self, answer: &mut JoinAnswer) -> Viewed {
        let Some(view) = &self.view else { return Viewed::NotAsked };
        let from = answer.observed.ip_address;
        match view.order(from, &mut answer.status).await {
            Ok(()) => Viewed::Ordered,
            Err(error) => Viewed::Silent(format!("{error:#}")),
        }
    }

    /// What a failure means, and whether to try again.
    async fn failed(&self, error: ProviderError, is_first: bool) -> (Change, bool) {
        if error.is_passing() {
            let remembered = self.list.read(&self.overlay).filter(|_| is_first).map(|it| it.0);
            let change = match remembered {
                Some(mut answer) => {
                    let viewed = self.look(&mut answer).await;
                    Change::Remembered(answer, viewed)
                }
                None => Change::Away(error.to_string()),
            };
            return (change, true);
        }
        match &error {
            ProviderError::Refused { code, body, .. } if code == "stopped" => {
                let stop = body["stop"].as_str().map(str::to_owned);
                (Change::Stopped(stop), false)
            }
            // It has forgotten us, as after a restart: joined anew.
            ProviderError::Refused { code, .. }
                if matches!(code.as_str(), "not-found" | "no-overlay") =>
            {
                (Change::Away(error.to_string()), true)
            }
            _ => (Change::Refused(error.to_string()), false),
        }
    }
}

/// Lists that are asked for again sooner than the provider asks for.
#[derive(Debug)]
struct Soon {
    /// Answers that did not say whether we can be dialled.
    untold: u32,
    /// While nobody is listed: doubled with each answer.
    empty: Duration,
}

impl Default for Soon {
    fn default() -> Self {
        Self { untold: 0, empty: FIRST_AGAIN }
    }
}

impl Soon {
    /// How long to wait after an answer.
    fn after(&mut self, answer: &JoinAnswer) -> Duration {
        let mut wait = Duration::from_secs(answer.heartbeat_interval.max(1));
        if answer.reachable.is_none() && !answer.stun.is_empty() && self.untold < MAX_UNTOLD {
            self.untold += 1;
            wait = wait.min(FIRST_AGAIN);
        }
        if answer.status.peer_info_list.is_empty() {
            wait = wait.min(self.empty);
            self.empty = (self.empty * 2).min(LAST_AGAIN);
        } else {
            self.empty = FIRST_AGAIN;
        }
        wait
    }
}
