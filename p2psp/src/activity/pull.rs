//! Status on demand (TR 20002 §8.3.10): PAMS has OMS ask peers over their event streams, and waits
//! for what they report.

use std::time::Duration;

use mp2p::id::PeerId;
use mp2p::message::activity::{MAX_PULLED, PullAnswer, PullRequest};
use mp2p::message::bound::List;
use mp2p::message::event::Event;

use crate::activity::{Pams, Viewer};
use crate::calls::{Answer, CallError, StatusRequests};
use crate::events::Outbox;

/// Longest wait for peers to report.
const MAX_WAIT: Duration = Duration::from_secs(10);

impl StatusRequests for Outbox {
    fn ask_status<'a>(&'a self, peers: &'a [PeerId]) -> Answer<'a, u64> {
        // Whole before it is used: both take the same lock.
        let listening: Vec<_> = peers.iter().filter(|peer| self.is_listening(peer)).collect();
        let asked = self.post_all(listening, &Event::StatusRequest {}).len();
        Box::pin(std::future::ready(Ok(asked as u64)))
    }
}

impl Pams {
    /// Asks peers for their status and waits for it, as long as was asked for. `now` says what time
    /// it is, Unix seconds.
    ///
    /// # Errors
    /// OMS does not answer.
    pub async fn pull(
        &self,
        request: &PullRequest,
        viewer: &Viewer,
        now: impl Fn() -> u64,
    ) -> Result<PullAnswer, CallError> {
        let mut news = self.news.subscribe();
        let counts = |peer: &PeerId| self.store.record(peer, 0).map_or(0, |record| record.reports);
        let before: Vec<u64> = request.peers.iter().map(counts).collect();
        let asked = self.requests.ask_status(&request.peers).await?;
        let wait = Duration::from_secs(request.wait_s).min(MAX_WAIT);
        let fresh = || {
            let now = request.peers.iter().map(counts);
            let fresh = now.zip(&before).filter(|(now, before)| now > before).count();
            fresh as u64 >= asked
        };
        let all = async {
            while !fresh() {
                if news.changed().await.is_err() {
                    return;
                }
            }
        };
        // What has not come by then is told with its age.
        let _late = tokio::time::timeout(wait, all).await;
        let told = request.peers.iter().filter_map(|peer| self.told(peer, viewer, None, now()));
        let standings = List::<_, MAX_PULLED>::new(told.collect()).unwrap_or_default();
        Ok(PullAnswer { asked, standings })
    }
}
