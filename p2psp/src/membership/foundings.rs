//! Who founded an overlay is for UMS to know, so that its owner reads the distribution result
//! (TR 20002 §7.7.1): told again where UMS did not answer.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::calls::Founding;
use crate::membership::Oms;

/// Foundings that wait; of more the oldest are given up.
const MAX_WAITING: usize = 10_000;
/// Told at one time; the first that fails ends it.
const MAX_AT_A_TIME: usize = 200;

/// What UMS has not been told.
#[derive(Debug, Default)]
pub struct Foundings {
    waiting: Mutex<VecDeque<Founding>>,
}

impl Foundings {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Founding>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What waits, for the next run of this server.
    pub(crate) fn keep(&self) -> Vec<Founding> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn wait(&self, founding: Founding) {
        let mut waiting = self.lock();
        if waiting.len() >= MAX_WAITING {
            waiting.pop_front();
            tracing::warn!("UMS is away for long: who founded an overlay is not told");
        }
        waiting.push_back(founding);
    }
}

impl Oms {
    /// Tells UMS who founded an overlay: now, or when it answers again.
    pub(crate) async fn found(&self, founding: Founding) {
        if self.in_time("r7", self.users.founded(founding.clone())).await.is_none() {
            self.foundings.wait(founding);
        }
    }

    /// Tells what waits, as long as UMS answers.
    pub async fn found_again(&self) {
        for _ in 0..MAX_AT_A_TIME {
            let Some(founding) = self.foundings.lock().pop_front() else { return };
            if self.in_time("r7", self.users.founded(founding.clone())).await.is_none() {
                return self.foundings.lock().push_front(founding);
            }
        }
    }
}
