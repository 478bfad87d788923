//! Fragments whose hash was checked, and whose files nobody has touched since: they are given again
//! without being hashed again. Whoever gets one checks it all the same.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mp2p::frame::Buffermap;

use crate::content::Layout;

/// What was touched so lately may be touched again without showing it: clocks of file systems go in
/// steps.
const SETTLED: Duration = Duration::from_secs(2);

/// What the system says of a file; it says something else as soon as the file is written to, cut,
/// moved or replaced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// The last change of content or name: seconds and nanoseconds. No program can set it.
    changed: (i64, i64),
}

impl Stamp {
    /// Of an open file; `None` where it was touched just now, or nothing is said.
    #[must_use]
    pub fn of(file: &File) -> Option<Self> {
        let found = file.metadata().ok()?;
        let nanoseconds = u32::try_from(found.ctime_nsec()).ok()?;
        let changed = Duration::new(u64::try_from(found.ctime()).ok()?, nanoseconds);
        let age = SystemTime::now().duration_since(UNIX_EPOCH + changed);
        let settled = age.is_ok_and(|age| age >= SETTLED);
        settled.then(|| Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.len(),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

/// What was checked.
#[derive(Debug)]
pub(crate) struct Sound {
    /// Of each file, when its fragments were checked.
    stamps: Vec<Option<Stamp>>,
    fragments: Buffermap,
}

impl Sound {
    /// `all`: all fragments of files with these stamps were checked.
    pub(crate) fn new(stamps: Vec<Option<Stamp>>, all: Buffermap) -> Self {
        Self { stamps, fragments: all }
    }

    /// Whether a fragment was checked when its files had these stamps.
    pub(crate) fn is(&self, fragment: u32, files: &[(usize, Option<Stamp>)]) -> bool {
        let as_then = |(file, stamp): &(usize, Option<Stamp>)| {
            stamp.is_some() && self.stamps.get(*file) == Some(stamp)
        };
        self.fragments.has(fragment) && files.iter().all(as_then)
    }

    /// A fragment was checked; its files have these stamps.
    pub(crate) fn note(
        &mut self,
        layout: &Layout,
        fragment: u32,
        files: &[(usize, Option<Stamp>)],
    ) {
        for (file, stamp) in files {
            let Some(known) = self.stamps.get_mut(*file) else { return };
            if known != stamp {
                *known = *stamp;
                let (from, to) = layout.fragments(*file);
                for other in from..to {
                    self.fragments.remove(other);
                }
            }
        }
        self.fragments.insert(fragment);
    }
}

#[cfg(test)]
mod tests {
    use mp2p::fragment::Cut;

    use super::*;

    fn stamp(nanoseconds: i64) -> Option<Stamp> {
        Some(Stamp { device: 1, inode: 2, size: 3, changed: (1000, nanoseconds) })
    }

    /// Two files of 24 KiB in fragments of 16 KiB: the second of the three lies in both.
    #[test]
    fn a_fragment_is_sound_until_one_of_its_files_is_touched() {
        let layout = Layout::new(Cut::new(48 << 10, 16 << 10).unwrap(), [24 << 10; 2].into_iter());
        let mut sound = Sound::new(vec![stamp(1), stamp(2)], Buffermap::full(3).unwrap());
        let both = |one, other| [(0, stamp(one)), (1, stamp(other))];
        assert!(sound.is(0, &both(1, 2)[..1]) && sound.is(1, &both(1, 2)));
        assert!(!sound.is(1, &both(1, 9)) && !sound.is(2, &[(1, None)]));
        // The second file was touched; its first fragment is good all the same.
        sound.note(&layout, 1, &both(1, 9));
        assert!(sound.is(0, &both(1, 9)[..1]) && sound.is(1, &both(1, 9)));
        assert!(!sound.is(2, &both(1, 9)[1..]) && !sound.is(1, &both(1, 2)));
        // Of what may be touched any time nothing is remembered.
        sound.note(&layout, 2, &[(1, None)]);
        assert!(!sound.is(2, &[(1, None)]) && !sound.is(1, &both(1, 9)));
    }

    #[test]
    fn a_file_that_was_touched_just_now_is_not_believed() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(Stamp::of(&file), None);
    }
}
