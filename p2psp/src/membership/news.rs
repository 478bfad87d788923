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

/// How far UMS has been heard; nothing yet: it is heard from then on.
#[derive(Debug, Default)]
pub struct Heard {
    number: Mutex<Option<u64>>,
}

impl Heard {
    fn lock(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the next run of this server.
    pub(crate) fn keep(&self) -> Option<u64> {
        *self.lock()
    }

    pub(crate) fn restore(&self, number: Option<u64>) {
        *self.lock() = number;
    }
}

impl Oms {
    /// Asks UMS what there is, and does by it. That it does not answer is no failure: it will.
    pub async fn hear_of_users(&self, now: u64) {
        for _ in 0..MAX_AT_A_TIME {
            let after = NewsAfter { number: self.heard.keep() };
            let asked = tokio::time::timeout(self.call_timeout, self.users.news(after)).await;
            let news = match asked {
                Ok(Ok(news)) => news,
                Ok(Err(error)) => return tracing::debug!(%error, "no news of users"),
                Err(_elapsed) => return tracing::debug!("no news of users in time"),
            };
            let (upto, is_all) = (news.upto, news.is_all);
            self.take_news(news, now);
            self.heard.restore(Some(upto));
            if is_all {
                return;
            }
        }
    }

    fn take_news(&self, news: UserNews, now: u64) {
        let consents: HashMap<UserId, Option<bool>> =
            news.users.iter().map(|it| (it.user.clone(), it.show_status)).collect();
        if !consents.is_empty() {
            self.store.consented(&consents);
        }
        let users = news.users.into_iter().filter(|it| it.is_out).map(|it| it.user).collect();
        let out = Dismissed { users, peers: news.gone.into_iter().collect() };
        if out.is_empty() {
            return;
        }
        for (overlay, peer) in self.store.dismiss(&out, now) {
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
