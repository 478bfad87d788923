//! The event stream over real connections: it costs nobody else a place, and ends with the server.

use serde_json::json;
use system_tests::p2psp::P2psp;
use system_tests::wait::{AMPLE, until_seen};

/// With room for one request at a time a stream that stays open would shut everybody out; and a
/// stop that waited for it would take the whole drain deadline.
#[test]
fn a_stream_takes_no_place_of_other_requests_and_ends_with_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let more = ["--set", "limits.max-requests-in-work=1", "--set", "limits.drain-timeout-ms=60000"];
    let p2psp = P2psp::start(&folder.path().join("state"), &more).unwrap();
    let anna = p2psp.enrol("anna", "127.0.0.10").unwrap();
    let listening = anna.listen(None);
    // Until the stream counts as open: before, its request may hold the one place.
    let joins = || anna.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"}))).status;
    assert_eq!(until_seen("there is a place", joins, |status| *status != 503), 201);
    let acknowledged = anna.ask("POST", "/oms/events/ack", Some(&json!({"seq": 1})));
    assert_eq!((acknowledged.status, &acknowledged.json()["waiting"]), (200, &json!(0)));
    assert_eq!(p2psp.operator("127.0.0.12").ask("GET", "/oms/events", None).status, 403);
    // It is waited for less long than the drain would take.
    assert_eq!(p2psp.daemon.stop().unwrap(), Some(0));
    assert!(listening.ends(AMPLE));
}
