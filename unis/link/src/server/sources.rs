//! How many connections there are, in all and from where, and the requests in work of each source.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::overload::Share;
use crate::rate::host;

/// Counts connections against the caps. Clones share the count.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    counts: Arc<Mutex<Counts>>,
    caps: Caps,
}

/// The caps of a listener.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Caps {
    pub(crate) all: usize,
    pub(crate) per_source: usize,
    pub(crate) work_per_source: usize,
    pub(crate) loopback_too: bool,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    by_source: HashMap<IpAddr, Source>,
}

#[derive(Debug)]
struct Source {
    connections: usize,
    work: Share,
}

/// A connection's place, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    sources: Sources,
    source: IpAddr,
    /// Of the requests in work, the source's.
    pub(crate) work: Share,
}

impl Sources {
    pub(crate) fn new(caps: Caps) -> Self {
        Self { counts: Arc::default(), caps }
    }

    /// A place for a connection from `address`, or the name of the cap that is reached.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Place, &'static str> {
        let source = host(address);
        let exempt = source.is_loopback() && !self.caps.loopback_too;
        let mut counts = self.lock();
        if counts.all >= self.caps.all {
            return Err("all");
        }
        let most = if exempt { usize::MAX } else { self.caps.work_per_source };
        let new = || Source { connections: 0, work: Share::new(most) };
        let from_here = counts.by_source.entry(source).or_insert_with(new);
        if from_here.connections >= self.caps.per_source && !exempt {
            return Err("source");
        }
        from_here.connections += 1;
        let work = from_here.work.clone();
        counts.all += 1;
        Ok(Place { sources: self.clone(), source, work })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.sources.lock();
        counts.all = counts.all.saturating_sub(1);
        if let Some(from_here) = counts.by_source.get_mut(&self.source) {
            from_here.connections = from_here.connections.saturating_sub(1);
            if from_here.connections == 0 {
                counts.by_source.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(all: usize, per_source: usize) -> Sources {
        Sources::new(Caps { all, per_source, work_per_source: 1, loopback_too: false })
    }

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_source_leaves_room_for_others() {
        let sources = sources(3, 1);
        let _first = sources.enter(at("192.0.2.1")).unwrap();
        assert_eq!(sources.enter(at("::ffff:192.0.2.1")).unwrap_err(), "source");
        let _second = sources.enter(at("2001:db8::1")).unwrap();
        assert_eq!(sources.enter(at("2001:db8::2")).unwrap_err(), "source");
        let _third = sources.enter(at("2001:db8:0:1::1")).unwrap();
        assert_eq!(sources.enter(at("192.0.2.2")).unwrap_err(), "all");
    }

    #[test]
    fn a_place_left_is_free() {
        let sources = sources(1, 1);
        drop(sources.enter(at("192.0.2.1")).unwrap());
        assert!(sources.enter(at("192.0.2.1")).is_ok());
        assert!(sources.lock().by_source.is_empty());
    }

    #[test]
    fn the_own_machine_is_capped_only_when_told() {
        let sources = sources(9, 1);
        let _first = sources.enter(at("127.0.0.1")).unwrap();
        assert!(sources.enter(at("127.0.0.1")).is_ok());
    }
}
