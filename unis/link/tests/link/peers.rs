//! Two ends that are known by their keys.

use std::sync::Arc;

use link::tls::{PeerTls, PeerTlsSettings};
use link::trust::TrustDomain;

use crate::fixture::{Ca, Leaf, World, uri};

const PROTOCOL: &[u8] = b"test/1";

fn settings(world: &World, leaf: &Leaf) -> PeerTlsSettings {
    PeerTlsSettings {
        certificate: leaf.certificate.clone(),
        key: leaf.key.clone(),
        trust: TrustDomain {
            name: "isp.example".into(),
            bundle: world.settings().trust.own.bundle,
            crl: world.settings().trust.own.crl,
        },
        protocol: PROTOCOL,
    }
}

fn peer(world: &World, authority: &Ca, serial: u64) -> Arc<PeerTls> {
    let name = uri(&format!("spiffe://isp.example/peer/{serial}"));
    let leaf = authority.issue(world.folder.path(), serial, &[name], (-1, 30));
    PeerTls::load(settings(world, &leaf)).unwrap()
}

/// Whom each end takes the other for, the one that dials first.
async fn meet(dials: &PeerTls, is_dialled: &PeerTls) -> (Option<String>, Option<String>) {
    let (near, far) = tokio::io::duplex(1 << 16);
    let (dialled, accepted) = tokio::join!(dials.dial(near), is_dialled.accept(far));
    let name = |met: std::io::Result<(_, link::Identity)>| {
        met.ok().and_then(|(_stream, identity)| identity.name).map(|name| name.to_string())
    };
    (
        name(dialled.map(|(stream, who)| (drop(stream), who))),
        name(accepted.map(|(stream, who)| (drop(stream), who))),
    )
}

#[tokio::test]
async fn each_end_learns_who_the_other_is() {
    let world = World::new();
    let (one, two) = (peer(&world, &world.isp, 21), peer(&world, &world.isp, 22));
    let (dialled, accepted) = meet(&one, &two).await;
    assert_eq!(dialled.as_deref(), Some("spiffe://isp.example/peer/22"));
    assert_eq!(accepted.as_deref(), Some("spiffe://isp.example/peer/21"));
}

#[tokio::test]
async fn whoever_is_revoked_is_met_by_nobody() {
    let world = World::new();
    let (one, two) = (peer(&world, &world.isp, 21), peer(&world, &world.isp, 22));
    world.write("isp-crl.pem", &world.isp.crl(&[22], 7));
    one.reload().unwrap();
    assert_eq!(meet(&one, &two).await.0, None);
    assert_eq!(meet(&two, &one).await.1, None);
}

#[tokio::test]
async fn another_authority_or_protocol_is_refused() {
    let world = World::new();
    let own = peer(&world, &world.isp, 21);
    let name = uri("spiffe://isp.example/peer/23");
    let stranger = Ca::new("stranger").issue(world.folder.path(), 23, &[name], (-1, 30));
    let refused = PeerTls::load(settings(&world, &stranger));
    assert!(refused.is_err(), "the own certificate has to be one that the others take");
    let leaf =
        world.isp.issue(world.folder.path(), 24, &[uri("spiffe://isp.example/peer/24")], (-1, 30));
    let other = PeerTlsSettings { protocol: b"test/2", ..settings(&world, &leaf) };
    let other = PeerTls::load(other).unwrap();
    assert_eq!(meet(&own, &other).await, (None, None));
}
