//! A cache whose disk is in the way tells OMS of it: a dedicated one has to, a temporary one should
//! (TR 20002 §8.2.5). What was reserved with it is reserved elsewhere.

use std::time::{Duration, Instant};

use http::Method;
use mp2p::message::bound::Text;
use mp2p::message::server::{Fault, MAX_FAULT_BYTES};

use crate::node::Node;
use crate::node::caching::Caching;

/// Between two reports of faults: OMS leaves the cache alone for as long.
const REPORT: Duration = Duration::from_secs(120);

impl Caching {
    /// The disk refuses something of what is kept.
    pub(crate) fn trouble(&self, what: &str) {
        let mut state = self.lock();
        if state.faulty.is_none() {
            state.faulty = Some(what.to_owned());
            self.due.notify_one();
        }
    }

    /// Tells OMS; whether it was told now, and holds nothing of this cache any more.
    pub(crate) async fn tell_fault(&self, node: &Node) -> bool {
        let now = Instant::now();
        let what = {
            let mut state = self.lock();
            match state.faulty.take() {
                Some(what) if state.fault_told.is_none_or(|at| now >= at + REPORT) => what,
                _ => return false,
            }
        };
        // The path is nobody else's business; the reason stands after the last colon.
        let reason = what.rsplit(": ").next().unwrap_or_default();
        let reason: String = reason.chars().take(MAX_FAULT_BYTES / 4).collect();
        let Ok(what) = Text::new(format!("disk: {reason}")) else { return false };
        match node.provider.tell(Method::POST, "/oms/server/fault", Some(&Fault { what })).await {
            Ok(()) => {
                tracing::error!(reason, "OMS is told that this cache cannot keep what it should");
                self.lock().fault_told = Some(now);
                true
            }
            Err(error) => {
                tracing::warn!(%error, "OMS does not take a fault");
                false
            }
        }
    }
}
