//! What the files of the settings look like: to see that one changed, and that each can be read.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use link::regular;

use crate::access::accounts;
use crate::maps::version;
use crate::settings::{Inputs, Settings};

/// What a file looked like: when it was changed and how long it was; `None` if it was not there.
pub type Look = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// A source that reading may never come to the end of.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", .path.display())]
pub struct Irregular {
    path: PathBuf,
    source: io::Error,
}

/// Looks at the files of `settings`, and at the settings file.
#[must_use]
pub fn look(inputs: &Inputs, settings: &Settings) -> Look {
    let mut files = version::files(settings).unwrap_or_default();
    files.extend(inputs.file.clone());
    files.extend(accounts::files(settings).map(Path::to_owned));
    files.into_iter().map(|path| (path.clone(), look_at(&path))).collect()
}

fn look_at(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Refuses sources that are there and no regular files. A command that reads once may take a pipe;
/// a server, which reads again whenever something changed, would wait for its writer for ever.
///
/// # Errors
/// [`Irregular`], the first.
pub fn check_regular(settings: &Settings) -> Result<(), Irregular> {
    for path in version::files(settings).unwrap_or_default() {
        regular::check(&path).map_err(|source| Irregular { path, source })?;
    }
    Ok(())
}
