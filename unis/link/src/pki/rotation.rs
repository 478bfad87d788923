//! From one CA to the next: what each step does, and what it waits for.
//!
//! ```text
//!  next ──── everybody hears of it ───► switch ──── everybody renews ───► retire
//!        servers within seconds, peers          peers within the life of
//!        within minutes, others by hand         their certificates
//!
//!  replace: the key is in wrong hands; a new CA at once, and nobody is trusted
//! ```
//!
//! Every step is one file replaced as a whole ([`crate::pki::authorities`]). What has to be done
//! before it does no harm without it; what has to be done after it upkeep would do, and each
//! command does first what is left of one that was killed: without a revocation list nobody
//! believes in what a new CA signs.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use crate::identity::hex;
use crate::pki::ledger::{Entry, State};
use crate::pki::workbench::{Own, Workbench};
use crate::pki::{Authority, PkiError};

/// By then everybody who is there has heard of a new CA: peers look every five minutes where their
/// settings do not say otherwise.
const HEARD: Duration = Duration::from_secs(3600);

/// A CA that is trusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ca {
    /// 1 for the first of an organisation.
    pub number: u32,
    /// SHA-256 of its certificate, hex.
    pub fingerprint: String,
    /// Its end, Unix seconds.
    pub not_after: i64,
    /// What it does.
    pub turn: Turn,
    /// Whether the server that has the authority is known by it.
    pub is_shown: bool,
    /// Certificates of it that are good.
    pub certificates: usize,
}

/// What a CA does.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Turn {
    /// It signs certificates.
    Issues,
    /// It will.
    Next,
    /// It did.
    Last,
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Issues => "issues",
            Self::Next => "next",
            Self::Last => "last",
        })
    }
}

/// Why a step is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Waiting {
    /// There is a next one.
    #[error("CA {0} waits for its turn already: `pki ca switch` has it issue")]
    Made(u32),
    /// There are two, and one of them has to go.
    #[error("CA {0} is trusted still: `pki ca retire` ends it")]
    Trusted(u32),
    /// Nothing waits.
    #[error("no CA waits for its turn: `pki ca next` makes one")]
    NoNext,
    /// Nothing is over.
    #[error("no CA's turn is over")]
    NoLast,
    /// Not everybody has heard of the next one.
    #[error(
        "CA {number} is so new that not every peer has heard of it: come back in {} minutes, or say --now",
        .left_s / 60 + 1
    )]
    Unheard {
        /// The next one.
        number: u32,
        /// For so long, seconds.
        left_s: i64,
    },
    /// Somebody has no other certificate than one of the CA that is to go.
    #[error(
        "CA {number} is needed for {} hours more: {names} have no certificate of another, such as {such_as}; they renew, you revoke theirs, or you say --now",
        .left_s / 3600 + 1
    )]
    InUse {
        /// The CA.
        number: u32,
        /// How many.
        names: usize,
        /// One of them.
        such_as: String,
        /// Until the last certificate runs out, seconds.
        left_s: i64,
    },
    /// Somebody has a token by which the server will not be known.
    #[error(
        "{tokens} tokens from before there was another CA are good for {} hours more: they are used, or you say --now",
        .left_s / 3600 + 1
    )]
    Tokens {
        /// How many.
        tokens: usize,
        /// Until the last of them runs out, seconds.
        left_s: i64,
    },
    /// All would be over.
    #[error(
        "{certificates} certificates would end at once, and who has one enrols again: say --now"
    )]
    Everybody {
        /// How many.
        certificates: usize,
    },
}

impl Authority {
    /// The CAs that are trusted, the one that issues first.
    ///
    /// # Errors
    /// Those of reading them.
    pub fn cas(&self) -> Result<Vec<Ca>, PkiError> {
        let mut bench = self.workbench()?;
        let now = bench.seconds();
        let mut of = vec![0_usize; bench.cas().own().len()];
        let numbers: Vec<u32> = bench.cas().own().iter().map(|ca| ca.number).collect();
        for entry in bench.ledger().entries().iter().filter(|it| it.state(now) == State::Valid) {
            let at = numbers.iter().position(|number| *number == entry.ca);
            if let Some(count) = at.and_then(|at| of.get_mut(at)) {
                *count += 1;
            }
        }
        let (issuing, shown) = (bench.cas().issuing().number, bench.cas().shown().number);
        let own = bench.cas().own().iter().zip(of);
        let ca = own.map(|(ca, certificates)| Ca {
            number: ca.number,
            fingerprint: hex(&ca.fingerprint),
            not_after: ca.not_after,
            turn: match ca.number.cmp(&issuing) {
                std::cmp::Ordering::Equal => Turn::Issues,
                std::cmp::Ordering::Greater => Turn::Next,
                std::cmp::Ordering::Less => Turn::Last,
            },
            is_shown: ca.number == shown,
            certificates,
        });
        Ok(ca.collect())
    }

    /// The workbench, with all done that a step which was killed has left to do.
    fn settled(&self) -> Result<Workbench, PkiError> {
        let mut bench = self.workbench()?;
        bench.settle()?;
        Ok(bench)
    }

    /// Makes the next CA, which is trusted from now on; its number.
    ///
    /// # Errors
    /// [`Waiting`]; those of writing.
    pub fn next_ca(&self) -> Result<u32, PkiError> {
        let mut bench = self.settled()?;
        if let Some(next) = bench.cas().next() {
            return Err(Waiting::Made(next.number).into());
        }
        if let Some(last) = bench.cas().last() {
            return Err(Waiting::Trusted(last.number).into());
        }
        let issuing = bench.cas().issuing().number;
        let made = bench.add_ca(&self.settings().trust_domain, &[issuing])?;
        bench.settle()?;
        Ok(made)
    }

    /// Has the next CA issue from now on; its number. What the last one signed stays good. `at_once`
    /// does not wait until it is known.
    ///
    /// # Errors
    /// [`Waiting`]; those of writing.
    pub fn switch_ca(&self, at_once: bool) -> Result<u32, PkiError> {
        let mut bench = self.settled()?;
        let next = bench.cas().next().ok_or(Waiting::NoNext)?;
        let number = next.number;
        // The life of a certificate begins a minute before it is made.
        let heard_s = i64::try_from(HEARD.as_secs()).unwrap_or(i64::MAX);
        let left_s = next.not_before.saturating_add(heard_s) - bench.seconds();
        if left_s > 0 && !at_once {
            return Err(Waiting::Unheard { number, left_s }.into());
        }
        let issuing = bench.cas().issuing().number;
        bench.trust(&[number, issuing])?;
        bench.turn(Own::Operator, number)?;
        bench.settle()?;
        Ok(number)
    }

    /// Trusts the last CA no more; its number, and the certificates that end by that of who has no
    /// other. `at_once` does not wait until nobody needs it. A running server gets `pause` to show its
    /// certificate of the other CA, before others hear that they need it; the folder is locked
    /// meanwhile.
    ///
    /// # Errors
    /// [`Waiting`]; those of writing.
    pub fn retire_ca(&self, at_once: bool, pause: Duration) -> Result<(u32, Vec<Entry>), PkiError> {
        let mut bench = self.settled()?;
        let number = match (bench.cas().last(), bench.cas().next()) {
            (Some(last), _) => last.number,
            (None, Some(next)) => return Err(Waiting::Made(next.number).into()),
            (None, None) => return Err(Waiting::NoLast.into()),
        };
        if !at_once {
            check_unused(&mut bench, number)?;
        }
        let issuing = bench.cas().issuing().number;
        bench.turn(Own::Operator, issuing)?;
        bench.turn(Own::Server, issuing)?;
        std::thread::sleep(pause);
        bench.trust(&[issuing])?;
        let ended = bench.settle()?;
        Ok((number, without_another(&mut bench, ended)))
    }

    /// Makes a new CA and trusts no other: its number, and the certificates that end by that. Who
    /// has one enrols again, but for the server and the first operator.
    ///
    /// # Errors
    /// [`Waiting`]; those of writing.
    pub fn replace_ca(&self, at_once: bool) -> Result<(u32, Vec<Entry>), PkiError> {
        let mut bench = self.workbench()?;
        if !at_once {
            let now = bench.seconds();
            let valid = bench.ledger().entries().iter().filter(|it| it.state(now) == State::Valid);
            return Err(Waiting::Everybody { certificates: valid.count() }.into());
        }
        let made = bench.add_ca(&self.settings().trust_domain, &[])?;
        bench.turn(Own::Operator, made)?;
        bench.turn(Own::Server, made)?;
        let ended = bench.settle()?;
        Ok((made, without_another(&mut bench, ended)))
    }
}

/// Of certificates that ended, those of names that have no good one.
fn without_another(bench: &mut Workbench, ended: Vec<Entry>) -> Vec<Entry> {
    let now = bench.seconds();
    let good = bench.ledger().entries().iter().filter(|entry| entry.state(now) == State::Valid);
    let names: HashSet<&str> = good.map(|entry| &*entry.name).collect();
    ended.into_iter().filter(|entry| !names.contains(&*entry.name)).collect()
}

/// Refuses while a name has a good certificate of a CA and none of another. The server's own is
/// made anew with the step.
fn check_unused(bench: &mut Workbench, ca: u32) -> Result<(), PkiError> {
    let (server, now) = (bench.server_name()?, bench.seconds());
    let valid = |entry: &&Entry| entry.state(now) == State::Valid;
    let entries = bench.ledger().entries();
    let moved: HashSet<&str> =
        entries.iter().filter(valid).filter(|it| it.ca != ca).map(|it| &*it.name).collect();
    let is_left = |entry: &&Entry| {
        entry.ca == ca && !moved.contains(&*entry.name) && server.as_ref() != Some(&entry.name)
    };
    let left: Vec<&Entry> = entries.iter().filter(valid).filter(is_left).collect();
    let Some(last) = left.iter().max_by_key(|entry| entry.not_after) else {
        let issuing = bench.cas().issuing().number;
        return match bench.ledger().without(issuing, now) {
            Some((tokens, last)) => Err(Waiting::Tokens { tokens, left_s: last - now }.into()),
            None => Ok(()),
        };
    };
    let names: HashSet<&str> = left.iter().map(|entry| &*entry.name).collect();
    Err(Waiting::InUse {
        number: ca,
        names: names.len(),
        such_as: last.name.clone(),
        left_s: last.not_after - now,
    }
    .into())
}

#[cfg(test)]
mod tests;
