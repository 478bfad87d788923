//! TR 20002 §8.3.1 with real processes: an ISP's UNIS, a provider in one process and in four,
//! peers in the ISP's cities.

use serde_json::json;
use system_tests::cities::{BERLIN, BERLIN_TOO, Cities, ELSEWHERE, HAMBURG, MUENCHEN};
use system_tests::p2psp::{Peer, Shape, addresses};
use system_tests::wait::until_seen;

/// Peers outside Berlin that joined, and the overlay `film`.
fn others(cities: &Cities) -> Vec<Peer> {
    let operator = cities.p2psp.operator(BERLIN);
    let made = operator.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"})));
    assert_eq!(made.status, 201);
    let places = [("ben", ELSEWHERE), ("carla", MUENCHEN), ("dora", HAMBURG), ("emil", BERLIN_TOO)];
    places
        .into_iter()
        .map(|(user, address)| {
            let peer = cities.p2psp.enrol(user, address).expect("a peer");
            let _ = peer.join("film");
            peer
        })
        .collect()
}

/// Flow 8.3.1, steps 1 to 4, and the same again with other costs.
#[test]
fn flow_8_3_1_the_list_is_in_the_isps_order_and_follows_its_costs() {
    for shape in Shape::BOTH {
        let cities = Cities::start_as(shape, &[]).unwrap();
        let _others = others(&cities);
        let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
        let to = [ELSEWHERE, MUENCHEN, HAMBURG, BERLIN_TOO];

        let joined = anna.join("film");
        assert_eq!(joined["status"]["ranked-by"], "map");
        assert_eq!(joined["status"]["num_peers"], 5);
        assert_eq!(addresses(&joined), [BERLIN_TOO, HAMBURG, MUENCHEN, ELSEWHERE]);
        assert_eq!(addresses(&joined), cities.rank(BERLIN, &to).unwrap());
        assert_eq!(joined["observed"]["ip_address"], BERLIN);
        // Peers see ranks; costs are the ISP's own (Req-Coop-020).
        let entry = &joined["status"]["peer_info_list"][1];
        assert_eq!(entry["rank"], 2);
        assert!(!joined.to_string().contains("cost"), "{joined}");

        cities.raise_hamburg(1000).unwrap();
        let refreshed = anna.refresh("film");
        assert_eq!(addresses(&refreshed), [BERLIN_TOO, MUENCHEN, HAMBURG, ELSEWHERE]);
        assert_eq!(addresses(&refreshed), cities.rank(BERLIN, &to).unwrap());
        assert_eq!(refreshed["ticket-id"], joined["ticket-id"]);

        // The profile was created at the join, and knows the network.
        let profile = anna.ask("GET", "/ums/profile", None).json();
        assert_eq!((&profile["user-id"], &profile["joins"]), (&json!("anna"), &json!(1)));
        assert_eq!((&profile["network"], &profile["peers"]), (&json!("isp"), &json!([anna.id])));
    }
}

/// Flow 8.3.2: B is overloaded in PAMS; the list puts it last. Annex A.1: a score, unless the user
/// agreed to show the status itself.
#[test]
fn flow_8_3_2_an_overloaded_peer_stands_last() {
    for shape in Shape::BOTH {
        let cities = Cities::start_as(shape, &[]).unwrap();
        let others = others(&cities);
        let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
        let next_door = &others[3];
        let busy = |peer: &Peer, load: f64| json!({"reports": [{"peer-id": peer.id, "status": {"cpu-load": load}}]});
        let reported = next_door.ask("POST", "/pams/status", Some(&busy(next_door, 0.95)));
        assert_eq!(reported.status, 204);
        let joined = anna.join("film");
        assert_eq!(addresses(&joined), [HAMBURG, MUENCHEN, ELSEWHERE, BERLIN_TOO]);
        let last = &joined["status"]["peer_info_list"][3];
        assert_eq!((&last["rank"], &last["reason"]), (&json!(1), &json!("overload")));
        assert_eq!(last.get("status"), None);

        let relieved = next_door.ask("POST", "/pams/status", Some(&busy(next_door, 0.25)));
        assert_eq!(relieved.status, 204);
        let mut agreed = next_door.join_request("film");
        agreed["sharing-policy"] = json!({"show-status": true});
        assert_eq!(next_door.ask("PUT", "/oms/peer", Some(&agreed)).status, 200);
        let first = anna.refresh("film")["status"]["peer_info_list"][0].clone();
        assert_eq!(first["peer-id"], next_door.id);
        assert_eq!((&first["score"], &first["status"]["cpu-load"]), (&json!(0.75), &json!(0.25)));

        // Nobody speaks for another.
        let forged = others[0].ask("POST", "/pams/status", Some(&busy(&anna, 1.0)));
        assert_eq!(forged.status, 403);
    }
}

/// Net-010: the ISP's server is gone; lists keep coming, in the last order, and say so.
#[test]
fn lists_outlive_the_isps_server_and_say_that_their_map_is_old() {
    let cities = Cities::start(&[]).unwrap();
    let _others = others(&cities);
    let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
    assert_eq!(anna.join("film")["status"]["ranked-by"], "map");
    cities.unis.signal("KILL").unwrap();
    let old = until_seen(
        "the map is old",
        || anna.refresh("film"),
        |list| list["status"]["ranked-by"] == "stale-map",
    );
    assert_eq!(addresses(&old), [BERLIN_TOO, HAMBURG, MUENCHEN, ELSEWHERE]);
}

/// An operator sees why A stands before B: PIDs, costs, scores.
#[test]
fn an_operator_is_told_why_a_list_reads_as_it_does() {
    let cities = Cities::start(&[]).unwrap();
    let _others = others(&cities);
    let anna = cities.p2psp.enrol("anna", BERLIN).unwrap();
    let _ = anna.join("film");
    let path = format!("/oms/explain?overlay-id=film&peer-id={}", anna.id);
    let explained = cities.p2psp.operator(BERLIN).ask("GET", &path, None).json();
    assert_eq!((&explained["isp"], &explained["from-pid"]), (&json!("isp"), &json!("Berlin")));
    let pids: Vec<&str> = explained["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["pid"].as_str().unwrap())
        .collect();
    assert_eq!(pids, ["Berlin", "Hamburg", "Muenchen", "as3320"]);
    assert_eq!(explained["entries"][0]["cost"], "0");
    assert_eq!(anna.ask("GET", &path, None).status, 403);
}
