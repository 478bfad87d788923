//! What P2PSP bounds by the address that it sees (`docs/limits.md`).

use system_tests::curl;
use system_tests::p2psp::P2psp;
use system_tests::wait::until_seen;

#[test]
fn who_asks_a_provider_too_often_is_told_when_to_come_back() {
    let state = tempfile::tempdir().unwrap();
    let set = |more: &[&str]| -> Vec<String> {
        let bound = ["requests-per-second=1", "request-burst=20"];
        let all = bound.iter().chain(more).map(|one| format!("limits.{one}"));
        all.flat_map(|one| ["--set".to_owned(), one]).collect()
    };
    let start = |more: &[&str]| {
        let set = set(more);
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        P2psp::start(state.path(), &set).unwrap()
    };
    let p2psp = start(&["cap-loopback=true"]);
    let anna = p2psp.enrol("anna", "127.0.0.10").unwrap();
    let certificate = (anna.file("client.pem"), anna.file("client-key.pem"));
    // One connection: as fast as it goes.
    let many = |p2psp: &P2psp| {
        let certificate = Some((certificate.0.as_path(), certificate.1.as_path()));
        let mut command = curl::with(&anna.file("ca.pem"), certificate);
        command.args(["--interface", "127.0.0.10"]);
        let url = format!("{}/oms/overlay?overlay-id=film&n=[1-200]", p2psp.daemon.url);
        let output = command.arg(url).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let told = many(&p2psp);
    let count = |told: &str, what: &str| told.matches(what).count();
    let (found, refused) = (count(&told, "HTTP/1.1 404"), count(&told, "HTTP/1.1 429"));
    assert_eq!(found + refused, 200, "{told}");
    assert!(found >= 1 && refused >= 50, "{found} answered, {refused} refused");
    assert_eq!(told.to_lowercase().matches("retry-after: 1\r\n").count(), refused);
    // Others are not held up, and after a while it is answered again.
    let ben = p2psp.operator("127.0.0.11");
    assert_eq!(ben.ask("GET", "/oms/overlays", None).status, 200);
    let status = || anna.ask("GET", "/oms/overlay?overlay-id=film", None).status;
    until_seen("it is answered again", status, |status| *status != 429);
    // The own machine is exempt unless it is told otherwise.
    drop(p2psp);
    let exempt = many(&start(&[]));
    assert_eq!(count(&exempt, "HTTP/1.1 404"), 200);
}
