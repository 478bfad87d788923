//! A revoked certificate is out, on the connection that it has, on one that takes an old session up
//! and on a new one; and a revocation list that has lapsed lets nobody in.

use std::time::Instant;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType, IsCa, Issuer,
    KeyIdMethod, KeyPair, SerialNumber,
};
use system_tests::outcast::Outcast;
use system_tests::unis::{self, Unis, replace};
use system_tests::wait::until_so;
use system_tests::{curl, data};
use time::OffsetDateTime;

#[test]
fn a_revoked_client_is_out_live_resumed_and_anew() {
    let unis = Unis::mutual(&data::small(), &[]).unwrap();
    let files = ["ca.pem", "client.pem", "client-key.pem"].map(|file| unis.pki(file));
    let (client, served) = Outcast::connect(unis.authority(), files).unwrap();
    assert_eq!(served, "HTTP/1.1 200 OK");
    let begin = Instant::now();
    let state = unis.state.to_string_lossy().into_owned();
    let revoked = unis::run(["pki", "revoke", "operator/first-try", "--state-dir", &state]);
    assert!(revoked.unwrap().status.success());
    eprintln!("revoked and closed within {:?}", client.is_out().unwrap() - begin);
}

/// A list of the server's own CA, of now, that lapses `seconds` from now.
fn list(unis: &Unis, seconds: i64) -> anyhow::Result<String> {
    let text = |file: &str| std::fs::read_to_string(unis.pki(file));
    let key = KeyPair::from_pem(&text("ca-key.pem")?)?;
    let issuer = Issuer::from_ca_cert_pem(&text("ca.pem")?, key)?;
    let now = OffsetDateTime::now_utc();
    let params = CertificateRevocationListParams {
        this_update: now - time::Duration::hours(2),
        next_update: now + time::Duration::seconds(seconds),
        crl_number: SerialNumber::from(9_u64),
        issuing_distribution_point: None,
        revoked_certs: Vec::new(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(params.signed_by(&issuer)?.pem()?)
}

#[test]
fn a_list_that_lapses_lets_nobody_in_any_more() {
    let unis = Unis::mutual(&data::small(), &[]).unwrap();
    let ask = || curl::run(curl::with_certificate(&unis).arg(&unis.url));
    assert_eq!(ask().unwrap().status, 200);
    // One that lapsed already does not take the place of a good one.
    replace(&unis.pki("crl.pem"), &list(&unis, -3600).unwrap()).unwrap();
    unis.wait_for_log("the revocation list lapsed").unwrap();
    assert_eq!(ask().unwrap().status, 200);
    replace(&unis.pki("crl.pem"), &list(&unis, 3).unwrap()).unwrap();
    until_so("nobody is served any more", || ask().is_err());
}

#[test]
fn a_ca_without_a_list_beside_one_with_a_list_is_told_of() {
    let unis = Unis::mutual(&data::small(), &[]).unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "the next CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let next = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let bundle = std::fs::read_to_string(unis.pki("ca.pem")).unwrap() + &next;
    replace(&unis.pki("ca.pem"), &bundle).unwrap();
    let line = unis.wait_for_log("no revocation list of this CA").unwrap();
    assert!(line.contains("the next CA"), "{line}");
    let answer = curl::run(curl::with_certificate(&unis).arg(&unis.url)).unwrap();
    assert_eq!(answer.status, 200);
}
