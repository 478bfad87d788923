//! Certificates, CAs and revocation lists that change under load.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber,
};
use system_tests::data;
use system_tests::unis::{Unis, replace};
use time::{Duration, OffsetDateTime};

use crate::load::{Load, Shown};
use crate::{metric, rounds};

const NAME: &str = "spiffe://acme.example/p2psp/acme/oms/1";

/// A generation of the partner's CA.
struct Ca {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Ca {
    fn new(round: usize) -> anyhow::Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("acme {round}"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        Ok(Self { issuer: CertifiedIssuer::self_signed(params, KeyPair::generate()?)? })
    }

    fn crl(&self) -> anyhow::Result<String> {
        let now = OffsetDateTime::now_utc();
        let params = CertificateRevocationListParams {
            this_update: now - Duration::days(1),
            next_update: now + Duration::days(1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(params.signed_by(&self.issuer)?.pem()?)
    }
}

fn leaf(names: Vec<SanType>) -> anyhow::Result<(CertificateParams, KeyPair)> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    params.not_before = OffsetDateTime::now_utc() - Duration::days(1);
    params.not_after = OffsetDateTime::now_utc() + Duration::days(1);
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    Ok((params, KeyPair::generate()?))
}

/// Writes a certificate of the partner and says how to show it.
fn member(ca: &Ca, round: usize, folder: &Path, server_ca: PathBuf) -> anyhow::Result<Shown> {
    let (params, key) = leaf(vec![SanType::URI(NAME.try_into()?)])?;
    let certificate = folder.join(format!("{round}.pem"));
    let key_file = folder.join(format!("{round}-key.pem"));
    std::fs::write(&certificate, params.signed_by(&key, &ca.issuer)?.pem())?;
    std::fs::write(&key_file, key.serialize_pem())?;
    Ok(Shown { ca: server_ca, certificate, key: key_file })
}

/// Gives the server another certificate of its own CA, one file after the other.
fn renew_server(unis: &Unis) -> anyhow::Result<()> {
    let text = |file: &str| std::fs::read_to_string(unis.pki(file));
    let ca_key = KeyPair::from_pem(&text("ca-key.pem")?)?;
    let issuer = Issuer::from_ca_cert_pem(&text("ca.pem")?, ca_key)?;
    let names = vec![
        SanType::URI("spiffe://isp.localhost/isp/0/unis/1".try_into()?),
        SanType::IpAddress([127, 0, 0, 1].into()),
    ];
    let (params, key) = leaf(names)?;
    replace(&unis.pki("server.pem"), &params.signed_by(&key, &issuer)?.pem())?;
    replace(&unis.pki("server-key.pem"), &key.serialize_pem())
}

#[test]
fn no_request_fails_while_certificates_cas_and_lists_change() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let settings = format!(
        "reload-poll-seconds = 0\n[network]\nsource = {:?}\n[[partner]]\nname = \"acme\"\n\
         trust-domain = \"acme.example\"\nbundle = \"ca.pem\"\ncrl = \"crl.pem\"\n",
        data::rfc7285()
    );
    std::fs::write(at("unis.toml"), settings).unwrap();
    let mut old = Ca::new(0).unwrap();
    replace(&at("ca.pem"), &old.issuer.pem()).unwrap();
    replace(&at("crl.pem"), &old.crl().unwrap()).unwrap();
    let unis = Unis::mutual(&[], &["--config", &at("unis.toml").to_string_lossy()]).unwrap();
    let first = member(&old, 0, folder.path(), unis.pki("ca.pem")).unwrap();
    let load = Load::start(&unis.at("network-map"), first).unwrap();
    let rounds = rounds(5, 100);
    for round in 1..=rounds {
        // Both generations are believed, then the clients change over, then the old one goes.
        let new = Ca::new(round).unwrap();
        replace(&at("crl.pem"), &(old.crl().unwrap() + &new.crl().unwrap())).unwrap();
        replace(&at("ca.pem"), &(old.issuer.pem() + &new.issuer.pem())).unwrap();
        renew_server(&unis).unwrap();
        let before = metric(&unis, "unis_reloads_total");
        unis.signal("HUP").unwrap();
        unis.wait_for_log("map reloaded").unwrap();
        assert_eq!(metric(&unis, "unis_reloads_total"), before + 1.0);
        load.shows(member(&new, round, folder.path(), unis.pki("ca.pem")).unwrap());
        load.goes_on().unwrap();
        replace(&at("ca.pem"), &new.issuer.pem()).unwrap();
        replace(&at("crl.pem"), &new.crl().unwrap()).unwrap();
        unis.signal("HUP").unwrap();
        unis.wait_for_log("map reloaded").unwrap();
        old = new;
    }
    let told = load.finish().unwrap();
    assert_eq!(metric(&unis, "unis_reloads_failed_total"), 0.0);
    eprintln!("{rounds} rotations, {told}");
}
