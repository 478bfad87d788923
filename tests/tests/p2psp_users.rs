//! Users of a provider (UMS, TR 20002 §8.2.2): whose a peer is.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use link::pki::Token;
use serde_json::{Value, json};
use system_tests::curl;
use system_tests::p2psp::{P2psp, Peer, run};

struct Scene {
    p2psp: P2psp,
    folder: tempfile::TempDir,
}

impl Scene {
    fn start(more: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let p2psp = P2psp::start(&folder.path().join("state"), more).expect("a server");
        Self { p2psp, folder }
    }

    fn state(&self) -> String {
        self.folder.path().join("state").display().to_string()
    }

    /// A token for a peer of `user`.
    fn token(&self, user: &str) -> Token {
        let url = self.p2psp.daemon.url.replace("127.0.0.1", "localhost");
        let text = run(&["invite", user, "--state-dir", &self.state(), "--url", &url]);
        text.expect("a token").trim().parse().expect("a token")
    }

    /// Has the key of `peer` certified with `token`, and puts the certificate into its folder.
    fn certify_again(&self, peer: &Peer, token: &Token) {
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-new", "-subj", "/CN=x", "-key"]).arg(peer.file("client-key.pem"));
        let csr =
            String::from_utf8(openssl.output().expect("openssl runs").stdout).expect("it is there");
        let coded = token.to_string();
        let bytes = URL_SAFE_NO_PAD
            .decode(coded.rsplit('.').next().expect("it is there"))
            .expect("it is there");
        let secret = URL_SAFE_NO_PAD.encode(&bytes[32..64]);
        let mut command = curl::with(&self.p2psp.pki("ca.pem"), None);
        command.args(["--data", &json!({"secret": secret, "csr": csr}).to_string()]);
        let answer = curl::run(command.arg(format!("{}/pki/enroll", self.p2psp.daemon.url)));
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let certificate = answer.json()["certificate"].as_str().expect("one").to_owned();
        std::fs::write(peer.file("client.pem"), certificate).expect("it is there");
    }
}

fn code(answer: &system_tests::http::Answer) -> (u16, Value) {
    (answer.status, answer.json()["error"]["code"].clone())
}

/// A key that is anna's does not join as ben's, whatever certificate it got.
#[test]
fn a_peer_of_another_user_does_not_join() {
    let scene = Scene::start(&[]);
    let anna = scene.p2psp.enrol("anna", "127.0.0.10").unwrap();
    let made = anna.ask("POST", "/oms/overlay", Some(&json!({"overlay-id": "film"})));
    assert_eq!(made.status, 201);
    let _ = anna.join("film");
    assert_eq!(anna.ask("DELETE", "/oms/peer", Some(&anna.join_request("film"))).status, 204);
    scene.certify_again(&anna, &scene.token("ben"));
    let refused = anna.ask("POST", "/oms/peer", Some(&anna.join_request("film")));
    assert_eq!(code(&refused), (403, json!("not-yours")));
    let told = anna.ask("GET", "/oms/overlay?overlay-id=film", None).json();
    assert_eq!(told["num_peers"], 0);
}
