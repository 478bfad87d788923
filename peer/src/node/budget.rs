//! The limits that its user set, as rates of bytes; those of a time of the day come and go.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::exchange::Rates;
use crate::node::Node;
use crate::settings::{Limits, bytes_per_second};

/// The clock is looked at this often.
const LOOK: Duration = Duration::from_secs(15);

/// The limits at this minute.
pub(crate) fn rates(limits: &Limits) -> Rates {
    let (up, down) = limits.rates(minute_of_the_day());
    let classes = limits.class_up_kbps.iter().enumerate();
    let class_up = classes
        .filter_map(|(class, kbps)| Some((u8::try_from(class).ok()?, bytes_per_second(*kbps)?)));
    Rates {
        up,
        down,
        peer_up: bytes_per_second(limits.peer_up_kbps),
        peer_down: bytes_per_second(limits.peer_down_kbps),
        class_up: class_up.collect(),
    }
}

/// Changes the rates when a window of the day begins or ends, until shutdown.
pub(crate) async fn follow_the_clock(node: Arc<Node>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = node.shutdown.wait() => return,
        }
        let rates = rates(&node.limits());
        if *node.budget().rates() != rates {
            node.set_rates(rates);
        }
    }
}

impl Node {
    /// Other rates from now on.
    pub(crate) fn set_rates(&self, rates: Rates) {
        let now = Instant::now();
        self.intake.set(rates.down, rates.peer_down, now);
        self.budget().set(rates, now);
    }
}

/// Of the local day; of the day in UTC where the local time cannot be told.
pub(crate) fn minute_of_the_day() -> u32 {
    let now = time::OffsetDateTime::now_local();
    let now = now.unwrap_or_else(|_| time::OffsetDateTime::now_utc());
    u32::from(now.hour()) * 60 + u32::from(now.minute())
}
