//! Our side: a UNIS for each ISP, a provider that follows them, and peers.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use system_tests::p2psp::{self, P2psp};
use system_tests::peer::PeerProgram;
use system_tests::unis::Unis;
use tempfile::TempDir;

use crate::internet::{Host, Internet, SERVICE, letter};
use crate::race::{Race, Racer};
use crate::setting::{Case, Setting};

/// A cache wherever members and caches are, however many members there are.
const CACHES: [&str; 4] = [
    "--set",
    "reservation.cache-attach-below=1000",
    "--set",
    "reservation.cache-release-above=2000",
];
/// What the overloaded one has to give, Mbit/s.
const OVERLOADED_MBIT: f64 = 0.2;

/// The provider and the ISPs' servers; they live as long as the race.
struct Scene {
    // The one that follows goes first.
    p2psp: P2psp,
    _unis: Vec<Unis>,
    _folder: TempDir,
}

/// A peer's daemon, and the command that makes it fetch.
struct Getter {
    peer: PeerProgram,
    content: String,
    folder: String,
    command: Option<Child>,
}

impl Racer for Getter {
    fn begin(&mut self) -> anyhow::Result<()> {
        let mut command =
            self.peer.command(&["get", &self.content, "-o", &self.folder, "--json"])?;
        self.command = Some(command.stdout(Stdio::null()).spawn()?);
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        let status = self.command.as_mut().context("it has not begun")?.wait()?;
        ensure!(status.success(), "`peer get` failed: {status}");
        Ok(())
    }

    fn process(&self) -> u32 {
        self.peer.process().unwrap_or_default()
    }
}

/// A dedicated cache server; what it keeps, OMS reserves as soon as members come.
struct Cache {
    peer: PeerProgram,
    settings: Vec<String>,
}

impl Racer for Cache {
    fn begin(&mut self) -> anyhow::Result<()> {
        let settings: Vec<&str> = self.settings.iter().map(String::as_str).collect();
        self.peer.serve(&[&["--role", "cache"], &settings[..]].concat())?;
        self.peer.until(|status| status["cache"]["registered"] == true)?;
        Ok(())
    }

    fn finish(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    fn process(&self) -> u32 {
        self.peer.process().unwrap_or_default()
    }
}

/// Starts servers and daemons; all wait.
///
/// # Errors
/// One does not start.
pub(crate) fn race(
    internet: &Internet,
    setting: &Setting,
    (folder, case): (&Path, Case),
    more: &[String],
) -> anyhow::Result<Race> {
    let scene = scene(internet, setting, case)?;
    let settings: Vec<&str> = more.iter().flat_map(|one| ["--set", one.as_str()]).collect();
    let serve = |host: &Host| -> anyhow::Result<PeerProgram> {
        let user = host.space.name().to_lowercase();
        let who = (user.as_str(), host.address.as_str());
        let mut peer = PeerProgram::enrol_in(Some(&host.space), &scene.p2psp, who, folder)?;
        peer.serve(&settings)?;
        Ok(peer)
    };
    let (first, others) = internet.hosts.split_first().context("no hosts")?;
    let seeder = serve(first)?;
    let content = seeder.share(&folder.join("source/film.bin"))?;
    let getter = |host: &Host, peer: PeerProgram| {
        let folder = folder.join(host.space.name()).display().to_string();
        Box::new(Getter { peer, content: content.clone(), folder, command: None })
    };
    let seeder = getter(first, seeder);
    let mut helper = None;
    if let Some(host) = internet.helper.as_ref().filter(|_| case.has_helper()) {
        let mut peer = getter(host, serve(host)?);
        peer.begin()?;
        peer.finish()?;
        if case == Case::Overloaded {
            host.uplink(OVERLOADED_MBIT)?;
        }
        helper = Some(peer);
    }
    let mut entered = Vec::new();
    for host in others {
        let file = folder.join(host.space.name()).join("film.bin");
        entered.push((host.isp, getter(host, serve(host)?), file));
    }
    let caches = internet.servers.iter().skip(1).filter(|_| case == Case::Caches);
    let cache = |host: &Host| -> anyhow::Result<Cache> {
        let (place, name) = (Some(&host.space), format!("cs/{}", host.isp));
        let who = (name.as_str(), host.address.as_str());
        let peer = PeerProgram::enrol_server(place, &scene.p2psp, who, folder)?;
        Ok(Cache { peer, settings: settings.iter().map(|&one| one.to_owned()).collect() })
    };
    let caches: Vec<Cache> = caches.map(cache).collect::<Result<_, _>>()?;
    let mut race = Race::new(setting, Box::new(scene));
    entered.into_iter().for_each(|(isp, racer, file)| race.enter(isp, racer, file));
    caches.into_iter().for_each(|cache| race.cache(Box::new(cache)));
    race.seeder(seeder);
    if let Some(helper) = helper {
        race.seeder(helper);
        if case == Case::Killed {
            race.kill_after(Duration::from_secs(setting.kill_after_s));
        }
    }
    Ok(race)
}

/// A UNIS for each ISP, which ranks for that ISP's peers alone, and the provider.
fn scene(internet: &Internet, setting: &Setting, case: Case) -> anyhow::Result<Scene> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("p2psp");
    p2psp::found(&state)?;
    let agreement = "[[partner]]\nname = \"p2psp\"\ntrust-domain = \"p2psp.localhost\"\n\
        bundle = \"p2psp/pki/ca.pem\"\ncrl = \"p2psp/pki/crl.pem\"\n";
    std::fs::write(folder.path().join("unis.toml"), agreement)?;
    let config = folder.path().join("unis.toml").display().to_string();
    let (mut all, mut isps) = (Vec::new(), String::new());
    for server in &internet.servers {
        let name = letter(server.isp);
        let file = folder.path().join(format!("{name}.toml"));
        std::fs::write(&file, inventory(setting, server.isp, case))?;
        let source = format!("inventory={}", file.display());
        let listen = format!("{}:8443", server.address);
        let names = format!("server-names=[\"{}\"]", server.address);
        let options = ["--config", &config, "--listen", &listen, "--set", &names];
        let quiet = ["--set", "log.level=warn"];
        let options = [&options[..], &quiet[..]].concat();
        let unis = Unis::start_in(Some(&server.space), &[source], &options, &[])?;
        isps += &format!(
            "[[isp]]\nname = \"{name}\"\nurl = \"{}\"\nbundle = {:?}\ncrl = {:?}\n\
             prefixes = [\"10.{}.0.0/16\"]\n",
            unis.url,
            unis.pki("ca.pem"),
            unis.pki("crl.pem"),
            server.isp + 1
        );
        all.push(unis);
    }
    std::fs::write(folder.path().join("p2psp.toml"), isps)?;
    let config = folder.path().join("p2psp.toml").display().to_string();
    let options = ["--config", &config, "--set", "log.level=error,p2psp::isp=info"];
    let options = [&options[..], if case == Case::Caches { &CACHES } else { &[] }].concat();
    let p2psp = P2psp::start_in(&internet.service, SERVICE, &state, &options)?;
    for _ in &internet.servers {
        p2psp.daemon.wait_for_log("map taken over")?;
    }
    Ok(Scene { _unis: all, p2psp, _folder: folder })
}

/// What an operator writes down: PoPs around a server site, the other ISPs behind transit. A cache
/// at the server site is counted to the first PoP: caches stand where members are.
fn inventory(setting: &Setting, isp: usize, case: Case) -> String {
    let (name, number) = (letter(isp), isp + 1);
    let site = format!("\"10.{number}.254.0/24\"");
    let mut text = format!(
        "[network]\nasn = {}\n\n[[pop]]\nname = \"{name}srv\"\n\
         prefixes = [{}]\n",
        64_500 + number,
        if case == Case::Caches { "" } else { &*site }
    );
    for pop in 0..setting.pops {
        let own = format!("\"10.{number}.{pop}.0/24\"");
        let all = match (case, pop) {
            (Case::Caches, 0) => format!("{own}, {site}"),
            _ => own,
        };
        text += &format!(
            "\n[[pop]]\nname = \"{name}{pop}\"\nprefixes = [{all}]\n\n\
             [[link]]\nfrom = \"{name}srv\"\nto = \"{name}{pop}\"\nigp = 10\n"
        );
    }
    for other in (0..setting.isps).filter(|other| *other != isp) {
        text += &format!(
            "\n[[neighbour]]\nas = {}\nrelation = \"transit\"\nat = [\"{name}srv\"]\n\
             prefixes = [\"10.{}.0.0/16\"]\n",
            64_501 + other,
            other + 1
        );
    }
    text
}
