//! What is known of a content between two runs: its index file, and where its files are.

use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, bail};
use mp2p::id::ContentId;
use mp2p::index_file::IndexFile;
use mp2p::message::overlay::Requirements;
use serde::{Deserialize, Serialize};

use crate::content::Stamp;
use crate::home::{Home, make_private, replace};
use crate::plain::plain;
use crate::settings::IspSettings;

/// Contents that are named where a title fits several.
const MAX_TOLD: usize = 10;

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
    /// Whether it is asked for now; else what was begun earlier is gone on with.
    pub is_asked: bool,
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
    /// Whether it is fetched though the disk has less room than all of it takes.
    #[serde(default)]
    pub anyway: bool,
    /// The ISP's view that orders its list.
    #[serde(default)]
    pub view: IspSettings,
    /// What was said of each file when it was hashed; of an earlier run nothing is believed.
    #[serde(skip)]
    pub seen: Vec<Option<Stamp>>,
    /// What was asked of its overlay when it was shared.
    #[serde(default, skip_serializing_if = "is_default")]
    pub wishes: Requirements,
    /// Kept for others, as a cache: these fragments, from the first to before the second of each
    /// pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<Vec<(u32, u32)>>,
}

fn is_default(wishes: &Requirements) -> bool {
    *wishes == Requirements::default()
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
    Ok(Kept { index, signed, place, folder, is_asked: true })
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

/// The content that a user means: by its id, or by the title of what is shared or fetched here.
///
/// # Errors
/// Nothing here is called so, or several are.
pub(crate) fn called(home: &Home, what: &str) -> anyhow::Result<ContentId> {
    if let Ok(content) = ContentId::parse(what) {
        return Ok(content);
    }
    // As it is, or as it is shown.
    let is_called = |title: &str| title == what || plain(title) == what;
    let is_meant = |kept: &Kept| kept.place.cached.is_none() && is_called(&kept.index.title);
    let mut found: Vec<_> =
        all(home).into_iter().filter(is_meant).map(|kept| kept.index.content_id).collect();
    match (found.pop(), found.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => bail!("nothing that is shared or fetched here is called \"{what}\""),
        (Some(one), false) => {
            let ids: Vec<String> =
                found.iter().chain([&one]).take(MAX_TOLD).map(ToString::to_string).collect();
            bail!("\"{what}\" fits several contents; name one by its id:\n{}", ids.join("\n"))
        }
    }
}

/// Gives up a content where no peer runs.
///
/// # Errors
/// It is neither shared nor fetched, or kept for others.
pub(crate) fn give_up(home: &Home, content: &ContentId) -> anyhow::Result<()> {
    let known = home.contents().join(content.as_str());
    if !known.exists() {
        bail!("{content} is neither shared nor fetched");
    }
    if find(home, content).is_ok_and(|kept| kept.place.cached.is_some()) {
        bail!("{content} is kept for others, as the provider has reserved");
    }
    forget(home, content)
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
    Ok(Kept { index, signed, place, folder: folder.to_owned(), is_asked: false })
}

#[cfg(test)]
mod tests {
    use mp2p::id::OverlayId;
    use mp2p::index_file::About;
    use mp2p::message::bound::Text;
    use mp2p::signed::SigningKey;

    use super::*;
    use crate::content::build;

    fn kept(home: &Home, title: &str, bytes: &[u8], place: Place) -> ContentId {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, bytes).unwrap();
        let built = build(&path, &|_, _| {}).unwrap();
        let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
        let about = About {
            version: 1,
            overlay_id: OverlayId::parse("some").unwrap(),
            title: Text::new(title).unwrap(),
            description: Text::default(),
            rights: None,
            issued: 0,
        };
        let index = IndexFile::build(about, built.files, built.cut, built.hashes, &key).unwrap();
        let signed = index.seal(&key).unwrap();
        keep(home, (index, signed), place).unwrap().index.content_id
    }

    #[test]
    fn what_is_here_is_found_by_its_title_and_given_up_without_a_running_peer() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::open(folder.path()).unwrap();
        make_private(&home.contents()).unwrap();
        let film = kept(&home, "film", b"one", Place::default());
        kept(&home, "twice", b"two", Place::default());
        kept(&home, "twice", b"three", Place::default());
        let others = Place { cached: Some(vec![(0, 1)]), ..Place::default() };
        let cached = kept(&home, "cached", b"four", others);
        assert_eq!(called(&home, "film").unwrap(), film);
        assert_eq!(called(&home, film.as_str()).unwrap(), film);
        assert!(called(&home, "twice").unwrap_err().to_string().contains("several"));
        assert!(called(&home, "fil").is_err() && called(&home, "cached").is_err());
        give_up(&home, &film).unwrap();
        assert!(give_up(&home, &film).is_err() && called(&home, "film").is_err());
        assert!(give_up(&home, &cached).unwrap_err().to_string().contains("for others"));
        assert_eq!(all(&home).len(), 3);
    }
}
