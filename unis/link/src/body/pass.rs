//! Takes in, and forgets, what is left of a request's body that nobody wants.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use http_body::Body;

/// Longest body that is taken in to be refused, bytes, and for how long.
const LET_PASS_BYTES: u64 = 2 << 20;
const LET_PASS_WITHIN: Duration = Duration::from_secs(5);

/// Takes in, and forgets, the rest of a body whose length is known and not large: an answer that
/// comes while the other end still sends is often lost, over HTTP/1.1 with the connection (RFC 9112
/// §9.6), over HTTP/2 with the stream. Whether there is nothing left of it.
pub async fn let_pass<B: Body + Unpin>(body: &mut B) -> bool {
    if body.is_end_stream() {
        return true;
    }
    if body.size_hint().exact().is_none_or(|bytes| bytes > LET_PASS_BYTES) {
        return false;
    }
    let rest = async {
        while let Some(Ok(_)) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {}
    };
    tokio::time::timeout(LET_PASS_WITHIN, rest).await.is_ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::body::{BoxError, channel, empty, full};

    #[tokio::test]
    async fn a_rest_is_taken_in_where_its_length_is_known_and_not_large() {
        assert!(let_pass(&mut empty()).await);
        assert!(let_pass(&mut full(vec![b' '; 2 << 20])).await);
        assert!(!let_pass(&mut full(vec![b' '; (2 << 20) + 1])).await);
        let (_sender, mut chunked) = channel(1);
        assert!(!let_pass(&mut chunked).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_that_does_not_come_is_not_waited_for_without_end() {
        let (_sender, held) = channel(1);
        assert!(!let_pass(&mut Announced(held)).await);
    }

    /// Ten bytes, says its head.
    struct Announced(crate::body::Body);

    impl Body for Announced {
        type Data = Bytes;
        type Error = BoxError;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, BoxError>>> {
            Pin::new(&mut self.0).poll_frame(context)
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(10)
        }
    }
}
