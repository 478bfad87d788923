//! Cache servers over real processes of all sides (TR 20002 §7.8.4, §8.2.5; Req-Net-100): attached
//! while an overlay is small, giving in the place of those who have left.

use serde_json::{Value, json};
use system_tests::cities::{BERLIN, BERLIN_TOO, ELSEWHERE, HAMBURG, MUENCHEN};
use system_tests::p2psp::{Peer, Shape};
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_so;

/// Three fragments of 1 MiB would be too few to see a part: these are of 128 KiB.
const FILM_BYTES: usize = 3 << 20;

/// The provider attaches no cache of its own accord.
const NONE_BY_ITSELF: [&str; 2] = ["--set", "reservation.cache-attach-below=0"];

/// A cache that OMS knows.
fn serve(cache: &mut PeerProgram, operator: &Peer, more: &[&str]) {
    let role: &[&str] = if more.contains(&"--role") { &[] } else { &["--role", "cache"] };
    cache.serve(&[role, more].concat()).expect("no cache");
    let id = cache.status().expect("no status")["peer-id"].clone();
    until_so("OMS knows the cache", || {
        let servers = operator.ask("GET", "/oms/servers", None).json();
        servers.as_array().into_iter().flatten().any(|server| server["peer-id"] == id)
    });
}

/// What a cache kept of a content is gone from its disk, after its status has said so.
fn goes(cache: &PeerProgram, id: &str) {
    let folder = cache.state().join("cache").join(id);
    until_so("what was kept is deleted", || !folder.exists());
}

fn keeps(status: &Value, bytes: usize) -> bool {
    let kept = status["cache"]["reservations"].as_array().into_iter().flatten();
    kept.filter_map(|one| one["kept-bytes"].as_u64()).sum::<u64>() == bytes as u64
}

#[test]
fn a_small_overlay_gets_a_cache_that_gives_when_its_source_has_left() {
    let often = ["--set", "activity.report-seconds=5"];
    let scene = Scene::start_with(Shape::OneProcess, &often).expect("no scene");
    let film = film(&scene.at("source"), 21, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut cache = scene.server("cs/1", BERLIN_TOO).expect("not enrolled");
    serve(&mut cache, &operator, &[]);
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let status = cache.until(|status| keeps(status, film.len())).expect("nothing kept");
    assert_eq!(status["cache"]["dedicated"], true);
    assert_eq!(status["transfers"][0]["cached"], true);
    let told = cache.run(&["status"]).expect("no status");
    assert!(told.contains("keeping 100 %") && told.contains("dedicated cache: "), "{told}");
    // Its room can be found as a resource (Req-Reso-030): how much there is, how much is reserved.
    until_so("PAMS knows the room of the cache", || {
        let found = operator.ask("GET", "/pams/resource?type=storage", None).json();
        let room = &found["resources"][0];
        room["peer-id"] == status["peer-id"]
            && room["resource"]["capacity"].as_u64() > Some(0)
            && room["resource"]["usage"].as_u64() >= Some(film.len() as u64)
    });
    anna.kill();
    let bert = scene.peer("bert", HAMBURG).expect("not enrolled");
    let got = bert.get(&id, &scene.at("got")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), film);
    let from = got["neighbours"].as_array().into_iter().flatten();
    let from: Vec<&Value> = from.filter(|one| one["downloaded"] != json!(0)).collect();
    assert_eq!(from.len(), 1, "{got}");
    assert_eq!(from[0]["peer-id"], status["peer-id"]);
    // Who used how much of it (Req-Net-120): the film came in once, and went out once.
    until_so("OMS has the account", || {
        let path = format!("/oms/usage?peer-id={}", status["peer-id"].as_str().unwrap_or_default());
        let accounts = operator.ask("GET", &path, None).json();
        accounts.as_array().into_iter().flatten().any(|account| {
            account["kind"] == "cs"
                && account["bytes-in"].as_u64() >= Some(film.len() as u64)
                && account["bytes-out"].as_u64() >= Some(film.len() as u64)
        })
    });
}

/// Flow 8.3.7 whole, and Req-Reso-050: no cache alone has room for what a phone hands over; two
/// together have, and others get it from both after it has left, one of them having crashed
/// meanwhile.
#[test]
fn flow_8_3_7_two_caches_give_what_a_phone_has_left_with_them() {
    let scene = Scene::start_with(Shape::OneProcess, &NONE_BY_ITSELF).expect("no scene");
    let film = film(&scene.at("source"), 22, 20 << 20).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let small = ["--set", "cache.storage-mib=17"];
    let mut first = scene.server("cs/1", BERLIN_TOO).expect("not enrolled");
    serve(&mut first, &operator, &small);
    let mut second = scene.server("cs/2", ELSEWHERE).expect("not enrolled");
    serve(&mut second, &operator, &small);
    let mona = scene.peer("mona", BERLIN).expect("not enrolled");
    let path = scene.at("source/film.bin").display().to_string();
    let said = mona.run(&["share", &path, "--delegate"]).expect("not handed over");
    assert!(said.contains("2 caches will give it"), "{said}");
    let id = said.split_whitespace().nth(1).expect("no id").to_owned();
    let kept = |cache: &PeerProgram| {
        let status = cache.status().expect("no status");
        status["transfers"][0]["have"].as_u64().unwrap_or_default()
    };
    let mut parts = [kept(&first), kept(&second)];
    parts.sort_unstable();
    assert_eq!(parts, [4 << 20, 16 << 20]);
    // Handed over again, it is kept for as long again, and not once more.
    mona.run(&["share", &path, "--delegate"]).expect("not renewed");
    assert_eq!(first.status().expect("no status")["cache"]["reserved-bytes"], 16 << 20);
    // What is reserved outlives a crash, and is given again.
    first.kill();
    first.serve(&[&["--role", "cache"], &small[..]].concat()).expect("no cache");
    first.until(|status| status["cache"]["registered"] == true).expect("not registered");
    let bert = scene.peer("bert", HAMBURG).expect("not enrolled");
    let got = bert.get(&id, &scene.at("got")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), film);
    let sources = got["neighbours"].as_array().into_iter().flatten();
    let sources = sources.filter(|one| one["downloaded"].as_u64() > Some(0)).count();
    assert_eq!(sources, 2, "{got}");
    // The phone comes back, sees what became of it, and releases the caches.
    let both = |line: &Value| line["caches"] == 2 && line["kept-bytes"] == json!(film.len());
    mona.until_says(&["delegates", "--json"], both).expect("the caches do not keep it");
    mona.run(&["delegates", "--take-back", &id]).expect("not taken back");
    assert_eq!(mona.run(&["delegates"]).expect("no delegates"), "");
    for cache in [&first, &second] {
        let free = |status: &Value| {
            let cache = &status["cache"];
            cache["reserved-bytes"] == 0 && cache["used-bytes"].as_u64() > Some(0)
        };
        cache.until(free).expect("not released");
    }
}

/// Req-Reso-090: a cache fetches for a peer that is away, and the peer has it from there later.
#[test]
fn a_cache_fetches_for_a_peer_that_is_away_until_it_comes_for_it() {
    let scene = Scene::start_with(Shape::OneProcess, &NONE_BY_ITSELF).expect("no scene");
    let film = film(&scene.at("source"), 23, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut cache = scene.peer("carla", BERLIN_TOO).expect("not enrolled");
    serve(&mut cache, &operator, &["--set", "cache.storage-mib=20"]);
    let mut anna = scene.peer("anna", HAMBURG).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let mona = scene.peer("mona", BERLIN).expect("not enrolled");
    let said = mona.run(&["get", "film.bin", "--delegate", "--hours", "2"]).expect("no delegate");
    assert!(said.contains("a cache will keep it"), "{said}");
    let status = cache.until(|status| keeps(status, film.len())).expect("nothing kept");
    assert_eq!(status["cache"]["dedicated"], false);
    anna.kill();
    let got = mona.get(&id, &scene.at("got")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("got/film.bin")).expect("no file"), film);
    assert_eq!(got["neighbours"][0]["peer-id"], status["peer-id"]);
    // What her receipt says earns for the cache's user (Req-User-040).
    until_so("the cache has earned", || {
        let account = cache.run(&["account", "--json"]).expect("no account");
        let account: Value = serde_json::from_str(&account).expect("not JSON");
        account["credit"]["earned"].as_u64() > Some(0)
    });
    // She has it: nothing is reserved any more, and its place goes to what is reserved next.
    assert_eq!(mona.run(&["delegates"]).expect("no delegates"), "");
    cache.until(|status| status["cache"]["reserved-bytes"] == 0).expect("not released");
    let large = system_tests::swarm::film(&scene.at("large"), 24, 19 << 20).expect("no film");
    let path = scene.at("large/film.bin").display().to_string();
    mona.run(&["share", &path, "--title", "large", "--delegate"]).expect("not handed over");
    let full = |status: &Value| {
        let used = status["cache"]["used-bytes"].as_u64();
        let is_alone = status["transfers"].as_array().map(Vec::len) == Some(1);
        keeps(status, large.len()) && used < Some(20 << 20) && is_alone
    };
    cache.until(full).expect("the released content is not evicted");
    goes(&cache, &id);
}

/// TR 20002 §8.3.4 step 3: with an order to stop, what caches keep of a distribution is free again.
#[test]
fn a_cache_deletes_what_is_stopped_by_order() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 25, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut cache = scene.server("cs/1", BERLIN_TOO).expect("not enrolled");
    serve(&mut cache, &operator, &[]);
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    cache.until(|status| keeps(status, film.len())).expect("nothing kept");
    assert!(cache.state().join("cache").join(&id).exists());
    let order = json!({"content-id": id, "reason": "by order of a court"});
    let taken = operator.ask("POST", "/ixs/takedown", Some(&order));
    assert_eq!(taken.status, 202, "{}", String::from_utf8_lossy(&taken.body));
    let free = |status: &Value| {
        let cache = &status["cache"];
        (&cache["reserved-bytes"], &cache["used-bytes"]) == (&json!(0), &json!(0))
    };
    cache.until(free).expect("it is still there");
    // What is stopped counts as free at once; its files go right after.
    goes(&cache, &id);
}

/// Flow 8.3.6 with real servers: an overlay with what its publisher asks for, cache and relay;
/// others are served by the provider's part of it when the publisher has left.
#[test]
fn flow_8_3_6_others_are_served_by_what_was_reserved_for_the_overlay() {
    let scene = Scene::start_with(Shape::OneProcess, &NONE_BY_ITSELF).expect("no scene");
    let film = film(&scene.at("source"), 26, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut cache = scene.server("cs/1", BERLIN_TOO).expect("not enrolled");
    serve(&mut cache, &operator, &[]);
    let mut relay = scene.peer("rita", ELSEWHERE).expect("not enrolled");
    let listen = format!("relay.listen={ELSEWHERE}:0");
    relay.serve(&["--role", "relay", "--set", &listen]).expect("no relay");
    until_so("OMS knows the relay", || {
        operator.ask("GET", "/oms/servers", None).json().to_string().contains("\"rs\"")
    });
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let path = scene.at("source/film.bin").display().to_string();
    let wishes = ["--keep-cached", "--relay-kbps", "64"];
    let said = anna.run(&[&["share", &path], &wishes[..]].concat()).expect("not shared");
    let id = said.split_whitespace().nth(1).expect("no id").to_owned();
    let health = || {
        let path = format!("/oms/overlay?overlay-id={id}");
        operator.ask("GET", &path, None).json()["health"].clone()
    };
    let told = health();
    assert_eq!(told["meets-requirements"], true, "{told}");
    assert_eq!(told["reserved-cache-bytes"], film.len());
    assert_eq!(told["reserved-relay-bps"], 64_000);
    cache.until(|status| keeps(status, film.len())).expect("nothing kept");
    anna.kill();
    for (user, address) in [("bert", HAMBURG), ("carla", MUENCHEN)] {
        let peer = scene.peer(user, address).expect("not enrolled");
        peer.get("film.bin", &scene.at(user)).expect("not fetched");
        assert_eq!(std::fs::read(scene.at(user).join("film.bin")).expect("no file"), film);
    }
    assert_eq!(health()["caches"], 1);
}

/// Flow 8.3.2: the source is overloaded, and a cache is there: the list has the cache first and the
/// source last.
#[test]
fn flow_8_3_2_a_cache_comes_before_an_overloaded_source() {
    let settings = ["--set", "activity.overload=1.0", "--set", "activity.report-seconds=5"];
    let scene = Scene::start_with(Shape::OneProcess, &settings).expect("no scene");
    let film = film(&scene.at("source"), 27, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut cache = scene.server("cs/1", ELSEWHERE).expect("not enrolled");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    // Other tests load the processors: both would be overloaded, and neither before the other.
    for one in [&mut cache, &mut anna] {
        if !one.with_idle_processors().expect("no file") {
            eprintln!("nothing may be mounted here: busy processors count");
        }
    }
    serve(&mut cache, &operator, &[]);
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    cache.until(|status| keeps(status, film.len())).expect("nothing kept");
    let dora = scene.cities.p2psp.enrol("dora", BERLIN_TOO).expect("not enrolled");
    let of = |list: &Value| -> Vec<(Value, Value)> {
        let entries = list["status"]["peer_info_list"].as_array().cloned().unwrap_or_default();
        let told = |entry: &Value| (entry["peer-id"].clone(), entry["reason"].clone());
        entries.iter().map(told).collect()
    };
    let ids = [&anna, &cache].map(|one| one.status().expect("no status")["peer-id"].clone());
    let [source, cs] = ids;
    // Nearer, and not overloaded as far as anybody knows: the source comes first.
    let first = of(&dora.join(&id)).first().map(|(peer, _)| peer.clone());
    assert_eq!(first, Some(source.clone()));
    // What its line carries is more than it has to give: all of the loopback's traffic.
    anna.run(&["limits", "--up", "1"]).expect("no limits");
    until_so("the source is last", || {
        let list = of(&dora.refresh(&id));
        list == [(cs.clone(), Value::Null), (source.clone(), json!("overload"))]
    });
}

/// TR 20002 §8.2.5: a cache that cannot keep what it should tells OMS, which reserves nothing with
/// it for a while.
#[test]
fn a_cache_whose_disk_refuses_tells_of_its_fault() {
    let settings = ["--set", "reservation.hold-seconds=1"];
    let scene = Scene::start_with(Shape::OneProcess, &settings).expect("no scene");
    let _film = film(&scene.at("source"), 28, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let mut cache = scene.server("cs/1", BERLIN_TOO).expect("not enrolled");
    std::fs::create_dir_all(cache.state().join("cache")).expect("no folder");
    std::fs::write(cache.state().join("cache").join(&id), "in the way").expect("no file");
    serve(&mut cache, &operator, &[]);
    until_so("OMS knows of the fault", || {
        let servers = operator.ask("GET", "/oms/servers", None).json();
        servers[0]["faulty-until"].is_u64() && servers[0]["reserved"]["storage-bytes"] == 0
    });
    cache.until(|status| status["cache"]["reserved-bytes"] == 0).expect("it is still reserved");
}

/// What a willing peer keeps for others it has for its user, too, without fetching it again; and
/// gives it from where its user has it then.
#[test]
fn what_its_user_wants_of_a_cache_goes_to_the_user_and_is_given_from_there() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 29, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut carla = scene.peer("carla", BERLIN_TOO).expect("not enrolled");
    serve(&mut carla, &operator, &["--role", "peer,cache"]);
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    carla.until(|status| keeps(status, film.len())).expect("nothing kept");
    let refused = carla.run(&["stop", &id]).expect_err("what is reserved is kept");
    assert!(refused.to_string().contains("is kept for others"), "{refused}");
    anna.kill();
    let got = carla.get(&id, &scene.at("carla")).expect("not fetched");
    assert_eq!((&got["cached"], &got["downloaded"]), (&json!(false), &json!(0)));
    assert_eq!(std::fs::read(scene.at("carla/film.bin")).expect("no file"), film);
    goes(&carla, &id);
    carla.until(|status| keeps(status, film.len())).expect("it is not given for the overlay");
    let bert = scene.peer("bert", HAMBURG).expect("not enrolled");
    bert.get(&id, &scene.at("bert")).expect("not fetched");
    assert_eq!(std::fs::read(scene.at("bert/film.bin")).expect("no file"), film);
}

/// Its user wants, twice at once, what it is about to keep for others: it is the user's from then
/// on, and comes once.
#[test]
fn who_wants_what_the_cache_is_fetching_has_it_whoever_comes_first() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let film = film(&scene.at("source"), 38, FILM_BYTES).expect("no film");
    let operator = scene.cities.p2psp.operator(MUENCHEN);
    let mut carla = scene.peer("carla", BERLIN_TOO).expect("not enrolled");
    serve(&mut carla, &operator, &["--role", "peer,cache"]);
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&["--set", "limits.up-kbps=2000"]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    let comes = |status: &Value| {
        let transfer = &status["transfers"][0];
        transfer["cached"] == true && transfer["have"].as_u64() > Some(0)
    };
    carla.until(comes).expect("the cache does not fetch it");
    let folders = ["one", "two"].map(|name| scene.at(name));
    let gets = folders.each_ref().map(|folder| {
        carla.start(&["get", &id, "-o", &folder.display().to_string()]).expect("not begun")
    });
    anna.run(&["limits", "--up", "0"]).expect("no limits");
    for mut get in gets {
        assert!(get.wait().expect("no end").success());
    }
    for folder in folders {
        assert_eq!(std::fs::read(folder.join("film.bin")).expect("no file"), film);
    }
    goes(&carla, &id);
    carla.until(|status| keeps(status, film.len())).expect("it is not given for the overlay");
    let status = carla.status().expect("no status");
    let transfers = status["transfers"].as_array().expect("none");
    assert!(transfers.len() == 1 && transfers[0]["cached"] == false, "{status}");
}
