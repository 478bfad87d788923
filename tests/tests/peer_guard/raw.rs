//! A peer that is enrolled as others are, and says what it is told to.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use mp2p::frame::{Buffermap, ByeReason, Frame, Hello, VERSION};
use mp2p::id::{ContentId, OverlayId, PeerId};
use mp2p::message::bound::Text;
use peer::home::Home;
use peer::identity::Identity;
use peer::wire::{Ears, Heard, Intake, Link, dial};
use system_tests::peer::PeerProgram;
use system_tests::wait::AMPLE;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// A peer without a program.
pub(crate) struct Raw {
    runtime: Runtime,
    pub(crate) identity: Identity,
    address: IpAddr,
}

/// Another peer, as it is dialled.
pub(crate) struct Target {
    pub(crate) id: PeerId,
    pub(crate) address: SocketAddr,
    pub(crate) overlay: OverlayId,
    pub(crate) content: ContentId,
    pub(crate) fragments: u32,
}

impl Target {
    /// The daemon of `program` at `address`, which shares `content` in `overlay`.
    pub(crate) fn of(
        program: &PeerProgram,
        address: &str,
        (overlay, content): (&str, &str),
    ) -> Self {
        let status = program.status().expect("no status");
        let id = status["peer-id"].as_str().expect("no id");
        let port = u16::try_from(status["port"].as_u64().expect("no port")).expect("a port");
        Self {
            id: PeerId::parse(id).expect("an id"),
            address: SocketAddr::new(address.parse().expect("an address"), port),
            overlay: OverlayId::parse(overlay).expect("an overlay"),
            content: ContentId::parse(content).expect("a content"),
            fragments: 0,
        }
    }

    /// A HELLO of somebody who has nothing yet.
    pub(crate) fn hello(&self, passkey: Option<&str>) -> Frame {
        self.hello_of(passkey, Buffermap::empty(self.fragments).expect("few fragments"))
    }

    /// A HELLO of somebody who has these fragments.
    pub(crate) fn hello_of(&self, passkey: Option<&str>, buffermap: Buffermap) -> Frame {
        Frame::Hello(Box::new(Hello {
            version: VERSION,
            overlay_id: self.overlay.clone(),
            content_id: self.content.clone(),
            passkey: passkey.map(|text| Text::new(text).expect("a short passkey")),
            buffermap,
            up_limit: None,
            listen_port: None,
        }))
    }
}

impl Raw {
    /// With the key and the certificate of `program`, from `address`.
    pub(crate) fn of(program: &PeerProgram, address: &str) -> Self {
        let home = Home::open(program.state()).expect("a folder");
        Self {
            runtime: Runtime::new().expect("a runtime"),
            identity: Identity::open(&home).expect("an identity"),
            address: address.parse().expect("an address"),
        }
    }

    /// Dials, says `frames`, and hears until `is_enough` or the end of the connection.
    pub(crate) fn say(
        &self,
        target: &Target,
        frames: Vec<Frame>,
        is_enough: impl Fn(&Frame) -> bool,
    ) -> Vec<Frame> {
        self.talk(target, frames, |frame| (!is_enough(frame)).then(Vec::new))
    }

    /// Dials, says `frames`, and answers what it hears, until nothing is to be said any more or the
    /// connection ends; what it heard.
    pub(crate) fn talk(
        &self,
        target: &Target,
        frames: Vec<Frame>,
        mut answer: impl FnMut(&Frame) -> Option<Vec<Frame>>,
    ) -> Vec<Frame> {
        self.runtime.block_on(async {
            let tls = &self.identity.peers;
            let met = dial(target.address, &target.id, tls, Some(self.address)).await;
            let (notes, mut heard) = mpsc::channel(64);
            let (sent, _sent) = mpsc::unbounded_channel();
            let pace = Intake::new(None, None, Instant::now()).pace(Instant::now());
            let met = met.expect("no connection");
            let link = Link::start(met, 0, &Ears { notes, sent }, pace);
            frames.into_iter().for_each(|frame| link.send(frame));
            let mut said = Vec::new();
            let all = async {
                while let Some(note) = heard.recv().await {
                    let Heard::Frame(frame) = note.heard else { break };
                    let answers = answer(&frame);
                    said.push(frame);
                    let Some(answers) = answers else { break };
                    answers.into_iter().for_each(|frame| link.send(frame));
                }
            };
            tokio::time::timeout(AMPLE, all).await.expect("the other peer says nothing");
            said
        })
    }

    /// Whether it is let in with `passkey`; else why not.
    pub(crate) fn is_let_in(
        &self,
        target: &Target,
        passkey: Option<&str>,
    ) -> Result<(), ByeReason> {
        let said = self.say(target, vec![target.hello(passkey)], |frame| {
            matches!(frame, Frame::Pello(_) | Frame::Bye(_))
        });
        match said.first() {
            Some(Frame::Pello(_)) => Ok(()),
            Some(Frame::Bye(bye)) => Err(bye.reason),
            other => panic!("{other:?}"),
        }
    }
}
