//! From files to an index file: every byte is read once, by as many threads as there are
//! processors.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use mp2p::fragment::{Cut, CutError, FragmentHash};
use mp2p::index_file::{FileEntry, MAX_FILES};
use mp2p::message::bound::Text;

use crate::content::{Layout, Stamp};

/// Bytes read at a time by each thread.
const STEP_BYTES: usize = 256 << 10;
/// Threads that hash, at most.
const MAX_THREADS: usize = 8;

/// Files and their hashes.
#[derive(Debug)]
pub struct Built {
    /// The folder below which the paths are.
    pub root: PathBuf,
    /// The files.
    pub files: Vec<FileEntry>,
    /// What was said of each file before it was hashed, and after.
    pub seen: Vec<Option<Stamp>>,
    /// How they are cut.
    pub cut: Cut,
    /// One for each fragment.
    pub hashes: Vec<FragmentHash>,
    /// Symbolic links, and whatever else is neither file nor folder: left out.
    pub left_out: usize,
}

/// Why files are no content.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file cannot be read.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A name that no content can have.
    #[error("{}: its name is no text, or too long", .0.display())]
    Name(PathBuf),
    /// Neither a file nor a folder.
    #[error("{}: neither a file nor a folder", .0.display())]
    Kind(PathBuf),
    /// Too many.
    #[error("{}: more than {MAX_FILES} files; an archive of them is one", .0.display())]
    TooMany(PathBuf),
    /// Too long.
    #[error("{}: {source}", .path.display())]
    Cut {
        /// What.
        path: PathBuf,
        /// Why.
        source: CutError,
    },
    /// It has no bytes.
    #[error("{}: there is nothing in it", .0.display())]
    Empty(PathBuf),
    /// It was written to meanwhile.
    #[error("{}: changed while it was read", .0.display())]
    Changed(PathBuf),
}

/// Hashes a file, or all files below a folder; symbolic links are left out. `progress` is told of
/// bytes done and bytes in all, from several threads.
///
/// # Errors
/// [`BuildError`].
pub fn build(path: &Path, progress: &(dyn Fn(u64, u64) + Sync)) -> Result<Built, BuildError> {
    let (root, files, left_out) = find(path)?;
    let size = files.iter().map(|file| file.size).sum();
    if size == 0 {
        return Err(BuildError::Empty(path.to_owned()));
    }
    let cut = |source| BuildError::Cut { path: path.to_owned(), source };
    let cut = Cut::usual(size).map_err(cut)?;
    let stamps = || -> Vec<Option<Stamp>> { files.iter().map(|file| stamp(&root, file)).collect() };
    let before = stamps();
    let hashes = hash_all(&root, &files, cut, progress)?;
    let unchanged = before.iter().zip(stamps()).map(|(b, after)| after.filter(|a| *b == Some(*a)));
    let seen = unchanged.collect();
    Ok(Built { root, files, seen, cut, hashes, left_out })
}

fn stamp(root: &Path, file: &FileEntry) -> Option<Stamp> {
    Stamp::of(&File::open(root.join(&*file.path)).ok()?)
}

fn find(path: &Path) -> Result<(PathBuf, Vec<FileEntry>, usize), BuildError> {
    let failed = |source| BuildError::Io { path: path.to_owned(), source };
    let found = std::fs::metadata(path).map_err(failed)?;
    let root = path.parent().unwrap_or(Path::new("/")).to_owned();
    let (mut files, mut left_out) = (Vec::new(), 0);
    match found.is_dir() {
        true => walk((&root, path), path, (&mut files, &mut left_out))?,
        false if found.is_file() => files.push(entry(&root, path, found.len())?),
        false => return Err(BuildError::Kind(path.to_owned())),
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((root, files, left_out))
}

fn walk(
    (root, whole): (&Path, &Path),
    folder: &Path,
    (files, left_out): (&mut Vec<FileEntry>, &mut usize),
) -> Result<(), BuildError> {
    let failed = |source| BuildError::Io { path: folder.to_owned(), source };
    for found in std::fs::read_dir(folder).map_err(failed)? {
        let found = found.map_err(failed)?;
        let kind = found.file_type().map_err(failed)?;
        let path = found.path();
        if kind.is_dir() {
            walk((root, whole), &path, (files, left_out))?;
        } else if kind.is_file() {
            if files.len() >= MAX_FILES {
                return Err(BuildError::TooMany(whole.to_owned()));
            }
            let size = found.metadata().map_err(failed)?.len();
            files.push(entry(root, &path, size)?);
        } else {
            *left_out += 1;
        }
    }
    Ok(())
}

fn entry(root: &Path, path: &Path, size: u64) -> Result<FileEntry, BuildError> {
    let named = || BuildError::Name(path.to_owned());
    let below = path.strip_prefix(root).ok().and_then(Path::to_str).ok_or_else(named)?;
    Ok(FileEntry { path: Text::new(below).map_err(|_| named())?, size })
}

fn hash_all(
    root: &Path,
    files: &[FileEntry],
    cut: Cut,
    progress: &(dyn Fn(u64, u64) + Sync),
) -> Result<Vec<FragmentHash>, BuildError> {
    let layout = Layout::new(cut, files.iter().map(|file| file.size));
    let (next, count) = (AtomicU32::new(0), cut.count());
    let hashes = Mutex::new(vec![FragmentHash([0; 32]); count as usize]);
    let fault = Mutex::new(None);
    let work = || {
        let mut step = vec![0; STEP_BYTES];
        loop {
            let fragment = next.fetch_add(1, Ordering::Relaxed);
            if fragment >= count || lock(&fault).is_some() {
                return;
            }
            match hash(root, files, &layout, fragment, &mut step) {
                Ok(hash) => lock(&hashes)[fragment as usize] = hash,
                Err(error) => *lock(&fault) = Some(error),
            }
            let done = (u64::from(fragment) + 1) * u64::from(cut.fragment_size());
            progress(done.min(cut.size()), cut.size());
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_THREADS);
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    match fault.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(hashes.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn hash(
    root: &Path,
    files: &[FileEntry],
    layout: &Layout,
    fragment: u32,
    step: &mut [u8],
) -> Result<FragmentHash, BuildError> {
    let changed = || BuildError::Changed(root.to_owned());
    let mut hasher = layout.cut().hasher(fragment).ok_or_else(changed)?;
    for span in layout.spans(fragment) {
        let path = root.join(&*files[span.file].path);
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::UnexpectedEof => BuildError::Changed(path.clone()),
            _ => BuildError::Io { path: path.clone(), source },
        };
        let file = File::open(&path).map_err(failed)?;
        let mut done = 0;
        while done < span.length {
            let most = step.len().min(span.length - done);
            let part = &mut step[..most];
            file.read_exact_at(part, span.offset + done as u64).map_err(failed)?;
            hasher.update(part);
            done += part.len();
        }
    }
    hasher.finish().ok_or_else(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_is_named_by_its_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("film.bin");
        let bytes: Vec<u8> = (0..1_000_000_u32).map(|at| (at * 7 % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let built = build(&path, &|_, _| {}).unwrap();
        let id = built.cut.content_id(&built.hashes).unwrap();
        assert_eq!(id.as_str(), blake3::hash(&bytes).to_hex().as_str());
        assert_eq!((&*built.files[0].path, built.root.as_path()), ("film.bin", folder.path()));
    }

    #[test]
    fn a_folder_is_its_files_in_order_without_links() {
        let folder = tempfile::tempdir().unwrap();
        let album = folder.path().join("album");
        std::fs::create_dir_all(album.join("b")).unwrap();
        std::fs::write(album.join("b/two"), "two").unwrap();
        std::fs::write(album.join("a"), "one").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", album.join("link")).unwrap();
        let built = build(&album, &|_, _| {}).unwrap();
        let paths: Vec<&str> = built.files.iter().map(|file| &*file.path).collect();
        assert_eq!((&paths[..], built.left_out), (&["album/a", "album/b/two"][..], 1));
        let id = built.cut.content_id(&built.hashes).unwrap();
        assert_eq!(id.as_str(), blake3::hash(b"onetwo").to_hex().as_str());
    }

    #[test]
    fn what_has_no_bytes_is_no_content() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(build(folder.path(), &|_, _| {}), Err(BuildError::Empty(_))));
        let nowhere = folder.path().join("nowhere");
        assert!(matches!(build(&nowhere, &|_, _| {}), Err(BuildError::Io { .. })));
    }
}
