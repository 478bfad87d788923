//! What a daemon tells OMS of other peers by itself (Req-Content-040, Req-Net-050, Req-Net-080).

use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::delivery::Delivery;
use mp2p::frame::{Buffermap, Data, Frame, Get, MAX_SLICE_BYTES};
use mp2p::index_file::IndexFile;
use mp2p::signed::PeerKey;
use serde_json::Value;
use system_tests::cities::{BERLIN, HAMBURG, MUENCHEN};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_so;

use crate::raw::{Raw, Target};

/// Of each fragment but the last.
const FRAGMENT: usize = 128 << 10;

/// Anna fetches what Sara gives very slowly; its name.
pub(crate) fn fetching(scene: &Scene) -> ([PeerProgram; 2], String) {
    let mut sara = scene.peer("sara", MUENCHEN).expect("not enrolled");
    sara.serve(&["--set", "limits.up-kbps=1"]).expect("no daemon");
    let id = sara.share(&scene.at("source/film.bin")).expect("not shared");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&[]).expect("no daemon");
    let folder = scene.at("got").display().to_string();
    anna.run(&["get", &id, "-o", &folder, "--detach"]).expect("not begun");
    let is_linked = |status: &Value| status["transfers"][0]["neighbours"][0].is_object();
    anna.until(is_linked).expect("not linked");
    let told = anna.run(&["status"]).expect("no status");
    assert!(told.contains("  rank ") && told.contains(", direct\n"), "{told}");
    ([anna, sara], id)
}

/// Eve gives other bytes than the publisher's, and signs for them: that is the proof by which the
/// report of Anna's daemon puts her out.
#[test]
fn whoever_signs_for_wrong_bytes_is_out_by_the_report_of_the_daemon_that_got_them() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), 91, 1 << 20).expect("no film");
    let ([anna, _sara], id) = fetching(&scene);
    let index = anna.state().join("contents").join(&id).join("index.jws");
    let index = std::fs::read_to_string(index).expect("no index file");
    let index = IndexFile::open(&index).expect("an index file");
    let eve = scene.peer("eve", HAMBURG).expect("not enrolled");
    let member = scene.cities.p2psp.peer_in(eve.state(), HAMBURG).expect("no peer");
    // She can be dialled, and is told of for nothing else.
    let door = TcpListener::bind((HAMBURG, 0)).expect("no port");
    let mut request = member.join_request(&id);
    request["peer_addr"][0]["port"] = door.local_addr().expect("no address").port().into();
    let joined = member.ask("POST", "/oms/peer", Some(&request)).json();
    let passkey = joined["passkey"].as_str().expect("no passkey");
    let target = Target { fragments: 8, ..Target::of(&anna, BERLIN, (&id, &id)) };
    let raw = Raw::of(&eve, HAMBURG);
    let wrong = vec![7; FRAGMENT];
    let give = |get: &Get| -> Vec<Frame> {
        let cut = index.cut().expect("of files");
        let delivery = Delivery {
            overlay_id: index.overlay_id.clone(),
            content_id: index.content_id.clone(),
            fragment: get.fragment,
            hash: cut.hash(get.fragment, &wrong).expect("as long as it is to be"),
            sender: raw.identity.peer.clone(),
            receiver: target.id.clone(),
            ts: SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs(),
            sender_key: PeerKey::of(&raw.identity.key).expect("a key"),
        };
        let delivery = delivery.seal(&raw.identity.key).expect("sealed");
        let slices = wrong.chunks(MAX_SLICE_BYTES).enumerate();
        slices
            .map(|(at, slice)| {
                let offset = at * MAX_SLICE_BYTES;
                let is_last = offset + slice.len() == FRAGMENT;
                Frame::Data(Data {
                    fragment: get.fragment,
                    offset: u32::try_from(offset).expect("a short one"),
                    delivery: is_last.then(|| delivery.clone().into()),
                    bytes: slice.to_vec().into(),
                })
            })
            .collect()
    };
    let hello = target.hello_of(Some(passkey), Buffermap::full(8).expect("few fragments"));
    let said = raw.talk(&target, vec![hello], |frame| match frame {
        Frame::Get(get) => Some(give(get)),
        _ => Some(Vec::new()),
    });
    assert!(said.iter().any(|frame| matches!(frame, Frame::Get(_))), "{said:?}");
    until_so("OMS has put her out", || {
        let again = member.ask("PUT", "/oms/peer", Some(&request));
        again.status == 403 && again.json()["error"]["code"] == "expelled"
    });
    // Nothing of it was kept.
    let have = anna.status().expect("no status")["transfers"][0]["have"].clone();
    assert!(have.as_u64().expect("a number") < 1 << 20, "{have}");
}

/// Ben is on Anna's list and answers nobody: she tells OMS after her second try.
#[test]
fn a_member_that_cannot_be_reached_is_reported_by_the_daemon_that_tried() {
    let often = ["--set", "overlay.heartbeat-seconds=2"];
    let scene = Scene::start_with(Shape::OneProcess, &often).expect("no scene");
    film(&scene.at("source"), 92, 1 << 20).expect("no film");
    let ([anna, _sara], id) = fetching(&scene);
    let ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    // His port is one that nobody listens on.
    let member = scene.cities.p2psp.peer_in(ben.state(), HAMBURG).expect("no peer");
    let _joined = member.join(&id);
    anna.until(|status| status["transfers"][0]["members"].as_u64() >= Some(3)).expect("unlisted");
    let heard = scene.cities.p2psp.daemon.wait_for_log("a member failed, by others' report");
    assert!(heard.expect("OMS has not heard of it").contains(&member.id));
}
