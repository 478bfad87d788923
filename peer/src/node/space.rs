//! Room for what all fetches together are to write: each takes its part before its first byte.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use indicatif::HumanBytes;
use mp2p::id::ContentId;

use crate::content::Space;

/// What is still to be written of each content, and on which file system.
#[derive(Debug, Default)]
pub(crate) struct Spaces(Mutex<HashMap<ContentId, (u64, u64)>>);

/// A disk has less room than is needed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Lack {
    folder: PathBuf,
    free_bytes: u64,
    needed_bytes: u64,
    /// What others that come already are to write there.
    others_bytes: u64,
}

impl std::fmt::Display for Lack {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (free, needed) = (HumanBytes(self.free_bytes), HumanBytes(self.needed_bytes));
        write!(out, "no room: {} has {free} free, {needed} are to come", self.folder.display())?;
        match self.others_bytes {
            0 => Ok(()),
            others => write!(out, ", and {} of others", HumanBytes(others)),
        }
    }
}

impl Spaces {
    /// Takes room below `folder` for the `bytes` that are to come of a content. One that has it
    /// keeps it, and hears that it is too little by now. Asks the file system.
    ///
    /// # Errors
    /// There is not enough.
    pub(crate) fn take(&self, content: &ContentId, folder: &Path, bytes: u64) -> Result<(), Lack> {
        // Where the system does not say what is free, the disk will.
        let Ok(space) = Space::of(folder) else { return Ok(()) };
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lack = lack(&taken, content, (folder, space), bytes);
        if lack.is_none() || taken.contains_key(content) {
            taken.insert(content.clone(), (space.device, bytes));
        }
        lack.map_or(Ok(()), Err)
    }

    /// What would be lacking.
    pub(crate) fn lacks(&self, content: &ContentId, folder: &Path, bytes: u64) -> Option<Lack> {
        let space = Space::of(folder).ok()?;
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lack(&taken, content, (folder, space), bytes)
    }

    /// Nothing more comes of a content.
    pub(crate) fn give_back(&self, content: &ContentId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(content);
    }
}

fn lack(
    taken: &HashMap<ContentId, (u64, u64)>,
    content: &ContentId,
    (folder, space): (&Path, Space),
    needed_bytes: u64,
) -> Option<Lack> {
    let others = taken.iter().filter(|(one, (at, _))| *one != content && *at == space.device);
    let others_bytes = others.fold(0_u64, |sum, (_, (_, bytes))| sum.saturating_add(*bytes));
    let is_lacking =
        needed_bytes > 0 && needed_bytes.saturating_add(others_bytes) > space.free_bytes;
    is_lacking.then(|| Lack {
        folder: folder.to_owned(),
        free_bytes: space.free_bytes,
        needed_bytes,
        others_bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(letter: char) -> ContentId {
        ContentId::parse(&letter.to_string().repeat(64)).unwrap()
    }

    /// 10 MiB are free: 6 and 5 do not fit, 6 and 4 do; another disk is another's.
    #[test]
    fn what_others_are_to_write_is_not_free() {
        let mib = |count: u64| count << 20;
        let taken = HashMap::from([(content('a'), (1, mib(6))), (content('c'), (2, mib(90)))]);
        let space = Space { device: 1, free_bytes: mib(10) };
        let lack = |one, bytes| lack(&taken, &content(one), (Path::new("/got"), space), bytes);
        assert_eq!(lack('b', mib(4)), None);
        let told = lack('b', mib(5)).unwrap().to_string();
        let expected =
            "no room: /got has 10.00 MiB free, 5.00 MiB are to come, and 6.00 MiB of others";
        assert_eq!(told, expected);
        // Its own part does not stand in its way, and nothing needs no room.
        assert!(lack('a', mib(10)).is_none() && lack('a', mib(11)).is_some());
        assert!(lack('b', 0).is_none());
    }

    #[test]
    fn who_has_room_keeps_it_and_hears_that_it_is_too_little() {
        let (spaces, folder) = (Spaces::default(), tempfile::tempdir().unwrap());
        assert!(spaces.take(&content('a'), folder.path(), 1).is_ok());
        assert!(spaces.take(&content('a'), folder.path(), u64::MAX / 2).is_err());
        assert!(spaces.lacks(&content('b'), folder.path(), 1).is_some());
        spaces.give_back(&content('a'));
        assert!(spaces.take(&content('b'), folder.path(), u64::MAX / 2).is_err());
        assert!(spaces.take(&content('c'), folder.path(), 1).is_ok());
    }
}
