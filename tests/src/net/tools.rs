//! The system's programs that make networks.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, bail};

/// Programs that must be there, and how they are asked whether they are.
const TOOLS: [(&str, &str); 4] =
    [("ip", "-V"), ("tc", "-V"), ("nft", "--version"), ("iptables-legacy", "--version")];

/// Why no network can be made here; `None`: it can.
#[must_use]
pub fn missing() -> Option<String> {
    if !rustix::process::geteuid().is_root() {
        return Some("namespaces need root".to_owned());
    }
    for (tool, question) in TOOLS {
        let mut command = Command::new(tool);
        let asked = command.arg(question).stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !asked.is_ok_and(|status| status.success()) {
            return Some(format!("`{tool}` is not installed"));
        }
    }
    // Containers give root without the right to do this.
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}{}-try{number}", crate::net::sweep::MARK, std::process::id());
    if let Err(error) = run("ip", &["netns", "add", &name]) {
        return Some(format!("no namespaces here: {error}"));
    }
    let _ = run("ip", &["netns", "del", &name]);
    None
}

/// Runs a program to its end; its standard output.
pub(crate) fn run(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    feed(program, arguments, "")
}

/// The same with a text at its standard input.
pub(crate) fn feed(program: &str, arguments: &[&str], input: &str) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run `{program}`"))?;
    // One that ends before it has read all says why itself.
    let _ = child.stdin.take().context("no standard input")?.write_all(input.as_bytes());
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {} {input}", arguments.join(" "), said.trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
