//! HTTP Digest (RFC 7616) for a partner that cannot show a certificate (RFC 7285 §8.3.5): clients
//! are the real curl and Python's `requests`.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has to say where")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use system_tests::http::{Answer, request};
use system_tests::resource::COST;
use system_tests::unis::{self, Unis, replace};
use system_tests::{curl, data, python};

const PASSWORD: &str = "correct horse battery";

/// What `unis config digest` prints for a password on its standard input.
fn line_of(user: &str, password: &str) -> Result<String, String> {
    let mut command = Command::new(unis::program().map_err(|error| error.to_string())?);
    command.args(["config", "digest", user]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(format!("{password}\n").as_bytes()).map_err(|error| error.to_string())?;
    }
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Settings with a partner `acme` that has a password; `more` are settings of the server, `of_acme`
/// of the partner.
struct Setting {
    folder: tempfile::TempDir,
}

impl Setting {
    fn new(more: &str, of_acme: &str) -> anyhow::Result<Self> {
        let setting = Self { folder: tempfile::tempdir()? };
        let text = format!(
            "{more}\n[network]\nsource = {:?}\n[[partner]]\nname = \"acme\"\n\
             digest = {{ user = \"acme\", ha1-file = \"acme.htdigest\" }}\n{of_acme}\n",
            data::rfc7285()
        );
        std::fs::write(setting.path("unis.toml"), text)?;
        setting.password(PASSWORD)?;
        Ok(setting)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn password(&self, password: &str) -> anyhow::Result<()> {
        let line = line_of("acme", password).map_err(anyhow::Error::msg)?;
        replace(&self.path("acme.htdigest"), &line)
    }

    fn serve(&self) -> anyhow::Result<Unis> {
        Unis::mutual(&[], &["--config", &self.path("unis.toml").to_string_lossy()])
    }
}

/// curl with a password and no certificate; the last of its answers.
fn ask(unis: &Unis, user: Option<&str>, more: &[&str], path: &str) -> Answer {
    let mut command = curl::with(&unis.pki("ca.pem"), None);
    if let Some(user) = user {
        command.args(["--digest", "--user", user]);
    }
    let output = command.args(more).arg(unis.at(path)).output().expect("curl runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = text.rfind("HTTP/1.1 ").unwrap_or_default();
    system_tests::http::read_answer(&mut &output.stdout[last..], "GET").expect("an answer")
}

fn as_acme(password: &str) -> String {
    format!("acme:{password}")
}

#[test]
fn a10_a_partner_with_a_password_is_served_as_that_partner() {
    let setting = Setting::new("", "view = \"ordinal\"").unwrap();
    let unis = setting.serve().unwrap();
    let acme = as_acme(PASSWORD);
    for (path, status) in [
        ("directory", 200),
        ("cost-map-routingcost-ordinal", 200),
        ("cost-map-routingcost-numerical", 404),
    ] {
        assert_eq!(ask(&unis, Some(&acme), &[], path).status, status, "{path}");
    }
    let media_type = format!("Content-Type: {}", COST.accepts);
    let query = COST.query.replace("numerical", "ordinal");
    let posted = ["--header", &media_type, "--data-raw", &query];
    let answer = ask(&unis, Some(&acme), &posted, COST.path);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json()[COST.data].is_object());
}

/// curl sends an empty query first, to be challenged; others send theirs.
#[test]
fn beside_a_public_view_a_partner_with_a_password_has_its_own() {
    let unis = Setting::new("public-view = \"ordinal\"", "").unwrap().serve().unwrap();
    let acme = as_acme(PASSWORD);
    let [numerical, ordinal] =
        ["numerical", "ordinal"].map(|mode| format!("cost-map-routingcost-{mode}"));
    for (user, path, status) in [
        (Some(acme.as_str()), numerical.as_str(), 200),
        (Some("acme:wrong password"), &numerical, 401),
        (None, &numerical, 401),
        (None, &ordinal, 200),
        (Some(&acme), "nothing", 404),
        (None, "nothing", 404),
    ] {
        assert_eq!(ask(&unis, user, &[], path).status, status, "{user:?} {path}");
    }
    let media_type = format!("Content-Type: {}", COST.accepts);
    let post = |user, query: &str| {
        ask(&unis, user, &["--header", &media_type, "--data-raw", query], COST.path).status
    };
    assert_eq!(post(Some(&acme), COST.query), 200);
    let ranks = COST.query.replace("numerical", "ordinal");
    assert_eq!([post(Some(&acme), &ranks), post(None, &ranks)], [200, 200]);
    assert_eq!([post(None, COST.query), post(None, ""), post(None, "{")], [401, 401, 400]);
}

#[test]
fn a10_who_has_neither_certificate_nor_password_is_challenged() {
    let unis = Setting::new("", "").unwrap().serve().unwrap();
    for user in [None, Some("acme:wrong"), Some("nobody:wrong")] {
        let answer = ask(&unis, user, &[], "directory");
        assert_eq!(answer.status, 401, "{user:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        // RFC 7616 §3.3; MD5 is not on offer.
        for part in ["Digest realm=\"alto\"", "qop=\"auth\"", "algorithm=SHA-256", "nonce=\""] {
            assert!(challenge.contains(part), "{challenge}");
        }
        assert!(!challenge.contains("MD5") && !challenge.contains("stale"), "{challenge}");
    }
    // A certificate is as good as ever, and needs no password.
    let answer = curl::run(curl::with_certificate(&unis).arg(&unis.url)).unwrap();
    assert_eq!(answer.status, 200);
}

#[test]
fn a10_a_client_library_counts_its_requests_and_none_can_be_replayed() {
    let unis = Setting::new("", "").unwrap().serve().unwrap();
    let mut script = python::with_packages("tests/clients/digest.py").unwrap();
    script.arg(&unis.url).arg(unis.pki("ca.pem")).args(["acme", PASSWORD]);
    python::finish(&mut script).unwrap();
}

#[test]
fn a_password_is_a_partners_with_its_quota() {
    let unis = Setting::new("", "quota = 1").unwrap().serve().unwrap();
    let mut command = curl::with(&unis.pki("ca.pem"), None);
    command.args(["--digest", "--user", &as_acme(PASSWORD)]);
    let output = command.arg(format!("{}?[1-20]", unis.url)).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("HTTP/1.1 200") && text.contains("HTTP/1.1 429"), "{text}");
}

#[test]
fn another_password_is_in_force_after_a_reload_and_a_broken_file_changes_nothing() {
    let setting = Setting::new("reload-poll-seconds = 0", "").unwrap();
    let unis = setting.serve().unwrap();
    let status = |password: &str| ask(&unis, Some(&as_acme(password)), &[], "directory").status;
    setting.password("another password").unwrap();
    unis.signal("HUP").unwrap();
    unis.wait_for_log("map reloaded").unwrap();
    assert_eq!((status(PASSWORD), status("another password")), (401, 200));
    replace(&setting.path("acme.htdigest"), "acme:alto:5f4dcc3b5aa765d61d8327deb882cf99\n")
        .unwrap();
    unis.signal("HUP").unwrap();
    let line = unis.wait_for_log("account not taken over").unwrap();
    assert!(line.contains("SHA-256 is needed"), "{line}");
    unis.wait_for_log("map reloaded").unwrap();
    assert_eq!((status(PASSWORD), status("another password")), (401, 200));
}

#[test]
fn never_without_tls() {
    let setting = Setting::new("", "view = \"ordinal\"").unwrap();
    let path = setting.path("unis.toml");
    let unis = Unis::plain(&[], &["--config", &path.to_string_lossy()]).unwrap();
    let header = "Digest username=\"acme\", realm=\"alto\", nonce=\"n\", uri=\"/directory\", \
        response=\"0\", cnonce=\"c\", nc=00000001, qop=auth, algorithm=SHA-256";
    let answer = request("GET", &unis.url).header("Authorization", header).send();
    assert_eq!((answer.status, answer.header("www-authenticate")), (200, None));
}

#[test]
fn no_password_lies_in_the_settings_and_a_short_one_is_refused() {
    let line = line_of("acme", PASSWORD).unwrap();
    assert!(line.starts_with("acme:alto:") && !line.contains(PASSWORD), "{line}");
    assert_eq!(line.trim_end().rsplit(':').next().map(str::len), Some(64));
    assert!(line_of("acme", "short").unwrap_err().contains("shorter than 12"));
    assert!(line_of("a:b", PASSWORD).unwrap_err().contains("ASCII letters"));
}

#[test]
fn at_the_start_a_missing_account_is_refused_with_its_file() {
    let setting = Setting::new("", "").unwrap();
    std::fs::remove_file(setting.path("acme.htdigest")).unwrap();
    let refused = |path: &Path| {
        let started = Unis::mutual(&[], &["--config", &path.to_string_lossy()]);
        started.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let told = refused(&setting.path("unis.toml"));
    assert!(told.contains("partner \"acme\"") && told.contains("acme.htdigest"), "{told}");
}
