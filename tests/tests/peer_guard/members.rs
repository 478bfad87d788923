//! Peers hear of others from each other (peer exchange), and believe that of those alone for whom
//! OMS has signed (RFC 7574 §3.10.2); and they give to the classes that their user gives to.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::{SystemTime, UNIX_EPOCH};

use mp2p::frame::{Bye, ByeReason, Frame, Get, Pex, PexEntry};
use mp2p::id::{OverlayId, PeerId};
use mp2p::message::bound::{List, Text};
use mp2p::message::join::{AddressKind, PeerAddress};
use mp2p::passkey::Passkey;
use mp2p::signed::SigningKey;
use system_tests::cities::{BERLIN, HAMBURG};
use system_tests::p2psp::Shape;
use system_tests::swarm::{Scene, film};
use system_tests::wait::until_so;

use crate::passkeys::key_of_oms;
use crate::raw::{Raw, Target};
use crate::reports::fetching;

/// Where a member is to be dialled, and what vouches for it.
struct Told {
    what: &'static str,
    listener: TcpListener,
    entry: PexEntry,
}

impl Told {
    fn new(what: &'static str, host: u8, peer: &str, passkey: &str) -> Self {
        let address = format!("127.2.0.{host}");
        let listener = TcpListener::bind((address.as_str(), 0)).expect("no port");
        listener.set_nonblocking(true).expect("it blocks");
        let port = listener.local_addr().expect("no address").port();
        let kind = AddressKind::Reflexive;
        let at = PeerAddress { ip_address: address.parse().expect("an address"), port, kind };
        let entry = PexEntry {
            peer_id: PeerId::parse(&peer.repeat(64)).expect("an id"),
            peer_addr: List::new(vec![at]).expect("one"),
            passkey: Text::new(passkey).expect("short"),
        };
        Self { what, listener, entry }
    }

    fn is_dialled(&self) -> bool {
        match self.listener.accept() {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn of_those_whom_a_peer_hears_of_it_dials_only_whom_oms_vouches_for() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    film(&scene.at("source"), 61, 1 << 20).expect("no film");
    let ([anna, _sara], id) = fetching(&scene);

    let eve = scene.peer("eve", HAMBURG).expect("not enrolled");
    let joined = scene.cities.p2psp.peer_in(eve.state(), HAMBURG).expect("no peer").join(&id);
    let own = Passkey::peek(joined["passkey"].as_str().expect("none")).expect("a passkey");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let oms = key_of_oms(&scene);
    let forger = SigningKey::generate_ed25519().expect("a key");
    let forger = SigningKey::from_pkcs8(&forger).expect("a key");
    let of = |peer: &str| Passkey {
        peer_id: PeerId::parse(&peer.repeat(64)).expect("an id"),
        ..own.clone()
    };
    let sealed = |passkey: &Passkey, key: &SigningKey| passkey.seal(key).expect("sealed");
    let over = Passkey { iat: now - 700, exp: now - 100, ..of("2") };
    let void = Passkey { epoch: own.epoch.saturating_sub(1), ..of("3") };
    let elsewhere = OverlayId::parse("elsewhere").expect("an overlay");
    let elsewhere = Passkey { overlay_id: elsewhere, ..of("4") };
    let bad = [
        Told::new("forged", 31, "1", &sealed(&of("1"), &forger)),
        Told::new("expired", 32, "2", &sealed(&over, &oms)),
        Told::new("of an older epoch", 33, "3", &sealed(&void, &oms)),
        Told::new("of another overlay", 34, "4", &sealed(&elsewhere, &oms)),
        Told::new("borrowed", 35, "5", &sealed(&of("6"), &oms)),
        Told::new("none", 36, "7", ""),
    ];
    let good = Told::new("good", 37, "8", &sealed(&of("8"), &oms));
    // The bad ones first: whoever is dialled for them is so before the good one is heard of.
    for (host, told) in [(41, &bad[..]), (42, std::slice::from_ref(&good))] {
        let address = format!("127.2.0.{host}");
        let liar = scene.peer(&format!("liar{host}"), &address).expect("not enrolled");
        let entries = told.iter().map(|told| told.entry.clone()).collect();
        let pex = Frame::Pex(Pex { entries: List::new(entries).expect("few") });
        let bye = Frame::Bye(Bye { reason: ByeReason::Done });
        let target = Target { fragments: 8, ..Target::of(&anna, BERLIN, (&id, &id)) };
        let frames = vec![target.hello(None), pex, bye];
        let said = Raw::of(&liar, &address).say(&target, frames, |_| false);
        assert!(matches!(said.first(), Some(Frame::Pello(_))), "{said:?}");
    }
    until_so("whom OMS vouches for is dialled", || good.is_dialled());
    for told in &bad {
        assert!(!told.is_dialled(), "{}", told.what);
    }
}

/// TR 20002 §7.5.3: a peer gives to whoever is of the class that its user asks for, or above, and
/// tells the others that it is busy.
#[test]
fn who_is_below_the_class_that_is_served_hears_busy_and_gets_nothing() {
    let scene = Scene::start(Shape::OneProcess).expect("no scene");
    let whole = film(&scene.at("source"), 62, 1 << 20).expect("no film");
    let mut anna = scene.peer("anna", BERLIN).expect("not enrolled");
    anna.serve(&["--set", "sharing.class-floor=3"]).expect("no daemon");
    let id = anna.share(&scene.at("source/film.bin")).expect("not shared");
    anna.until(|status| status["transfers"][0]["members"] == 1).expect("not joined");
    let ben = scene.peer("ben", HAMBURG).expect("not enrolled");
    let joined = scene.cities.p2psp.peer_in(ben.state(), HAMBURG).expect("no peer").join(&id);
    let own = Passkey::peek(joined["passkey"].as_str().expect("none")).expect("a passkey");
    let (oms, ben) = (key_of_oms(&scene), Raw::of(&ben, HAMBURG));
    let target = Target { fragments: 8, ..Target::of(&anna, BERLIN, (&id, &id)) };
    let asks = |class: Option<u8>| {
        let passkey = class.map(|class| Passkey { class, ..own.clone() }.seal(&oms));
        let passkey = passkey.map(|sealed| sealed.expect("sealed"));
        let get = Frame::Get(Get { fragment: 1, offset: 0 });
        let said = ben.say(&target, vec![target.hello(passkey.as_deref()), get], |frame| {
            matches!(frame, Frame::Busy(_) | Frame::Data(_) | Frame::Bye(_))
        });
        said.last().cloned().expect("nothing is said")
    };
    for class in [None, Some(0), Some(2)] {
        let Frame::Busy(busy) = asks(class) else { panic!("{class:?} is served") };
        assert!(busy.fragment == 1 && busy.retry_ms > 0, "{busy:?}");
    }
    for class in [3, 9] {
        let Frame::Data(data) = asks(Some(class)) else { panic!("class {class} is not served") };
        let begin = (128 << 10) + data.offset as usize;
        assert_eq!(data.bytes, whole[begin..begin + data.bytes.len()]);
    }
}
