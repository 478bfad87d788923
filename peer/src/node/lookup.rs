//! From what a user types to a content.

use std::path::Path;

use anyhow::{Context, bail};
use mp2p::id::ContentId;
use mp2p::message::content::Found;

use crate::control::message::is_index_file;
use crate::plain::plain;
use crate::provider::Provider;

/// An index file may be this long.
pub(crate) const MAX_INDEX_BYTES: u64 = 4 << 20;
/// Contents that are named where a name fits several.
const MAX_TOLD: usize = 10;

/// The signed index file of a content, by its id, a name of the index, or a file.
///
/// # Errors
/// Nothing of the kind is known, or the name fits several contents.
pub(crate) async fn index_of(provider: &Provider, what: &str) -> anyhow::Result<String> {
    if let Ok(content) = ContentId::parse(what) {
        return Ok(provider.index(&content).await?.index_file);
    }
    let path = Path::new(what);
    if is_index_file(path) {
        if std::fs::metadata(path)?.len() > MAX_INDEX_BYTES {
            bail!("{what} is too long for an index file");
        }
        return std::fs::read_to_string(path).with_context(|| what.to_owned());
    }
    refuse_missing(path)?;
    let found = provider.search(what).await?;
    Ok(provider.index(chosen(what, &found)?).await?.index_file)
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
