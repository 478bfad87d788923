//! What happens to files: full disks, files that vanish or change while they are shared, files that
//! are larger than the memory used for them, holes.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::scrape::Scrape;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until;

/// A small file system of its own; gone when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where nobody may mount anything here.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).expect("no folder");
        let options = format!("size={size}");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "none"]).arg(at);
        let mounted = command.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(at.to_owned()))
    }

    fn grow(&self, size: &str) {
        let options = format!("remount,size={size}");
        let mut command = Command::new("mount");
        let status = command.args(["-o", &options]).arg(&self.0).status().expect("no mount");
        assert!(status.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn message(status: &Value) -> &str {
    status["transfers"][0]["message"].as_str().unwrap_or_default()
}

#[test]
fn a_full_disk_is_told_and_the_fetch_goes_on_when_there_is_room() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 61, 6 << 20).expect("no film");
    let Some(disk) = SmallDisk::mount(&scene.at("small"), "2m") else {
        eprintln!("nothing may be mounted here: a full disk is not tried");
        return;
    };
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    let mut getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("small").display().to_string();
    getter.run(&["get", &id, "-o", &folder, "--detach"]).expect("not begun");
    let full = getter.until(|status| message(status).contains("No space left on device"));
    let full = full.expect("it is not told");
    assert!(message(&full).contains("film.bin.mp2p-part"), "{full}");
    assert_eq!(full["transfers"][0]["state"], "fetching");
    assert!(!scene.at("small/film.bin").exists());
    // The commands still answer, and whatever is here is good.
    disk.grow("16m");
    let done = getter.until(|status| status["transfers"][0]["state"] == "sharing");
    assert_eq!(message(&done.expect("it does not go on")), "");
    assert!(fs::read(scene.at("small/film.bin")).expect("no file") == film);
}

#[test]
fn a_source_that_is_changed_or_gone_gives_nothing_wrong_and_says_so() {
    // The getter hears of another source with its next list.
    let often = ["--set", "overlay.heartbeat-seconds=5"];
    let scene = Scene::start_with(Shape::OneProcess, &often).expect("no scene");
    let film = film(&scene.at("source"), 62, 2 << 20).expect("no film");
    let path = scene.at("source/film.bin");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    let id = source.share(&path).expect("not shared");
    // One byte, in the fifth fragment of 256 KiB.
    let file = OpenOptions::new().write(true).open(&path).expect("no file");
    file.write_all_at(&[film[1_200_000] ^ 1], 1_200_000).expect("not changed");
    let mut getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    getter.run(&["get", &id, "-o", &folder, "--detach"]).expect("not begun");
    let told = source.until(|status| message(status).contains("gone, or changed since"));
    let told = told.expect("it is not told");
    assert!(message(&told).contains("source/film.bin"), "{told}");
    let size = film.len() as u64;
    assert_eq!(told["transfers"][0]["have"], size - (256 << 10));
    let rest = getter.until(|status| status["transfers"][0]["have"] == size - (256 << 10));
    assert_eq!(rest.expect("the rest does not come")["transfers"][0]["state"], "fetching");
    // And now all of it is gone. Another source has it all.
    fs::remove_file(&path).expect("not removed");
    fs::create_dir_all(scene.at("other")).expect("no folder");
    fs::write(scene.at("other/film.bin"), &film).expect("no film");
    let mut other = scene.peer("carl", MUENCHEN).expect("not enrolled");
    other.serve(&[]).expect("no daemon");
    other.share(&scene.at("other/film.bin")).expect("not shared");
    getter.until(|status| status["transfers"][0]["state"] == "sharing").expect("it does not come");
    assert!(fs::read(scene.at("got/film.bin")).expect("no file") == film);
    // Started again, the first says what is wrong with its file.
    source.kill();
    source.serve(&[]).expect("no daemon");
    let failed = source.until(|status| status["transfers"][0]["state"] == "failed");
    let failed = failed.expect("it is not told");
    assert!(message(&failed).contains("source/film.bin: No such file"), "{failed}");
}

#[test]
fn what_was_fetched_and_deleted_is_fetched_again() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 63, 1 << 20).expect("no film");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    let mut getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.serve(&[]).expect("no daemon");
    getter.get(&id, &scene.at("got")).expect("not fetched");
    let path = scene.at("got/film.bin");
    fs::remove_file(&path).expect("not removed");
    getter.get(&id, &scene.at("got")).expect("not fetched again");
    assert!(fs::read(&path).expect("no file") == film);
    // Changed in place: found out when somebody asks for it, fetched again, and given whole.
    let file = OpenOptions::new().write(true).open(&path).expect("no file");
    file.write_all_at(b"changed", 500_000).expect("not changed");
    source.run(&["limits", "--up", "1"]).expect("no limits");
    let third = scene.peer("carl", BERLIN_TOO).expect("not enrolled");
    let mut coming = third
        .start(&["get", &id, "-o", &scene.at("third").display().to_string()])
        .expect("not begun");
    getter.until(|status| message(status).contains("gone, or changed since")).expect("not told");
    source.run(&["limits", "--up", "0"]).expect("no limits");
    assert!(coming.wait().expect("no end").success());
    assert!(fs::read(scene.at("third/film.bin")).expect("no file") == film);
    until(|| {
        let healed = fs::read(&path).expect("no file") == film;
        if healed { Ok(()) } else { Err("it stays changed") }
    })
    .expect("not fetched again");
    // A stranger's file of that name is left alone.
    let foreign = scene.at("foreign");
    fs::create_dir_all(&foreign).expect("no folder");
    fs::write(foreign.join("film.bin"), "mine").expect("no file");
    let fourth = scene.peer("dora", "127.1.0.12").expect("not enrolled");
    let refused = fourth.get(&id, &foreign).expect_err("written over").to_string();
    assert!(refused.contains("film.bin is there already, and is something else"), "{refused}");
    assert_eq!(fs::read(foreign.join("film.bin")).expect("no file"), b"mine");
}

/// 384 MiB with three islands in holes, through at most 200 MiB of memory; holes stay holes.
#[test]
fn large_and_sparse_files_take_little_memory_and_little_disk() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let island = film(&scene.at("island"), 64, 5 << 20).expect("no film");
    let path = scene.at("source/disk.img");
    fs::create_dir_all(scene.at("source")).expect("no folder");
    let mut file = File::create(&path).expect("no file");
    for place in [0, 150 << 20, 300 << 20] {
        file.seek(SeekFrom::Start(place)).expect("no place");
        file.write_all(&island).expect("no island");
    }
    file.set_len(384 << 20).expect("no length");
    let admin = ["--set", "admin-listen=127.0.0.1:0"];
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&admin).expect("no daemon");
    let id = source.share(&path).expect("not shared");
    let mut getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.serve(&admin).expect("no daemon");
    getter.get(&id, &scene.at("got")).expect("not fetched");
    let got = scene.at("got/disk.img");
    assert!(same(&path, &got));
    let blocks = fs::metadata(&got).expect("no file").blocks() * 512;
    assert!(blocks < 64 << 20, "{blocks} bytes on the disk");
    for peer in [&source, &getter] {
        let scrape = Scrape::of(&peer.said("admin").expect("no admin"));
        let peak = scrape.value("process_resident_memory_peak_bytes").expect("no peak");
        assert!(peak < 200e6, "{peak}");
    }
}

fn same(one: &Path, other: &Path) -> bool {
    let (mut one, mut other) =
        (File::open(one).expect("no file"), File::open(other).expect("none"));
    let (mut here, mut there) = (vec![0; 1 << 20], vec![0; 1 << 20]);
    loop {
        let length = one.read(&mut here).expect("not read");
        if length == 0 {
            return other.read(&mut there).expect("not read") == 0;
        }
        if other.read_exact(&mut there[..length]).is_err() || here[..length] != there[..length] {
            return false;
        }
    }
}
