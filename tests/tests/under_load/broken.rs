//! Settings, files and certificates with every kind of fault: what was there serves on.

use std::path::PathBuf;

use system_tests::data;
use system_tests::unis::{Unis, replace};
use system_tests::wait::until;

use crate::load::{Load, Shown};
use crate::{metric, rounds};

/// PEM around what is no certificate and no list.
const NO_PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

/// A file of the world, and what is wrong with it.
type Fault = (&'static str, fn(&str) -> Option<String>);

fn without_end(text: &str) -> Option<String> {
    Some(text[..text.len() / 2].to_owned())
}

fn nothing(_: &str) -> Option<String> {
    Some(String::new())
}

fn gone(_: &str) -> Option<String> {
    None
}

fn no_text(_: &str) -> Option<String> {
    Some("\u{0}\u{1}\u{2} no text".repeat(100))
}

fn no_pem(_: &str) -> Option<String> {
    Some(NO_PEM.to_owned())
}

/// File by file: how it can be broken.
const FAULTS: &[Fault] = &[
    // The settings file: syntax, keys, values, what they name.
    ("unis.toml", |text| Some(format!("{text}[[partner\n"))),
    ("unis.toml", |text| Some(format!("max-pair = 1\n{text}"))),
    ("unis.toml", |text| Some(format!("max-pairs = \"many\"\n{text}"))),
    ("unis.toml", |text| Some(format!("max-pairs = 0\n{text}"))),
    ("unis.toml", |text| Some(format!("max-pairs = 1\nmax-pairs = 2\n{text}"))),
    ("unis.toml", |text| Some(format!("public-view = \"all\"\n{text}"))),
    ("unis.toml", |text| Some(format!("{text}[limits]\nmax-headers = 0\n"))),
    ("unis.toml", |text| Some(format!("{text}[routingcost]\nweight = \"heavy\"\n"))),
    ("unis.toml", |text| Some(format!("{text}[[partner]]\nname = \"nobody\"\n"))),
    ("unis.toml", |text| Some(format!("{text}[[partner]]\nname = \"acme\"\nsan = \"a\"\n"))),
    ("unis.toml", |text| Some(text.replace("inventory=network", "inventory=nothing"))),
    ("unis.toml", |text| Some(text.replace("inventory=", "papyrus="))),
    ("unis.toml", |text| Some(text.replace("crl = \"crl", "crl = \"nothing"))),
    ("unis.toml", no_text),
    ("unis.toml", gone),
    // The operator's files.
    ("network.toml", without_end),
    ("network.toml", nothing),
    ("network.toml", no_text),
    ("network.toml", gone),
    ("network.toml", |text| Some(text.replace("to = \"RM\"", "to = 7"))),
    ("network.toml", |text| Some(text.replace("igp = 10", "igp = -1"))),
    ("prefixes.csv", |text| Some(text.replace("prefix,pop", "perfix,pop"))),
    ("prefixes.csv", |text| Some(format!("{text}198.51.100.0/26,nowhere\n"))),
    ("prefixes.csv", |text| Some(format!("{text}198.51.100.0/33,MI\n"))),
    ("prefixes.csv", |text| Some(format!("{text}0.0.0.0/0,MI\n"))),
    ("prefixes.csv", gone),
    // What proves who is who: partners', and the server's own.
    ("ca.pem", without_end),
    ("ca.pem", no_pem),
    ("ca.pem", nothing),
    ("ca.pem", gone),
    ("crl.pem", without_end),
    ("crl.pem", no_pem),
    ("crl.pem", gone),
    ("acme.htdigest", nothing),
    ("acme.htdigest", |text| Some(text.replace("acme:alto:", "acme:other:"))),
    ("acme.htdigest", |text| Some(text[..40].to_owned())),
    ("acme.htdigest", gone),
    ("state/pki/server.pem", no_pem),
    ("state/pki/server.pem", nothing),
    ("state/pki/server.pem", gone),
    ("state/pki/server-key.pem", without_end),
    ("state/pki/server-key.pem", gone),
    ("state/pki/ca.pem", nothing),
    ("state/pki/crl.pem", without_end),
];

/// A server in a folder, whose every file can be broken.
struct World {
    folder: tempfile::TempDir,
    unis: Unis,
    reloads: f64,
    failed: f64,
}

impl World {
    fn new() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let network = std::fs::read_to_string(data::project("topology/fixtures/small.toml"))?;
        std::fs::write(at("network.toml"), network)?;
        std::fs::write(at("prefixes.csv"), "prefix,pop\n198.51.100.128/26,MI\n")?;
        let hash = "0123456789abcdef".repeat(4);
        std::fs::write(at("acme.htdigest"), format!("acme:alto:{hash}\n"))?;
        // Another server's CA and list are as good as a partner's.
        let partner = Unis::mutual(&data::small(), &[])?;
        std::fs::copy(partner.pki("ca.pem"), at("ca.pem"))?;
        std::fs::copy(partner.pki("crl.pem"), at("crl.pem"))?;
        let settings = "reload-poll-seconds = 0\nstate-dir = \"state\"\n[network]\n\
            source = [\"inventory=network.toml\", \"prefixes=prefixes.csv\"]\n\
            [[partner]]\nname = \"acme\"\ntrust-domain = \"acme.example\"\nbundle = \"ca.pem\"\n\
            crl = \"crl.pem\"\ndigest = { user = \"acme\", ha1-file = \"acme.htdigest\" }\n";
        std::fs::write(at("unis.toml"), settings)?;
        let (config, state) = (at("unis.toml"), at("state"));
        let (config, state) = (config.to_string_lossy(), state.to_string_lossy());
        let mut unis = Unis::mutual(&[], &["--config", &config, "--state-dir", &state])?;
        unis.state = at("state");
        Ok(Self { folder, unis, reloads: 0.0, failed: 0.0 })
    }

    /// The first client's files, copied to where nothing breaks them.
    fn client(&self) -> anyhow::Result<Shown> {
        let copy = |file: &str| {
            let to = self.path(&format!("of-{file}"));
            std::fs::copy(self.unis.pki(file), &to).map(|_| to)
        };
        Ok(Shown {
            ca: copy("ca.pem")?,
            certificate: copy("client.pem")?,
            key: copy("client-key.pem")?,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Reloads; whether the outcome was counted as a failure.
    fn reload(&mut self) -> anyhow::Result<bool> {
        self.unis.signal("HUP")?;
        let names = ["unis_reloads_total", "unis_reloads_failed_total"];
        let (now, failed) = until(|| {
            let [now, failed] = names.map(|name| metric(&self.unis, name));
            let is_done = now + failed > self.reloads + self.failed;
            if is_done { Ok((now, failed)) } else { Err("no reload comes to its end") }
        })?;
        let has_failed = failed > self.failed;
        (self.reloads, self.failed) = (now, failed);
        Ok(has_failed)
    }

    /// Breaks a file, reloads, mends it, reloads.
    fn suffers(&mut self, (file, fault): Fault) -> anyhow::Result<()> {
        let path = self.path(file);
        let whole = std::fs::read_to_string(&path)?;
        match fault(&whole) {
            Some(broken) => {
                anyhow::ensure!(broken != whole, "the fault changes nothing");
                replace(&path, &broken)?;
            }
            None => std::fs::remove_file(&path)?,
        }
        anyhow::ensure!(self.reload()?, "the fault was not noticed");
        replace(&path, &whole)?;
        anyhow::ensure!(!self.reload()?, "what is mended was refused");
        Ok(())
    }
}

#[test]
fn whatever_is_broken_the_old_version_serves_on() {
    let mut world = World::new().unwrap();
    let load = Load::start(&world.unis.at("network-map"), world.client().unwrap()).unwrap();
    let rounds = rounds(FAULTS.len(), 3 * FAULTS.len());
    for (round, fault) in FAULTS.iter().cycle().take(rounds).enumerate() {
        let number = round % FAULTS.len();
        if let Err(error) = world.suffers(*fault) {
            panic!("fault {number} of {}: {error:#}", fault.0);
        }
    }
    let told = load.finish().unwrap();
    eprintln!("{rounds} broken configurations, {told}");
}
