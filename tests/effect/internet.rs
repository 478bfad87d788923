//! Several ISPs, joined by transit links that count.
//!
//! ```text
//!  host A0h1 -access- PoP A0 -- core A =transit= core B -- PoP B0 -access- host B0h1
//!                                | |              |
//!            server host of A ---+ +---- svc -----+   the provider, or a tracker: no transit
//! ```
//!
//! Addresses: 10.ISP.POP.HOST, the PoP itself is .254; a core is 10.ISP.255.254, an ISP's server
//! host 10.ISP.254.1.

use system_tests::net::{Net, Shape, Space};

use crate::setting::Setting;

/// Where the provider, or the tracker, is.
pub(crate) const SERVICE: &str = "10.250.0.1";
/// Room for what waits, milliseconds.
const ACCESS_BUFFER: u32 = 100;
const CORE_BUFFER: u32 = 50;
/// Mbit/s, and milliseconds one way.
const POP: (f64, f64) = (200.0, 2.0);
const SERVER: (f64, f64) = (500.0, 1.0);
const PROVIDER: (f64, f64) = (100.0, 10.0);
/// Access delays lie between these, milliseconds one way.
const ACCESS_MS: (f64, f64) = (5.0, 10.0);
/// The default of some machines makes flows of one class unlike those of another.
const CONGESTION: &str = "congctl cubic";

/// A host.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    pub(crate) space: Space,
    pub(crate) address: String,
    /// From 0.
    pub(crate) isp: usize,
}

/// The whole network; gone when dropped.
pub(crate) struct Internet {
    /// Peers, ISP by ISP; the first is the seeder's.
    pub(crate) hosts: Vec<Host>,
    /// The server host of each ISP.
    pub(crate) servers: Vec<Host>,
    /// One more in the first PoP of the second ISP.
    pub(crate) helper: Option<Host>,
    pub(crate) service: Space,
    cores: Vec<Space>,
    net: Net,
}

/// The name of an ISP.
pub(crate) fn letter(isp: usize) -> char {
    char::from(b'A' + isp as u8)
}

impl Internet {
    /// Builds it.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(crate) fn build(setting: &Setting, with_helper: bool) -> anyhow::Result<Self> {
        let net = Net::new()?;
        let service = net.space("svc")?;
        service.ip(&format!("addr add {SERVICE}/32 dev lo"))?;
        let mut internet = Self {
            hosts: Vec::new(),
            servers: Vec::new(),
            helper: None,
            service,
            cores: Vec::new(),
            net,
        };
        for isp in 0..setting.isps {
            internet.isp(isp)?;
        }
        for isp in 0..setting.isps {
            for other in 0..isp {
                internet.transit(other, isp, setting.transit)?;
            }
            for pop in 0..setting.pops {
                let helps = with_helper && (isp, pop) == (1, 0);
                internet.pop(isp, pop, setting, helps)?;
            }
        }
        internet.net.start_delays()?;
        Ok(internet)
    }

    fn isp(&mut self, isp: usize) -> anyhow::Result<()> {
        let (name, number) = (letter(isp), isp + 1);
        let core = self.net.space(&name.to_string())?;
        core.forward()?;
        core.ip(&format!("addr add 10.{number}.255.254/32 dev lo"))?;
        let service = self.service.clone();
        self.net.link((&core, "svc"), (&service, &format!("s{name}")))?;
        core.ip(&format!("route add {SERVICE}/32 dev svc"))?;
        service.ip(&format!(
            "route add 10.{number}.0.0/16 via 10.{number}.255.254 dev s{name} onlink \
             src {SERVICE} {CONGESTION}"
        ))?;
        let server = self.net.space(&format!("{name}srv"))?;
        let address = format!("10.{number}.254.1");
        self.net.link((&core, "srv"), (&server, "up"))?;
        core.ip(&format!("route add {address}/32 dev srv"))?;
        self.end(&server, &address, &format!("10.{number}.255.254"))?;
        for (device, far, (mbit, ms)) in [
            ("svc", (&service, format!("s{name}")), PROVIDER),
            ("srv", (&server, "up".to_owned()), SERVER),
        ] {
            let shape = Shape { mbit, buffer_ms: CORE_BUFFER };
            core.shape(device, shape)?;
            far.0.shape(&far.1, shape)?;
            self.net.delay(&core, device, ms)?;
            self.net.delay_in(&core, device, ms)?;
        }
        self.servers.push(Host { space: server, address, isp });
        self.cores.push(core);
        Ok(())
    }

    /// A host with one address, which leaves all to its router.
    fn end(&self, host: &Space, address: &str, router: &str) -> anyhow::Result<()> {
        host.ip(&format!(
            "addr add {address}/32 dev up\n\
             route add default via {router} dev up onlink src {address} {CONGESTION}"
        ))
    }

    fn transit(&self, a: usize, b: usize, (mbit, ms): (f64, f64)) -> anyhow::Result<()> {
        let device = |to: usize| format!("x{}", letter(to));
        self.net.link((&self.cores[a], &device(b)), (&self.cores[b], &device(a)))?;
        for (from, to) in [(a, b), (b, a)] {
            let (core, device, number) = (&self.cores[from], device(to), to + 1);
            core.ip(&format!(
                "route add 10.{number}.0.0/16 via 10.{number}.255.254 dev {device} onlink"
            ))?;
            core.shape(&device, Shape { mbit, buffer_ms: CORE_BUFFER })?;
            self.net.delay(core, &device, ms)?;
        }
        Ok(())
    }

    fn pop(
        &mut self,
        isp: usize,
        pop: usize,
        setting: &Setting,
        helps: bool,
    ) -> anyhow::Result<()> {
        let (number, core) = (isp + 1, self.cores[isp].clone());
        let router = self.net.space(&format!("{}{pop}", letter(isp)))?;
        router.forward()?;
        let (up, down) = (format!("p{pop}"), format!("10.{number}.{pop}.254"));
        self.net.link((&core, &up), (&router, "core"))?;
        core.ip(&format!("route add 10.{number}.{pop}.0/24 via {down} dev {up} onlink"))?;
        router.ip(&format!(
            "addr add {down}/32 dev lo\nroute add default via 10.{number}.255.254 dev core onlink"
        ))?;
        for (space, device) in [(&core, &*up), (&router, "core")] {
            space.shape(device, Shape { mbit: POP.0, buffer_ms: CORE_BUFFER })?;
            self.net.delay(space, device, POP.1)?;
        }
        let seeds = self.hosts.is_empty();
        for host in 1..=setting.peers + usize::from(helps) {
            let uplink = match seeds && host == 1 {
                true => setting.seeder_mbit,
                false => setting.access_mbit.0,
            };
            let made = self.host(&router, (isp, pop, host), (uplink, setting.access_mbit.1))?;
            match host > setting.peers {
                true => self.helper = Some(made),
                false => self.hosts.push(made),
            }
        }
        Ok(())
    }

    fn host(
        &self,
        router: &Space,
        (isp, pop, host): (usize, usize, usize),
        (up, down): (f64, f64),
    ) -> anyhow::Result<Host> {
        let space = self.net.space(&format!("{}{pop}h{host}", letter(isp)))?;
        let (device, address) = (format!("h{host}"), format!("10.{}.{pop}.{host}", isp + 1));
        self.net.link((router, &device), (&space, "up"))?;
        router.ip(&format!("route add {address}/32 dev {device}"))?;
        self.end(&space, &address, &format!("10.{}.{pop}.254", isp + 1))?;
        space.shape("up", Shape { mbit: up, buffer_ms: ACCESS_BUFFER })?;
        router.shape(&device, Shape { mbit: down, buffer_ms: ACCESS_BUFFER })?;
        let step = ((host * 7 + pop * 3 + isp) % 6) as f64 / 5.0;
        let ms = ACCESS_MS.0 + (ACCESS_MS.1 - ACCESS_MS.0) * step;
        self.net.delay(router, &device, ms)?;
        self.net.delay_in(router, &device, ms)?;
        Ok(Host { space, address, isp })
    }

    /// Bytes that went from one ISP to another so far, all headers included.
    ///
    /// # Errors
    /// The network is gone.
    pub(crate) fn between_isps(&self) -> anyhow::Result<u64> {
        let mut bytes = 0;
        for core in &self.cores {
            let counted = core.counted()?;
            let transit = counted.iter().filter(|(device, _)| device.starts_with('x'));
            bytes += transit.map(|(_, counted)| counted.bytes).sum::<u64>();
        }
        Ok(bytes)
    }
}

impl Host {
    /// Bytes that it sent so far, all headers included.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn sent(&self) -> anyhow::Result<u64> {
        Ok(self.space.counted()?.iter().map(|(_, counted)| counted.bytes).sum())
    }

    /// Gives it another uplink.
    ///
    /// # Errors
    /// It is gone.
    pub(crate) fn uplink(&self, mbit: f64) -> anyhow::Result<()> {
        self.space.run("tc", &["qdisc", "del", "dev", "up", "root"])?;
        self.space.shape("up", Shape { mbit, buffer_ms: ACCESS_BUFFER })
    }
}
