//! Connections of the simulated network: they come, and they are lost.

use std::collections::VecDeque;
use std::time::Duration;

use mp2p::id::PeerId;
use peer::exchange::{LinkId, LinkInfo};

use crate::world::{Event, Wire, World};

impl World {
    pub(super) fn connect(&mut self, node: usize, peer: &PeerId) {
        let now = self.now;
        let other = self.nodes.iter().position(|node| node.id == *peer && node.alive);
        let (Some(other), true) = (other, self.nodes[node].alive) else {
            self.nodes[node].engine.dial_failed(peer, now);
            return self.drive(node);
        };
        let wire = self.wires.len();
        let mut ends = [(node, LinkId(0)), (other, LinkId(0))];
        for (side, dialled) in [(0, true), (1, false)] {
            let (this, that) = (ends[side].0, ends[1 - side].0);
            let info = LinkInfo {
                peer: self.nodes[that].id.clone(),
                certificate: "c".repeat(64),
                dialled,
                address: Some(self.nodes[that].address.clone()),
                via: None,
            };
            let link = self.nodes[this].engine.link_up(info, now);
            ends[side].1 = link;
            self.by_link.insert((this, link), (wire, side));
            self.nodes[this].wires.push((wire, side));
        }
        let queue = [VecDeque::new(), VecDeque::new()];
        self.wires.push(Wire { ends, queue, in_flight: [0; 2], open: true });
        self.met_far += usize::from(!self.is_inside(wire));
        self.drive(node);
        self.drive(other);
    }

    /// Whether both ends of a connection are in one ISP.
    pub(super) fn is_inside(&self, wire: usize) -> bool {
        let [one, other] = self.wires[wire].ends.map(|(node, _)| self.nodes[node].isp);
        one == other
    }

    /// A connection ends: each end hears of it.
    pub(super) fn hang_up(&mut self, wire: usize) {
        let now = self.now;
        self.wires[wire].open = false;
        for (node, link) in self.wires[wire].ends {
            self.nodes[node].wires.retain(|(other, _)| *other != wire);
            if self.by_link.remove(&(node, link)).is_some() {
                self.nodes[node].engine.link_down(link, now);
                self.at(Duration::ZERO, Event::Wake(node));
            }
        }
    }

    pub(super) fn lose_wires(&mut self) {
        for wire in 0..self.wires.len() {
            if self.wires[wire].open && self.random.f64() < self.loss * 10.0 {
                self.hang_up(wire);
            }
        }
    }

    /// A node is gone, without a word.
    pub(crate) fn kill(&mut self, node: usize) {
        self.nodes[node].alive = false;
        for (wire, _) in self.nodes[node].wires.clone() {
            self.hang_up(wire);
        }
    }
}
