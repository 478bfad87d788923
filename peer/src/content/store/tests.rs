//! Contents that are written, interrupted, chosen from, changed.

use mp2p::id::OverlayId;
use mp2p::index_file::About;
use mp2p::message::bound::Text;
use mp2p::signed::SigningKey;

use crate::content::build;
use crate::content::store::*;

/// Two files of 150 000 and 300 000 bytes: four fragments of 128 KiB, the second in both.
struct World {
    folder: tempfile::TempDir,
    index: IndexFile,
}

impl World {
    fn new() -> Self {
        Self::of(&[("a", 150_000), ("b", 300_000)])
    }

    fn of(files: &[(&str, u32)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source/album");
        std::fs::create_dir_all(&source).unwrap();
        for (name, size) in files {
            let bytes: Vec<u8> = (0..*size).map(|at| (at % 253) as u8).collect();
            std::fs::write(source.join(name), bytes).unwrap();
        }
        let built = build(&source, &|_, _| {}).unwrap();
        let key = SigningKey::from_pkcs8(&SigningKey::generate_ed25519().unwrap()).unwrap();
        let about = About {
            version: 1,
            overlay_id: OverlayId::parse("album").unwrap(),
            title: Text::new("album").unwrap(),
            description: Text::default(),
            rights: None,
            issued: 0,
        };
        let index = IndexFile::build(about, built.files, built.cut, built.hashes, &key).unwrap();
        for made in ["notes", "target"] {
            std::fs::create_dir_all(folder.path().join(made)).unwrap();
        }
        Self { folder, index }
    }

    fn paths(&self, root: &str, wanted: &[&str], is_source: bool) -> Paths {
        Paths {
            root: self.folder.path().join(root),
            wanted: wanted.iter().map(|&path| path.to_owned()).collect(),
            is_source,
            again: true,
            mends: false,
            fragments: Vec::new(),
            seen: Vec::new(),
            notes: self.folder.path().join("notes"),
        }
    }

    fn source(&self) -> Store {
        Store::open(self.index.clone(), self.paths("source", &[], true)).unwrap()
    }

    fn target(&self, wanted: &[&str]) -> Result<Store, OpenError> {
        Store::open(self.index.clone(), self.paths("target", wanted, false))
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }
}

fn here(store: &Store) -> Vec<u32> {
    store.have().iter().collect()
}

#[test]
fn a_fetched_content_is_the_shared_one_under_its_own_names() {
    let world = World::new();
    let (source, target) = (world.source(), world.target(&[]).unwrap());
    assert_eq!(here(&source), [0, 1, 2, 3]);
    for fragment in [3, 0, 2, 1] {
        let bytes = source.read(fragment).unwrap();
        let (first, rest) = (bytes.slice(..1000), bytes.slice(1000..));
        target.write(fragment, &[first, rest]).unwrap();
        assert!(!world.at("target/album/a").exists());
    }
    target.flush().unwrap();
    for name in ["a", "b"] {
        let [from, to] = ["source", "target"].map(|root| world.at(&format!("{root}/album/{name}")));
        assert_eq!(std::fs::read(from).unwrap(), std::fs::read(to).unwrap());
        assert!(!world.at(&format!("target/album/{name}.mp2p-part")).exists());
    }
    assert_eq!(target.progress(), (450_000, 450_000));
    // What was fetched is shared on, from its own names, after a restart too.
    assert_eq!(here(&world.target(&[]).unwrap()), [0, 1, 2, 3]);
}

/// More files than are synchronised one by one, all in the one fragment.
#[test]
fn many_small_files_come_together() {
    let names: Vec<String> = (0..100).map(|number| format!("{number:03}")).collect();
    let files: Vec<(&str, u32)> = names.iter().map(|name| (&**name, 7)).collect();
    let world = World::of(&files);
    let (source, target) = (world.source(), world.target(&[]).unwrap());
    target.write(0, &[source.read(0).unwrap()]).unwrap();
    target.flush().unwrap();
    for name in names {
        let [from, to] = ["source", "target"].map(|root| world.at(&format!("{root}/album/{name}")));
        assert_eq!(std::fs::read(from).unwrap(), std::fs::read(to).unwrap());
    }
    assert_eq!(here(&world.target(&[]).unwrap()), [0]);
}

#[test]
fn after_a_crash_what_was_not_noted_is_hashed_again() {
    let world = World::new();
    let (source, target) = (world.source(), world.target(&[]).unwrap());
    for fragment in [1, 3] {
        target.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
    }
    // Killed: nothing was flushed, and one fragment was half written.
    drop(target);
    let part = world.at("target/album/b.mp2p-part");
    let file = OpenOptions::new().write(true).open(&part).unwrap();
    file.write_all_at(b"damaged", 299_000).unwrap();
    assert_eq!(here(&world.target(&[]).unwrap()), [1]);
}

/// Of a longer version that was never whole, some bytes are those of this one.
#[test]
fn a_part_of_a_longer_file_is_cut() {
    let world = World::new();
    let source = world.source();
    std::fs::create_dir_all(world.at("target/album")).unwrap();
    let mut longer = std::fs::read(world.at("source/album/b")).unwrap();
    longer.extend([7; 1000]);
    std::fs::write(world.at("target/album/b.mp2p-part"), longer).unwrap();
    let target = world.target(&[]).unwrap();
    assert_eq!(here(&target), [2, 3]);
    for fragment in [0, 1] {
        target.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
    }
    target.flush().unwrap();
    for name in ["album/a", "album/b"] {
        let [from, to] = ["source", "target"].map(|root| world.at(root).join(name));
        assert!(std::fs::read(from).unwrap() == std::fs::read(to).unwrap(), "{name}");
    }
}

/// Killed between the last synchronisation and the new name, or before all of it was noted.
#[test]
fn a_file_that_is_whole_when_it_is_found_gets_its_name() {
    for is_noted in [true, false] {
        let world = World::new();
        let (source, target) = (world.source(), world.target(&[]).unwrap());
        for fragment in 0..4 {
            target.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
        }
        if is_noted {
            target.flush().unwrap();
            let [name, part] = ["b", "b.mp2p-part"].map(|name| world.at("target/album").join(name));
            std::fs::rename(name, part).unwrap();
        }
        drop(target);
        assert_eq!(here(&world.target(&[]).unwrap()), [0, 1, 2, 3]);
        for name in ["album/a", "album/b"] {
            let [from, to] = ["source", "target"].map(|root| world.at(root).join(name));
            assert_eq!(std::fs::read(from).unwrap(), std::fs::read(to).unwrap());
        }
        assert_eq!(std::fs::read_dir(world.at("target/album")).unwrap().count(), 2);
    }
}

#[test]
fn what_was_noted_is_believed_and_found_out_when_it_is_read() {
    let world = World::new();
    let (source, target) = (world.source(), world.target(&[]).unwrap());
    target.write(0, &[source.read(0).unwrap()]).unwrap();
    target.flush().unwrap();
    let part = world.at("target/album/a.mp2p-part");
    OpenOptions::new().write(true).open(&part).unwrap().write_all_at(b"damaged", 5).unwrap();
    let again = world.target(&[]).unwrap();
    assert_eq!(here(&again), [0]);
    assert!(matches!(again.read(0), Err(StoreFault::Lost { fragment: 0, .. })));
    assert!(here(&again).is_empty());
}

#[test]
fn only_the_wanted_file_appears() {
    let world = World::new();
    let (source, target) = (world.source(), world.target(&["album/a"]).unwrap());
    assert_eq!(target.want().iter().collect::<Vec<_>>(), [0, 1]);
    for fragment in [0, 1] {
        target.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
    }
    target.flush().unwrap();
    let names: Vec<_> = std::fs::read_dir(world.at("target/album")).unwrap().flatten().collect();
    assert_eq!(names.len(), 1);
    assert_eq!(
        std::fs::read(world.at("target/album/a")).unwrap(),
        std::fs::read(world.at("source/album/a")).unwrap()
    );
    // Its neighbour's part of the shared fragment can be given to others.
    assert!(target.read(1).is_ok());
}

#[test]
fn a_whole_file_that_was_taken_away_is_fetched_again_only_when_asked_for() {
    let world = World::new();
    let (source, target) = (world.source(), world.target(&[]).unwrap());
    for fragment in 0..4 {
        target.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
    }
    target.flush().unwrap();
    drop(target);
    let unasked = || {
        let paths = Paths { again: false, ..world.paths("target", &[], false) };
        Store::open(world.index.clone(), paths)
    };
    assert_eq!(here(&unasked().unwrap()), [0, 1, 2, 3]);
    let taken = world.at("target/album/b");
    std::fs::remove_file(&taken).unwrap();
    for _ in 0..2 {
        assert!(matches!(unasked(), Err(OpenError::Gone(path)) if path == taken));
    }
    // Asked for, and from then on even where it is interrupted before anything has come.
    assert_eq!(here(&world.target(&[]).unwrap()), [0]);
    let again = unasked().unwrap();
    assert_eq!(here(&again), [0]);
    // Killed before anything of it was noted: the file that was made is no proof of what is in it.
    again.write(3, &[source.read(3).unwrap()]).unwrap();
    drop(again);
    let again = unasked().unwrap();
    assert_eq!(here(&again), [0, 3]);
    for fragment in [1, 2] {
        again.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
    }
    again.flush().unwrap();
    let shared = std::fs::read(world.at("source/album/b")).unwrap();
    assert!(std::fs::read(&taken).unwrap() == shared);
}

#[test]
fn a_file_of_somebody_else_is_left_alone() {
    let world = World::new();
    std::fs::create_dir_all(world.at("target/album")).unwrap();
    for content in [vec![1; 10], vec![1; 150_000]] {
        std::fs::write(world.at("target/album/a"), &content).unwrap();
        assert!(matches!(world.target(&[]), Err(OpenError::Taken(_))));
        assert_eq!(std::fs::read(world.at("target/album/a")).unwrap(), content);
    }
}

#[test]
fn a_shared_file_that_changes_is_told_of() {
    let world = World::new();
    let source = world.source();
    let path = world.at("source/album/a");
    OpenOptions::new().write(true).open(&path).unwrap().write_all_at(b"new", 0).unwrap();
    assert!(matches!(source.read(0), Err(StoreFault::Lost { fragment: 0, .. })));
    assert!(source.read(3).is_ok());
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(source.read(1), Err(StoreFault::Lost { fragment: 1, .. })));
    let gone = Store::open(world.index.clone(), world.paths("source", &[], true));
    assert!(matches!(gone, Err(OpenError::Source { .. })));
}

fn whole(world: &World, paths: Paths) -> Store {
    let (source, target) = (world.source(), Store::open(world.index.clone(), paths).unwrap());
    for fragment in 0..4 {
        target.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
    }
    target.flush().unwrap();
    target
}

/// Writes `bytes` into a file at `offset`, and lets it look as if that were later than anything.
fn edit(path: &Path, bytes: &[u8], offset: u64) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(bytes, offset).unwrap();
    file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(5)).unwrap();
}

#[test]
fn a_whole_file_that_its_user_changes_is_noticed_and_not_written_over() {
    let world = World::new();
    let paths = || world.paths("target", &[], false);
    let target = whole(&world, paths());
    let path = world.at("target/album/b");
    assert_eq!((target.look(|| false), target.touched()), (None, None));
    // Touched, and the same: hashed, and good.
    edit(&path, b"", 0);
    assert_eq!((target.look(|| false), target.touched()), (None, None));
    edit(&path, b"mine", 200_000);
    assert_eq!(target.look(|| false), Some(2));
    assert_eq!(target.touched(), Some(Touched { path: path.clone(), is_gone: false }));
    assert_eq!(here(&target), [0, 1, 3]);
    let good = world.source().read(2).unwrap();
    assert!(matches!(target.write(2, &[good]), Err(StoreFault::Lost { fragment: 2, .. })));
    assert_eq!(std::fs::read(&path).unwrap()[200_000..200_004], *b"mine");
    target.flush().unwrap();
    drop(target);
    // Neither now nor when it is asked for once more.
    for again in [false, true] {
        let opened = Store::open(world.index.clone(), Paths { again, ..paths() });
        assert!(matches!(opened, Err(OpenError::Changed(changed)) if changed == path));
    }
}

#[test]
fn a_file_that_was_changed_while_nobody_looked_is_not_believed() {
    let world = World::new();
    drop(whole(&world, world.paths("target", &[], false)));
    edit(&world.at("target/album/a"), b"mine", 5);
    let opened = world.target(&[]);
    assert!(matches!(opened, Err(OpenError::Changed(path)) if path == world.at("target/album/a")));
}

#[test]
fn a_whole_file_that_its_user_takes_away_does_not_come_back_by_itself() {
    let world = World::new();
    let target = whole(&world, world.paths("target", &[], false));
    let path = world.at("target/album/a");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(target.look(|| false), Some(0));
    assert_eq!(target.touched(), Some(Touched { path: path.clone(), is_gone: true }));
    let good = world.source().read(0).unwrap();
    assert!(matches!(target.write(0, &[good]), Err(StoreFault::Lost { fragment: 0, .. })));
    assert!(!path.exists());
}

/// What a cache keeps is nobody's but its own.
#[test]
fn what_is_wrong_with_a_file_of_a_cache_is_mended_in_place() {
    let world = World::new();
    let target = whole(&world, Paths { mends: true, ..world.paths("target", &[], false) });
    let path = world.at("target/album/b");
    edit(&path, b"mine", 200_000);
    assert!(matches!(target.read(2), Err(StoreFault::Lost { .. })));
    assert_eq!((target.look(|| false), target.touched()), (None, None));
    target.write(2, &[world.source().read(2).unwrap()]).unwrap();
    assert!(std::fs::read(&path).unwrap() == std::fs::read(world.at("source/album/b")).unwrap());
}

#[test]
fn a_shared_file_that_is_edited_is_noticed_without_anybody_asking_for_it() {
    let world = World::new();
    std::fs::write(world.at("notes/place.json"), "{}").unwrap();
    let source = world.source();
    assert_eq!(source.look(|| false), None);
    let path = world.at("source/album/b");
    edit(&path, b"new", 299_000);
    assert_eq!(source.look(|| true), None, "told to stop");
    assert_eq!(source.look(|| false), Some(3));
    assert_eq!(source.touched(), Some(Touched { path, is_gone: false }));
}

/// Fragments of one file are written by several threads at once.
#[test]
fn fragments_may_be_written_at_the_same_time() {
    for _ in 0..20 {
        let world = World::new();
        let (source, target) = (world.source(), world.target(&[]).unwrap());
        std::thread::scope(|scope| {
            for fragment in 0..4 {
                let (source, target) = (&source, &target);
                scope.spawn(move || {
                    target.write(fragment, &[source.read(fragment).unwrap()]).unwrap();
                });
            }
        });
        target.flush().unwrap();
        assert_eq!(here(&world.target(&[]).unwrap()), [0, 1, 2, 3]);
    }
}
