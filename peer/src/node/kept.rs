//! What is known of a content between two runs: its index file, and where its files are.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::Context;
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;
use serde::{Deserialize, Serialize};

use crate::content::Stamp;
use crate::home::{Home, make_private, replace};
use crate::settings::IspSettings;

/// A content that is shared or fetched.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What it consists of.
    pub index: IndexFile,
    /// As its publisher signed it.
    pub signed: String,
    /// Where its files are.
    pub place: Place,
    /// The folder of what is known of it.
    pub folder: PathBuf,
}

/// Where the files of a content are.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Place {
    /// The folder below which its paths are.
    pub root: PathBuf,
    /// Files that are wanted, by their paths in the content; all where none are named.
    #[serde(default)]
    pub files: Vec<String>,
    /// Whether the files were there first: they are read and never written.
    #[serde(default)]
    pub is_source: bool,
    /// Whether its first bytes are wanted first.
    #[serde(default)]
    pub stream: bool,
    /// The ISP's view that orders its list.
    #[serde(default)]
    pub view: IspSettings,
    /// What was said of each file when it was hashed; of an earlier run nothing is believed.
    #[serde(skip)]
    pub seen: Vec<Option<Stamp>>,
    /// Kept for others, as a cache: these fragments, from the first to before the second of each
    /// pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<Vec<(u32, u32)>>,
}

/// Keeps a content; its signed index file has been opened before.
///
/// # Errors
/// The disk refuses.
pub(crate) fn keep(
    home: &Home,
    (index, signed): (IndexFile, String),
    place: Place,
) -> anyhow::Result<Kept> {
    let folder = home.contents().join(index.content_id.as_str());
    let told = || folder.display().to_string();
    make_private(&folder).with_context(told)?;
    replace(&folder.join("index.jws"), signed.as_bytes()).with_context(told)?;
    replace(&folder.join("place.json"), &serde_json::to_vec_pretty(&place)?).with_context(told)?;
    Ok(Kept { index, signed, place, folder })
}

/// Forgets the order that stopped a content: whether it is in force still says OMS.
pub(crate) fn raise(home: &Home, content: &ContentId) {
    let _ = fs::remove_file(home.contents().join(content.as_str()).join("stop.jws"));
}

/// Forgets a content; its files stay.
///
/// # Errors
/// The disk refuses.
pub(crate) fn forget(home: &Home, content: &ContentId) -> anyhow::Result<()> {
    let folder = home.contents().join(content.as_str());
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).with_context(|| folder.display().to_string())
        }
        _ => Ok(()),
    }
}

/// What is kept of a content.
///
/// # Errors
/// Nothing is, or it cannot be read.
pub(crate) fn find(home: &Home, content: &ContentId) -> anyhow::Result<Kept> {
    read(&home.contents().join(content.as_str()))
}

/// All that is kept; what cannot be read is told of and left out.
pub(crate) fn all(home: &Home) -> Vec<Kept> {
    let Ok(entries) = fs::read_dir(home.contents()) else { return Vec::new() };
    let folders = entries.flatten().map(|entry| entry.path());
    folders
        .filter_map(|folder| match read(&folder) {
            Ok(kept) => Some(kept),
            Err(error) => {
                let folder = folder.display();
                tracing::warn!(%folder, error = format!("{error:#}"), "a content cannot be read");
                None
            }
        })
        .collect()
}

/// The signed index file of a content that is kept, where there is one.
pub(crate) fn index(home: &Home, content: &ContentId) -> Option<String> {
    fs::read_to_string(home.contents().join(content.as_str()).join("index.jws")).ok()
}

/// Whether the distribution of a content was stopped by order.
pub(crate) fn is_stopped(home: &Home, content: &ContentId) -> bool {
    home.contents().join(content.as_str()).join("stop.jws").exists()
}

fn read(folder: &Path) -> anyhow::Result<Kept> {
    let file = |name: &str| {
        let path = folder.join(name);
        fs::read_to_string(&path).with_context(|| path.display().to_string())
    };
    let signed = file("index.jws")?;
    let index = IndexFile::open(&signed)?;
    let place = serde_json::from_str(&file("place.json")?)?;
    Ok(Kept { index, signed, place, folder: folder.to_owned() })
}
