//! `pki ca`: the CAs of this organisation, and the steps from one to the next.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::ValueEnum;

use crate::pki::{Authority, Entry};

/// A running server shows a certificate that is new on the disk within this.
const SHOWN_WITHIN: Duration = Duration::from_secs(3);

/// What is done with CAs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Step {
    /// Show them
    #[default]
    Show,
    /// Make the next one: it is trusted at once, beside the one that issues
    Next,
    /// Have the next one issue; what the last one signed stays good
    Switch,
    /// Trust the last one no more; refused while anybody needs it
    Retire,
    /// The key is in wrong hands: make a new one and trust no other; with --now
    Replace,
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The step's name and the number of the CA that it was about.
    pub(crate) step: Option<(&'static str, u32)>,
    /// Certificates that ended by it.
    pub(crate) ended: Vec<Entry>,
}

/// Takes a step and says what comes after it.
pub(crate) fn take(
    authority: &Authority,
    step: Step,
    now: bool,
    out: &mut dyn Write,
) -> anyhow::Result<Taken> {
    let file = authority.folder().ca();
    let file = file.display();
    let (name, (number, ended)) = match step {
        Step::Show => {
            show(authority, out)?;
            return Ok(Taken::default());
        }
        Step::Next => ("next", (authority.next_ca()?, Vec::new())),
        Step::Switch => ("switch", (authority.switch_ca(now)?, Vec::new())),
        Step::Retire => ("retire", authority.retire_ca(now, SHOWN_WITHIN)?),
        Step::Replace => ("replace", authority.replace_ca(now)?),
    };
    let names: BTreeSet<&str> = ended.iter().map(|entry| &*entry.name).collect();
    let ends = names.len();
    match step {
        Step::Show => {}
        Step::Next => writeln!(
            out,
            "CA {number} is trusted from now on: servers hear of it within seconds, peers within minutes; \
             give {file} to whoever has it as a file, an ISP's UNIS say; then `pki ca switch`"
        )?,
        Step::Switch => writeln!(
            out,
            "CA {number} issues from now on, and what was issued before stays good; when everybody has \
             renewed, `pki ca retire`"
        )?,
        Step::Retire => writeln!(
            out,
            "CA {number} is trusted no more; {ends} have to enrol again; {file} is for whoever has it as \
             a file"
        )?,
        Step::Replace => writeln!(
            out,
            "CA {number} is the only one that is trusted; {ends} have to enrol again; {file} is for whoever \
             has it as a file"
        )?,
    }
    Ok(Taken { step: Some((name, number)), ended })
}

fn show(authority: &Authority, out: &mut dyn Write) -> anyhow::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = i64::try_from(now)?;
    writeln!(
        out,
        "{:>2}  {:<6}  {:>9}  {:>12}  fingerprint",
        "CA", "turn", "days left", "certificates"
    )?;
    for ca in authority.cas()? {
        let days = (ca.not_after - now) / (24 * 60 * 60);
        writeln!(
            out,
            "{:>2}  {:<6}  {days:>9}  {:>12}  {}{}",
            ca.number,
            ca.turn.to_string(),
            ca.certificates,
            ca.fingerprint,
            if ca.is_shown { "  by which this server is known" } else { "" }
        )?;
    }
    Ok(())
}
