//! Whether two workloads are the same.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::pid::Pid;
use crate::tag::Tagger;

/// Gathers a workload; equal workloads give equal texts.
pub struct Checksum(Tagger);

impl Default for Checksum {
    fn default() -> Self {
        Self(Tagger::new("workload"))
    }
}

impl Checksum {
    /// Takes in prefixes and their PIDs.
    pub fn prefixes(&mut self, prefixes: &[(IpNet, Pid)]) {
        for (prefix, pid) in prefixes {
            self.address(prefix.addr());
            self.0.number(u64::from(prefix.prefix_len()) << 32 | u64::from(pid.raw()));
        }
    }

    /// Takes in addresses.
    pub fn addresses(&mut self, addresses: &[IpAddr]) {
        addresses.iter().for_each(|address| self.address(*address));
    }

    /// Takes in a number.
    pub fn number(&mut self, number: u64) {
        self.0.number(number);
    }

    /// 32 hexadecimal digits.
    pub fn finish(&self) -> String {
        self.0.finish().to_string()
    }

    fn address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => self.0.bytes(&address.octets()),
            IpAddr::V6(address) => self.0.bytes(&address.octets()),
        }
    }
}
