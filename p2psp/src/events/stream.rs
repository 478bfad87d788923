//! One peer's queue as the body of an answer that goes on.

use std::time::Duration;

use link::body::{self, Body, BoxError};
use link::shutdown::Shutdown;
use mp2p::sse::KEEP_ALIVE;
use tokio::sync::mpsc::Sender;

use crate::events::outbox::{Reader, Waiting};

/// Pieces in the making: a peer that takes nothing holds up no more.
const PIECES: usize = 4;

/// How a stream goes on and ends.
#[derive(Clone, Debug)]
pub struct Streaming {
    /// A sign of life after so long without news.
    pub keep_alive: Duration,
    /// The stream ends when the server does.
    pub shutdown: Shutdown,
}

type Pieces = Sender<Result<bytes::Bytes, BoxError>>;

/// A body that sends what `reader` finds until the peer goes away, opens another stream, or the
/// server stops. Must be called inside a runtime.
#[must_use]
pub fn stream(reader: Reader, streaming: Streaming) -> Body {
    let (pieces, body) = body::channel(PIECES);
    tokio::spawn(async move {
        tokio::select! {
            () = streaming.shutdown.wait() => {}
            () = pieces.closed() => {}
            () = send(reader, &pieces, streaming.keep_alive) => {}
        }
    });
    body
}

/// Until the stream is over or nobody takes it.
async fn send(mut reader: Reader, pieces: &Pieces, keep_alive: Duration) {
    let news = reader.news();
    // The answer's head goes out with the first piece.
    if pieces.send(Ok(KEEP_ALIVE.into())).await.is_err() {
        return;
    }
    loop {
        let mut woken = std::pin::pin!(news.notified());
        woken.as_mut().enable();
        match reader.take() {
            Waiting::Over => return,
            Waiting::News(mail) => {
                for mail in mail {
                    let text = format!("id: {}\n{}", mail.seq, mail.text);
                    if pieces.send(Ok(text.into())).await.is_err() {
                        return;
                    }
                }
            }
            Waiting::Nothing => {
                let waited = tokio::time::timeout(keep_alive, woken).await;
                if waited.is_err() && pieces.send(Ok(KEEP_ALIVE.into())).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http_body_util::BodyExt;
    use mp2p::id::PeerId;
    use mp2p::message::event::Event;
    use mp2p::sse::{Reader as Parser, Received};

    use super::*;
    use crate::events::Outbox;
    use crate::settings::EventSettings;

    struct Scene {
        outbox: Arc<Outbox>,
        shutdown: Shutdown,
        peer: PeerId,
    }

    impl Scene {
        fn new() -> Self {
            let outbox = Arc::new(Outbox::new(EventSettings::default(), 1000));
            let peer = PeerId::parse(&"a".repeat(64)).unwrap();
            Self { outbox, shutdown: Shutdown::new(), peer }
        }

        fn open(&self, keep_alive_ms: u64) -> Body {
            let keep_alive = Duration::from_millis(keep_alive_ms);
            let streaming = Streaming { keep_alive, shutdown: self.shutdown.clone() };
            stream(self.outbox.read(&self.peer, None).unwrap(), streaming)
        }
    }

    async fn text(body: &mut Body) -> Option<String> {
        let frame = body.frame().await?.unwrap().into_data().unwrap();
        Some(String::from_utf8(frame.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_stream_brings_what_waits_and_what_comes_then_signs_of_life_and_ends_with_the_server()
    {
        let scene = Scene::new();
        let first = scene.outbox.post(&scene.peer, &Event::StatusRequest {}).unwrap();
        let mut body = scene.open(60_000);
        assert_eq!(text(&mut body).await.as_deref(), Some(KEEP_ALIVE));
        let expected = Received { seq: first, event: Some(Event::StatusRequest {}) };
        let came = text(&mut body).await.unwrap();
        assert_eq!(Parser::default().push(came.as_bytes()).unwrap(), [expected]);
        let second = scene.outbox.post(&scene.peer, &Event::StatusRequest {}).unwrap();
        assert!(text(&mut body).await.unwrap().starts_with(&format!("id: {second}\n")));
        let mut newer = scene.open(1);
        assert_eq!(text(&mut body).await, None, "one stream a peer");
        assert_eq!(text(&mut newer).await.as_deref(), Some(KEEP_ALIVE));
        assert!(text(&mut newer).await.unwrap().starts_with(&format!("id: {first}\n")));
        assert!(text(&mut newer).await.unwrap().starts_with(&format!("id: {second}\n")));
        assert_eq!(text(&mut newer).await.as_deref(), Some(KEEP_ALIVE));
        scene.shutdown.trigger();
        while text(&mut newer).await.is_some() {}
        assert!(!scene.outbox.is_listening(&scene.peer));
    }
}
