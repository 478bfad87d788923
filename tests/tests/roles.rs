//! The role × operation table, cell by cell, over real requests: certificates of every role,
//! passwords, and nothing at all.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::path::Path;
use std::process::Command;

use system_tests::openssl::{Authority, Certificate};
use system_tests::resource::{ASKED, FETCHED};
use system_tests::unis::Unis;
use system_tests::{curl, data};

/// `SHA-256("bolt:alto:a password of bolt")`, by sha256sum.
const HASH: &str = "4c8776b8924be9c2d4c188c419ac98e1bc09038854702e9328c1dad79ce0ab62";

/// What a client shows, and whether it may anything.
const ROLES: [(&str, &str, bool); 12] = [
    ("operator", "URI:spiffe://acme.example/operator/anna", true),
    ("unis", "URI:spiffe://acme.example/isp/64500/unis/1", true),
    ("oms", "URI:spiffe://acme.example/p2psp/acme/oms/1", true),
    ("pams", "URI:spiffe://acme.example/p2psp/acme/pams/1", true),
    ("listed", "DNS:oms.acme.example", true),
    ("ixs", "URI:spiffe://acme.example/p2psp/acme/ixs/1", false),
    ("ums", "URI:spiffe://acme.example/p2psp/acme/ums/1", false),
    ("cs", "URI:spiffe://acme.example/p2psp/acme/cs/1", false),
    ("rs", "URI:spiffe://acme.example/p2psp/acme/rs/1", false),
    ("authority", "URI:spiffe://acme.example/authority/rights", false),
    ("peer", "URI:spiffe://acme.example/peer/p1", false),
    ("workload", "URI:spiffe://acme.example/workload", false),
];

struct World {
    unis: Unis,
    acme: Authority,
    _folder: tempfile::TempDir,
}

impl World {
    fn new(more: &str) -> anyhow::Result<Self> {
        let (folder, acme) = (tempfile::tempdir()?, Authority::new()?);
        let settings = format!(
            "{more}\n[network]\nsource = {:?}\n[[partner]]\nname = \"acme\"\n\
             trust-domain = \"acme.example\"\nbundle = {:?}\nsan = \"oms.acme.example\"\n\
             [[partner]]\nname = \"bolt\"\n\
             digest = {{ user = \"bolt\", ha1-file = \"bolt.htdigest\" }}\n",
            data::rfc7285(),
            acme.bundle()
        );
        std::fs::write(folder.path().join("bolt.htdigest"), format!("bolt:alto:{HASH}\n"))?;
        let path = folder.path().join("unis.toml");
        std::fs::write(&path, settings)?;
        let unis = Unis::mutual(&[], &["--config", &path.to_string_lossy()])?;
        Ok(Self { unis, acme, _folder: folder })
    }

    fn curl(&self, own: Option<&Certificate>) -> Command {
        let files: Option<(&Path, &Path)> =
            own.map(|own| (own.certificate.as_path(), own.key.as_path()));
        curl::with(&self.unis.pki("ca.pem"), files)
    }

    /// The status of every operation, in the table's order.
    fn statuses(&self, client: impl Fn() -> Command) -> Vec<(&'static str, u16)> {
        let status = |command: &mut Command| {
            command.args(["--output", "/dev/null", "--write-out", "%{http_code}"]);
            let output = command.output().expect("an answer");
            String::from_utf8_lossy(&output.stdout).parse().expect("an answer")
        };
        let fetched = FETCHED
            .iter()
            .map(|resource| (resource.path, status(client().arg(self.unis.at(resource.path)))));
        let asked = ASKED.iter().map(|resource| {
            let media_type = format!("Content-Type: {}", resource.accepts);
            let mut command = client();
            command.args(["--header", &media_type, "--data-raw", resource.query]);
            (resource.path, status(command.arg(self.unis.at(resource.path))))
        });
        fetched.chain(asked).collect()
    }

    fn all_are(&self, who: &str, expected: u16, client: impl Fn() -> Command) {
        for (path, status) in self.statuses(client) {
            assert_eq!(status, expected, "{who} {path}");
        }
    }
}

#[test]
fn every_role_may_what_the_table_says_and_nothing_else() {
    let world = World::new("").unwrap();
    for (role, name, may) in ROLES {
        let certificate = world.acme.issue(role, name).unwrap();
        let expected = if may { 200 } else { 403 };
        world.all_are(role, expected, || world.curl(Some(&certificate)));
    }
    world.all_are("the operator of the first try", 200, || curl::with_certificate(&world.unis));
}

#[test]
fn a_password_is_a_partner_and_none_is_nobody() {
    let world = World::new("").unwrap();
    let with = |password: &str| {
        let mut command = world.curl(None);
        command.args(["--digest", "--user", &format!("bolt:{password}")]);
        command
    };
    world.all_are("the right password", 200, || with("a password of bolt"));
    world.all_are("another password", 401, || with("another password"));
    world.all_are("no password", 401, || world.curl(None));
}

#[test]
fn the_public_view_is_for_nobody_and_peers_alone() {
    let world = World::new("public-view = true").unwrap();
    world.all_are("nobody", 200, || world.curl(None));
    for (role, name, may) in ROLES {
        let certificate = world.acme.issue(role, name).unwrap();
        let expected = if may || role == "peer" { 200 } else { 403 };
        world.all_are(role, expected, || world.curl(Some(&certificate)));
    }
}
