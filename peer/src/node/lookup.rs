//! From what a user types to a content.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, bail};
use mp2p::id::{ContentId, OverlayId};
use mp2p::message::content::Found;

use crate::control::message::is_index_file;
use crate::plain::plain;
use crate::provider::Provider;

/// An index file may be this long.
const MAX_INDEX_BYTES: u64 = 4 << 20;
/// Contents that are named where a name fits several.
const MAX_TOLD: usize = 10;

/// The signed index file of a content, by its id, a name of the index, or a file.
///
/// # Errors
/// Nothing of the kind is known, or the name fits several contents.
pub(crate) async fn index_of(provider: &Provider, what: &str) -> anyhow::Result<String> {
    if let Ok(content) = ContentId::parse(what) {
        return by_id(provider, &content).await;
    }
    let path = Path::new(what);
    if is_index_file(path) {
        return read_index(path);
    }
    refuse_missing(path)?;
    let found = provider.search(what).await?;
    Ok(provider.index(chosen(what, &found)?).await?.index_file)
}

/// The signed index file of a content that is registered.
///
/// # Errors
/// It is not: told with what its overlay has instead, where that was made for it.
pub(crate) async fn by_id(provider: &Provider, content: &ContentId) -> anyhow::Result<String> {
    let unknown = match provider.index(content).await {
        Ok(found) => return Ok(found.index_file),
        Err(error) => error,
    };
    let own = OverlayId::parse(content.as_str()).ok().filter(|_| !unknown.is_passing());
    let instead = match own {
        Some(overlay) => instead(provider, content, &overlay).await,
        None => None,
    };
    match instead {
        Some(instead) => Err(unknown).context(instead),
        None => Err(unknown.into()),
    }
}

/// What an overlay has in the place of a content that is registered no longer, in a sentence.
pub(crate) async fn instead(
    provider: &Provider,
    content: &ContentId,
    overlay: &OverlayId,
) -> Option<String> {
    let there = provider.contents(overlay).await.ok()?.contents;
    // The oldest first.
    let newest = there.last().filter(|_| there.iter().all(|one| one.content_id != *content))?;
    let (id, title) = (&newest.content_id, plain(&newest.title));
    Some(format!("it is registered no longer; the newest in its overlay is {id} {title}"))
}

/// The text of an index file; blanks and line ends around it, as mail and editors add, are none of
/// it.
///
/// # Errors
/// It cannot be read, or is too long for one.
pub(crate) fn read_index(path: &Path) -> anyhow::Result<String> {
    let file = std::fs::File::open(path)?;
    let mut text = String::new();
    let read = file.take(MAX_INDEX_BYTES + 1).read_to_string(&mut text);
    match read.context("it is no text, as an index file is")? as u64 {
        0..=MAX_INDEX_BYTES => Ok(text.trim().to_owned()),
        _ => bail!("more than the {MAX_INDEX_BYTES} bytes of an index file"),
    }
}

/// A path of an index file that is not there is no name to search for.
///
/// # Errors
/// It is one.
pub(crate) fn refuse_missing(path: &Path) -> anyhow::Result<()> {
    let is_index = path.extension().is_some_and(|extension| extension == "jws");
    let is_path = path.parent().is_some_and(|folder| !folder.as_os_str().is_empty());
    if is_index && is_path && !path.exists() {
        bail!("there is no index file {}", path.display());
    }
    Ok(())
}

/// The one content that is called so.
///
/// # Errors
/// There is none, or several.
pub(crate) fn chosen<'a>(what: &str, found: &'a Found) -> anyhow::Result<&'a ContentId> {
    let exact: Vec<_> = found.contents.iter().filter(|one| *one.title == *what).collect();
    match (&exact[..], &found.contents[..]) {
        ([one], _) => Ok(&one.content_id),
        ([], [one]) => Ok(&one.content_id),
        ([], []) => bail!("nothing is found for \"{what}\""),
        _ => {
            let told: Vec<String> = found
                .contents
                .iter()
                .take(MAX_TOLD)
                .map(|one| format!("{}  {}", one.content_id, plain(&one.title)))
                .collect();
            bail!("\"{what}\" fits several contents; name one by its id:\n{}", told.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_file_is_read_whatever_ends_its_lines_and_not_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.jws");
        std::fs::write(&path, "\r\n a.b.c\r\n\n").unwrap();
        assert_eq!(read_index(&path).unwrap(), "a.b.c");
        std::fs::File::create(&path).unwrap().set_len(MAX_INDEX_BYTES + 1).unwrap();
        assert!(read_index(&path).unwrap_err().to_string().contains("more than the 4194304 bytes"));
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read_index(&path).unwrap_err().to_string().contains("no text"));
    }

    #[test]
    fn an_index_file_that_is_not_there_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.jws");
        assert!(refuse_missing(&path).unwrap_err().to_string().contains("there is no index file"));
        std::fs::write(&path, "").unwrap();
        assert!(refuse_missing(&path).is_ok());
        // A content may be called so.
        assert!(refuse_missing(Path::new("film.jws")).is_ok());
    }
}
