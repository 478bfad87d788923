//! The files of a content. Their paths are written to the disk of whoever fetches them, so that a
//! publisher could write wherever a path leads.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::bound::Text;

/// Files of a content at most.
pub const MAX_FILES: usize = 4096;
/// Longest path, bytes.
pub const MAX_PATH_BYTES: usize = 1024;
/// Longest part of a path, bytes; what file systems take.
const MAX_PART_BYTES: usize = 255;
/// Deepest path, parts.
const MAX_PARTS: usize = 32;

/// One file of a content.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct FileEntry {
    /// Where, below the folder of the content: parts divided by `/`.
    pub path: Text<MAX_PATH_BYTES>,
    /// Its size, bytes.
    pub size: u64,
}

/// Files that cannot be written as they are named.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FilesError {
    /// A content has at least one.
    #[error("a content has at least one file")]
    None,
    /// More than [`MAX_FILES`].
    #[error("a content has at most {MAX_FILES} files")]
    TooMany,
    /// It leads elsewhere, or cannot be written on every system.
    #[error("{path:?} is no path of a file: {rule}")]
    Path {
        /// The path.
        path: String,
        /// What it lacks.
        rule: &'static str,
    },
    /// Twice the same, on systems that do not tell `a` from `A` too.
    #[error("{0:?} stands for two files")]
    Twice(String),
    /// More bytes than can be counted.
    #[error("the files are too long together")]
    Size,
}

/// All that is asked of the files of a content.
pub(crate) fn check(files: &[FileEntry]) -> Result<(), FilesError> {
    if files.is_empty() {
        return Err(FilesError::None);
    }
    let mut sum = 0_u64;
    let mut seen = HashSet::with_capacity(files.len());
    for file in files {
        if let Some(rule) = fault(&file.path) {
            return Err(FilesError::Path { path: file.path.to_string(), rule });
        }
        if !seen.insert(file.path.to_lowercase()) {
            return Err(FilesError::Twice(file.path.to_string()));
        }
        sum = sum.checked_add(file.size).ok_or(FilesError::Size)?;
    }
    // No file is a folder of another.
    let folder = |path: &&String| path.match_indices('/').any(|(at, _)| seen.contains(&path[..at]));
    match seen.iter().find(folder) {
        Some(path) => Err(FilesError::Twice(path.clone())),
        None => Ok(()),
    }
}

fn fault(path: &str) -> Option<&'static str> {
    let part_fault = |part: &str| match part {
        "" => Some("it has an empty part"),
        "." | ".." => Some("it leads elsewhere"),
        _ if part.len() > MAX_PART_BYTES => Some("a part has more than 255 bytes"),
        // Windows: a drive, a folder, and ends that it drops.
        _ if part.contains(['\\', ':']) => Some("it has a character that divides paths elsewhere"),
        _ if part.ends_with(['.', ' ']) => Some("a part ends in a dot or a blank"),
        _ if part.chars().any(char::is_control) => Some("it has a control character"),
        _ => None,
    };
    match path.split('/').count() {
        0..=MAX_PARTS => path.split('/').find_map(part_fault),
        _ => Some("it is deeper than 32 folders"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(paths: &[&str]) -> Vec<FileEntry> {
        let file = |path: &&str| FileEntry { path: Text::new(*path).unwrap(), size: 1 };
        paths.iter().map(file).collect()
    }

    #[test]
    fn no_path_leads_out_of_its_folder() {
        for good in ["a", "a/b.txt", "Übung/第1課.mp4", "..a", ".hidden", "a b"] {
            assert_eq!(check(&files(&[good])), Ok(()), "{good}");
        }
        let (long, deep) = ("x".repeat(256), "x/".repeat(32) + "x");
        for bad in [
            "",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a/./b",
            "a//b",
            "a/",
            "C:x",
            "a\\..\\b",
            "a.",
            "a ",
            "a\0b",
            "a\nb",
            &long,
            &deep,
        ] {
            assert!(matches!(check(&files(&[bad])), Err(FilesError::Path { .. })), "{bad:?}");
        }
    }

    #[test]
    fn no_two_files_are_one() {
        for twice in [["a/b", "a/b"], ["a", "A"], ["a/b", "a"], ["a", "A/b/c"], ["ä", "Ä"]] {
            assert!(matches!(check(&files(&twice)), Err(FilesError::Twice(_))), "{twice:?}");
        }
        assert_eq!(check(&files(&["a/b", "a/c", "ab", "a.b"])), Ok(()));
        assert_eq!(check(&[]), Err(FilesError::None));
    }

    #[test]
    fn sizes_have_an_end() {
        let mut two = files(&["a", "b"]);
        two[0].size = u64::MAX;
        assert_eq!(check(&two), Err(FilesError::Size));
    }
}
