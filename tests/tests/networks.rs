//! The networks that other tests run on: rates, delay, counters and NAT are as asked for, and
//! nothing stays behind.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

use system_tests::net::{Net, Shape, Space, missing};

const BYTES: u64 = 200_000;
/// Serves one answer of [`BYTES`] to each who connects, and says who that was.
const SERVER: &str = "import socket
s = socket.create_server(('0.0.0.0', 8000))
print('ready', flush=True)
while True:
    c, who = s.accept()
    print(who[0], flush=True)
    c.sendall(b'x' * 200000)
    c.close()
";
const CLIENT: &str = "import socket, time
begun = time.monotonic()
c = socket.create_connection(('198.51.100.2', 8000))
connected = time.monotonic() - begun
got = 0
while (part := c.recv(65536)):
    got += len(part)
print(got, connected, time.monotonic() - begun)
";

/// `192.0.2.2 host ─ router ─ server 198.51.100.2`; a killed server goes with the network.
struct Scene {
    net: Net,
    host: Space,
    router: Space,
    server: Space,
}

impl Scene {
    fn new() -> anyhow::Result<Self> {
        let net = Net::new()?;
        let (host, router, server) = (net.space("host")?, net.space("r")?, net.space("server")?);
        net.link((&host, "up"), (&router, "in"))?;
        net.link((&router, "out"), (&server, "up"))?;
        host.ip("addr add 192.0.2.2/24 dev up\nroute add default via 192.0.2.1")?;
        router.ip("addr add 192.0.2.1/24 dev in\naddr add 198.51.100.1/24 dev out")?;
        server.ip("addr add 198.51.100.2/24 dev up\nroute add default via 198.51.100.1")?;
        router.forward()?;
        Ok(Self { net, host, router, server })
    }

    /// Serves; the lines that the server says.
    fn serve(&self) -> anyhow::Result<(Child, impl Iterator<Item = String> + use<>)> {
        let mut command = self.server.command("python3");
        let mut child = command.args(["-c", SERVER]).stdout(Stdio::piped()).spawn()?;
        let said = child.stdout.take().ok_or_else(|| anyhow::anyhow!("no standard output"))?;
        let mut lines = BufReader::new(said).lines().map_while(Result::ok);
        anyhow::ensure!(lines.next().as_deref() == Some("ready"));
        Ok((child, lines))
    }

    /// Bytes received, time to connect, time in all.
    fn fetch(&self) -> anyhow::Result<(u64, Duration, Duration)> {
        let said = self.host.run("python3", &["-c", CLIENT])?;
        let said: Vec<f64> = said.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let seconds = |at: usize| Duration::from_secs_f64(said[at]);
        Ok((said[0] as u64, seconds(1), seconds(2)))
    }
}

/// Says why networks cannot be made here, if so.
fn impossible() -> bool {
    let why = missing();
    if let Some(why) = &why {
        println!("skipped: {why}");
    }
    why.is_some()
}

/// 200 kB at 4 Mbit/s take 0.4 s at least; there and back is 2 × 40 ms at least.
#[test]
fn rate_and_delay_are_kept_and_bytes_are_counted() {
    if impossible() {
        return;
    }
    let scene = Scene::new().unwrap();
    let shape = Shape { mbit: 4.0, buffer_ms: 100 };
    scene.router.shape("in", shape).unwrap();
    scene.net.delay(&scene.router, "in", 40.0).unwrap();
    scene.net.delay_in(&scene.router, "in", 40.0).unwrap();
    scene.net.start_delays().unwrap();
    let (mut server, _lines) = scene.serve().unwrap();
    let (bytes, connected, all) = scene.fetch().unwrap();
    assert_eq!(bytes, BYTES);
    assert!(connected >= Duration::from_millis(79), "{connected:?}");
    assert!(all >= Duration::from_millis(380), "{all:?}");
    let counted = scene.router.counted().unwrap();
    let (device, counted) = &counted[0];
    assert_eq!(device, "in");
    // 1448 bytes of payload in a frame of 1514, and some for what was sent twice.
    assert!((BYTES * 104 / 100..BYTES * 130 / 100).contains(&counted.bytes), "{counted:?}");
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn who_is_behind_nat_comes_from_the_router() {
    if impossible() {
        return;
    }
    let scene = Scene::new().unwrap();
    let (mut server, mut lines) = scene.serve().unwrap();
    scene.fetch().unwrap();
    assert_eq!(lines.next().as_deref(), Some("192.0.2.2"));
    let rules = "table ip nat { chain out { type nat hook postrouting priority 100; \
        oifname \"out\" masquerade; }\n}\n";
    scene.router.nft(rules).unwrap();
    scene.fetch().unwrap();
    assert_eq!(lines.next().as_deref(), Some("198.51.100.1"));
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn nothing_stays_behind() {
    if impossible() {
        return;
    }
    let scene = Scene::new().unwrap();
    let name = scene.server.name().to_owned();
    let (mut server, _lines) = scene.serve().unwrap();
    let place = std::path::Path::new("/run/netns").join(name);
    assert!(place.exists());
    drop(scene);
    assert!(!place.exists());
    // What ran there was killed.
    assert!(!server.wait().unwrap().success());
}
