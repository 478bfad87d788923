//! Statuses and windows of history in as few bytes as they have digits: there are millions. Rates
//! end at 2^48 bit/s, connections at 2^24, those that are not direct at 2^16; what is more counts
//! as that.

use mp2p::message::activity::Window;
use mp2p::message::status::PeerStatus;

use crate::scores;

/// A whole number in `N` bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Small<const N: usize>(Bytes<N>);

/// Little-endian. (Arrays of any length have no default.)
#[derive(Clone, Copy, Debug)]
struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> Default for Bytes<N> {
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Small<N> {
    fn of(number: u64) -> Self {
        let most = u64::MAX >> (64 - 8 * N);
        let mut bytes = [0; N];
        bytes.copy_from_slice(&number.min(most).to_le_bytes()[..N]);
        Self(Bytes(bytes))
    }

    fn get(self) -> u64 {
        let mut wide = [0; 8];
        wide[..N].copy_from_slice(&self.0.0);
        u64::from_le_bytes(wide)
    }
}

/// A status in 32 bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PackedStatus {
    cpu_load: f32,
    up_bps: Small<6>,
    max_up_bps: Small<6>,
    down_bps: Small<6>,
    connections: Small<3>,
    max_connections: Small<3>,
    punched: Small<2>,
    relayed: Small<2>,
}

impl PackedStatus {
    pub(crate) fn of(status: &PeerStatus) -> Self {
        Self {
            cpu_load: status.cpu_load,
            up_bps: Small::of(status.up_bps),
            max_up_bps: Small::of(status.max_up_bps),
            down_bps: Small::of(status.down_bps),
            connections: Small::of(u64::from(status.connections)),
            max_connections: Small::of(u64::from(status.max_connections)),
            punched: Small::of(u64::from(status.punched)),
            relayed: Small::of(u64::from(status.relayed)),
        }
    }

    pub(crate) fn get(self) -> PeerStatus {
        PeerStatus {
            cpu_load: self.cpu_load,
            up_bps: self.up_bps.get(),
            max_up_bps: self.max_up_bps.get(),
            down_bps: self.down_bps.get(),
            connections: self.connections.get() as u32,
            max_connections: self.max_connections.get() as u32,
            punched: self.punched.get() as u32,
            relayed: self.relayed.get() as u32,
        }
    }
}

/// A load of 1.
const WHOLE: u16 = u16::MAX;

/// A window in 24 bytes; none where nothing was reported in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PackedWindow {
    /// Unix seconds.
    from: u32,
    load: f32,
    /// In parts of [`WHOLE`].
    max_load: u16,
    reports: u16,
    up_bps: Small<6>,
    down_bps: Small<6>,
}

impl PackedWindow {
    /// Begins at `from`.
    pub(crate) fn new(from: u64) -> Self {
        Self { from: u32::try_from(from).unwrap_or(u32::MAX), ..Self::default() }
    }

    pub(crate) fn from(&self) -> u64 {
        u64::from(self.from)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.reports == 0
    }

    /// Takes a report into the means.
    pub(crate) fn note(&mut self, status: &PeerStatus) {
        let (before, load) = (f64::from(self.reports), status.load());
        let mean = |mean: f64, new: f64| (mean * before + new) / (before + 1.0);
        self.load = mean(f64::from(self.load), f64::from(load)) as f32;
        // A load is 0 to 1.
        self.max_load = self.max_load.max((load * f32::from(WHOLE)).round() as u16);
        self.up_bps = Small::of(mean(self.up_bps.get() as f64, status.up_bps as f64) as u64);
        self.down_bps = Small::of(mean(self.down_bps.get() as f64, status.down_bps as f64) as u64);
        self.reports = self.reports.saturating_add(1);
    }

    pub(crate) fn get(self) -> Window {
        Window {
            from: self.from(),
            reports: u32::from(self.reports),
            load: scores::told(self.load),
            max_load: scores::told(f32::from(self.max_load) / f32::from(WHOLE)),
            up_bps: self.up_bps.get(),
            down_bps: self.down_bps.get(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_comes_back_as_it_went_in() {
        let status = PeerStatus {
            cpu_load: 0.3,
            up_bps: 10_000_000_000_000,
            max_up_bps: 7,
            down_bps: 0,
            connections: 1_000_000,
            max_connections: 65_536,
            punched: 65_535,
            relayed: 256,
        };
        assert_eq!(PackedStatus::of(&status).get(), status);
        let more = PeerStatus { up_bps: u64::MAX, connections: u32::MAX, ..status };
        let most = PackedStatus::of(&more).get();
        assert_eq!((most.up_bps, most.connections), ((1 << 48) - 1, (1 << 24) - 1));
    }

    /// Of 0.3, 0.7 and 0.2 that is 0.4 and 0.7; thousandths are told.
    #[test]
    fn a_window_has_mean_and_highest_load_in_thousandths() {
        let mut window = PackedWindow::new(600);
        for cpu_load in [0.3, 0.7, 0.2] {
            window.note(&PeerStatus { cpu_load, ..PeerStatus::default() });
        }
        let told = window.get();
        assert_eq!((told.load, told.max_load, told.reports), (0.4, 0.7, 3));
        for thousandths in 0..=1000_u16 {
            let load = f32::from(thousandths) / 1000.0;
            let mut window = PackedWindow::new(600);
            window.note(&PeerStatus { cpu_load: load, ..PeerStatus::default() });
            assert_eq!(window.get().max_load, load);
        }
    }

    #[test]
    fn they_take_as_little_as_they_say() {
        assert_eq!((size_of::<PackedStatus>(), size_of::<PackedWindow>()), (32, 24));
    }
}
