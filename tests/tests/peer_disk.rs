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
use system_tests::peer::PeerProgram;
use system_tests::scrape::Scrape;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_so;

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

impl SmallDisk {
    fn make_read_only(&self) {
        let mut command = Command::new("mount");
        let status = command.args(["-o", "remount,ro"]).arg(&self.0).status().expect("no mount");
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

/// A source of 6 MiB, one who fetches, and a disk of `size` that it fetches to; `None` where nothing
/// may be mounted.
fn small_disk(seed: u64, size: &str) -> Option<(Scene, SmallDisk, [PeerProgram; 2], String)> {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), seed, 6 << 20).expect("no film");
    let Some(disk) = SmallDisk::mount(&scene.at("small"), size) else {
        eprintln!("nothing may be mounted here: a full disk is not tried");
        return None;
    };
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    let getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    Some((scene, disk, [source, getter], id))
}

#[test]
fn a_disk_without_room_is_told_of_at_once_and_the_fetch_begins_when_there_is_some() {
    let Some((scene, disk, [_source, mut getter], id)) = small_disk(60, "2m") else { return };
    let folder = scene.at("small").display().to_string();
    // Where no peer runs, the command says so and leaves nothing to be done.
    let get = ["get", &id, "-o", &folder];
    let refused = getter.run(&get).expect_err("it has room").to_string();
    let told = format!("film.bin: no room: {folder} has 2.00 MiB free, 6.00 MiB are to come");
    assert!(refused.contains(&told), "{refused}");
    getter.serve(&[]).expect("no daemon");
    assert_eq!(getter.status().expect("no status")["transfers"], serde_json::json!([]));
    // Where one runs, it waits, and both say so.
    let refused = getter.run(&get).expect_err("it has room").to_string();
    assert!(
        refused.contains(&told) && refused.contains("it comes once there is room"),
        "{refused}"
    );
    let waits = getter.until(|status| message(status).starts_with("no room: "));
    let waits = waits.expect("status does not say so");
    assert!(message(&waits).ends_with("6.00 MiB are to come; it begins once there is room"));
    let transfer = &waits["transfers"][0];
    assert_eq!((&transfer["no-room"], &transfer["state"]), (&true.into(), &"fetching".into()));
    assert_eq!((&transfer["have"], &transfer["downloaded"]), (&0.into(), &0.into()));
    assert_eq!(fs::read_dir(scene.at("small")).expect("no disk").count(), 0);
    disk.grow("16m");
    let done = getter.until(|status| status["transfers"][0]["state"] == "sharing");
    assert_eq!(message(&done.expect("it does not begin")), "");
    let film = fs::read(scene.at("source/film.bin")).expect("no film");
    assert!(fs::read(scene.at("small/film.bin")).expect("no file") == film);
}

#[test]
fn a_full_disk_is_told_and_the_fetch_goes_on_when_there_is_room() {
    let Some((scene, disk, [_source, mut getter], id)) = small_disk(61, "2m") else { return };
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("small").display().to_string();
    getter.run(&["get", &id, "-o", &folder, "--anyway", "--detach"]).expect("not begun");
    let full = getter.until(|status| message(status).contains("No space left on device"));
    let full = full.expect("it is not told");
    assert!(message(&full).contains("film.bin.mp2p-part"), "{full}");
    assert_eq!(full["transfers"][0]["state"], "fetching");
    assert!(!scene.at("small/film.bin").exists());
    // The commands still answer, and whatever is here is good.
    disk.grow("16m");
    let done = getter.until(|status| status["transfers"][0]["state"] == "sharing");
    assert_eq!(message(&done.expect("it does not go on")), "");
    let film = fs::read(scene.at("source/film.bin")).expect("no film");
    assert!(fs::read(scene.at("small/film.bin")).expect("no file") == film);
}

/// A disk that will never take anything is told of before the first byte, with a peer that runs and
/// without.
#[test]
fn a_disk_that_only_reads_is_told_of_at_once() {
    let Some((scene, disk, [_source, mut getter], id)) = small_disk(64, "16m") else { return };
    disk.make_read_only();
    let folder = scene.at("small").display().to_string();
    let told = format!("{folder}: Read-only file system");
    let refused = getter.run(&["get", &id, "-o", &folder]).expect_err("it is read").to_string();
    assert!(refused.contains(&told), "{refused}");
    getter.serve(&[]).expect("no daemon");
    let refused = getter.run(&["get", &id, "-o", &folder]).expect_err("it is read").to_string();
    assert!(refused.contains(&told), "{refused}");
    assert_eq!(getter.status().expect("no status")["transfers"], serde_json::json!([]));
}

/// What lies elsewhere is copied where it is asked for: not begun where there is no room for it.
#[test]
fn a_copy_without_room_is_told_of_before_its_first_byte() {
    let Some((scene, disk, [_source, mut getter], id)) = small_disk(63, "2m") else { return };
    getter.serve(&[]).expect("no daemon");
    getter.get(&id, &scene.at("got")).expect("not fetched");
    let (got, small) = (scene.at("got"), scene.at("small").display().to_string());
    let get = ["get", &id, "-o", &small];
    let refused = getter.run(&get).expect_err("it has room").to_string();
    let told = format!(
        "film.bin lies in {}, and for a copy of it there is no room: {small} has 2.00 MiB free, \
         6.00 MiB are to come",
        got.display()
    );
    assert!(refused.contains(&told), "{refused}");
    assert_eq!(fs::read_dir(&small).expect("no disk").count(), 0);
    // It stays as it is where it lies, and nothing waits.
    let status = getter.status().expect("no status");
    let transfer = &status["transfers"][0];
    assert_eq!((&transfer["state"], message(&status)), (&"sharing".into(), ""));
    disk.grow("16m");
    getter.run(&get).expect("not copied");
    let film = fs::read(got.join("film.bin")).expect("no film");
    assert!(fs::read(scene.at("small/film.bin")).expect("no file") == film);
}

/// Whether the index has a film.
fn is_found(peer: &PeerProgram) -> bool {
    peer.run(&["search", "film"]).is_ok_and(|found| found.contains("film.bin"))
}

#[test]
fn a_shared_file_that_is_changed_is_withdrawn_until_it_is_as_it_was() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 62, 2 << 20).expect("no film");
    let path = scene.at("source/film.bin");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    source.share(&path).expect("not shared");
    let reader = scene.peer("bert", HAMBURG).expect("not enrolled");
    assert!(is_found(&reader));
    // One byte, and nobody asks for it.
    let file = OpenOptions::new().write(true).open(&path).expect("no file");
    file.write_all_at(&[film[1_200_000] ^ 1], 1_200_000).expect("not changed");
    let failed = source.until(|status| status["transfers"][0]["state"] == "failed");
    let failed = failed.expect("it is not told");
    assert!(
        message(&failed).contains("source/film.bin was changed since it was shared"),
        "{failed}"
    );
    until_so("the index has it no more", || !is_found(&reader));
    // Started again with a file of another length, and then with the one that was shared.
    source.kill();
    file.set_len(1 << 20).expect("not cut");
    source.serve(&[]).expect("no daemon");
    let failed = source.until(|status| status["transfers"][0]["state"] == "failed");
    let failed = failed.expect("it is not told");
    assert!(message(&failed).contains("it was changed since it was shared first"), "{failed}");
    source.kill();
    fs::write(&path, &film).expect("not written");
    source.serve(&[]).expect("no daemon");
    source.until(|status| status["transfers"][0]["state"] == "sharing").expect("not shared");
    until_so("the index has it again", || is_found(&reader));
    let got = reader.get("film.bin", &scene.at("got")).expect("not fetched");
    assert_eq!(got["downloaded"].as_u64(), Some(film.len() as u64));
    // Changed while the peer was down, after a crash.
    source.kill();
    fs::write(&path, &film[1..]).expect("not written");
    source.serve(&[]).expect("no daemon");
    source.until(|status| status["transfers"][0]["state"] == "failed").expect("it is not told");
    until_so("the index has it no more", || !is_found(&reader));
}

/// Its overlay is over when the file is as it was again: the new one is asked for the same.
#[test]
fn what_its_publisher_wished_is_wished_again_when_a_content_comes_back() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 64, 1 << 20).expect("no film");
    let (path, folder) = (scene.at("source/film.bin"), scene.at("source").display().to_string());
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    let shared = format!("{folder}/film.bin");
    source.run(&["share", &shared, "--keep-cached", "--relay-kbps", "64"]).expect("not shared");
    fs::write(&path, &film[1..]).expect("not written");
    source.until(|status| status["transfers"][0]["state"] == "failed").expect("it is not told");
    let reader = scene.peer("bert", HAMBURG).expect("not enrolled");
    until_so("the index has it no more", || !is_found(&reader));
    source.kill();
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let overlay = format!("/oms/overlay?overlay-id={}", blake3::hash(&film).to_hex());
    until_so("it is over", || operator.ask("GET", &overlay, None).status == 404);
    fs::write(&path, &film).expect("not written");
    source.serve(&[]).expect("no daemon");
    until_so("the index has it again", || is_found(&reader));
    let wishes = operator.ask("GET", &overlay, None).json()["requirements"].clone();
    let asked = ["cache-bytes", "relay-bps"].map(|name| wishes[name].as_u64());
    assert_eq!(asked, [Some(1 << 20), Some(64_000)], "{wishes}");
}

#[test]
fn a_source_that_is_changed_or_gone_gives_nothing_wrong_and_says_so() {
    // The getter hears of another source with its next list.
    let often = ["--set", "overlay.heartbeat-seconds=5"];
    let scene = Scene::start_with(Shape::OneProcess, &often).expect("no scene");
    let film = film(&scene.at("source"), 62, 2 << 20).expect("no film");
    let path = scene.at("source/film.bin");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&["--set", "limits.up-kbps=1"]).expect("no daemon");
    let id = source.share(&path).expect("not shared");
    let mut getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    getter.run(&["get", &id, "-o", &folder, "--detach"]).expect("not begun");
    let met = |status: &Value| status["transfers"][0]["neighbours"][0].is_object();
    getter.until(met).expect("the source is not met");
    fs::remove_file(&path).expect("not removed");
    let told = source.until(|status| status["transfers"][0]["state"] == "failed");
    let told = told.expect("it is not told");
    assert!(message(&told).ends_with("source/film.bin is gone; it is shared no longer"), "{told}");
    // Somebody waits for it: it stays in the index, and another source has it all.
    assert!(is_found(&getter));
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
    assert!(is_found(&getter), "others have it");
}

/// What was fetched is its user's: deleted, it comes back only when it is asked for; edited, it is
/// left as it is.
#[test]
fn what_was_fetched_and_deleted_or_edited_is_left_so_until_it_is_asked_for() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 63, 1 << 20).expect("no film");
    let mut source = scene.peer("anna", BERLIN).expect("not enrolled");
    source.serve(&[]).expect("no daemon");
    let id = source.share(&scene.at("source/film.bin")).expect("not shared");
    let mut getter = scene.peer("bert", HAMBURG).expect("not enrolled");
    getter.serve(&[]).expect("no daemon");
    getter.get(&id, &scene.at("got")).expect("not fetched");
    let path = scene.at("got/film.bin");
    // Deleted while the peer runs, and somebody asks for it.
    fs::remove_file(&path).expect("not removed");
    let third = scene.peer("carl", BERLIN_TOO).expect("not enrolled");
    third.get(&id, &scene.at("third")).expect("not fetched");
    let gone = getter.until(|status| status["transfers"][0]["state"] == "failed");
    let gone = gone.expect("it is not told");
    let told = "got/film.bin is gone; `peer get` fetches it again, `peer stop` forgets it";
    assert!(message(&gone).ends_with(told), "{gone}");
    assert_eq!(fs::read_dir(scene.at("got")).expect("no folder").count(), 0);
    getter.get(&id, &scene.at("got")).expect("not fetched again");
    assert!(fs::read(&path).expect("no file") == film);
    // Edited in place: nobody gets that, and it stays.
    let edited = [&film[..500_000], b"changed", &film[500_007..]].concat();
    let file = OpenOptions::new().write(true).open(&path).expect("no file");
    file.write_all_at(b"changed", 500_000).expect("not changed");
    let fourth = scene.peer("dora", "127.1.0.12").expect("not enrolled");
    fourth.get(&id, &scene.at("fourth")).expect("not fetched");
    assert!(fs::read(scene.at("fourth/film.bin")).expect("no file") == film);
    let changed = getter.until(|status| status["transfers"][0]["state"] == "failed");
    let changed = changed.expect("it is not told");
    let told = "got/film.bin was changed since it was fetched; `peer stop` forgets it";
    assert!(message(&changed).ends_with(told), "{changed}");
    let refused = getter.get(&id, &scene.at("got")).expect_err("written over").to_string();
    assert!(refused.contains(told), "{refused}");
    getter.kill();
    getter.serve(&[]).expect("no daemon");
    let changed = getter.until(|status| status["transfers"][0]["state"] == "failed");
    assert!(message(&changed.expect("it is not told")).ends_with(told));
    assert!(fs::read(&path).expect("no file") == edited);
    // A stranger's file of that name is left alone.
    let foreign = scene.at("foreign");
    fs::create_dir_all(&foreign).expect("no folder");
    fs::write(foreign.join("film.bin"), "mine").expect("no file");
    let fifth = scene.peer("emil", "127.1.0.13").expect("not enrolled");
    let refused = fifth.get(&id, &foreign).expect_err("written over").to_string();
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
