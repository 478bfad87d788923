//! The server for players of this machine: loopback alone, and a path that nobody can guess.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http::header::HOST;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use link::body::Body;
use link::server::{Handler, Limits, Listener, Security};
use link::shutdown::Shutdown;
use mp2p::id::ContentId;

use crate::loopback::{Key, is_own_host};
use crate::node::Node;
use crate::stream::Reel;
use crate::stream::show::{show, told};

/// A player that is paused takes nothing for so long at most.
const PAUSED_MS: u64 = 12 * 3600 * 1000;

/// A running server for players.
#[derive(Clone, Debug)]
pub struct Theatre {
    address: SocketAddr,
    key: Key,
}

impl Theatre {
    /// Opens it at a free port of the loopback address, until `shutdown`.
    ///
    /// # Errors
    /// There is no free port, or no randomness.
    pub fn open(node: Arc<Node>, shutdown: Shutdown) -> anyhow::Result<Self> {
        let limits = Limits {
            max_connections: 64,
            max_requests_in_work: 64,
            write_timeout_ms: PAUSED_MS,
            drain_timeout_ms: 1_000,
            ..Limits::default()
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = Listener::bind(address, limits, Security::Plaintext)?;
        let theatre = Self { address: listener.local_address(), key: Key::random()? };
        let door = Arc::new(Door { theatre: theatre.clone(), node });
        tokio::spawn(listener.run(door, shutdown));
        Ok(theatre)
    }

    /// Where a file is played.
    #[must_use]
    pub fn url(&self, content: &ContentId, reel: &Reel) -> String {
        let name = reel.name.rsplit('/').next().unwrap_or_default();
        let (place, name) = (reel.place(), escaped(name));
        format!("http://{}/{}/{content}/{place}/{name}", self.address, self.key)
    }
}

struct Door {
    theatre: Theatre,
    node: Arc<Node>,
}

impl Handler for Door {
    async fn handle(&self, request: Request<Incoming>) -> Response<Body> {
        let host = request.headers().get(HOST);
        if !host.is_some_and(|host| is_own_host(host.as_bytes(), self.theatre.address)) {
            return told(StatusCode::MISDIRECTED_REQUEST, "not the name of this server\n");
        }
        match self.reel(request.uri().path()).await {
            Some(reel) => show(reel, request.method(), request.headers()),
            None => told(StatusCode::NOT_FOUND, "nothing here\n"),
        }
    }
}

impl Door {
    /// `/KEY/CONTENT/PLACE/NAME`; the name is for people.
    async fn reel(&self, path: &str) -> Option<Reel> {
        let mut parts = path.strip_prefix('/')?.splitn(4, '/');
        if !self.theatre.key.is(parts.next()?) {
            return None;
        }
        let content = ContentId::parse(parts.next()?).ok()?;
        let place: usize = parts.next()?.parse().ok()?;
        let all = Reel::all(&self.node, &content).await.ok()?;
        all.into_iter().find(|reel| reel.place() == place)
    }
}

/// A name as a part of a path (RFC 3986 §2.1).
fn escaped(name: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let part = |byte: u8| match is_plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    name.bytes().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_in_paths() {
        assert_eq!(escaped("Ein Fußball?.mp4"), "Ein%20Fu%C3%9Fball%3F.mp4");
    }
}
