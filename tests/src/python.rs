//! Python, for clients and oracles that share no code with the servers.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::data::project;

/// Where the oracle's packages are installed.
const ENVIRONMENT: &str = "target/venv";
/// What is installed there.
const REQUIREMENTS: &str = "tests/oracle/requirements.txt";

/// A script of the project that needs the standard library only.
#[must_use]
pub fn plain(script: &str) -> Command {
    script_of(Path::new("python3"), script)
}

/// A script of the project that needs the oracle's packages, which are installed if they are
/// missing.
///
/// # Errors
/// They cannot be installed.
pub fn with_packages(script: &str) -> anyhow::Result<Command> {
    Ok(script_of(&environment()?, script))
}

/// A program among the oracle's packages, by its module.
///
/// # Errors
/// They cannot be installed.
pub fn module(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(environment()?);
    command.args(["-B", "-m", name]);
    Ok(command)
}

/// The interpreter that has the packages.
fn environment() -> anyhow::Result<PathBuf> {
    let folder = project(ENVIRONMENT);
    let python = folder.join("bin/python");
    // Tests run side by side; one of them installs.
    std::fs::create_dir_all(project("target"))?;
    let lock = File::create(project("target/venv.lock"))?;
    lock.lock()?;
    if !has_packages(&python) {
        finish(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        // Not the script `pip`, which has the environment's path in it and would follow a copy back.
        let mut install = Command::new(&python);
        install.args(["-m", "pip", "install", "--quiet", "--requirement"]);
        finish(install.arg(project(REQUIREMENTS)))?;
    }
    Ok(python)
}

fn script_of(python: &Path, script: &str) -> Command {
    let mut command = Command::new(python);
    // No compiled files among the sources.
    command.arg("-B").arg(project(script));
    command
}

fn has_packages(python: &Path) -> bool {
    let imported = Command::new(python)
        .args(["-c", "import blake3, networkx, requests, schemathesis"])
        .output();
    imported.is_ok_and(|output| output.status.success())
}

/// Runs a command to its end: its standard output.
///
/// # Errors
/// It cannot be started or fails; the error holds all its output.
pub fn finish(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{:?}", command.get_program()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!("{}: {text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(text)
}
