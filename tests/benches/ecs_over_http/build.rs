//! The program that is measured.

use std::process::Command;

use anyhow::{Context, ensure};
use system_tests::data::project;

/// Nothing is measured that is older than its source.
pub(crate) fn unis() -> anyhow::Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    eprintln!("building unis");
    let build = ["build", "--release", "--quiet", "--package", "unis"];
    let status = Command::new(cargo).args(build).current_dir(project("")).status();
    let status = status.context("cargo cannot be run")?;
    ensure!(status.success(), "`unis` does not build");
    Ok(())
}
