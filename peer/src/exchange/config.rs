//! What an engine is told to be like.

use std::time::Duration;

/// Bounds and choices of one engine.
#[derive(Clone, Debug)]
pub struct Config {
    /// Links at most.
    pub links: usize,
    /// Links to far peers that are dialled.
    pub far_links: usize,
    /// Dials at a time.
    pub dials: usize,
    /// Fragments sent at a time.
    pub slots: usize,
    /// Bytes of a slice at most.
    pub slice_bytes: usize,
    /// DATA bytes that wait on one fast link to be written; on a slow one it is much less.
    pub window_bytes: usize,
    /// Bytes of fragments that are asked for at a time.
    pub asked_bytes: u64,
    /// Bytes of fragments that are held to be sent; where fragments are long, two for each slot.
    pub held_bytes: u64,
    /// A fragment that has begun and brings nothing for so long is asked for elsewhere.
    pub stall: Duration,
    /// A fragment that has not begun after so long is asked for elsewhere.
    pub patience: Duration,
    /// Fragments fetched from afar beyond the own share where they are late, in percent of the
    /// content and per group.
    pub extra_percent: u32,
    /// Fragments fetched from afar beyond the own share in all, in percent of the content and per
    /// group; of a crowd less.
    pub spare_percent: u32,
    /// Fragments after which a receipt is given.
    pub receipt_fragments: u64,
    /// Time after which one is given.
    pub receipt_after: Duration,
    /// Bytes sent without receipt after which no more are sent…
    pub unsigned_bytes: u64,
    /// … and fragments: the larger of the two counts.
    pub unsigned_fragments: u64,
    /// The lowest class that is served.
    pub class_floor: u8,
    /// In which order fragments are fetched.
    pub order: Order,
    /// Where this peer listens.
    pub listen_port: Option<u16>,
    /// What it gives at most, as told to others, bits per second.
    pub up_limit: Option<u64>,
}

/// In which order fragments are fetched.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Order {
    /// The rarest first.
    Rarest,
    /// Those first that are played next, so many of them; the rest by rarity.
    Stream {
        /// Fragments from the place of the player on.
        ahead: u32,
    },
}

impl Default for Config {
    fn default() -> Self {
        Self {
            links: 60,
            far_links: 8,
            dials: 8,
            slots: 4,
            slice_bytes: 64 << 10,
            window_bytes: 512 << 10,
            asked_bytes: 64 << 20,
            held_bytes: 8 << 20,
            stall: Duration::from_secs(10),
            patience: Duration::from_secs(60),
            extra_percent: 4,
            spare_percent: 12,
            receipt_fragments: 8,
            receipt_after: Duration::from_secs(30),
            unsigned_bytes: 32 << 20,
            unsigned_fragments: 16,
            class_floor: 0,
            order: Order::Rarest,
            listen_port: None,
            up_limit: None,
        }
    }
}

/// Weight of a class in the share of the upload: class 0 has 1, each next one more.
#[must_use]
pub(crate) fn weight(class: u8) -> u64 {
    u64::from(class) + 1
}
