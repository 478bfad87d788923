//! Who gets in, as whom, and what the others are told.

use link::server::{Limits, Security};
use link::tls::{ClientCertificates, ServerTls, ServerTlsSettings, TlsError};
use link::trust::PartnerTrust;
use rcgen::{KeyPair, SanType};

use crate::fixture::{Ca, Leaf, World, dns, serve_who, uri};

/// What the ISP's server answers to a certificate of `ca`.
async fn answer(
    world: &World,
    ca: &Ca,
    sans: &[SanType],
    days: (i64, i64),
) -> Result<String, String> {
    let leaf = ca.issue(world.folder.path(), 77, sans, days);
    let server = serve_who(&world.tls());
    world.who(server.address, Some(&leaf)).await
}

const NOW: (i64, i64) = (-1, 30);

#[tokio::test]
async fn a_member_comes_in_by_its_name() {
    let world = World::new();
    let name = "spiffe://isp.example/operator/alice";
    let answer = answer(&world, &world.isp, &[uri(name)], NOW).await;
    assert_eq!(answer.unwrap(), format!("{name} operator own"));
}

#[tokio::test]
async fn a_partner_comes_in_as_a_partner() {
    let world = World::new();
    let name = "spiffe://partner.example/p2psp/acme/oms/1";
    let answer = answer(&world, &world.partner, &[uri(name)], NOW).await;
    assert_eq!(answer.unwrap(), format!("{name} oms acme"));
}

#[tokio::test]
async fn a_name_without_meaning_has_no_role() {
    let world = World::new();
    let name = "spiffe://partner.example/workload";
    let answer = answer(&world, &world.partner, &[uri(name)], NOW).await;
    assert_eq!(answer.unwrap(), format!("{name} none acme"));
}

#[tokio::test]
async fn a_partners_authority_cannot_name_the_isp() {
    let world = World::new();
    let name = uri("spiffe://isp.example/operator/alice");
    let alert = answer(&world, &world.partner, &[name], NOW).await.unwrap_err();
    assert!(alert.contains("UnknownCA"), "{alert}");
}

#[tokio::test]
async fn another_authority_is_refused() {
    let world = World::new();
    let stranger = Ca::new("isp");
    let name = uri("spiffe://isp.example/operator/alice");
    let alert = answer(&world, &stranger, &[name], NOW).await.unwrap_err();
    assert!(alert.contains("UnknownCA") || alert.contains("DecryptError"), "{alert}");
    let name = uri("spiffe://stranger.example/operator/alice");
    let alert = answer(&world, &stranger, &[name], NOW).await.unwrap_err();
    assert!(alert.contains("UnknownCA"), "{alert}");
}

#[tokio::test]
async fn outside_its_dates_a_certificate_is_refused() {
    let world = World::new();
    let name = uri("spiffe://isp.example/operator/alice");
    for days in [(-30, -1), (1, 30)] {
        let alert =
            answer(&world, &world.isp, std::slice::from_ref(&name), days).await.unwrap_err();
        assert!(alert.contains("CertificateExpired"), "{alert}");
    }
}

#[tokio::test]
async fn two_uri_names_are_refused() {
    let world = World::new();
    let one = uri("spiffe://isp.example/operator/alice");
    for other in ["spiffe://isp.example/isp/64500/unis/1", "https://isp.example/alice"] {
        let alert = answer(&world, &world.isp, &[one.clone(), uri(other)], NOW).await.unwrap_err();
        assert!(alert.contains("CertificateUnknown"), "{alert}");
    }
}

#[tokio::test]
async fn a_malformed_spiffe_name_is_refused() {
    let world = World::new();
    for name in ["spiffe://isp.example", "SPIFFE://isp.example/operator/alice"] {
        let alert = answer(&world, &world.isp, &[uri(name)], NOW).await.unwrap_err();
        assert!(alert.contains("CertificateUnknown"), "{alert}");
    }
}

#[tokio::test]
async fn a_revoked_certificate_is_refused() {
    let world = World::new();
    world.write("isp-crl.pem", &world.isp.crl(&[77], 7));
    let name = uri("spiffe://isp.example/operator/alice");
    let alert = answer(&world, &world.isp, &[name], NOW).await.unwrap_err();
    assert!(alert.contains("CertificateRevoked"), "{alert}");
}

#[tokio::test]
async fn a_lapsed_list_refuses_its_domain_and_no_other() {
    let world = World::new();
    world.write("partner-crl.pem", &world.partner.crl(&[], -1));
    let name = uri("spiffe://partner.example/p2psp/acme/oms/1");
    let alert = answer(&world, &world.partner, &[name], NOW).await.unwrap_err();
    assert!(alert.contains("UnknownCA"), "{alert}");
    let name = uri("spiffe://isp.example/operator/alice");
    answer(&world, &world.isp, &[name], NOW).await.unwrap();
}

#[tokio::test]
async fn a_partner_is_known_by_a_listed_name_under_its_own_bundle_only() {
    let world = World::new();
    let listed = [dns("OMS.partner.example")];
    let answered = answer(&world, &world.partner, &listed, NOW).await;
    assert_eq!(answered.unwrap(), "partner acme partner acme");
    let alert = answer(&world, &world.isp, &listed, NOW).await.unwrap_err();
    assert!(alert.contains("UnknownCA"), "{alert}");
    let alert = answer(&world, &world.partner, &[dns("x.example")], NOW).await.unwrap_err();
    assert!(alert.contains("AccessDenied"), "{alert}");
}

/// A server to which a partner pins `leaf`, and the answer of it.
async fn pinned(world: &World, leaf: &Leaf, crl: Option<&str>) -> Result<String, String> {
    let mut settings = world.settings();
    settings.trust.partners.push(PartnerTrust {
        name: "pinned".into(),
        crl: crl.map(|name| world.path(name)),
        fingerprint: vec![fingerprint(leaf)],
        ..PartnerTrust::default()
    });
    let tls = ServerTls::load(settings, link::metrics::Metrics::new()).unwrap();
    let server = serve_who(&tls);
    world.who(server.address, Some(leaf)).await
}

/// As `openssl x509 -fingerprint -sha256` prints it.
fn fingerprint(leaf: &Leaf) -> String {
    use sha2::Digest;
    use tokio_rustls::rustls::pki_types::{CertificateDer, pem::PemObject};
    let der = CertificateDer::from_pem_file(&leaf.certificate).unwrap();
    let digest = sha2::Sha256::digest(&der);
    digest.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[tokio::test]
async fn a_pinned_certificate_needs_no_authority_but_its_dates() {
    let (world, stranger) = (World::new(), Ca::new("stranger"));
    let good = stranger.issue(world.folder.path(), 5, &[dns("a.example")], NOW);
    assert_eq!(pinned(&world, &good, None).await.unwrap(), "partner pinned partner pinned");
    let old = stranger.issue(world.folder.path(), 6, &[dns("a.example")], (-30, -1));
    let alert = pinned(&world, &old, None).await.unwrap_err();
    assert!(alert.contains("CertificateExpired"), "{alert}");
}

#[tokio::test]
async fn a_pinned_certificate_can_be_revoked() {
    let (world, stranger) = (World::new(), Ca::new("stranger"));
    let leaf = stranger.issue(world.folder.path(), 5, &[dns("a.example")], NOW);
    world.write("pin-crl.pem", &stranger.crl(&[6], 7));
    pinned(&world, &leaf, Some("pin-crl.pem")).await.unwrap();
    world.write("pin-crl.pem", &stranger.crl(&[5], 7));
    let alert = pinned(&world, &leaf, Some("pin-crl.pem")).await.unwrap_err();
    assert!(alert.contains("CertificateRevoked"), "{alert}");
}

#[tokio::test]
async fn a_spiffe_name_is_judged_by_its_domain_even_when_pinned() {
    let (world, stranger) = (World::new(), Ca::new("stranger"));
    let name = [uri("spiffe://isp.example/operator/alice")];
    let leaf = stranger.issue(world.folder.path(), 5, &name, NOW);
    let alert = pinned(&world, &leaf, None).await.unwrap_err();
    assert!(alert.contains("UnknownCA"), "{alert}");
}

#[tokio::test]
async fn without_a_certificate_nobody_comes_in() {
    let world = World::new();
    let server = serve_who(&world.tls());
    let alert = world.who(server.address, None).await.unwrap_err();
    assert!(alert.contains("CertificateRequired"), "{alert}");
}

#[tokio::test]
async fn where_certificates_are_optional_a_bad_one_is_refused_all_the_same() {
    let world = World::new();
    let mut settings = world.settings();
    settings.client_certificates = ClientCertificates::Optional;
    let tls = ServerTls::load(settings, link::metrics::Metrics::new()).unwrap();
    let server = crate::fixture::serve(Security::Tls(tls), Limits::default(), crate::fixture::who);
    assert_eq!(world.who(server.address, None).await.unwrap(), "anonymous");
    let stranger = Ca::new("stranger").issue(world.folder.path(), 9, &[dns("x.example")], NOW);
    assert!(world.who(server.address, Some(&stranger)).await.is_err());
}

#[test]
fn settings_that_cannot_prove_anything_are_refused() {
    let world = World::new();
    let mut cases = vec![
        PartnerTrust { name: "empty".into(), ..PartnerTrust::default() },
        PartnerTrust { name: "san".into(), san: vec!["a".into()], ..PartnerTrust::default() },
    ];
    cases.push(PartnerTrust { name: "acme".into(), ..world.trust().partners[0].clone() });
    cases.push(PartnerTrust {
        name: "usurper".into(),
        trust_domain: Some("isp.example".into()),
        ..world.trust().partners[0].clone()
    });
    cases.push(PartnerTrust {
        name: "short".into(),
        fingerprint: vec!["ab:cd".into()],
        ..PartnerTrust::default()
    });
    for partner in cases {
        let mut settings = world.settings();
        settings.trust.partners.push(partner.clone());
        let refused = ServerTls::load(settings, link::metrics::Metrics::new());
        assert!(matches!(refused, Err(TlsError::Trust(_))), "{partner:?}");
    }
}

/// What it asks of its clients holds for its own key: each handshake signs with it.
#[test]
fn a_server_does_not_start_over_a_key_that_it_would_refuse() {
    let world = World::new();
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let at = (world.folder.path(), 78);
    let leaf = world.isp.issue_over(&key, at, &[dns("localhost")], NOW);
    let settings =
        ServerTlsSettings { certificate: leaf.certificate, key: leaf.key, ..world.settings() };
    let refused = ServerTls::load(settings, link::metrics::Metrics::new()).unwrap_err().to_string();
    assert!(refused.contains("key is ECDSA P-384; only ECDSA P-256 and Ed25519"), "{refused}");
}
