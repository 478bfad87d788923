//! One peer of a simulated network.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mp2p::frame::{Buffermap, Frame};
use mp2p::id::PeerId;
use mp2p::message::join::{AddressKind, PeerAddress};
use peer::exchange::{Budget, Config, Content, Engine, Rates, Report, StoreError};

use crate::plain::Plain;
use crate::world::World;

/// What a peer does wrong.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Changes bytes, and signs for the right ones.
    OtherBytes,
    /// Never sends the end of a fragment.
    HoldsBack,
}

/// One peer.
pub(crate) struct Node {
    /// Its name.
    pub(crate) id: PeerId,
    /// In which ISP.
    pub(crate) isp: usize,
    /// In which part of it.
    pub(crate) pid: usize,
    /// Whether it is a cache server.
    pub(crate) cache: bool,
    /// Its protocol.
    pub(crate) engine: Engine,
    /// Its limits.
    pub(crate) budget: Budget,
    /// Bytes a second, of its access link.
    pub(crate) up: f64,
    /// The same, towards it.
    pub(crate) down: f64,
    /// On its disk.
    pub(crate) stored: Buffermap,
    /// What it does wrong.
    pub(crate) fault: Fault,
    /// Whether it is there.
    pub(crate) alive: bool,
    /// When it comes.
    pub(crate) joins: Instant,
    /// When it had all.
    pub(crate) finished: Option<Instant>,
    /// When it stopped by order.
    pub(crate) stopped_at: Option<Instant>,
    /// What it told OMS.
    pub(crate) reports: Vec<Report>,
    /// Receipts given and taken.
    pub(crate) receipts: usize,
    /// When it sent how much.
    pub(crate) sent: Vec<(Instant, usize)>,
    /// When it received how much.
    pub(crate) received: Vec<(Instant, usize)>,
    pub(crate) address: PeerAddress,
    pub(crate) wires: Vec<(usize, usize)>,
    pub(crate) turn: usize,
    pub(crate) sending: bool,
    pub(crate) down_free: Instant,
    pub(crate) inbox: VecDeque<(usize, usize, Bytes)>,
    pub(crate) reads_again: bool,
    pub(crate) wakes: Vec<Instant>,
}

/// What a peer is made of.
pub(crate) struct Spec {
    /// In which ISP.
    pub(crate) isp: usize,
    /// In which part of it.
    pub(crate) pid: usize,
    /// Whether it is a cache server.
    pub(crate) cache: bool,
    /// Megabits a second up and down.
    pub(crate) mbit: (f64, f64),
    /// Whether it has all from the start.
    pub(crate) seeds: bool,
    /// When it comes, after the start.
    pub(crate) joins: Duration,
    /// What it signs, and how.
    pub(crate) notary: fn(PeerId) -> Plain,
    /// Bounds and choices.
    pub(crate) config: Config,
    /// Limits of its rates.
    pub(crate) rates: Rates,
    /// What it does wrong.
    pub(crate) fault: Fault,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            isp: 0,
            pid: 0,
            cache: false,
            mbit: (20.0, 20.0),
            seeds: false,
            joins: Duration::ZERO,
            notary: |me| Plain::new(me, 0),
            config: Config { slice_bytes: 16 << 10, ..Config::default() },
            rates: Rates::default(),
            fault: Fault::None,
        }
    }
}

impl World {
    /// Puts a peer into the world; its number.
    pub(crate) fn add(&mut self, spec: Spec) -> usize {
        let number = self.nodes.len();
        let id = blake3::hash(&self.random.u64(..).to_be_bytes()).to_hex();
        let id = PeerId::parse(&id).unwrap();
        let fragments = self.content.fragments();
        let stored = match spec.seeds {
            true => Buffermap::full(fragments).unwrap(),
            false => Buffermap::empty(fragments).unwrap(),
        };
        let config = Config { listen_port: Some(7000), ..spec.config };
        let what = (id.clone(), self.content.clone(), stored.clone());
        let notary = Box::new((spec.notary)(id.clone()));
        let engine = Engine::new(what, config, notary, self.random.u64(..), self.now + spec.joins);
        self.nodes.push(Node {
            id,
            isp: spec.isp,
            pid: spec.pid,
            cache: spec.cache,
            engine,
            budget: Budget::new(spec.rates, self.now),
            up: spec.mbit.0 * 125_000.0,
            down: spec.mbit.1 * 125_000.0,
            stored,
            fault: spec.fault,
            alive: true,
            joins: self.now + spec.joins,
            finished: None,
            stopped_at: None,
            reports: Vec::new(),
            receipts: 0,
            sent: Vec::new(),
            received: Vec::new(),
            address: PeerAddress {
                ip_address: [192, 0, 2, 1].into(),
                port: u16::try_from(10_000 + number).unwrap(),
                kind: AddressKind::Host,
            },
            wires: Vec::new(),
            turn: 0,
            sending: false,
            down_free: self.now,
            inbox: VecDeque::new(),
            reads_again: false,
            wakes: Vec::new(),
        });
        number
    }
}

impl Node {
    /// Whether it has all, or has stopped.
    pub(crate) fn is_done(&self) -> bool {
        self.finished.is_some()
    }

    /// How long it took.
    pub(crate) fn took(&self, start: Instant) -> Option<Duration> {
        self.finished.map(|at| at - start)
    }

    pub(crate) fn read(
        &self,
        fragment: u32,
        content: &Content,
        bytes: &Bytes,
    ) -> Result<Bytes, StoreError> {
        if !self.stored.has(fragment) {
            return Err(StoreError::Lost);
        }
        let offset = content.cut.offset(fragment).ok_or(StoreError::Lost)? as usize;
        Ok(bytes.slice(offset..offset + content.len(fragment) as usize))
    }

    pub(crate) fn lie(&self, frame: Frame) -> Frame {
        match (self.fault, frame) {
            (Fault::OtherBytes, Frame::Data(mut data)) => {
                let mut bytes = data.bytes.to_vec();
                bytes[0] ^= 1;
                data.bytes = bytes.into();
                Frame::Data(data)
            }
            (Fault::HoldsBack, Frame::Data(data)) if data.delivery.is_some() => {
                Frame::Cancel { fragment: data.fragment }
            }
            (_, frame) => frame,
        }
    }
}
