//! Which certificates a handshake is not worth: keys of kinds that cost much or are out of use, and
//! chains that are too long. The log says which it was.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use system_tests::openssl::{Authority, Certificate};
use system_tests::unis::Unis;
use system_tests::{curl, data};

const NAME: &str = "URI:spiffe://acme.example/operator/anna";

/// A server with the partner `acme`, and its settings file.
fn serve(acme: &Authority, more: &[&str]) -> (Unis, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[network]\nsource = {:?}\n[[partner]]\nname = \"acme\"\n\
         trust-domain = \"acme.example\"\nbundle = {:?}\n",
        data::rfc7285(),
        acme.bundle()
    );
    let path = folder.path().join("unis.toml");
    std::fs::write(&path, settings).unwrap();
    let config = path.to_string_lossy().into_owned();
    let unis = Unis::mutual(&[], &[&["--config", &config], more].concat()).unwrap();
    (unis, folder)
}

fn ask(unis: &Unis, own: &Certificate) -> Result<u16, String> {
    let own = Some((own.certificate.as_path(), own.key.as_path()));
    let mut command = curl::with(&unis.pki("ca.pem"), own);
    curl::run(command.arg(unis.at("network-map"))).map(|answer| answer.status)
}

#[test]
fn only_keys_that_cost_little_are_taken() {
    let acme = Authority::new().unwrap();
    let (unis, _folder) = serve(&acme, &[]);
    let of = |kind: &str| acme.issue_over(kind, "client", NAME).unwrap();
    for kind in ["ec -pkeyopt ec_paramgen_curve:P-256", "ed25519"] {
        assert_eq!(ask(&unis, &of(kind)), Ok(200), "{kind}");
    }
    for (kind, told) in
        [("rsa:2048", "RSA"), ("ec -pkeyopt ec_paramgen_curve:P-384", "ECDSA P-384")]
    {
        assert!(ask(&unis, &of(kind)).is_err(), "{kind} is let in");
        let line = unis.wait_for_log("refused").unwrap();
        let told = format!("the certificate's key is {told}; only ECDSA P-256 and Ed25519");
        assert!(line.contains(&told), "{line}");
    }
}

#[test]
fn a_chain_may_be_as_long_as_the_settings_say() {
    let acme = Authority::new().unwrap();
    let one = acme.below().unwrap();
    let two = one.below().unwrap();
    let [by_one, by_two] = [&one, &two].map(|ca| ca.issue("client", NAME).unwrap());
    let (unis, _folder) = serve(&acme, &["--set", "limits.max-intermediates=1"]);
    assert_eq!(ask(&unis, &by_one), Ok(200));
    assert!(ask(&unis, &by_two).is_err());
    let line = unis.wait_for_log("refused").unwrap();
    assert!(line.contains("2 certificates between leaf and bundle, 1 are taken"), "{line}");
    let (unis, _folder) = serve(&acme, &[]);
    assert_eq!(ask(&unis, &by_two), Ok(200));
}
