//! Material that changes while connections live.

use std::sync::Arc;

use http::HeaderMap;
use link::metrics::Metrics;
use link::shutdown::Shutdown;
use link::tls::ServerTls;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::fixture::{Ca, Running, World, serve_who, uri};

#[tokio::test]
async fn a_revocation_reaches_live_connections_by_watching_the_file() {
    let world = World::new();
    let (good, bad) = (world.member(8), world.member(9));
    let tls = world.tls();
    let server = serve_who(&tls);
    let shutdown = Shutdown::new();
    tokio::spawn(Arc::clone(&tls).watch(shutdown.clone()));
    let mut stays = world.dial(server.address, Some(&good), b"http/1.1").await.unwrap();
    let mut goes = world.dial(server.address, Some(&bad), b"http/1.1").await.unwrap();
    for stream in [&mut stays, &mut goes] {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), b'H');
    }
    world.write("isp-crl.pem", &world.isp.crl(&[9], 7));
    let said = Running::closes(&mut goes).await;
    assert!(said.ends_with("operator own"), "{said}");
    let alert = world.who(server.address, Some(&bad)).await.unwrap_err();
    assert!(alert.contains("CertificateRevoked"), "{alert}");
    stays.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let said = Running::closes(&mut stays).await;
    assert_eq!(said.matches("operator own").count(), 2, "{said}");
    shutdown.trigger();
}

#[tokio::test]
async fn no_request_fails_while_the_server_changes_its_certificate() {
    let world = World::new();
    let member = world.member(9);
    let tls = world.tls();
    let server = serve_who(&tls);
    let names = [
        uri("spiffe://isp.example/isp/64500/unis/1"),
        rcgen::SanType::IpAddress([127, 0, 0, 1].into()),
    ];
    for serial in 100..120 {
        let fresh = world.isp.issue(world.folder.path(), serial, &names, (-1, 30));
        let mut settings = world.settings();
        (settings.certificate, settings.key) = (fresh.certificate, fresh.key);
        tls.reload_with(settings).unwrap();
        let client = world.client(Some(&member));
        for _ in 0..2 {
            let answer = client.get(&server.url("/"), HeaderMap::new()).await.unwrap();
            assert_eq!(answer.status, 200);
        }
    }
}

#[tokio::test]
async fn broken_material_leaves_the_old_in_force() {
    let world = World::new();
    let (member, tls) = (world.member(9), world.tls());
    let server = serve_who(&tls);
    let other = world.member(10);
    let expired = world.isp.issue(world.folder.path(), 11, &[], (-30, -1));
    let text = |path: &std::path::Path| std::fs::read_to_string(path).unwrap();
    let (certificate, key) = (text(&world.server.certificate), text(&world.server.key));
    let (bundle, list) = (text(&world.path("isp.pem")), text(&world.path("isp-crl.pem")));
    let breaks = [
        ("1-key.pem", text(&other.key), key),
        ("1.pem", text(&expired.certificate), certificate.clone()),
        ("1.pem", certificate[..certificate.len() / 2].to_owned(), certificate),
        ("isp.pem", String::new(), bundle),
        ("isp-crl.pem", "nonsense".to_owned(), list.clone()),
        ("isp-crl.pem", world.isp.crl(&[], -1), list),
    ];
    for (file, broken, good) in breaks {
        world.write(file, &broken);
        assert!(tls.reload().is_err(), "{file}");
        assert!(world.who(server.address, Some(&member)).await.is_ok(), "{file}");
        world.write(file, &good);
        tls.reload().unwrap();
    }
}

#[tokio::test]
async fn one_partners_broken_file_does_not_hold_up_anothers_revocation() {
    let world = World::new();
    let (member, tls) = (world.member(9), world.tls());
    let server = serve_who(&tls);
    world.write("partner-crl.pem", "nonsense");
    world.write("isp-crl.pem", &world.isp.crl(&[9], 7));
    assert!(tls.reload().is_err());
    let alert = world.who(server.address, Some(&member)).await.unwrap_err();
    assert!(alert.contains("CertificateRevoked"), "{alert}");
}

#[tokio::test]
async fn a_partner_that_is_struck_off_is_out_at_once() {
    let world = World::new();
    let name = [uri("spiffe://partner.example/p2psp/acme/oms/1")];
    let oms = world.partner.issue(world.folder.path(), 9, &name, (-1, 30));
    let tls = world.tls();
    let server = serve_who(&tls);
    let mut stream = world.dial(server.address, Some(&oms), b"http/1.1").await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'H');
    let mut settings = world.settings();
    settings.trust.partners.clear();
    tls.reload_with(settings).unwrap();
    Running::closes(&mut stream).await;
    assert!(world.who(server.address, Some(&oms)).await.is_err());
}

#[tokio::test]
async fn a_partner_without_good_files_at_the_start_is_barred_until_it_has_some() {
    let world = World::new();
    let name = [uri("spiffe://partner.example/p2psp/acme/oms/1")];
    let oms = world.partner.issue(world.folder.path(), 9, &name, (-1, 30));
    let member = world.member(8);
    let expired = Ca::until("partner", -1).issuer.pem();
    let text = |file: &str| std::fs::read_to_string(world.path(file)).unwrap();
    let (bundle, list) = (text("partner.pem"), text("partner-crl.pem"));
    let breaks = [
        ("partner.pem", "nonsense".to_owned(), &bundle),
        ("partner.pem", expired, &bundle),
        ("partner-crl.pem", "nonsense".to_owned(), &list),
    ];
    for (file, broken, good) in breaks {
        world.write(file, &broken);
        let tls = world.tls();
        let server = serve_who(&tls);
        assert!(world.who(server.address, Some(&member)).await.is_ok(), "{file}");
        let alert = world.who(server.address, Some(&oms)).await.unwrap_err();
        assert!(alert.contains("UnknownCA"), "{alert}");
        world.write(file, good);
        tls.reload().unwrap();
        assert!(world.who(server.address, Some(&oms)).await.is_ok(), "{file}");
    }
    std::fs::remove_file(world.path("partner.pem")).unwrap();
    let server = serve_who(&world.tls());
    assert!(world.who(server.address, Some(&oms)).await.is_err());
}

#[test]
fn the_own_files_have_to_be_good_at_the_start() {
    let world = World::new();
    world.write("isp.pem", &Ca::until("isp", -1).issuer.pem());
    let refused = ServerTls::load(world.settings(), Metrics::new()).unwrap_err();
    assert!(refused.to_string().contains("isp.pem"), "{refused}");
}
