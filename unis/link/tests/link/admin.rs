//! Health, readiness and metrics.

use std::net::SocketAddr;
use std::sync::Arc;

use http::HeaderMap;
use link::admin::{Admin, Readiness};
use link::client::{Client, Response};
use link::metrics::Metrics;
use link::server::{Limits, Listener, Security};
use link::shutdown::Shutdown;
use prometheus_client::registry::Registry;

use crate::fixture::{AMPLE, who};

async fn get(address: SocketAddr, path: &str) -> Response {
    let client = Client::builder().plaintext(true).response_timeout(AMPLE).build();
    client.get(&format!("http://{address}{path}"), HeaderMap::new()).await.unwrap()
}

fn text(response: &Response) -> (u16, &str) {
    (response.status.as_u16(), std::str::from_utf8(&response.body).unwrap())
}

#[tokio::test]
async fn readiness_says_what_is_missing_and_ends_with_the_drain() {
    let (readiness, draining) = (Readiness::new(), Shutdown::new());
    let map = readiness.condition("map");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let admin =
        Admin::bind(any, readiness, Arc::new(Registry::default()), draining.clone()).unwrap();
    let (address, stop) = (admin.local_address(), Shutdown::new());
    let done = tokio::spawn(admin.run(stop.clone()));
    assert_eq!(text(&get(address, "/readyz").await), (503, "map\n"));
    assert_eq!(text(&get(address, "/livez").await), (200, "ok\n"));
    map.met();
    assert_eq!(text(&get(address, "/readyz").await), (200, "ready\n"));
    draining.trigger();
    assert_eq!(text(&get(address, "/readyz").await), (503, "draining\n"));
    assert_eq!(get(address, "/").await.status, 404);
    let client = Client::builder().plaintext(true).response_timeout(AMPLE).build();
    let url = format!("http://{address}/livez");
    let posted = client.post(&url, "text/plain", "*/*", "x").await.unwrap();
    assert_eq!(posted.status, 405);
    assert_eq!(posted.headers["allow"], "GET, HEAD");
    stop.trigger();
    tokio::time::timeout(AMPLE, done).await.unwrap().unwrap();
}

#[tokio::test]
async fn what_a_listener_counts_can_be_read() {
    let mut registry = Registry::with_prefix("mp2p");
    let metrics = Metrics::new();
    metrics.register(&mut registry);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = Listener::bind(any, Limits::default(), Security::Plaintext).unwrap();
    let listener = listener.with_metrics(metrics);
    let served = listener.local_address();
    tokio::spawn(listener.run(Arc::new(who), Shutdown::new()));
    get(served, "/").await;
    let admin = Admin::bind(any, Readiness::new(), Arc::new(registry), Shutdown::new()).unwrap();
    let address = admin.local_address();
    tokio::spawn(admin.run(Shutdown::new()));
    let answer = get(address, "/metrics").await;
    let (_, text) = text(&answer);
    assert!(text.contains("\nmp2p_requests_total 1\n"), "{text}");
    assert!(text.contains("\nmp2p_connections_accepted_total 1\n"), "{text}");
    assert!(text.ends_with("# EOF\n"), "{text}");
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let client = Client::builder().plaintext(true).response_timeout(AMPLE).build();
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let asks = HeaderMap::from_iter([(http::header::ACCEPT, kind.parse().unwrap())]);
    let answer = client.get(&format!("http://{address}/metrics"), asks).await.unwrap();
    assert_eq!(answer.headers["content-type"], kind);
    let (_, text) = self::text(&answer);
    assert!(text.contains("# TYPE mp2p_requests counter\n"), "{text}");
}
