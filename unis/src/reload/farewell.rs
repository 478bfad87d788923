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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Inputs, Settings};

    /// Long enough for any machine; only reached when something is wrong.
    const AMPLE: Duration = Duration::from_secs(60);

    /// Two PoPs and a link of this metric.
    fn version(igp: u32) -> Version {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("inventory.toml");
        let text = format!(
            "[[pop]]\nname = \"MI\"\n[[pop]]\nname = \"RM\"\n\
             [[link]]\nfrom = \"MI\"\nto = \"RM\"\nigp = {igp}\n"
        );
        std::fs::write(&file, text).unwrap();
        let sources = vec![format!("inventory={}", file.display())];
        let inputs = Inputs { sources, ..Inputs::default() };
        Version::load(&Settings::load(&inputs).unwrap(), &()).unwrap()
    }

    #[test]
    fn a_version_is_held_by_whoever_has_a_part_of_it() {
        let version = Arc::new(version(1));
        assert!(!is_held(&version));
        let whole = Arc::clone(&version);
        assert!(is_held(&version));
        drop(whole);
        let resource = Arc::clone(&version.resources()[0]);
        assert!(is_held(&version));
        drop(resource);
        let network = Arc::clone(&version.networks()[0]);
        assert!(is_held(&version));
        drop(network);
        assert!(!is_held(&version));
    }

    #[test]
    fn what_was_replaced_is_freed_when_the_last_request_has_let_go() {
        let old = Arc::new(version(1));
        let (request, freed) = (Arc::clone(&old.networks()[0]), Arc::downgrade(&old.networks()[0]));
        bid(old, &version(2));
        drop(request);
        let since = Instant::now();
        while freed.strong_count() > 0 {
            assert!(since.elapsed() < AMPLE, "it is still there");
            std::thread::sleep(LOOK);
        }
    }
}
