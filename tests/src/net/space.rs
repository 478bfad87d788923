//! A network namespace.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::net::tools::{feed, run};

/// A namespace; clones are the same one. It is removed with its [`crate::net::Net`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Space {
    name: String,
}

/// How fast a device sends.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Megabits (10⁶) a second, with all headers.
    pub mbit: f64,
    /// Room for what waits, as time at that rate; what does not fit is lost.
    pub buffer_ms: u32,
}

/// What left by a shaped device since it was shaped, Ethernet headers included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counted {
    /// Bytes.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// Packets for which there was no room.
    pub drops: u64,
}

impl Space {
    pub(crate) fn create(name: &str) -> anyhow::Result<Self> {
        run("ip", &["netns", "add", name])?;
        Ok(Self { name: name.to_owned() })
    }

    /// Its name below `/run/netns`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Commands of `ip`, one a line: `addr add 192.0.2.1/24 dev up`.
    ///
    /// # Errors
    /// One is refused; those before it hold.
    pub fn ip(&self, lines: &str) -> anyhow::Result<()> {
        feed("ip", &["-n", &self.name, "-batch", "-"], &format!("{lines}\n")).map(|_| ())
    }

    /// A rule set of `nft`.
    ///
    /// # Errors
    /// It is refused; nothing of it holds.
    pub fn nft(&self, rules: &str) -> anyhow::Result<()> {
        feed("ip", &["netns", "exec", &self.name, "nft", "-f", "-"], rules).map(|_| ())
    }

    /// Makes it a router, IPv4 and IPv6.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn forward(&self) -> anyhow::Result<()> {
        let script = "cd /proc/sys/net\necho 1 > ipv4/ip_forward\n\
            echo 0 > ipv4/conf/all/send_redirects\n\
            if [ -d ipv6 ]; then echo 1 > ipv6/conf/all/forwarding; fi\n";
        feed("ip", &["netns", "exec", &self.name, "sh", "-e"], script).map(|_| ())
    }

    /// What leaves by `device` is held to a rate, and counted.
    ///
    /// # Errors
    /// It has a shape already.
    pub fn shape(&self, device: &str, shape: Shape) -> anyhow::Result<()> {
        let kbit = (shape.mbit * 1000.0) as u64;
        // Two milliseconds at once, four packets at least.
        let burst = (kbit / 4).max(6000);
        let line = format!(
            "qdisc add dev {device} root tbf rate {kbit}kbit burst {burst} latency {}ms\n",
            shape.buffer_ms
        );
        feed("tc", &["-n", &self.name, "-batch", "-"], &line).map(|_| ())
    }

    /// What left by shaped devices so far, by device.
    ///
    /// # Errors
    /// The namespace is gone.
    pub fn counted(&self) -> anyhow::Result<Vec<(String, Counted)>> {
        let told = run("tc", &["-n", &self.name, "-s", "-j", "qdisc", "show"])?;
        let told: Value = serde_json::from_str(&told).context("what `tc` tells is no JSON")?;
        let shaped = told.as_array().into_iter().flatten().filter(|queue| queue["kind"] == "tbf");
        let number = |queue: &Value, name: &str| queue[name].as_u64().unwrap_or_default();
        let read = |queue: &Value| {
            let counted = Counted {
                bytes: number(queue, "bytes"),
                packets: number(queue, "packets"),
                drops: number(queue, "drops"),
            };
            (queue["dev"].as_str().unwrap_or_default().to_owned(), counted)
        };
        Ok(shaped.map(read).collect())
    }

    /// A program that will run in it.
    #[must_use]
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program.as_ref());
        command
    }

    /// Runs a program in it to its end; its standard output.
    ///
    /// # Errors
    /// It does not do what it was asked.
    pub fn run(&self, program: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let output = self.command(program).args(arguments).stdin(Stdio::null()).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{program} {}: {}", arguments.join(" "), said.trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}
