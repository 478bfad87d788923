//! What UMS tells of users while their peers are members: who is locked out, ended or revoked
//! leaves all lists at once, and status is shown as its user said last.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mp2p::id::{PeerId, UserId};

use crate::calls::{NewsAfter, UserNews, UserNow};
use crate::membership::Oms;
use crate::overlay::Dismissed;
use crate::reservation::Over;

/// Questions in a row, where there is much; the rest is for the next time.
const MAX_AT_A_TIME: usize = 100;
/// What was heard is done again for so long, seconds: a join that was under way is over then, and a
/// revoked certificate is known as such here, so that nobody comes back by either.
const AGAIN_S: u64 = 10;
/// Users and peers that something is done about again.
const MAX_LATELY: usize = 10_000;
/// It is asked every second; silent for so long it is missed, seconds.
const MISSED_S: u64 = 5;
/// Two servers' clocks may be so far apart, seconds.
const CLOCKS_APART_S: u64 = 60;

/// How far UMS has been heard.
#[derive(Debug)]
pub struct Heard {
    /// Nothing of what was before concerns members, Unix seconds.
    since: u64,
    so_far: Mutex<SoFar>,
    /// The first question that got no answer, Unix seconds; [`ANSWERS`]: the last one got one.
    silent_since: AtomicU64,
}

const ANSWERS: u64 = u64::MAX;

#[derive(Debug, Default)]
struct SoFar {
    /// What to ask from.
    number: Option<u64>,
    /// How users are of whom was heard of late, and when, Unix seconds.
    users: HashMap<UserId, (UserNow, u64)>,
    /// Peers that are out of late, and since when.
    gone: HashMap<PeerId, u64>,
}

impl Heard {
    /// By a server that starts at `now`, Unix seconds, and hears of UMS whenever that answers.
    #[must_use]
    pub fn from(now: u64) -> Self {
        let since = now.saturating_sub(CLOCKS_APART_S);
        Self { since, so_far: Mutex::default(), silent_since: AtomicU64::new(ANSWERS) }
    }

    /// Whether nobody hears who is out: UMS has not answered for a while.
    #[must_use]
    pub fn is_missed(&self, now: u64) -> bool {
        now.saturating_sub(self.silent_since.load(Ordering::Relaxed)) >= MISSED_S
    }

    fn answered(&self, does: bool, now: u64) {
        let since = if does { ANSWERS } else { now.min(self.silent_since.load(Ordering::Relaxed)) };
        self.silent_since.store(since, Ordering::Relaxed);
    }

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

    /// Notes what is new, and gives all that is to be done: that, and what was heard of late.
    fn lately(&self, new: UserNews, now: u64) -> UserNews {
        let mut so_far = self.lock();
        let SoFar { users, gone, .. } = &mut *so_far;
        users.retain(|_, (_, since)| since.saturating_add(AGAIN_S) > now);
        gone.retain(|_, since| since.saturating_add(AGAIN_S) > now);
        let mut all = new.clone();
        let other = |user: &UserId| new.users.iter().all(|one| one.user != *user);
        let before = users.values().map(|(user, _)| user).filter(|it| other(&it.user));
        all.users.extend(before.cloned());
        all.gone.extend(gone.keys().cloned());
        for user in new.users {
            if users.len() < MAX_LATELY || users.contains_key(&user.user) {
                users.insert(user.user.clone(), (user, now));
            }
        }
        let room = MAX_LATELY.saturating_sub(gone.len());
        gone.extend(new.gone.into_iter().take(room).map(|peer| (peer, now)));
        all
    }
}

impl Oms {
    /// Asks UMS what there is, and does by it; whether anybody is out. That it does not answer is
    /// no failure: it will.
    pub async fn hear_of_users(&self, now: u64) -> bool {
        let mut is_anybody_out = false;
        for _ in 0..MAX_AT_A_TIME {
            let after = NewsAfter { number: self.heard.keep(), since: self.heard.since };
            let asked = tokio::time::timeout(self.call_timeout, self.users.news(after)).await;
            self.heard.answered(matches!(asked, Ok(Ok(_))), now);
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
            is_anybody_out |= !news.gone.is_empty() || news.users.iter().any(|it| it.is_out);
            self.take_news(self.heard.lately(news, now), now);
            self.heard.restore(Some(upto));
            if is_all {
                break;
            }
        }
        is_anybody_out
    }

    fn take_news(&self, news: UserNews, now: u64) {
        let consents: HashMap<UserId, Option<bool>> =
            news.users.iter().map(|it| (it.user.clone(), it.show_status)).collect();
        if !consents.is_empty() {
            self.store.consented(&consents);
        }
        let users = news.users.into_iter().filter(|it| it.is_out).map(|it| it.user).collect();
        self.dismiss(&Dismissed { users, peers: news.gone.into_iter().collect() }, now);
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

    fn news(users: &[(&str, bool)], gone: &[&str]) -> UserNews {
        let user = |(name, is_out): &(&str, bool)| UserNow {
            user: UserId::parse(name).unwrap(),
            is_out: *is_out,
            show_status: None,
        };
        let peer = |letter: &&str| PeerId::parse(&letter.repeat(64)).unwrap();
        UserNews {
            users: users.iter().map(user).collect(),
            gone: gone.iter().map(peer).collect(),
            ..UserNews::default()
        }
    }

    fn told(heard: &Heard, new: UserNews, now: u64) -> (Vec<(String, bool)>, Vec<String>) {
        let all = heard.lately(new, now);
        let users = all.users.into_iter().map(|it| (it.user.to_string(), it.is_out));
        let gone = all.gone.into_iter().map(|peer| peer.to_string()[..1].to_owned());
        let (mut users, mut gone): (Vec<_>, Vec<_>) = (users.collect(), gone.collect());
        users.sort();
        gone.sort();
        (users, gone)
    }

    #[test]
    fn a_silence_counts_after_a_while_and_ends_with_an_answer() {
        let heard = Heard::from(100);
        assert!(!heard.is_missed(1000), "nobody was asked");
        heard.answered(false, 100);
        heard.answered(false, 104);
        assert_eq!((heard.is_missed(104), heard.is_missed(105)), (false, true));
        heard.answered(true, 106);
        assert!(!heard.is_missed(1000));
        heard.answered(false, 107);
        assert_eq!((heard.is_missed(111), heard.is_missed(112)), (false, true));
    }

    #[test]
    fn what_was_heard_is_done_again_for_a_while_as_it_was_heard_last() {
        let heard = Heard::from(100);
        let anna = |is_out| vec![("anna".to_owned(), is_out)];
        let peers =
            |letters: &[&str]| letters.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(told(&heard, news(&[("anna", true)], &["a"]), 100), (anna(true), peers(&["a"])));
        assert_eq!(told(&heard, news(&[], &["b"]), 105), (anna(true), peers(&["a", "b"])));
        // Let in again: that she was out is not done any more.
        assert_eq!(
            told(&heard, news(&[("anna", false)], &[]), 107),
            (anna(false), peers(&["a", "b"]))
        );
        assert_eq!(told(&heard, news(&[], &[]), 110), (anna(false), peers(&["b"])));
        assert_eq!(told(&heard, news(&[], &[]), 117), (vec![], vec![]));
    }
}
