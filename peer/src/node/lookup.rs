//! From what a user types to a content.

use std::path::Path;

use anyhow::{Context, bail};
use mp2p::id::ContentId;
use mp2p::message::content::Found;

use crate::control::message::is_index_file;
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
    let found = provider.search(what).await?;
    Ok(provider.index(chosen(what, &found)?).await?.index_file)
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
                .map(|one| format!("{}  {}", one.content_id, &*one.title))
                .collect();
            bail!("\"{what}\" fits several contents; name one by its id:\n{}", told.join("\n"))
        }
    }
}
