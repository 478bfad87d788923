//! What is tried: networks, sizes, and what goes wrong.

/// A network and a content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) isps: usize,
    /// PoPs of an ISP, and peers of a PoP.
    pub(crate) pops: usize,
    pub(crate) peers: usize,
    /// Mbit/s up and down of a peer's access, and up of the seeder's.
    pub(crate) access_mbit: (f64, f64),
    pub(crate) seeder_mbit: f64,
    /// Of each link between two ISPs: Mbit/s each way, milliseconds one way.
    pub(crate) transit: (f64, f64),
    pub(crate) mib: usize,
    /// BitTorrent's pieces; ours are as large by default.
    pub(crate) piece_kib: usize,
    /// When the victim is killed, seconds after the start.
    pub(crate) kill_after_s: u64,
}

/// Three ISPs with six peers each, ample transit.
const S1: Setting = Setting {
    name: "S1",
    isps: 3,
    pops: 2,
    peers: 3,
    access_mbit: (5.0, 20.0),
    seeder_mbit: 20.0,
    transit: (50.0, 30.0),
    mib: 32,
    piece_kib: 256,
    kill_after_s: 25,
};

/// All that can be named.
pub(crate) const SETTINGS: [Setting; 4] = [
    S1,
    // The same where transit is the bottleneck.
    Setting { name: "S2", transit: (6.0, 30.0), ..S1 },
    // Many peers, slow access.
    Setting { name: "S3", peers: 10, access_mbit: (2.0, 8.0), mib: 16, ..S1 },
    // Small and short, to see that all of it works.
    Setting { name: "smoke", isps: 2, pops: 1, peers: 2, access_mbit: (8.0, 20.0), mib: 2, ..S1 },
];

/// What happens beside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Case {
    /// Nothing.
    Plain,
    /// A cache server in each ISP without the seeder, on both sides.
    Caches,
    /// The peer that is ranked best in the second ISP has all, and next to no rate to give it.
    Overloaded,
    /// The peer that is ranked best in the second ISP has all, and is killed midway.
    Killed,
}

impl Case {
    pub(crate) const ALL: [Self; 4] = [Self::Plain, Self::Caches, Self::Overloaded, Self::Killed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Caches => "caches",
            Self::Overloaded => "overloaded",
            Self::Killed => "killed",
        }
    }

    /// Whether there is one peer more in the first PoP of the second ISP.
    pub(crate) const fn has_helper(self) -> bool {
        matches!(self, Self::Overloaded | Self::Killed)
    }
}

impl Setting {
    pub(crate) const fn bytes(&self) -> usize {
        self.mib << 20
    }

    /// ISPs that the content has to come into.
    pub(crate) const fn remote_isps(&self) -> usize {
        self.isps - 1
    }
}
