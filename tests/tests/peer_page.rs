//! The web page of a peer in a real browser, and what other pages and programs cannot do with it.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use system_tests::browser::Browser;
use system_tests::cities::{BERLIN, BERLIN_TOO, HAMBURG, MUENCHEN};
use system_tests::http::{get, request};
use system_tests::p2psp::Shape;
use system_tests::peer::PeerProgram;
use system_tests::swarm::{Scene, film};

/// A peer with a page, its address, and the key that opens it.
fn with_page(scene: &Scene, more: &[&str]) -> (PeerProgram, String, String) {
    let mut peer = scene.peer("bert", BERLIN_TOO).expect("not enrolled");
    let listen = ["--set", "web-listen=127.0.0.1:0"];
    peer.serve(&[&listen[..], more].concat()).expect("no daemon");
    let page = peer.status().expect("no status")["page"].as_str().unwrap_or_default().to_owned();
    let (url, key) = page.split_once('#').expect("no key");
    (peer, url.to_owned(), key.to_owned())
}

#[test]
fn a_browser_shows_transfers_and_neighbours_and_changes_limits() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), 21, 6 << 20).expect("no film");
    let mut sources = Vec::new();
    for (user, city) in [("anna", BERLIN), ("carl", HAMBURG), ("dora", MUENCHEN)] {
        let mut source = scene.peer(user, city).expect("not enrolled");
        source.serve(&["--set", "limits.up-kbps=400"]).expect("no daemon");
        source.share(&scene.at("source/film.bin")).expect("not shared");
        sources.push(source);
    }
    let (peer, url, key) = with_page(&scene, &[]);
    let folder = scene.at("got").display().to_string();
    peer.run(&["get", "film.bin", "-o", &folder, "--detach"]).expect("not begun");

    let browser = Browser::start(&[]).expect("no browser");
    browser.open(&format!("{url}#{key}")).expect("no page");
    let title = browser.until("return document.querySelector('.transfer .title')?.textContent");
    assert_eq!(title.expect("no transfer"), "film.bin");
    // The key is in no address that others may see.
    assert_eq!(browser.run("return location.href").expect("no address"), url.as_str());
    let part = "return Number(document.querySelector('.bar')?.getAttribute('aria-valuenow')) > 0";
    browser.until(part).expect("no progress");
    let ranks = "const ranks = [...document.querySelectorAll('#map .peer')].map((one) => \
                 Number(one.dataset.rank)); return ranks.length === 3 && ranks";
    let ranks = browser.until(ranks).expect("not all neighbours are shown");
    // As the status has them, the nearest first and in the middle.
    let status = peer.status().expect("no status");
    let neighbours = status["transfers"][0]["neighbours"].as_array().expect("no neighbours");
    let told: Vec<&Value> = neighbours.iter().map(|one| &one["rank"]).collect();
    assert_eq!(ranks, json!(told));
    let middle = "const far = [...document.querySelectorAll('#map .peer')].map((one) => \
                  Math.hypot(one.getAttribute('cx'), one.getAttribute('cy'))); \
                  return far.every((at, index) => index === 0 || at >= far[index - 1])";
    assert_eq!(browser.run(middle).expect("no map"), true);
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peer-page.png");
    browser.picture(&picture).expect("no picture");

    browser.write("[name='down-kbps']", "777").expect("no field");
    browser.write("[name='class-up-kbps']", "500, 0").expect("no field");
    browser.click("#limits button").expect("no button");
    browser
        .until("return document.getElementById('limits-note').value === 'in force'")
        .expect("not set");
    let limits = peer.run(&["limits"]).expect("no limits");
    assert!(limits.contains("down-kbps = 777"), "{limits}");
    assert!(limits.replace(char::is_whitespace, "").contains("[500,0,]"), "{limits}");
    // By the time of the day, and back to the settings.
    browser.write("[name='window']", "22:00-06:00=0,8000; 6:00-8:00=1,2").expect("no field");
    browser.click("#limits button").expect("no button");
    let set = "return document.getElementById('limits-from').textContent.includes('window')";
    browser.until(set).expect("not set");
    let limits = peer.run(&["limits"]).expect("no limits");
    assert!(limits.contains("to = \"8:00\"\nup-kbps = 1\ndown-kbps = 2"), "{limits}");
    browser.write("[name='window']", "tonight").expect("no field");
    browser.click("#limits button").expect("no button");
    let refused =
        "return document.getElementById('limits-note').value.startsWith('tonight is not')";
    browser.until(refused).expect("it is taken");
    browser.click("#reset").expect("no button");
    let reset = "return document.getElementById('limits-from').textContent === \
                 'as the settings say' && document.querySelector(\"[name='window']\").value === ''";
    browser.until(reset).expect("not reset");
    let limits = peer.run(&["limits"]).expect("no limits");
    assert!(limits.contains("down-kbps = 0") && !limits.contains("[[window]]"), "{limits}");
    assert_eq!(browser.complaints().expect("no log"), Vec::<String>::new());

    // Without the key there is nothing to see, and a dead peer is told of.
    let other = Browser::start(&[]).expect("no browser");
    other.open(&url).expect("no page");
    other.until("return document.body.dataset.state === 'locked'").expect("it is open");
    drop(peer);
    browser.until("return document.body.dataset.state === 'away'").expect("nothing is said");
}

/// The page shows limits that a command sets, changes none of them by accident, and does not show
/// what was as what is while the peer hangs.
#[test]
fn a_page_that_stays_open_follows_commands_and_says_that_the_peer_hangs() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (peer, url, key) = with_page(&scene, &[]);
    let browser = Browser::start(&[]).expect("no browser");
    browser.open(&format!("{url}#{key}")).expect("no page");
    browser.until("return document.body.dataset.state === 'live'").expect("no status");
    let value = |name: &str, is: &str| {
        browser
            .until(&format!("return document.querySelector(\"[name='{name}']\").value === '{is}'"))
    };
    peer.run(&["limits", "--up", "123"]).expect("not set");
    value("up-kbps", "123").expect("the page keeps what was");
    browser.write("[name='down-kbps']", "777").expect("no field");
    peer.run(&["limits", "--up", "456"]).expect("not set");
    browser.click("#limits button").expect("no button");
    value("up-kbps", "456").expect("the page set back what a command had set");
    let limits = peer.run(&["limits"]).expect("no limits");
    assert!(limits.contains("up-kbps = 456\ndown-kbps = 777"), "{limits}");
    peer.signal("STOP").expect("not stopped");
    browser.until("return document.body.dataset.state === 'away'").expect("nothing is said");
    peer.signal("CONT").expect("not woken");
    browser.until("return document.body.dataset.state === 'live'").expect("it stays away");
}

/// Everything has a role and a name, a key leads past the transfers however many there are, and who
/// is at one stays there while all of them change.
#[test]
fn the_page_is_used_by_keyboard_and_heard() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (peer, url, key) = with_page(&scene, &[]);
    for (seed, title) in [(81, "b film"), (82, "שיר.mp3")] {
        let folder = scene.at(title);
        film(&folder, seed, 2_000_000).expect("no film");
        let path = folder.join("film.bin").display().to_string();
        peer.run(&["share", &path, "--title", title]).expect("not shared");
    }
    let browser = Browser::start(&[]).expect("no browser");
    browser.open(&format!("{url}#{key}")).expect("no page");
    browser.until("return document.querySelectorAll('.title').length === 2").expect("no list");
    let (tab, enter) = ("\u{e004}", "\u{e007}");
    let mut at = Vec::new();
    for key in [tab, enter, tab] {
        browser.press(key).expect("no key");
        let place = "const at = document.activeElement; return at.name || at.id || at.className";
        at.push(browser.run(place).expect("nowhere"));
    }
    assert_eq!(at, ["skip", "limits-card", "up-kbps"]);
    let heard = [
        ("main", "main", ""),
        ("#notice", "status", ""),
        ("#transfers", "list", ""),
        ("#transfers li:last-child button", "button", "שיר.mp3"),
        (".bar", "progressbar", "b film"),
        ("[name='peer-up-kbps']", "spinbutton", "Send to one peer kbit/s"),
        ("[name='window']", "textbox", "At times of the day up, down"),
        ("#limits-note", "status", ""),
        ("#peers-card table", "table", "By distance"),
    ];
    for (what, role, name) in heard {
        let told = browser.heard(what).expect("nothing");
        assert_eq!(told, (role.to_owned(), name.to_owned()), "{what}");
    }
    // Another peer comes, whose traffic changes the first; a third transfer comes before both.
    browser
        .run(
            "window.here = document.querySelector('#transfers li:last-child button'); \
             window.here.focus(); document.documentElement.style.minHeight = '3000px'; \
             window.scrollTo(0, 900)",
        )
        .expect("no focus");
    let mut other = scene.peer("anna", BERLIN).expect("not enrolled");
    other.serve(&[]).expect("no daemon");
    other.get("b film", &scene.at("got")).expect("not fetched");
    film(&scene.at("third"), 83, 1000).expect("no film");
    let path = scene.at("third/film.bin").display().to_string();
    peer.run(&["share", &path, "--title", "a film"]).expect("not shared");
    browser
        .until("return document.querySelector('.title').textContent === 'a film'")
        .expect("not shown");
    browser.until("return document.querySelector('#peers td') !== null").expect("nobody");
    let stays = "return document.activeElement === window.here && window.scrollY === 900";
    assert_eq!(browser.run(stays).expect("no page"), true);
    assert_eq!(browser.complaints().expect("no log"), Vec::<String>::new());
}

/// What strangers call their contents is text on the page and on the terminal: in one line, in its
/// order, and without commands. None of it is wider than a small screen.
#[test]
fn names_of_strangers_are_only_text_and_fit_a_small_screen() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (peer, url, key) = with_page(&scene, &[]);
    let long = "L".repeat(255);
    let names = [
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        (&*long, &*long),
        ("film\u{1b}]0;own\u{7}\nline", r"film\u{1b}]0;own\u{7}\u{a}line"),
        ("film\u{202e}gnp.exe", r"film\u{202e}gnp.exe"),
    ];
    let mut ids = Vec::new();
    for (seed, (title, _)) in (70..).zip(names) {
        let folder = scene.at(&format!("source-{seed}"));
        film(&folder, seed, 3_000).expect("no film");
        let path = folder.join("film.bin").display().to_string();
        let said = peer.run(&["share", &path, "--title", title]).expect("not shared");
        ids.push(said.split_whitespace().nth(1).expect("no id").to_owned());
    }
    let mut other = scene.peer("anna", BERLIN).expect("not enrolled");
    other.serve(&[]).expect("no daemon");
    other.get(&ids[0], &scene.at("got")).expect("not fetched");
    let told =
        peer.run(&["status"]).expect("no status") + &other.run(&["search", "film"]).expect("?");
    assert!(!told.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{told}");
    let shown = names.map(|(_, shown)| shown);
    assert!(shown.iter().all(|name| told.contains(name)), "{told}");
    peer.run(&["stop", shown[3]]).expect("what is shown is no name");

    let browser = Browser::start(&["--window-size=600,900"]).expect("no browser");
    browser.open(&format!("{url}#{key}")).expect("no page");
    browser
        .until("return document.querySelector('#peers td:nth-child(5)') !== null")
        .expect("nobody");
    let titles = "return [...document.querySelectorAll('.transfer .title')].map((one) => \
                  one.textContent).sort()";
    let titles = browser.run(titles).expect("no titles");
    let mut expected = shown[..3].to_vec();
    expected.sort_unstable();
    assert_eq!(titles, json!(expected));
    let inside = "document.body.style.width = '340px'; const table = document.getElementById( \
                  'peers-card'); return document.querySelector('#transfers img') === null && \
                  table.scrollWidth <= table.clientWidth && [...document.querySelectorAll( \
                  'main *')].every((one) => one.getBoundingClientRect().right <= 340)";
    assert_eq!(browser.run(inside).expect("no page"), true);
    assert_eq!(browser.complaints().expect("no log"), Vec::<String>::new());
}

/// Serves one page to whoever asks.
fn hostile(page: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("no port");
    let port = listener.local_addr().expect("no address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let length = page.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\
                 Connection: close\r\n\r\n{page}"
            );
        }
    });
    port
}

/// CSRF, reading across origins, frames and DNS rebinding, in a real browser that has the page open
/// in another tab.
#[test]
fn another_page_can_neither_ask_nor_change_nor_frame_it() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (peer, url, key) = with_page(&scene, &[]);
    let page = format!(
        "<body><iframe src='{url}'></iframe><script>
        const limits = '{{\"up-kbps\":1}}', outcomes = [];
        const ask = (name, path, how) => fetch('{url}' + path, how)
          .then((answer) => outcomes.push(name + ' ' + answer.type + ' ' + answer.status))
          .catch(() => outcomes.push(name + ' refused'));
        (async () => {{
          await ask('read', 'api/limits', {{}});
          await ask('with-key', 'api/limits', {{headers: {{Authorization: 'Bearer {key}'}}}});
          await ask('put', 'api/limits', {{method: 'PUT', body: limits,
            headers: {{'Content-Type': 'application/json'}}}});
          await ask('blind', 'api/limits', {{method: 'POST', mode: 'no-cors', body: limits}});
          document.body.dataset.outcomes = outcomes.join(', ');
        }})();
        </script></body>"
    );
    let port = hostile(page);
    let rules = "--host-resolver-rules=MAP evil.example 127.0.0.1";
    let browser = Browser::start(&[rules]).expect("no browser");
    browser.open(&format!("{url}#{key}")).expect("no page");
    browser.until("return document.body.dataset.state === 'live'").expect("not open");
    browser.open(&format!("http://127.0.0.1:{port}/")).expect("no page");
    let outcomes = browser.until("return document.body.dataset.outcomes").expect("no outcome");
    // What is sent blindly is refused there, and not even that is told.
    let expected = "read refused, with-key refused, put refused, blind refused";
    assert_eq!(outcomes, expected);
    let framed = browser.run("return document.querySelector('iframe').contentDocument === null");
    assert_eq!(framed.expect("no frame"), true);
    let complaints = browser.complaints().expect("no log").join("\n");
    assert!(complaints.contains("frame"), "{complaints}");
    // The same port by a name that leads to it.
    let rebound = url.replace("127.0.0.1", "evil.example");
    browser.open(&rebound).expect("no answer");
    let text = browser.run("return document.body.innerText").expect("no text");
    assert_eq!(text.as_str().map(str::trim), Some("not the name of this server"));
    let limits = peer.run(&["limits"]).expect("no limits");
    assert!(limits.contains("\nup-kbps = 0") || limits.starts_with("up-kbps = 0"), "{limits}");
}

/// The same from programs of the machine, and limits that make no sense.
#[test]
fn the_page_asks_for_its_key_and_for_limits_that_make_sense() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let (mut peer, url, key) = with_page(&scene, &[]);
    let page = get(&url);
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    // Nothing of it comes from elsewhere.
    let text = String::from_utf8_lossy(&page.body).into_owned();
    assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
    assert_eq!(get(&format!("{url}api/status")).status, 401);
    let bearer = format!("Bearer {key}");
    let api = |method: &str, body: &str| {
        let asked = request(method, &format!("{url}api/limits")).header("Authorization", &bearer);
        asked.header("Content-Type", "application/json").body(body).send()
    };
    let before = api("GET", "").json();
    let refused = api("PUT", "{\"connections\": 0}");
    assert_eq!(refused.status, 422);
    assert!(refused.json()["error"].as_str().unwrap_or("").contains("0 is not 1 to 4096"));
    assert_eq!(api("PUT", "{\"up\": 1}").status, 422);
    assert_eq!(api("GET", "").json(), before);
    let other = request("GET", &format!("{url}api/status"))
        .header("Authorization", &bearer)
        .header("Origin", "http://evil.example");
    assert_eq!(other.send().status, 403);
    // A bookmark stays good, and the key is in no log.
    peer.kill();
    let log = std::fs::read_to_string(peer.state().join("log")).expect("no log");
    assert!(!log.contains(&key));
    let port = url.rsplit(':').next().unwrap_or_default().trim_end_matches('/').to_owned();
    peer.serve(&["--set", &format!("web-listen=127.0.0.1:{port}")]).expect("no daemon");
    assert_eq!(peer.status().expect("no status")["page"], format!("{url}#{key}"));
    let mode = Command::new("stat").args(["-c", "%a"]).arg(peer.state()).output().expect("no stat");
    assert_eq!(String::from_utf8_lossy(&mode.stdout).trim(), "700");
}
