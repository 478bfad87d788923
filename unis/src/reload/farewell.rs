//! The end of a version that was replaced: whoever lets go of it last frees it, which takes long
//! where it is large. That must not be a thread that answers requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::maps::version::Version;
use crate::reload::background;

/// Between two looks at who still has it.
const LOOK: Duration = Duration::from_millis(20);
/// How long it is waited for; a client that takes a map for longer than that frees it itself.
const WAIT: Duration = Duration::from_secs(60);

/// Frees `old` in a thread of its own, as soon as no request has a part of it any more. Where no
/// thread can be had, it is freed by whoever has it last.
pub(crate) fn bid(old: Arc<Version>, new: &Version) {
    let kept = |network| new.networks().iter().any(|other| Arc::ptr_eq(other, network));
    if old.networks().iter().all(kept) {
        return;
    }
    let wait = move || {
        let since = Instant::now();
        while is_held(&old) && since.elapsed() < WAIT {
            std::thread::sleep(LOOK);
        }
    };
    if let Err(error) = background::start(wait) {
        tracing::warn!(%error, "no thread to free the old version in");
    }
}

/// Whether anybody has the version, or one of its networks, beside itself.
fn is_held(version: &Arc<Version>) -> bool {
    let resources = version.resources();
    let own = |network| {
        1 + resources.iter().filter(|resource| Arc::ptr_eq(&resource.network, network)).count()
    };
    Arc::strong_count(version) > 1
        || resources.iter().any(|resource| Arc::strong_count(resource) > 1)
        || version.networks().iter().any(|network| Arc::strong_count(network) > own(network))
}
