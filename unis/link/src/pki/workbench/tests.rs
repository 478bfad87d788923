//! What the bench renews.

use std::time::Duration;

use crate::pki::workbench::*;

/// The clock was three months ahead for a while.
#[test]
fn what_has_not_begun_is_replaced() {
    let path = tempfile::tempdir().unwrap();
    let (folder, kept) = (Folder::at(path.path()), Kept::default());
    let settings = PkiSettings {
        trust_domain: "isp.example".into(),
        server_path: "isp/64500/unis/1".into(),
        server_names: vec![],
        peer_life: Duration::from_secs(3600),
    };
    let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    found(&folder, &settings, now).unwrap();
    let upkeep = |after: i64| {
        let at = now + time::Duration::days(after);
        Workbench::open(&folder, &kept, at).unwrap().upkeep(&settings).unwrap();
        let files = [folder.server(), folder.client(), folder.crl()];
        files.map(|file| required(&file).unwrap())
    };
    let ahead = upkeep(90);
    let right = upkeep(0);
    for (ahead, right) in ahead.iter().zip(&right) {
        assert_ne!(ahead, right);
    }
    assert_eq!(upkeep(0), right);
    assert_eq!(upkeep(1), right);
}
