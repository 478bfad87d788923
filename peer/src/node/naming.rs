//! From what a user calls a file to its path in a content.

use std::collections::BTreeSet;

use mp2p::index_file::IndexFile;

use crate::plain::plain;

/// Files that are named where none is called so.
const MAX_TOLD: usize = 20;

/// The paths of the files that are meant by `names`: each a path, with or without its first part
/// (the content's own folder), of a file or a folder; or the name of a file alone, where only one
/// is called so. In the order of the content; none where no name is given.
///
/// # Errors
/// The first name that means no file, with the names that there are.
pub(crate) fn files(index: &IndexFile, names: &[String]) -> Result<Vec<String>, String> {
    let paths: Vec<&str> = index.files.iter().map(|entry| &*entry.path).collect();
    let mut meant = BTreeSet::new();
    for name in names {
        let found = named(&paths, name.trim_end_matches('/'));
        if found.is_empty() {
            return Err(unknown(&paths, &plain(&index.title), name));
        }
        meant.extend(found);
    }
    Ok(meant.into_iter().map(|at| paths[at].to_owned()).collect())
}

/// The places of the files that a name means.
fn named(paths: &[&str], name: &str) -> Vec<usize> {
    let inner = |path: &'_ str| path.split_once('/').map(|(_, rest)| rest.to_owned());
    let is_below = |path: &str| path.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'));
    let matching = |is_meant: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..paths.len()).filter(|at| is_meant(paths[*at])).collect()
    };
    let exact = matching(&|path| path == name);
    let inside = matching(&|path| inner(path).is_some_and(|path| path == name));
    let below = matching(&is_below);
    let below_inside = matching(&|path| inner(path).is_some_and(|path| is_below(&path)));
    let alone = matching(&|path| path.rsplit('/').next() == Some(name));
    let alone = if alone.len() == 1 { alone } else { Vec::new() };
    let ways = [exact, inside, below, below_inside, alone];
    ways.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

fn unknown(paths: &[&str], title: &str, name: &str) -> String {
    let mut text = format!("{title} has no file {name}; it has");
    for path in paths.iter().take(MAX_TOLD) {
        text += "\n  ";
        text += &plain(path);
    }
    if let Some(more) = paths.len().checked_sub(MAX_TOLD).filter(|more| *more > 0) {
        text += &format!("\n  and {more} more");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATHS: [&str; 5] =
        ["album/a.bin", "album/live/a.bin", "album/live/b.bin", "album/live2/c.bin", "album/z"];

    #[test]
    fn a_file_is_meant_by_its_path_with_and_without_the_folder_or_by_its_name() {
        let cases: [(&str, &[usize]); 9] = [
            ("album/a.bin", &[0]),
            ("a.bin", &[0]),
            ("live/a.bin", &[1]),
            ("b.bin", &[2]),
            ("album/live", &[1, 2]),
            ("live", &[1, 2]),
            ("album", &[0, 1, 2, 3, 4]),
            ("bin", &[]),
            ("", &[]),
        ];
        for (name, expected) in cases {
            assert_eq!(named(&PATHS, name), expected, "{name}");
        }
        // Two are called so, and neither lies at the top.
        assert!(named(&["x/p/a", "x/q/a"], "a").is_empty());
    }

    #[test]
    fn what_there_is_is_told_up_to_a_bound() {
        let told = unknown(&PATHS, "album", "d");
        assert!(told.starts_with("album has no file d; it has\n  album/a.bin\n"), "{told}");
        let many: Vec<String> = (0..23).map(|number| format!("album/{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let told = unknown(&many, "album", "d");
        assert!(told.ends_with("album/19\n  and 3 more"), "{told}");
    }
}
