//! What a provider's users do, and the keys with which their peers sign.

use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use link::pki::Token;
use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::receipt::Receipt;
use mp2p::signed::{PeerKey, SigningKey};
use serde_json::{Value, json};
use system_tests::curl;
use system_tests::http::Answer;
use system_tests::p2psp::Peer;
pub(crate) use system_tests::p2psp::Provided as Scene;

/// Bytes of a MiB.
pub(crate) const MIB: u64 = 1 << 20;

/// What the users of a provider do.
pub(crate) trait Film {
    /// Anna's peer, and the overlay `film`, which is hers.
    fn anna(&self) -> Peer;

    /// A token for a peer of `user`.
    fn token(&self, user: &str) -> Token;

    /// Has the key of `peer` certified with `token`, and puts the certificate into its folder.
    fn certify_again(&self, peer: &Peer, token: &Token);

    /// Whoever has no certificate posts to UMS.
    fn stranger(&self, path: &str, body: &Value) -> Answer;

    /// The same, from an address.
    fn stranger_from(&self, address: &str, path: &str, body: &Value) -> Answer;
}

impl Film for Scene {
    fn anna(&self) -> Peer {
        let anna = self.p2psp.enrol("anna", "127.0.0.10").expect("a peer");
        let overlay = json!({"overlay-id": "film", "title": "A film"});
        assert_eq!(anna.ask("POST", "/oms/overlay", Some(&overlay)).status, 201);
        let _ = anna.join("film");
        anna
    }

    fn token(&self, user: &str) -> Token {
        let url = self.p2psp.role("ums").url.replace("127.0.0.1", "localhost");
        let text = self.command(&["invite", user, "--url", &url]).expect("a token");
        text.trim().parse().expect("a token")
    }

    fn certify_again(&self, peer: &Peer, token: &Token) {
        let mut openssl = Command::new("openssl");
        openssl.args(["req", "-new", "-subj", "/CN=x", "-key"]).arg(peer.file("client-key.pem"));
        let csr = openssl.output().expect("openssl runs").stdout;
        let csr = String::from_utf8(csr).expect("a text");
        let coded = token.to_string();
        let coded = coded.rsplit('.').next().expect("a last part");
        let bytes = URL_SAFE_NO_PAD.decode(coded).expect("base64url");
        let secret = URL_SAFE_NO_PAD.encode(&bytes[32..64]);
        let answer = self.stranger("/pki/enroll", &json!({"secret": secret, "csr": csr}));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let certificate = answer.json()["certificate"].as_str().expect("one").to_owned();
        std::fs::write(peer.file("client.pem"), certificate).expect("a file");
    }

    fn stranger(&self, path: &str, body: &Value) -> Answer {
        self.stranger_from("127.0.0.1", path, body)
    }

    fn stranger_from(&self, address: &str, path: &str, body: &Value) -> Answer {
        let mut command = curl::with(&self.p2psp.pki("ca.pem"), None);
        command.args(["--header", "Content-Type: application/json", "--data", &body.to_string()]);
        command.args(["--interface", address]);
        let url = format!("{}{path}", self.p2psp.role("ums").url);
        curl::run(command.arg(url)).expect("an answer")
    }
}

/// Status, and the word for programs.
pub(crate) fn code(answer: &Answer) -> (u16, Value) {
    (answer.status, answer.json()["error"]["code"].clone())
}

/// The answer to something that is granted.
pub(crate) fn granted(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

/// The key of a peer's certificate.
pub(crate) fn key_in(file: &Path) -> SigningKey {
    let pem = std::fs::read_to_string(file).expect("a key");
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    let der = STANDARD.decode(lines.collect::<String>()).expect("base64");
    SigningKey::from_pkcs8(&der).expect("a key")
}

/// A content.
pub(crate) fn content() -> ContentId {
    ContentId::parse(&"c".repeat(64)).expect("an id")
}

pub(crate) fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// What `consumer`, with its key, got from the peer `contributor` in the epoch 1.
pub(crate) fn receipt(contributor: &str, consumer: &SigningKey, seq: u64, bytes: u64) -> Receipt {
    let consumer_key = PeerKey::of(consumer).expect("a key");
    Receipt {
        overlay_id: OverlayId::parse("film").expect("a name"),
        content_id: content(),
        contributor: PeerId::parse(contributor).expect("an id"),
        consumer: consumer_key.peer_id(),
        epoch: 1,
        seq,
        bytes,
        fragments: bytes / MIB,
        rejected: 0,
        ts: unix_now(),
        via: None,
        consumer_key,
    }
}

/// The body that sends signed receipts in.
pub(crate) fn receipts(signed: &[&str]) -> Value {
    json!({"receipts": signed})
}
