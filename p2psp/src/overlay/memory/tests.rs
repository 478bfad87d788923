//! The store in memory does what any has to, and tells of the same members in the same order as the
//! plain way, whatever happened before.

use std::sync::Arc;

use mp2p::id::PeerId;
use mp2p::message::join::Nat;
use mp2p::message::list::PeerType;
use mp2p::message::overlay::OverlayRequest;
use netmap::{Cost, MatrixBuilder, Parts, Pid, PidName, Snapshot};
use proptest::prelude::*;

use crate::isp::{Atlas, Outlook};
use crate::overlay::plain::{Plain, PlainSwarm};
use crate::overlay::suite::{self, member, overlay};
use crate::overlay::{Ask, Found, MemoryStore, Placed, Reach, SwarmStore, Via, rank};
use crate::ranking::Policy;
use crate::scores::{Board, Scores};
use crate::settings::{OverlaySettings, Overloaded};

#[test]
fn memory_does_what_a_store_of_memberships_has_to() {
    suite::run(&|bounds| Box::new(MemoryStore::new(bounds)));
}

/// By hand: ten entries, two of them bridges, for which six of the crowd next door are looked at.
/// Who came later gives more: the best two are the sixth and the fifth of them.
#[test]
fn of_a_crowd_next_door_three_are_looked_at_for_each_bridge() {
    let store = MemoryStore::new(OverlaySettings::default());
    store.create(OverlayRequest::named(overlay()), None, 0).unwrap();
    let board = Board::default();
    for (name, at) in ('A'..='Y').zip(0_u8..) {
        let address = if name <= 'J' { "10.0.0.1" } else { "10.0.1.1" };
        store.announce(&overlay(), member(name, address, 100), 0).unwrap();
        board.put(&suite::id(name), 0.5 - f32::from(at) / 100.0, 0);
    }
    let ask = Ask {
        overlay: &overlay(),
        asker: &suite::id('a'),
        behind: None,
        outlook: &suite::outlook(5, 9),
        per_pid: 10,
        most: 30,
        random: 0,
        now: 0,
        scores: Some(Scores { board: &board, max_age_s: 50, overload: 0.8 }),
    };
    let policy = Policy { size: 10, bridge_percent: 20, overloaded: Overloaded::Last, class: 0 };
    let list = store.ranked(&ask, &policy).unwrap();
    let bridges = list.iter().filter(|placed| placed.bridge);
    let names = bridges.map(|placed| char::from(placed.found.peer.digest()[31]));
    assert_eq!((list.len(), names.collect::<String>().as_str()), (10, "PO"));
}

const PEERS: u8 = 30;
const PIDS: usize = 40;

/// What happens to an overlay; numbers are of peers, PIDs (beyond the last: none), seconds.
#[derive(Clone, Debug)]
enum Happening {
    Announce {
        who: u8,
        pid: usize,
        host: u8,
        is_cache: bool,
        until: u64,
    },
    Leave(u8),
    Reach {
        who: u8,
        reach: u8,
        relayed_until: Option<u64>,
    },
    Sweep,
    /// Members of one PID sit side by side.
    Arrange,
    /// The other costs from now on.
    Reload,
    Ask {
        who: u8,
        pid: usize,
        per_pid: usize,
        most: usize,
        random: u64,
    },
    Pass(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{Announce, Arrange, Ask, Leave, Pass, Reach, Reload, Sweep};
    // Two of three within few PIDs, so that some are crowded.
    let pid = || prop_oneof![2 => 0..4_usize, 1 => 0..PIDS + 2];
    prop_oneof![
        8 => (0..PEERS, pid(), 1..9_u8, prop::bool::weighted(0.1), 0..200_u64).prop_map(
            |(who, pid, host, is_cache, until)| Announce { who, pid, host, is_cache, until }
        ),
        1 => (0..PEERS).prop_map(Leave),
        2 => (0..PEERS, 0..3_u8, prop::option::of(0..200_u64))
            .prop_map(|(who, reach, relayed_until)| Reach { who, reach, relayed_until }),
        1 => Just(Sweep),
        1 => Just(Arrange),
        1 => Just(Reload),
        4 => (0..PEERS, pid(), 1..9_usize, 1..20_usize, any::<u64>()).prop_map(
            |(who, pid, per_pid, most, random)| Ask { who, pid, per_pid, most, random }
        ),
        1 => (0..30_u64).prop_map(Pass),
    ]
}

/// Costs of few values, some pairs without.
fn atlas(costs: &[Option<u8>]) -> Arc<Atlas> {
    let mut matrix = MatrixBuilder::new("routingcost", PIDS);
    for from in 0..PIDS {
        let cost = |to: usize| costs[(from * PIDS + to) % costs.len()];
        let row = (0..PIDS).map(|to| cost(to).map(|units| Cost::from_thousandths(units.into())));
        matrix.push_row(row).unwrap();
    }
    let prefixes = (0_u32..).take(PIDS);
    let parts = Parts {
        pids: (0..PIDS).map(|at| PidName::parse(&format!("p{at:02}")).unwrap()).collect(),
        prefixes: prefixes
            .map(|at| (format!("10.0.{at}.0/24").parse().unwrap(), Pid::new(at)))
            .collect(),
        matrices: vec![matrix.finish().unwrap()],
    };
    Arc::new(Atlas::new(Arc::new(Snapshot::build(parts).unwrap())))
}

fn peer(who: u8) -> PeerId {
    suite::id(char::from(who + 1))
}

/// The quick store and the plain one, side by side.
struct Both {
    quick: MemoryStore,
    plain: PlainSwarm,
    board: Board,
    atlases: [Arc<Atlas>; 2],
    now: u64,
    is_arranged: bool,
}

impl Both {
    fn new(costs: &[Option<u8>], others: &[Option<u8>]) -> Self {
        let quick = MemoryStore::new(OverlaySettings::default());
        quick.create(OverlayRequest::named(overlay()), None, 0).unwrap();
        let atlases = [atlas(costs), atlas(others)];
        let (plain, board) = (PlainSwarm::default(), Board::default());
        Self { quick, plain, board, atlases, now: 0, is_arranged: false }
    }

    fn outlook(&self, pid: usize) -> Outlook {
        let address = format!("10.0.{pid}.77").parse().unwrap();
        Outlook::new(Arc::from("isp"), Some(Arc::clone(&self.atlases[0])), address, false)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), TestCaseError> {
        let by = self.outlook(0);
        match happening {
            Happening::Announce { who, pid, host, is_cache, until } => {
                let name = char::from(who + 1);
                let mut member = member(name, &format!("10.0.{pid}.{host}"), self.now + until);
                member.rendezvous = host % 2 == 0;
                member.nat = if host < 5 { Nat::Cone } else { Nat::Symmetric };
                member.kind = if is_cache { PeerType::Cache } else { PeerType::Peer };
                member.policy.class_floor = host % 3;
                if host != 1 {
                    self.board.put(&peer(who), f32::from(host) / 9.0, self.now);
                }
                self.plain.announce(member.clone(), &by);
                self.quick.announce(&overlay(), member, self.now).unwrap();
            }
            Happening::Leave(who) => {
                self.plain.remove(&peer(who), &by);
                self.quick.leave(&overlay(), &peer(who), self.now);
            }
            Happening::Reach { who, reach, relayed_until } => self.reach(who, reach, relayed_until),
            // Those who are over leave in the order of their seats, which is another one then.
            Happening::Sweep if self.is_arranged => {}
            Happening::Sweep => {
                self.plain.sweep(self.now, &by);
                self.quick.sweep(self.now);
            }
            Happening::Arrange => {
                self.quick.with(&overlay(), |swarm| swarm.arrange(0)).unwrap();
                self.is_arranged = true;
            }
            Happening::Reload => self.atlases.swap(0, 1),
            Happening::Ask { who, pid, per_pid, most, random } => {
                self.ask(&self.outlook(pid), (who, per_pid, most, random))?;
                self.ask(&Outlook::none(), (who, per_pid, most, random))?;
            }
            Happening::Pass(seconds) => self.now += seconds,
        }
        Ok(())
    }

    fn reach(&mut self, who: u8, reach: u8, relayed_until: Option<u64>) {
        let reach = [Reach::Unknown, Reach::Reachable, Reach::Unreachable][usize::from(reach)];
        let address = member('R', "198.51.100.1", 0).address;
        let via = relayed_until.map(|expires| Via { server: peer(100), address, expires });
        self.plain.change(&peer(who), reach, via.clone());
        self.quick.relayed(&overlay(), &peer(who), via);
        let member = self.quick.members(&overlay(), 0).unwrap();
        if let Some(member) = member.into_iter().find(|member| member.peer == peer(who)) {
            self.quick.reached(&overlay(), &peer(who), &member.address, reach);
        }
    }

    fn ask(
        &mut self,
        outlook: &Outlook,
        (who, per_pid, most, random): (u8, usize, usize, u64),
    ) -> Result<(), TestCaseError> {
        let (overlay, asker, now) = (overlay(), peer(who), self.now);
        let (overlay, asker) = (&overlay, &asker);
        let scores = Scores { board: &self.board, max_age_s: 50, overload: 0.8 };
        let (behind, scores) = (Some(Nat::Cone), Some(scores));
        let ask = Ask { overlay, asker, behind, outlook, per_pid, most, random, now, scores };
        let found = self.quick.nearest(&ask).unwrap();
        let quick: Vec<Plain> = found.into_iter().map(|it| (it.peer, it.pid, it.ordinal)).collect();
        let plain = self.plain.nearest(&ask);
        match self.is_arranged && outlook.atlas().is_none() {
            // Where nothing is known of the network, whoever they are.
            true => prop_assert_eq!(quick.len(), plain.len()),
            false => prop_assert_eq!(quick, plain),
        }
        self.ranked(&ask)?;
        let quick = self.quick.gateways(overlay, outlook, most, now);
        prop_assert_eq!(quick, self.plain.gateways(outlook, most, now));
        Ok(())
    }
}

impl Both {
    /// Lists, for which who cannot be in them is not looked at, are those of all candidates, of
    /// each PID so many as it may have.
    fn ranked(&self, ask: &Ask<'_>) -> Result<(), TestCaseError> {
        let told = |list: Vec<Placed>| -> Vec<String> {
            list.into_iter().map(|placed| format!("{placed:?}")).collect()
        };
        for size in [1, ask.most.div_ceil(3), ask.most] {
            let policy = Policy {
                size,
                bridge_percent: (ask.random >> 8) as u8 % 101,
                overloaded: [Overloaded::Drop, Overloaded::Last][ask.random as usize >> 16 & 1],
                class: (ask.random >> 24) as u8 % 3,
            };
            let all = match self.plain.has_caches() || ask.outlook.atlas().is_none() {
                true => self.quick.nearest(ask).unwrap(),
                false => self.shared_out(ask, &policy),
            };
            let all = rank(&all, &policy);
            prop_assert_eq!(told(self.quick.ranked(ask, &policy).unwrap()), told(all));
        }
        Ok(())
    }

    /// All candidates, but for those of crowded PIDs that are farther than the nearest: three of a
    /// PID for each entry that is still open when it is come to, PIDs as far as each other alike.
    fn shared_out(&self, ask: &Ask<'_>, policy: &Policy) -> Vec<Found> {
        let all = self.quick.nearest(&Ask { most: usize::from(PEERS), ..*ask }).unwrap();
        let counts = |found: &&Found| {
            let is_overloaded = found.brief.is_some_and(|brief| brief.is_overloaded);
            let is_dropped = is_overloaded && policy.overloaded == Overloaded::Drop;
            found.class_floor <= policy.class && !is_dropped
        };
        let wanted = (policy.size * usize::from(policy.bridge_percent) / 100).max(1);
        let mut taken: Vec<Found> = Vec::new();
        for alike in all.chunk_by(|a, b| a.ordinal == b.ordinal) {
            let before: Vec<&Found> = taken.iter().filter(counts).collect();
            let nearest = before.first().map(|first| first.ordinal);
            let near = before.iter().filter(|found| Some(found.ordinal) == nearest).count();
            // Beyond the nearest: what those leave free, or the bridges.
            let beyond = policy.size.saturating_sub(near).max(wanted);
            let open = beyond.saturating_sub(before.len() - near).max(1);
            let share = if before.is_empty() { usize::MAX } else { 3 * open };
            for theirs in alike.chunk_by(|a, b| a.pid == b.pid) {
                let left = ask.most - taken.len();
                taken.extend(theirs.iter().take(share.min(left)).cloned());
            }
        }
        taken
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn lists_are_those_of_the_plain_way(
        costs in prop::collection::vec(prop::option::weighted(0.8, 0..6_u8), 7..150),
        others in prop::collection::vec(prop::option::weighted(0.8, 0..6_u8), 7..150),
        happenings in prop::collection::vec(happening(), 1..120),
    ) {
        let mut both = Both::new(&costs, &others);
        for happening in happenings {
            both.happen(happening)?;
        }
    }
}
