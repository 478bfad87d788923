//! From what is kept of a content to a driver at work.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use link::daemon::error_text;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::content::{OpenError, Paths, Store};
use crate::control::message::State;
use crate::exchange::{Config, Content, Engine, Order};
use crate::node::{Kept, LastList, Lost, Membership, Node};
use crate::transfer::disk::Complaint;
use crate::transfer::driver::{Driver, MAX_BURST};
use crate::transfer::forbidden::Case;
use crate::transfer::freshness::Told;
use crate::transfer::links::Links;
use crate::transfer::looking::{self, Lacking, Room, wait_for_room};
use crate::transfer::notary::KeyNotary;
use crate::transfer::standing::{Shared, Standing};
use crate::transfer::success::Success;
use crate::transfer::view::Counts;
use crate::transfer::{Command, Shown};
use crate::transfer::{forbidden, keeper, stopping, touched};

/// Changes of a membership that wait.
const MAX_CHANGES: usize = 8;
/// Bytes that are fetched first for a player, from where it is…
const AHEAD_BYTES: u32 = 8 << 20;
/// … and fragments: at least, and at most.
const AHEAD: (u32, u32) = (8, 64);

/// What a driver begins with.
pub(crate) struct Setup {
    node: Arc<Node>,
    kept: Kept,
    shown: Shown,
    opened: watch::Sender<Option<Arc<Store>>>,
    commands: mpsc::Sender<Command>,
    ending: CancellationToken,
    standing: Shared,
    notary: KeyNotary,
}

impl Setup {
    /// # Errors
    /// The keys of this peer are of no use.
    pub(crate) fn new(
        node: &Arc<Node>,
        kept: Kept,
        (shown, opened): (Shown, watch::Sender<Option<Arc<Store>>>),
        (commands, ending): (mpsc::Sender<Command>, CancellationToken),
    ) -> anyhow::Result<Self> {
        let standing = Shared::default();
        if let Some((answer, at)) = last_list(&kept).read(&kept.index.overlay_id) {
            Standing::recall(&standing, &answer, at);
        }
        let about = (kept.index.overlay_id.clone(), kept.index.content_id.clone());
        stopping::forget_stray(&kept.folder, (&about.0, &about.1), &standing);
        let shows = node.settings().sharing.show_passkey;
        let notary = KeyNotary::new(node.identity.clone(), about, Arc::clone(&standing), shows)?;
        let node = Arc::clone(node);
        Ok(Self { node, kept, shown, opened, commands, ending, standing, notary })
    }
}

/// Works until the content is given up or this peer ends.
pub(crate) async fn run(mut setup: Setup, mut commands: mpsc::Receiver<Command>) {
    let case = Case {
        node: Arc::clone(&setup.node),
        kept: setup.kept.clone(),
        shown: Arc::clone(&setup.shown),
        standing: Arc::clone(&setup.standing),
        ending: setup.ending.clone(),
    };
    setup.ending = case.ending.child_token();
    if let Some((store, room)) = prepare(&setup, &mut commands).await {
        drive(setup, commands, (Arc::clone(&store), room)).await;
        quiet(&case.shown);
        if case.kept.place.is_source && store.touched().is_some() {
            touched::withdraw_where_deserted(&case.node, &case.kept);
        }
    }
    case.close().await;
}

/// Nothing comes or goes any more, and nobody is linked.
fn quiet(shown: &Shown) {
    let mut status = shown.lock().unwrap_or_else(PoisonError::into_inner);
    (status.down_rate, status.up_rate) = (0, 0);
    status.neighbours.clear();
}

/// What is here, once there is room for the rest; `None` where it cannot begin.
async fn prepare(
    setup: &Setup,
    commands: &mut mpsc::Receiver<Command>,
) -> Option<(Arc<Store>, Arc<Room>)> {
    let Setup { node, kept, shown, ending, .. } = setup;
    let store = match open(node, kept).await {
        Ok(store) => Arc::new(store),
        Err(error) => {
            failed(shown, &error);
            if let Some(OpenError::Source { .. }) = error.downcast_ref() {
                touched::withdraw_where_deserted(node, kept);
            }
            return None;
        }
    };
    setup.opened.send_replace(Some(Arc::clone(&store)));
    touched::register_again(node, kept).await;
    let room = Room::of(node, kept);
    // A cache sees to its room by itself, and of what was stopped nothing comes.
    let is_stopped = stopping::stone(&kept.folder).is_some();
    let anyway = kept.place.anyway || kept.place.cached.is_some() || is_stopped;
    wait_for_room(&room, (&store, shown), anyway, (commands, ending)).await.ok()?;
    if let Some(why) = forbidden::refusal(node, kept).await {
        failed(shown, &anyhow::Error::msg(why));
        return None;
    }
    Some((store, room))
}

async fn drive(
    setup: Setup,
    commands: mpsc::Receiver<Command>,
    (store, room): (Arc<Store>, Arc<Room>),
) {
    let Setup { node, kept, shown, commands: own, ending, standing, notary, .. } = setup;
    let settings = node.settings();
    let overlay = kept.index.overlay_id.clone();
    let own_ways = (Arc::clone(&node.ways), settings.source_address);
    let (own_standing, intake) = (Arc::clone(&standing), Arc::clone(&node.intake));
    let (links, heard) = Links::new(node.identity.clone(), overlay, own_standing, own_ways, intake);
    let (relay, reserved) = watch::channel(None);
    let wanted = Arc::new(Notify::new());
    let lost = Lost::new(&wanted);
    let lacking = Lacking::default();
    let (looks, tells) = ((room, Arc::clone(&lacking)), (own.clone(), ending.clone()));
    node.tasks.spawn(looking::run(looks, Arc::clone(&store), tells));
    let keeper = keeper::run(node.identity.clone(), reserved, (own, lost.clone()), ending.clone());
    node.tasks.spawn(keeper);
    let (done, finished) = mpsc::channel(MAX_BURST);
    let (changed, changes) = mpsc::channel(MAX_CHANGES);
    let stone = stopping::stone(&kept.folder);
    let member = match stone {
        // Whoever asks is told of the order; there is nothing to join.
        Some(_) => None,
        None => match membership(&node, &kept, lost) {
            Ok(membership) => Some(node.tasks.spawn(membership.run(changed, ending.clone()))),
            Err(error) => return failed(&shown, &error),
        },
    };
    let Some(content) = Content::of(&kept.index) else { return };
    let config = config(&node, &kept);
    let now = Instant::now();
    let seed = fastrand::u64(..);
    let own = (node.identity.peer.clone(), content, store.have());
    let mut engine = Engine::new(own, config, Box::new(notary), seed, now);
    engine.want(store.want(), now);
    if let Some(stone) = &stone {
        engine.stop(stone.as_str().into(), now);
    }
    let (here, all) = store.progress();
    let here = (here, u64::from(store.have().held()));
    let success = Success::resume(&kept.folder, here, here.0 == all, &node.reports, now);
    let driver = Driver {
        engine,
        store,
        links,
        counts: Counts::with(node.metrics.clone()),
        standing,
        done,
        budget: Arc::clone(&node.budget),
        wanted,
        shown,
        state: if stone.is_some() { State::Stopped } else { State::Fetching },
        message: None,
        storing: 0,
        fault: None,
        complaint: Complaint::of(lacking),
        given_at: now,
        came_at: now,
        success,
        list_again: (now, LIST_AGAIN),
        flush_at: None,
        relay,
        kept,
        told: Told::new(node.identity.certificate(), now),
        node,
        ending: ending.clone(),
    };
    driver.run(heard, (commands, changes, finished), ending).await;
    if let Some(member) = member {
        let _ = member.await;
    }
}

/// A list is asked for out of turn so long after such a one; then after twice as long.
const LIST_AGAIN: Duration = Duration::from_secs(2);

/// Fragments that are fetched first for a player.
pub(crate) fn ahead(kept: &Kept) -> u32 {
    let bytes = kept.index.cut().map_or(AHEAD_BYTES, |cut| cut.fragment_size());
    (AHEAD_BYTES / bytes.max(1)).clamp(AHEAD.0, AHEAD.1)
}

fn failed(shown: &Shown, error: &anyhow::Error) {
    let mut status = shown.lock().unwrap_or_else(PoisonError::into_inner);
    (status.state, status.message) = (State::Failed, Some(error_text(error)));
}

/// What the engine is told to be like.
pub(crate) fn config(node: &Node, kept: &Kept) -> Config {
    let settings = node.settings();
    let order = match kept.place.stream {
        true => Order::Stream { ahead: ahead(kept) },
        false => Order::Rarest,
    };
    Config {
        links: settings.connections(),
        class_floor: settings.sharing.class_floor,
        order,
        listen_port: Some(node.port),
        up_limit: (settings.limits.up_kbps > 0).then_some(settings.limits.up_kbps * 1000),
        ..Config::default()
    }
}

/// Finds out what is here; takes as long as hashing does.
async fn open(node: &Node, kept: &Kept) -> anyhow::Result<Store> {
    if let Some(why) = forbidden::refusal(node, kept).await {
        anyhow::bail!(why);
    }
    let paths = Paths {
        root: kept.place.root.clone(),
        wanted: kept.place.files.clone(),
        is_source: kept.place.is_source,
        again: kept.is_asked,
        mends: kept.place.cached.is_some(),
        fragments: kept.place.cached.clone().unwrap_or_default(),
        seen: kept.place.seen.clone(),
        notes: kept.folder.clone(),
    };
    let index = kept.index.clone();
    Ok(tokio::task::spawn_blocking(move || Store::open(index, paths)).await??)
}

fn last_list(kept: &Kept) -> LastList {
    LastList::at(&kept.folder.join("list.json"))
}

/// Its part in the overlay of what is kept.
///
/// # Errors
/// The ISP's view cannot be asked.
pub(crate) fn membership(node: &Node, kept: &Kept, lost: Lost) -> anyhow::Result<Membership> {
    let settings = node.settings();
    let isp = if kept.place.view.unis.is_some() { &kept.place.view } else { &settings.isp };
    let view = isp.unis.as_ref().map(|url| {
        let source = settings.source_address;
        node.views.at(url, isp.ca.as_deref(), source)
    });
    Ok(Membership {
        view: view.transpose()?,
        identity: node.identity.clone(),
        provider: node.provider.clone(),
        overlay: kept.index.overlay_id.clone(),
        port: node.port,
        policy: node.policy(),
        list: last_list(kept),
        ways: Arc::clone(&node.ways),
        lost,
        presence: node.overlays.enter(&kept.index.overlay_id),
    })
}
