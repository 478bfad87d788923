//! From one CA to the next: what is good in between, who is waited for, and what a crash leaves.

use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer, UnixTime};

use crate::identity::Identity;
use crate::pki::folder::crash;
use crate::pki::rotation::*;
use crate::pki::{Folder, Naming, PkiSettings, Token, TokenOrder};
use crate::trust::{MAX_INTERMEDIATES, Trust, TrustDomain, TrustSettings};

fn settings() -> PkiSettings {
    PkiSettings {
        trust_domain: "provider.example".into(),
        server_path: "p2psp/p2psp/ums/1".into(),
        server_names: vec![],
        peer_life: Duration::from_secs(3600),
    }
}

fn authority() -> (tempfile::TempDir, Authority) {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::init(folder.path(), &settings()).unwrap();
    (folder, authority)
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// CAs as they are known by `ca.pem`, lists and keys: how many of each.
fn counts(files: &Folder) -> [usize; 3] {
    let (cas, lists, keys) = (text(&files.ca()), text(&files.crl()), text(&files.ca_key()));
    [
        CertificateDer::pem_slice_iter(cas.as_bytes()).map(Result::unwrap).count(),
        CertificateRevocationListDer::pem_slice_iter(lists.as_bytes()).map(Result::unwrap).count(),
        PrivateKeyDer::pem_slice_iter(keys.as_bytes()).map(Result::unwrap).count(),
    ]
}

/// What the folder says of a certificate, as anybody who has its files would find.
fn proved(files: &Folder, pem: &str) -> Result<Identity, rustls::Error> {
    let own =
        TrustDomain { name: "provider.example".into(), bundle: files.ca(), crl: Some(files.crl()) };
    let trust = TrustSettings { own, partners: vec![], max_intermediates: MAX_INTERMEDIATES };
    let chain = [CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    Trust::load(&trust, UnixTime::now()).unwrap().verify(&chain, UnixTime::now())
}

fn token(authority: &Authority) -> Token {
    let order = TokenOrder {
        name: Naming::PeerOf { user: "anna".into() },
        server_names: vec![],
        ttl: Duration::from_secs(60),
        url: "https://localhost".into(),
    };
    authority.token(&order).unwrap()
}

/// A certificate for a peer of anna's, and its key.
fn peer(authority: &Authority) -> (String, KeyPair) {
    let (token, key) = (token(authority), KeyPair::generate().unwrap());
    let granted = authority.enroll(&token.secret, &request(&key)).unwrap();
    (granted.certificate, key)
}

fn request(key: &KeyPair) -> Vec<u8> {
    CertificateParams::default().serialize_request(key).unwrap().der().to_vec()
}

fn turns(authority: &Authority) -> Vec<(u32, Turn, bool)> {
    authority.cas().unwrap().iter().map(|ca| (ca.number, ca.turn, ca.is_shown)).collect()
}

fn waits<T: fmt::Debug>(step: Result<T, PkiError>) -> Waiting {
    match step {
        Err(PkiError::Waiting(waiting)) => waiting,
        other => panic!("{other:?}"),
    }
}

#[test]
fn certificates_of_both_are_good_until_the_last_one_retires() {
    let (_folder, authority) = authority();
    let files = authority.folder();
    let server = || text(&files.server());
    let (old, key) = peer(&authority);
    let first_server = server();
    assert_eq!(authority.next_ca().unwrap(), 2);
    assert_eq!(turns(&authority), [(1, Turn::Issues, true), (2, Turn::Next, false)]);
    assert_eq!(counts(files), [2, 2, 2]);
    assert_eq!(authority.switch_ca(true).unwrap(), 2);
    assert_eq!(turns(&authority), [(2, Turn::Issues, false), (1, Turn::Last, true)]);
    // Who knows the first CA alone still finds the server, and hears of the second there.
    assert_eq!(server(), first_server);
    let holder = proved(files, &old).unwrap();
    let renewed = authority.renew(&holder, &request(&key)).unwrap();
    assert!(renewed.ca == text(&files.ca()) && renewed.ca.matches("BEGIN").count() == 2);
    let (other, _) = peer(&authority);
    let (old_proved, now_proved) = (proved(files, &old), proved(files, &renewed.certificate));
    assert_ne!(old_proved.unwrap().issuer, now_proved.unwrap().issuer);
    // What either signed can be revoked.
    let (gone, _) = peer(&authority);
    authority.revoke(&proved(files, &gone).unwrap().serial).unwrap();
    authority.revoke(&proved(files, &old).unwrap().serial).unwrap();
    for revoked in [&gone, &old] {
        let error = proved(files, revoked).unwrap_err().to_string();
        assert!(error.contains("Revoked"), "{error}");
    }
    assert_eq!(authority.retire_ca(false, Duration::ZERO).unwrap().0, 1);
    assert_eq!(turns(&authority), [(2, Turn::Issues, true)]);
    assert_eq!(counts(files), [1, 1, 1]);
    assert!(proved(files, &first_server).is_err());
    for good in [&server(), &text(&files.client()), &renewed.certificate, &other] {
        proved(files, good).unwrap();
    }
    assert_eq!(authority.next_ca().unwrap(), 3);
}

#[test]
fn steps_wait_for_one_another_and_for_who_would_be_left_behind() {
    let (_folder, authority) = authority();
    assert_eq!(waits(authority.switch_ca(true)), Waiting::NoNext);
    assert_eq!(waits(authority.retire_ca(true, Duration::ZERO)), Waiting::NoLast);
    let (old, key) = peer(&authority);
    let before = token(&authority);
    authority.next_ca().unwrap();
    assert_eq!(waits(authority.next_ca()), Waiting::Made(2));
    assert_eq!(waits(authority.retire_ca(true, Duration::ZERO)), Waiting::Made(2));
    let unheard = waits(authority.switch_ca(false));
    token(&authority);
    // An hour, of which the beginning of its life is a minute earlier.
    let Waiting::Unheard { number: 2, left_s: 3500..=3540 } = unheard else {
        panic!("{unheard:?}")
    };
    authority.switch_ca(true).unwrap();
    assert_eq!(waits(authority.next_ca()), Waiting::Trusted(1));
    let holder = proved(authority.folder(), &old).unwrap();
    let such_as = holder.name.as_ref().unwrap().to_string();
    let in_use = waits(authority.retire_ca(false, Duration::ZERO));
    let Waiting::InUse { number: 1, names: 1, such_as: named, left_s: 3500..=3600 } = &in_use
    else {
        panic!("{in_use:?}")
    };
    assert_eq!(*named, such_as);
    authority.renew(&holder, &request(&key)).unwrap();
    let tokens = waits(authority.retire_ca(false, Duration::ZERO));
    assert!(matches!(tokens, Waiting::Tokens { tokens: 1, left_s: 50..=60 }), "{tokens:?}");
    authority.enroll(&before.secret, &request(&KeyPair::generate().unwrap())).unwrap();
    // The one before is good for its hour, and nobody's only one.
    let (_, ended) = authority.retire_ca(false, Duration::ZERO).unwrap();
    assert!(ended.is_empty(), "{ended:?}");
    let status = authority.status().unwrap();
    let good = |entry: &&Entry| entry.state(0) == State::Valid;
    assert!(status.iter().filter(good).all(|entry| entry.ca == 2));
    assert!(proved(authority.folder(), &old).is_err());
}

/// A command beside the server may be given no settings, or those of another server.
#[test]
fn names_stay_whatever_the_settings_of_the_command() {
    let (folder, authority) = authority();
    let names = || {
        let files = authority.folder();
        [files.server(), files.client()].map(|file| proved(files, &text(&file)).unwrap().name)
    };
    let before = names();
    let other = PkiSettings { server_path: "p2psp/p2psp/oms/1".into(), ..settings() };
    let command = Authority::open(folder.path(), &other).unwrap();
    command.next_ca().unwrap();
    command.switch_ca(true).unwrap();
    command.retire_ca(false, Duration::ZERO).unwrap();
    assert_eq!(names(), before);
    command.replace_ca(true).unwrap();
    assert_eq!(names(), before);
}

#[test]
fn a_stolen_key_is_replaced_at_once() {
    let (_folder, authority) = authority();
    let files = authority.folder();
    let (old, key) = peer(&authority);
    let holder = proved(files, &old).unwrap();
    // The first operator, the server and the peer.
    assert_eq!(waits(authority.replace_ca(false)), Waiting::Everybody { certificates: 3 });
    authority.next_ca().unwrap();
    let (made, ended) = authority.replace_ca(true).unwrap();
    assert_eq!((made, counts(files)), (3, [1, 1, 1]));
    assert!(ended.iter().any(|entry| entry.serial == holder.serial));
    assert!(proved(files, &old).is_err());
    assert!(authority.renew(&holder, &request(&key)).is_err());
    proved(files, &text(&files.server())).unwrap();
    proved(files, &peer(&authority).0).unwrap();
}

/// After each write of each step: whoever opens the folder then finds a whole authority, and the
/// step can be taken again.
#[test]
fn a_crash_within_a_step_leaves_a_whole_authority() {
    type Step = fn(&Authority) -> Result<(), PkiError>;
    let steps: [Step; 4] = [
        |it| it.next_ca().map(drop),
        |it| it.switch_ca(true).map(drop),
        |it| it.retire_ca(true, Duration::ZERO).map(drop),
        |it| it.replace_ca(true).map(drop),
    ];
    let (folder, authority) = authority();
    for (number, step) in steps.into_iter().enumerate() {
        let mut writes = 0;
        loop {
            let crashed = copy(folder.path());
            let there = Authority::open(crashed.path(), &settings()).unwrap();
            crash::after(Some(writes));
            let taken = step(&there);
            crash::after(None);
            let is_whole = taken.is_ok();
            // Given again while the server runs: all is done then, though it may say that it was.
            let crashed_too = copy(crashed.path());
            let there = Authority::open(crashed_too.path(), &settings()).unwrap();
            assert!(matches!(step(&there), Ok(()) | Err(PkiError::Waiting(_))));
            let [cas, lists, keys] = counts(there.folder());
            assert!(cas == lists && cas == keys, "step {number} again after {writes} writes");
            proved(there.folder(), &peer(&there).0).unwrap();
            let again = Authority::init(crashed.path(), &settings()).unwrap();
            let files = again.folder();
            let [cas, lists, keys] = counts(files);
            assert!(cas == lists && cas == keys, "step {number} after {writes} writes");
            for own in [files.server(), files.client()] {
                let found = proved(files, &text(&own));
                assert!(found.is_ok(), "step {number} after {writes} writes: {found:?}");
            }
            proved(files, &peer(&again).0).unwrap();
            // It was done, or is done now.
            match step(&again) {
                Ok(()) | Err(PkiError::Waiting(_)) => {}
                Err(error) => panic!("step {number} after {writes} writes: {error}"),
            }
            if is_whole {
                break;
            }
            writes += 1;
        }
        assert!(writes >= 3, "step {number} has {writes} writes");
        step(&authority).unwrap();
    }
}

fn copy(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}
