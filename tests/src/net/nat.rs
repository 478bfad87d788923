//! Homes on an internet: each with a host, and before it what the scenario asks for.
//!
//! ```text
//!   host 198.51.100.2 ──────────────┐
//!   host 10.0.2.2 ── box 198.51.100.6 ── core ── box 198.51.100.10 ── 10.0.3.2 host
//!   2001:db8:1::2                      └── …        2001:db8:2:1::2
//! ```

use anyhow::ensure;

use crate::net::{Net, Space};

/// What stands between a host and the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Door {
    /// Nothing.
    Open,
    /// NAT that keeps its mappings and lets everybody in.
    FullCone,
    /// NAT that keeps its mappings, and lets in what answers (nftables' `masquerade`).
    Restricted,
    /// NAT with another port towards each destination (`masquerade fully-random`).
    Symmetric,
    /// No translation; what answers comes in.
    Firewall,
}

/// A host in its home.
pub struct Home {
    /// Where it runs.
    pub host: Space,
    /// Its router; itself where there is none.
    pub router: Space,
    /// Its own IPv4 address, private behind NAT.
    pub ip: String,
    /// Its own IPv6 address: never translated.
    pub ip6: String,
    /// The address at which others see it.
    pub seen: String,
}

/// An internet with homes; all of it goes when dropped.
pub struct Internet {
    net: Net,
    /// The router between all homes.
    pub core: Space,
    homes: std::cell::Cell<u8>,
}

impl Internet {
    /// Without homes; see [`crate::net::missing`] first.
    ///
    /// # Errors
    /// No namespaces.
    pub fn new() -> anyhow::Result<Self> {
        let net = Net::new()?;
        let core = net.space("core")?;
        core.forward()?;
        Ok(Self { net, core, homes: std::cell::Cell::new(0) })
    }

    /// A home behind `door`.
    ///
    /// # Errors
    /// There are 60 already, or the network cannot be made.
    pub fn home(&self, door: Door) -> anyhow::Result<Home> {
        let number = self.homes.get() + 1;
        ensure!(number <= 60, "60 homes at most");
        self.homes.set(number);
        let (up, n) = (format!("n{number}"), u16::from(number) * 4);
        let (near, seen) = (format!("198.51.100.{}", n - 3), format!("198.51.100.{}", n - 2));
        let wide6 = format!("2001:db8:{number:x}::");
        let host = self.net.space(&format!("h{number}"))?;
        let outer = match door {
            Door::Open => host.clone(),
            _ => self.net.space(&format!("r{number}"))?,
        };
        self.net.link((&outer, "wan"), (&self.core, &up))?;
        self.core.ip(&core_side(&up, &near, &wide6))?;
        outer.ip(&format!(
            "addr add {seen}/30 dev wan\nroute add default via {near}\n\
             addr add {wide6}2/64 dev wan nodad\nroute add default via {wide6}1"
        ))?;
        if door == Door::Open {
            let (ip, ip6) = (seen.clone(), format!("{wide6}2"));
            return Ok(Home { router: host.clone(), host, ip, ip6, seen });
        }
        outer.forward()?;
        self.net.link((&host, "eth0"), (&outer, "lan"))?;
        let (ip, inner6) = (format!("10.0.{number}.2"), format!("2001:db8:{number:x}:1::"));
        let (inner, ip6) = (format!("10.0.{number}.1"), format!("{inner6}2"));
        outer.ip(&format!("addr add {inner}/24 dev lan\naddr add {inner6}1/64 dev lan nodad"))?;
        self.core.ip(&format!("route add {inner6}/64 via {wide6}2"))?;
        host.ip(&format!(
            "addr add {ip}/24 dev eth0\nroute add default via {inner}\n\
             addr add {ip6}/64 dev eth0 nodad\nroute add default via {inner6}1"
        ))?;
        outer.nft(&rules(door, &ip))?;
        let seen = if door == Door::Firewall { ip.clone() } else { seen };
        if door == Door::Firewall {
            self.core.ip(&format!("route add 10.0.{number}.0/24 via {}", seen_of(n)))?;
        }
        Ok(Home { host, router: outer, ip, ip6, seen })
    }
}

fn core_side(up: &str, near: &str, wide6: &str) -> String {
    format!("addr add {near}/30 dev {up}\naddr add {wide6}1/64 dev {up} nodad")
}

fn seen_of(n: u16) -> String {
    format!("198.51.100.{}", n - 2)
}

/// The rules of a home's router; IPv6 is not translated, and let in only to answer.
fn rules(door: Door, host: &str) -> String {
    // Neighbours of IPv6 have to find each other.
    let answers =
        "ct state established,related accept; meta l4proto icmpv6 accept; iifname wan drop;";
    let filter = |hook: &str| {
        format!("chain {hook} {{ type filter hook {hook} priority 0; policy accept; {answers} }}\n")
    };
    let closed = format!("table inet door {{ {} {} }}\n", filter("forward"), filter("input"));
    let nat = |flags: &str, more: &str| {
        format!(
            "table ip nat {{ chain out {{ type nat hook postrouting priority 100; \
             oifname wan masquerade{flags}; }}\n{more}\n}}\n"
        )
    };
    let all_in = format!(
        "chain in {{ type nat hook prerouting priority -100; \
         iifname wan meta l4proto {{ tcp, udp }} dnat ip to {host}; }}"
    );
    match door {
        Door::Open => String::new(),
        Door::FullCone => nat("", &all_in),
        Door::Restricted => nat("", "") + &closed,
        Door::Symmetric => nat(" fully-random", "") + &closed,
        Door::Firewall => closed,
    }
}
