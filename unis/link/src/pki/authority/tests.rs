//! What the authority makes, renews and refuses.

use crate::pki::authority::*;

fn settings() -> PkiSettings {
    PkiSettings {
        trust_domain: "isp.example".into(),
        server_path: "isp/64500/unis/1".into(),
        server_names: vec![],
        peer_life: Duration::from_secs(3600),
    }
}

fn authority(path: &Path) -> Authority {
    Authority::init(path, &settings()).unwrap()
}

fn files(authority: &Authority) -> Vec<String> {
    let folder = &authority.folder;
    let paths = [folder.ca(), folder.server(), folder.client(), folder.crl()];
    paths.iter().map(|path| required(path).unwrap()).collect()
}

fn changed(authority: &Authority, days: i64) -> [bool; 4] {
    let before = files(authority);
    authority.upkeep_at(OffsetDateTime::now_utc() + time::Duration::days(days)).unwrap();
    let after = files(authority);
    std::array::from_fn(|at| before[at] != after[at])
}

#[test]
fn opening_again_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let before = files(&authority(folder.path()));
    assert_eq!(files(&authority(folder.path())), before);
}

#[test]
fn looking_on_makes_and_renews_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let absent = Authority::open(folder.path(), &settings());
    assert!(matches!(absent, Err(PkiError::Absent(_))));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let before = files(&authority(folder.path()));
    let other = PkiSettings { server_names: vec!["unis.isp.example".into()], ..settings() };
    let opened = Authority::open(folder.path(), &other).unwrap();
    assert_eq!(opened.status().unwrap().len(), 2);
    assert_eq!(files(&opened), before);
}

#[test]
fn a_server_of_another_name_gets_another_certificate() {
    let other = [
        PkiSettings { server_names: vec!["unis.isp.example".into()], ..settings() },
        PkiSettings { server_path: "isp/64500/unis/2".into(), ..settings() },
    ];
    for settings in other {
        let folder = tempfile::tempdir().unwrap();
        let before = files(&authority(folder.path()));
        let after = files(&Authority::init(folder.path(), &settings).unwrap());
        let changed: [bool; 4] = std::array::from_fn(|at| before[at] != after[at]);
        assert_eq!(changed, [false, true, false, false]);
        assert_eq!(files(&Authority::init(folder.path(), &settings).unwrap()), after);
    }
}

#[test]
fn names_that_cannot_be_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = [
        PkiSettings { trust_domain: "not a domain".into(), ..settings() },
        PkiSettings { server_path: "a//b".into(), ..settings() },
        PkiSettings { server_names: vec!["a b".into()], ..settings() },
    ];
    for settings in wrong {
        let path = folder.path().join("pki");
        assert!(Authority::init(&path, &settings).is_err(), "{settings:?}");
        assert!(!path.exists());
    }
}

#[test]
fn what_runs_out_is_renewed_before() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    assert_eq!(changed(&authority, 3), [false, false, false, false]);
    assert_eq!(changed(&authority, 4), [false, false, false, true]);
    assert_eq!(changed(&authority, 61), [false, true, true, true]);
}

#[test]
fn a_revoked_certificate_is_not_renewed() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    authority.revoke("spiffe://isp.example/operator/first-try").unwrap();
    assert_eq!(changed(&authority, 61), [false, true, false, true]);
}

#[test]
fn a_lost_key_is_said_and_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority(folder.path());
    std::fs::remove_file(authority.folder.ca_key()).unwrap();
    let again = Authority::init(folder.path(), &authority.settings);
    assert!(matches!(again, Err(PkiError::Torn { .. })));
}

#[test]
fn names_of_others_are_not_promised() {
    let folder = tempfile::tempdir().unwrap();
    let order = TokenOrder {
        name: SpiffeName::parse("spiffe://other.example/peer/1").unwrap().into(),
        server_names: vec![],
        ttl: Duration::from_secs(60),
        url: String::new(),
    };
    let refused = authority(folder.path()).token(&order);
    assert!(matches!(refused, Err(PkiError::Foreign { .. })));
}
