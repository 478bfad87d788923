//! `alto-client` against a real server over mutual TLS: its local ranking is the server's, it
//! follows changes, and it outlives the server.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alto::address::{self, TypedAddress};
use alto::cost::{CostType, Mode};
use alto::request::EndpointCostQuery;
use alto_client::{Client, ClientBuilder, FollowSettings, Follower};
use anyhow::Context;
use link::tls::{ClientTls, ClientTlsSettings, ServerTrust};
use proptest::test_runner::{Config, TestRunner};
use system_tests::data::{germany50, project};
use system_tests::unis::{Unis, replace};

/// Random queries of the property.
const CASES: u32 = 40;

fn builder(server: &Unis) -> anyhow::Result<ClientBuilder> {
    let settings = ClientTlsSettings {
        own: Some((server.pki("client.pem"), server.pki("client-key.pem"))),
        servers: vec![ServerTrust { trust_domain: None, bundle: server.pki("ca.pem"), crl: None }],
        expected: None,
    };
    let tls = ClientTls::load(settings, link::metrics::Metrics::new())?;
    let http = link::client::Client::builder().tls(tls).build();
    Ok(Client::builder(&server.url, http)?)
}

fn follow(server: &Unis) -> anyhow::Result<Follower> {
    let metrics = vec!["routingcost".to_owned(), "hopcount".to_owned()];
    // Rounds are asked for by the tests; the interval only has to be out of their way.
    let interval = Duration::from_secs(600);
    Ok(Follower::start(
        builder(server)?,
        FollowSettings { metrics, interval, ..FollowSettings::default() },
    )?)
}

/// Addresses of the swarm in the German network.
fn swarm() -> anyhow::Result<Vec<IpAddr>> {
    let text = std::fs::read_to_string(project("topology/fixtures/germany50/peers.csv"))?;
    let addresses = text.lines().skip(1).filter_map(|line| line.split(',').next()?.parse().ok());
    Ok(addresses.collect())
}

fn typed(address: IpAddr) -> TypedAddress {
    TypedAddress { text: address::format(address), address }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_ranking_is_the_servers() {
    let server = Unis::mutual(&germany50(), &[]).unwrap();
    let client = Arc::new(builder(&server).unwrap().connect().await.unwrap());
    let follower = follow(&server).unwrap();
    follower.check().await;
    let followed = follower.current().unwrap();
    let swarm = swarm().unwrap();
    let runtime = tokio::runtime::Handle::current();

    let property = move || {
        let mut runner = TestRunner::new(Config { cases: CASES, ..Config::default() });
        let indexes = proptest::collection::vec(0..swarm.len(), 2..60);
        runner.run(&(indexes, proptest::bool::ANY), |(indexes, hops)| {
            let addresses: Vec<IpAddr> = indexes.iter().map(|&index| swarm[index]).collect();
            let metric = if hops { "hopcount" } else { "routingcost" };
            let query = EndpointCostQuery {
                cost_type: CostType::new(metric, Mode::Numerical),
                constraints: None,
                srcs: vec![typed(addresses[0])],
                dsts: addresses[1..].iter().copied().map(typed).collect(),
            };
            let answer = runtime.block_on(client.endpoint_costs(&query)).unwrap();
            let costs = &answer.map[&query.srcs[0].text];
            let mut expected: Vec<(f64, usize)> =
                query.dsts.iter().enumerate().map(|(index, to)| (costs[&to.text], index)).collect();
            expected.sort_by(|a, b| a.0.total_cmp(&b.0));
            let expected: Vec<usize> = expected.into_iter().map(|(_, index)| index).collect();
            let ranked = followed.rank(metric, addresses[0], &addresses[1..]).unwrap();
            let ranked: Vec<usize> = ranked.into_iter().map(|ranked| ranked.index).collect();
            proptest::prop_assert_eq!(ranked, expected);
            Ok(())
        })
    };
    tokio::task::spawn_blocking(property).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_followed_and_an_absent_server_outlived() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("network.toml");
    let text = std::fs::read_to_string(project("topology/fixtures/small.toml")).unwrap();
    replace(&file, &text).unwrap();
    let server = Unis::mutual(&[format!("inventory={}", file.display())], &[]).unwrap();
    let follower = follow(&server).unwrap();
    follower.check().await;
    let cost = |follower: &Follower| -> anyhow::Result<f64> {
        let followed = follower.current().context("nothing followed")?;
        let snapshot = followed.snapshot();
        let matrix = snapshot.matrix("routingcost").context("no routingcost")?;
        let pid = |name| snapshot.pids().find(name).context("no such PID");
        Ok(matrix.cost(pid("MI")?, pid("RM")?).context("no cost")?.value())
    };
    assert!((cost(&follower).unwrap() - 10.0).abs() < 1e-9);
    let before = follower.current().unwrap().version().clone();

    replace(&file, &text.replace("igp = 10", "igp = 12.5")).unwrap();
    server.signal("HUP").unwrap();
    server.wait_for_log("map reloaded").unwrap();
    follower.check().await;
    assert!((cost(&follower).unwrap() - 12.5).abs() < 1e-9);
    // Only costs moved: the network map is the same version.
    assert_eq!(*follower.current().unwrap().version(), before);

    drop(server);
    follower.check().await;
    let freshness = follower.freshness(Instant::now());
    assert!(freshness.last_error.is_some() && freshness.snapshot_age.is_some());
    assert!((cost(&follower).unwrap() - 12.5).abs() < 1e-9);
}
