//! Cities with a provider, peers that enrol there, and something to share.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::cities::Cities;
use crate::p2psp::Shape;
use crate::peer::PeerProgram;

/// A provider and an ISP, and a folder for peers and their files.
pub struct Scene {
    /// The provider and the ISP.
    pub cities: Cities,
    folder: TempDir,
}

impl Scene {
    /// Starts the ISP's server and the provider's.
    ///
    /// # Errors
    /// One of them does not start.
    pub fn start(shape: Shape) -> anyhow::Result<Self> {
        Self::start_with(shape, &[])
    }

    /// [`Scene::start`] with options of the provider.
    ///
    /// # Errors
    /// As there.
    pub fn start_with(shape: Shape, provider: &[&str]) -> anyhow::Result<Self> {
        Ok(Self { cities: Cities::start_as(shape, provider)?, folder: tempfile::tempdir()? })
    }

    /// Enrols a peer of `user` at `address`.
    ///
    /// # Errors
    /// The provider refuses.
    pub fn peer(&self, user: &str, address: &str) -> anyhow::Result<PeerProgram> {
        PeerProgram::enrol(&self.cities.p2psp, user, address, self.folder.path())
    }

    /// Enrols a server of the provider's own at `address`, `cs/1` say.
    ///
    /// # Errors
    /// The provider refuses.
    pub fn server(&self, name: &str, address: &str) -> anyhow::Result<PeerProgram> {
        PeerProgram::enrol_server(None, &self.cities.p2psp, (name, address), self.folder.path())
    }

    /// A place in the folder.
    #[must_use]
    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Writes `folder/film.bin`: bytes that nobody else has, the same for the same seed.
///
/// # Errors
/// The disk refuses.
pub fn film(folder: &Path, seed: u64, bytes: usize) -> anyhow::Result<Vec<u8>> {
    let mut state = seed;
    let film: Vec<u8> = std::iter::repeat_with(|| {
        // Knuth's linear congruential generator (MMIX); the upper bits are the better ones.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
    .take(bytes)
    .collect();
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("film.bin"), &film)?;
    Ok(film)
}
