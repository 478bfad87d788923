//! Networks of namespaces on this machine: rates, delay, counters, NAT; gone when dropped.
//!
//! ```text
//!  Net::new() ─► space("a"), space("r"), space("b")       each a network namespace
//!      net.link((&a, "up"), (&r, "a"))                    a veth pair
//!      a.ip("addr add 192.0.2.1/24 dev up\n…")            addresses, routes
//!      r.forward(), r.nft("table ip nat { … }")           routers, NAT
//!      a.shape("up", Shape { mbit: 5.0, buffer_ms: 100 }) rate of what leaves by a device
//!      net.delay(&r, "a", 10.0); net.start_delays()       milliseconds of what goes through
//!      a.command(program)                                 runs in the namespace
//! ```
//!
//! Nothing outside the namespaces is touched. What a killed test left behind is removed by the
//! next one.

mod delay;
pub mod nat;
mod space;
mod sweep;
mod tools;

use std::cell::RefCell;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Context;

pub use crate::net::space::{Counted, Shape, Space};
pub use crate::net::tools::missing;

/// A program that will run in a namespace, or in this one.
#[must_use]
pub fn command(place: Option<&Space>, program: impl AsRef<Path>) -> Command {
    match place {
        Some(space) => space.command(program),
        None => Command::new(program.as_ref()),
    }
}

/// A network: namespaces and the links between them; removed when dropped, with all processes in
/// them.
pub struct Net {
    prefix: String,
    spaces: RefCell<Vec<Space>>,
    delays: RefCell<Vec<delay::Delayed>>,
    delayer: RefCell<Option<Child>>,
}

impl Net {
    /// A network without namespaces; see [`missing`] first.
    ///
    /// # Errors
    /// What others left behind cannot be listed.
    pub fn new() -> anyhow::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        sweep::sweep()?;
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            prefix: format!("{}{}-{number}", sweep::MARK, std::process::id()),
            spaces: RefCell::default(),
            delays: RefCell::default(),
            delayer: RefCell::default(),
        })
    }

    /// A new namespace, its loopback up.
    ///
    /// # Errors
    /// There is one of that name, or it may not be made.
    pub fn space(&self, name: &str) -> anyhow::Result<Space> {
        let space = Space::create(&format!("{}-{name}", self.prefix))?;
        self.spaces.borrow_mut().push(space.clone());
        space.ip("link set dev lo up")?;
        Ok(space)
    }

    /// A cable between two namespaces; both ends are up and have no address.
    ///
    /// # Errors
    /// A device of that name is there.
    pub fn link(&self, a: (&Space, &str), b: (&Space, &str)) -> anyhow::Result<()> {
        let (at, to) = (a.0.name(), b.0.name());
        let line =
            format!("link add name {} netns {at} type veth peer name {} netns {to}\n", a.1, b.1);
        tools::feed("ip", &["-batch", "-"], &line)?;
        a.0.ip(&format!("link set dev {} up", a.1))?;
        b.0.ip(&format!("link set dev {} up", b.1))
    }

    /// What leaves a router by `device` leaves so many milliseconds later, once
    /// [`Net::start_delays`] was called. In a router only: in the sender's own namespace its TCP
    /// would slow down.
    ///
    /// # Errors
    /// The rule is refused.
    pub fn delay(&self, router: &Space, device: &str, ms: f64) -> anyhow::Result<()> {
        self.delay_at(router, ("POSTROUTING", "-o", device), ms)
    }

    /// The same for what comes in by `device`.
    ///
    /// # Errors
    /// As for [`Net::delay`].
    pub fn delay_in(&self, router: &Space, device: &str, ms: f64) -> anyhow::Result<()> {
        self.delay_at(router, ("PREROUTING", "-i", device), ms)
    }

    fn delay_at(
        &self,
        router: &Space,
        place: (&'static str, &'static str, &str),
        ms: f64,
    ) -> anyhow::Result<()> {
        let delayed = delay::Delayed::new(router, place, ms)?;
        self.delays.borrow_mut().push(delayed);
        Ok(())
    }

    /// Starts the program that holds packets back; all delays are as asked when this returns.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_delays(&self) -> anyhow::Result<()> {
        let delays = self.delays.borrow();
        if !delays.is_empty() {
            let child = delay::start(&delays).context("the program `delay`")?;
            self.delayer.replace(Some(child));
        }
        Ok(())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        if let Some(mut child) = self.delayer.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let names: Vec<String> =
            self.spaces.take().iter().map(|space| space.name().to_owned()).collect();
        sweep::remove(&names);
    }
}
