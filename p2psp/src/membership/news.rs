//! What UMS tells of users while their peers are members: who is locked out, ended or revoked
//! leaves all lists at once, and status is shown as its user said last.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mp2p::id::{PeerId, UserId};

use crate::calls::{NewsAfter, UserNews};
use crate::membership::Oms;
use crate::overlay::Dismissed;
use crate::reservation::Over;

/// Questions in a row, where there is much; the rest is for the next time.
const MAX_AT_A_TIME: usize = 100;
/// A revoked certificate may be shown until its revocation has come here, seconds: whoever came
/// back with it meanwhile leaves again.
const COMES_BACK_S: u64 = 10;
/// Peers that are looked for again.
const MAX_LATELY: usize = 10_000;

/// How far UMS has been heard; nothing yet: it is heard from then on.
#[derive(Debug, Default)]
pub struct Heard {
    so_far: Mutex<SoFar>,
}

#[derive(Debug, Default)]
struct SoFar {
    /// What to ask from.
    number: Option<u64>,
    /// Peers that are out of late, and since when, Unix seconds.
    lately: Vec<(PeerId, u64)>,
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the next run of this server.
    pub(crate) fn keep(&self) -> Option<u64> {
        self.lock().number
    }

    pub(crate) fn restore(&self, number: Option<u64>) {
        self.lock().number = number;
    }

    /// Peers of which those are out that came back; `new` are out from now on.
    fn lately(&self, new: &[PeerId], now: u64) -> Vec<PeerId> {
        let mut so_far = self.lock();
        so_far.lately.retain(|(_, since)| since.saturating_add(COMES_BACK_S) > now);
        let room = MAX_LATELY.saturating_sub(so_far.lately.len());
        so_far.lately.extend(new.iter().take(room).map(|peer| (peer.clone(), now)));
        so_far.lately.iter().map(|(peer, _)| peer.clone()).collect()
    }
}

impl Oms {
    /// Asks UMS what there is, and does by it; whether anybody is out. That it does not answer is
    /// no failure: it will.
    pub async fn hear_of_users(&self, now: u64) -> bool {
        let mut is_anybody_out = false;
        for _ in 0..MAX_AT_A_TIME {
            let after = NewsAfter { number: self.heard.keep() };
            let asked = tokio::time::timeout(self.call_timeout, self.users.news(after)).await;
            let news = match asked {
                Ok(Ok(news)) => news,
                Ok(Err(error)) => {
                    tracing::debug!(%error, "no news of users");
                    break;
                }
                Err(_elapsed) => {
                    tracing::debug!("no news of users in time");
                    break;
                }
            };
            let (upto, is_all) = (news.upto, news.is_all);
            is_anybody_out |= self.take_news(news, now);
            self.heard.restore(Some(upto));
            if is_all {
                break;
            }
        }
        let again = self.heard.lately(&[], now);
        self.dismiss(
            &Dismissed { peers: again.into_iter().collect(), ..Dismissed::default() },
            now,
        );
        is_anybody_out
    }

    fn take_news(&self, news: UserNews, now: u64) -> bool {
        let consents: HashMap<UserId, Option<bool>> =
            news.users.iter().map(|it| (it.user.clone(), it.show_status)).collect();
        if !consents.is_empty() {
            self.store.consented(&consents);
        }
        self.heard.lately(&news.gone, now);
        let users = news.users.into_iter().filter(|it| it.is_out).map(|it| it.user).collect();
        let out = Dismissed { users, peers: news.gone.into_iter().collect() };
        self.dismiss(&out, now);
        !out.is_empty()
    }

    /// Lets them go, as members and as servers.
    fn dismiss(&self, out: &Dismissed, now: u64) {
        if out.is_empty() {
            return;
        }
        for (overlay, peer) in self.store.dismiss(out, now) {
            tracing::info!(%overlay, %peer, "a member is out: its user, key or certificate is");
        }
        let mut book = self.book();
        let servers =
            book.servers.iter().filter(|(peer, server)| out.has(peer, server.user.as_ref()));
        let servers: Vec<PeerId> = servers.map(|(peer, _)| peer.clone()).collect();
        let over: Vec<Over> = servers.iter().flat_map(|server| book.leave(server)).collect();
        drop(book);
        self.tell_over(&over);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_out_is_looked_for_again_for_a_while() {
        let heard = Heard::default();
        let peer = |letter: &str| PeerId::parse(&letter.repeat(64)).unwrap();
        assert_eq!(heard.lately(&[peer("a")], 100), [peer("a")]);
        assert_eq!(heard.lately(&[peer("b")], 105), [peer("a"), peer("b")]);
        assert_eq!(heard.lately(&[], 109), [peer("a"), peer("b")]);
        assert_eq!(heard.lately(&[], 110), [peer("b")]);
        assert!(heard.lately(&[], 115).is_empty());
        let crowd = vec![peer("c"); MAX_LATELY + 1];
        assert_eq!(heard.lately(&crowd, 200).len(), MAX_LATELY);
    }
}
