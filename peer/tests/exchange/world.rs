//! A simulated network: access links with rates, transit links with counters, delay, connections
//! that are lost. Frames are encoded and decoded as on a real one; time is a number.
//!
//! ```text
//!  engine ─► queue per connection ─┐ uplink: one frame after the other, in turns
//!                                  └► transit (other ISP) ─► delay ─► downlink ─► inbox ─► engine
//! ```

mod connect;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use mp2p::frame::{Frame, decode};
use mp2p::id::PeerId;
use peer::exchange::{Content, LinkId, Output, Ranked};

use crate::node::Node;

/// Bytes of one connection on their way at most, inside an ISP and between two: what a window of
/// TCP settles at with the buffers of routers as short as they are.
const IN_FLIGHT: (usize, usize) = (256 << 10, 48 << 10);

/// One connection: two nodes, and what waits to be sent each way.
#[derive(Debug)]
struct Wire {
    ends: [(usize, LinkId); 2],
    queue: [VecDeque<(Bytes, usize)>; 2],
    in_flight: [usize; 2],
    open: bool,
}

#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Event {
    Wake(usize),
    Uplink(usize),
    Arrive(usize, usize, Bytes),
    Inbox(usize),
    Dialled(usize, PeerId),
    Read(usize, u32),
    Stored(usize, u32),
    Lists,
    Join(usize),
    Script(usize),
}

/// Something that happens to the world.
pub(crate) type Step = fn(&mut World);

/// All of it.
pub(crate) struct World {
    /// Now.
    pub(crate) now: Instant,
    /// When it began.
    pub(crate) start: Instant,
    /// The peers.
    pub(crate) nodes: Vec<Node>,
    /// What is shared, whole.
    pub(crate) bytes: Bytes,
    /// What is shared, as the engines know it.
    pub(crate) content: Content,
    /// Bytes a second between each two ISPs, each way.
    pub(crate) transit: Option<f64>,
    /// One way inside an ISP, and between two.
    pub(crate) delay: (Duration, Duration),
    /// Bytes on the wire that came into each ISP from another, with headers and acknowledgements.
    pub(crate) came_in: BTreeMap<usize, u64>,
    /// Of those, the bytes of DATA frames.
    pub(crate) data_came_in: BTreeMap<usize, u64>,
    /// Connections between ISPs, so far.
    pub(crate) met_far: usize,
    /// PEX frames inside ISPs, so far.
    pub(crate) told_near: Vec<Bytes>,
    /// Chance that a connection is lost in a second.
    pub(crate) loss: f64,
    /// All chance.
    pub(crate) random: fastrand::Rng,
    /// What happens when: called with the world at its time.
    pub(crate) script: Vec<(Duration, Step)>,
    /// Makes the list of a node.
    pub(crate) list: fn(&mut World, usize) -> Ranked,
    transit_free: BTreeMap<(usize, usize), Instant>,
    wires: Vec<Wire>,
    by_link: BTreeMap<(usize, LinkId), (usize, usize)>,
    events: BinaryHeap<Reverse<(Instant, u64, Event)>>,
    count: u64,
}

impl World {
    /// A world without peers.
    pub(crate) fn new(
        content: Content,
        bytes: Bytes,
        seed: u64,
        list: fn(&mut Self, usize) -> Ranked,
    ) -> Self {
        let start = Instant::now();
        Self {
            now: start,
            start,
            nodes: Vec::new(),
            bytes,
            content,
            transit: None,
            delay: (Duration::from_millis(5), Duration::from_millis(35)),
            came_in: BTreeMap::new(),
            data_came_in: BTreeMap::new(),
            met_far: 0,
            told_near: Vec::new(),
            loss: 0.0,
            random: fastrand::Rng::with_seed(seed),
            script: Vec::new(),
            list,
            transit_free: BTreeMap::new(),
            wires: Vec::new(),
            by_link: BTreeMap::new(),
            events: BinaryHeap::new(),
            count: 0,
        }
    }

    /// Runs until all that are alive have all, or until the time is over; whether they have.
    pub(crate) fn run(&mut self, most: Duration) -> bool {
        self.run_until(most, |world| world.nodes.iter().all(|node| !node.alive || node.is_done()))
    }

    /// Runs until `done`, or until the time is over.
    pub(crate) fn run_until(&mut self, most: Duration, done: fn(&Self) -> bool) -> bool {
        self.at(Duration::ZERO, Event::Lists);
        for node in 0..self.nodes.len() {
            let after = self.nodes[node].joins - self.start;
            self.at(after, Event::Join(node));
        }
        for (index, (after, _)) in self.script.clone().into_iter().enumerate() {
            self.at(after, Event::Script(index));
        }
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            if at > self.start + most {
                return done(self);
            }
            self.now = self.now.max(at);
            self.happen(event);
            if done(self) {
                return true;
            }
        }
        done(self)
    }

    fn at(&mut self, after: Duration, event: Event) {
        self.count += 1;
        self.events.push(Reverse((self.now + after, self.count, event)));
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Lists => {
                for node in 0..self.nodes.len() {
                    self.tell(node);
                }
                self.lose_wires();
                let soon = self.now < self.start + Duration::from_secs(6) && self.is_staggered();
                self.at(Duration::from_secs(if soon { 2 } else { 10 }), Event::Lists);
            }
            Event::Join(node) => self.tell(node),
            Event::Wake(node) => {
                self.nodes[node].wakes.retain(|at| *at > self.now);
                self.drive(node);
            }
            Event::Uplink(node) => {
                self.nodes[node].sending = false;
                self.send_next(node);
            }
            Event::Arrive(wire, to, bytes) => {
                self.wires[wire].in_flight[1 - to] -= bytes.len();
                let (node, _) = self.wires[wire].ends[to];
                self.nodes[node].inbox.push_back((wire, to, bytes));
                let (other, _) = self.wires[wire].ends[1 - to];
                self.send_next(other);
                self.take(node);
            }
            Event::Inbox(node) => {
                self.nodes[node].reads_again = false;
                self.take(node);
            }
            Event::Dialled(node, peer) => self.connect(node, &peer),
            Event::Read(node, fragment) => {
                let now = self.now;
                let read = self.nodes[node].read(fragment, &self.content, &self.bytes);
                self.nodes[node].engine.fragment_read(fragment, read, now);
                self.drive(node);
            }
            Event::Stored(node, fragment) => {
                let now = self.now;
                self.nodes[node].engine.fragment_stored(fragment, Ok(()), now);
                self.drive(node);
            }
            Event::Script(index) => (self.script[index].1)(self),
        }
    }

    fn is_staggered(&self) -> bool {
        self.nodes.iter().any(|node| node.joins > self.start)
    }

    /// A list for a node that is there.
    fn tell(&mut self, node: usize) {
        if self.nodes[node].joins > self.now {
            return;
        }
        let list = (self.list)(self, node);
        let now = self.now;
        self.nodes[node].engine.list(list, now);
        self.drive(node);
    }

    /// Reads what came, unless the limit says that it is too early.
    fn take(&mut self, node: usize) {
        while let Some((wire, to, bytes)) = self.nodes[node].inbox.pop_front() {
            let now = self.now;
            if let Some(later) = self.nodes[node].budget.read_after(now) {
                self.nodes[node].inbox.push_front((wire, to, bytes));
                if !std::mem::replace(&mut self.nodes[node].reads_again, true) {
                    self.at(later - now, Event::Inbox(node));
                }
                return;
            }
            if bytes.is_empty() {
                self.hang_up(wire);
            } else if self.wires[wire].open {
                self.nodes[node].received.push((now, bytes.len()));
                let frame = decode(&mut BytesMut::from(bytes)).unwrap().unwrap();
                let (_, link) = self.wires[wire].ends[to];
                self.nodes[node].engine.frame(link, frame, now);
                self.drive(node);
            }
        }
    }

    /// Does all that an engine asks for, and comes back when it wants.
    pub(crate) fn drive(&mut self, node: usize) {
        let now = self.now;
        if !self.nodes[node].alive || self.nodes[node].joins > now {
            return;
        }
        self.nodes[node].engine.tick(now);
        loop {
            let Node { engine, budget, .. } = &mut self.nodes[node];
            let Some(output) = engine.poll(budget, now) else { break };
            self.obey(node, output);
        }
        let wake = self.nodes[node].engine.wake().max(now + Duration::from_micros(100));
        if self.nodes[node].wakes.iter().all(|at| *at > wake) {
            self.nodes[node].wakes.push(wake);
            self.at(wake - now, Event::Wake(node));
        }
    }

    fn obey(&mut self, node: usize, output: Output) {
        match output {
            Output::Send { link, frame } => {
                let Some(&(wire, from)) = self.by_link.get(&(node, link)) else { return };
                let frame = self.nodes[node].lie(frame);
                let data = if let Frame::Data(data) = &frame { Frame::data_len(data) } else { 0 };
                let mut bytes = BytesMut::new();
                let payload = frame.encode(&mut bytes).unwrap();
                bytes.extend_from_slice(&payload);
                if matches!(frame, Frame::Pex(_)) && self.is_inside(wire) {
                    self.told_near.push(bytes.clone().freeze());
                }
                let queue = &mut self.wires[wire].queue[from];
                // As the links do it: what is no DATA goes first, but for a goodbye.
                let place = match frame {
                    Frame::Data(_) | Frame::Bye(_) => None,
                    _ => queue.iter().position(|(bytes, data)| *data > 0 || bytes.is_empty()),
                };
                queue.insert(place.unwrap_or(queue.len()), (bytes.freeze(), data));
                self.send_next(node);
            }
            Output::Close { link, .. } => {
                let Some((wire, from)) = self.by_link.remove(&(node, link)) else { return };
                // The end is told after what was sent before: an empty frame.
                self.wires[wire].queue[from].push_back((Bytes::new(), 0));
                self.send_next(node);
            }
            Output::Dial(candidate) => {
                self.at(self.delay.1 * 3, Event::Dialled(node, candidate.peer));
            }
            Output::Read { fragment } => {
                self.at(Duration::from_millis(2), Event::Read(node, fragment))
            }
            Output::Write { fragment, bytes } => {
                let offset = self.content.cut.offset(fragment).unwrap() as usize;
                let written = bytes.concat();
                assert_eq!(written, self.bytes[offset..offset + written.len()], "other bytes");
                self.nodes[node].stored.insert(fragment);
                self.at(Duration::from_millis(2), Event::Stored(node, fragment));
            }
            Output::Report(report) => self.nodes[node].reports.push(report),
            Output::Receipt(_) => self.nodes[node].receipts += 1,
            Output::Stopped { .. } => self.nodes[node].stopped_at = Some(self.now),
            Output::Finished => {
                let now = self.now;
                self.nodes[node].finished.get_or_insert(now);
            }
        }
    }

    fn send_next(&mut self, node: usize) {
        if self.nodes[node].sending || !self.nodes[node].alive {
            return;
        }
        let wires = self.nodes[node].wires.clone();
        let turn = self.nodes[node].turn;
        for step in 0..wires.len() {
            let (wire, from) = wires[(turn + step) % wires.len()];
            let (other, _) = self.wires[wire].ends[1 - from];
            let near = self.nodes[node].isp == self.nodes[other].isp;
            let most = if near { IN_FLIGHT.0 } else { IN_FLIGHT.1 };
            let Wire { queue, in_flight, open, .. } = &mut self.wires[wire];
            if in_flight[from] > most || !*open {
                continue;
            }
            let Some((bytes, data)) = queue[from].pop_front() else { continue };
            self.nodes[node].turn = turn + step + 1;
            in_flight[from] += bytes.len();
            return self.transmit(node, (wire, from), bytes, data);
        }
    }

    fn transmit(&mut self, node: usize, (wire, from): (usize, usize), bytes: Bytes, data: usize) {
        let (other, _) = self.wires[wire].ends[1 - from];
        let (_, link) = self.wires[wire].ends[from];
        let (size, acks) = on_the_wire(bytes.len());
        let (mine, theirs) = (self.nodes[node].isp, self.nodes[other].isp);
        let left = Duration::from_secs_f64(size / self.nodes[node].up);
        self.nodes[node].sending = true;
        self.nodes[node].sent.push((self.now, bytes.len()));
        self.at(left, Event::Uplink(node));
        let mut at = self.now + left;
        if mine != theirs {
            *self.came_in.entry(theirs).or_default() += size as u64;
            *self.data_came_in.entry(theirs).or_default() += data as u64;
            *self.came_in.entry(mine).or_default() += acks as u64;
            if let Some(rate) = self.transit {
                let free = self.transit_free.entry((mine, theirs)).or_insert(at);
                at = at.max(*free) + Duration::from_secs_f64(size / rate);
                *free = at;
            }
        }
        at += if mine == theirs { self.delay.0 } else { self.delay.1 };
        let down = &mut self.nodes[other];
        at = at.max(down.down_free) + Duration::from_secs_f64(size / down.down);
        down.down_free = at;
        self.at(at - self.now, Event::Arrive(wire, 1 - from, bytes));
        if data > 0 {
            let now = self.now;
            self.nodes[node].engine.written(link, data, now);
            self.at(left, Event::Wake(node));
        }
    }
}

/// Bytes with the headers of TLS, TCP and IP, and those of the acknowledgements that come back.
fn on_the_wire(frame: usize) -> (f64, f64) {
    let segments = (frame + 29).div_ceil(1448);
    ((frame + 29 + segments * 52) as f64, (segments.div_ceil(2) * 52) as f64)
}
