//! The queues of one namespace.

use std::collections::VecDeque;
use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
    sockopt,
};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::message;

/// Packets that are due within this are let go together.
const SLACK: Duration = Duration::from_micros(100);
/// Room for what the kernel tells while we do something else, bytes.
const RECEIVE_BUFFER: usize = 8 << 20;

/// A socket of a namespace, and the packets that wait there.
pub(crate) struct Queues {
    socket: OwnedFd,
    queues: Vec<Queue>,
}

struct Queue {
    /// In tenths of a millisecond, what it delays by.
    number: u16,
    /// When each is due, and its number.
    waiting: VecDeque<(Instant, u32)>,
}

impl Queues {
    /// Makes queues of a namespace this program's own.
    pub(crate) fn open(space: &str, numbers: &[u16]) -> anyhow::Result<Self> {
        let place = File::open(Path::new("/run/netns").join(space))?;
        move_into_link_name_space(place.as_fd(), Some(LinkNameSpaceType::Network))?;
        let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
        let netfilter = Some(netlink::NETFILTER);
        let socket = socket_with(family, kind, SocketFlags::CLOEXEC, netfilter)?;
        sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)?;
        for number in numbers {
            ask(&socket, &message::bind(*number)).context("cannot have the queue")?;
            ask(&socket, &message::only_numbers(*number)).context("cannot set up the queue")?;
        }
        let queue = |number: &u16| Queue { number: *number, waiting: VecDeque::new() };
        Ok(Self { socket, queues: numbers.iter().map(queue).collect() })
    }

    pub(crate) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Lets go what is due; when the next is.
    pub(crate) fn release(&mut self, now: Instant) -> Option<Instant> {
        for queue in &mut self.queues {
            let mut last = None;
            while let Some((due, packet)) = queue.waiting.front().copied() {
                if due > now + SLACK {
                    break;
                }
                last = Some(packet);
                queue.waiting.pop_front();
            }
            if let Some(packet) = last {
                // A packet that is gone already is no fault.
                let verdict = message::accept_up_to(queue.number, packet);
                let _ = send(&self.socket, &verdict, SendFlags::empty());
            }
        }
        self.queues.iter().filter_map(|queue| Some(queue.waiting.front()?.0)).min()
    }

    /// Takes in what the kernel has handed over.
    pub(crate) fn take_in(&mut self, buffer: &mut [u8]) {
        // An error is either "nothing more" or "some were lost", which the kernel has dropped.
        while let Ok((length, _)) = recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
            let now = Instant::now();
            for (number, packet) in message::packets(buffer.get(..length).unwrap_or_default()) {
                let mut queues = self.queues.iter_mut();
                if let Some(queue) = queues.find(|queue| queue.number == number) {
                    let delay = Duration::from_micros(u64::from(number) * 100);
                    queue.waiting.push_back((now + delay, packet));
                }
            }
        }
    }
}

/// Sends a request and reads what became of it.
fn ask(socket: &OwnedFd, request: &[u8]) -> anyhow::Result<()> {
    send(socket, request, SendFlags::empty())?;
    let mut answer = [0; 4096];
    let (length, _) = recv(socket, &mut answer, RecvFlags::empty())?;
    match message::acknowledged(&answer[..length]) {
        Some(0) => Ok(()),
        Some(error) => Err(std::io::Error::from_raw_os_error(-error).into()),
        None => bail!("no answer of the kernel"),
    }
}
