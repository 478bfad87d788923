//! Drives one connection: HTTP, its one timer, drain and cut.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio_util::sync::CancellationToken;

use crate::server::activity::Overdue;
use crate::server::service::Context;
use crate::server::transport::{Observed, Shared};
use crate::server::{Handler, Limits};

/// For an idle connection to take its farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// When a connection has to end before its client wishes it.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Finish what is in work.
    pub(crate) drain: CancellationToken,
    /// Close now.
    pub(crate) cut: CancellationToken,
}

/// How a connection ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Served to its end.
    Served,
    /// HTTP or its transport broke.
    Broken(hyper::Error),
    /// A deadline passed.
    Overdue(Overdue),
    /// It was told to close.
    Cut,
}

/// Serves HTTP/1.1 on a connection.
pub(crate) async fn http1<H: Handler>(io: Observed, context: Arc<Context<H>>, stop: Stop) -> End {
    let (limits, activity) = (Arc::clone(&context.limits), context.activity.clone());
    let service = service_fn(move |request| Arc::clone(&context).answer(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_headers(limits.max_headers)
        .max_buf_size(limits.max_header_bytes)
        .serve_connection(TokioIo::new(io), service);
    drive(connection, &activity, stop, |it| it.graceful_shutdown()).await
}

/// Serves HTTP/2 on a connection.
pub(crate) async fn http2<H: Handler>(io: Observed, context: Arc<Context<H>>, stop: Stop) -> End {
    let (limits, activity) = (Arc::clone(&context.limits), context.activity.clone());
    let service = service_fn(move |request| Arc::clone(&context).answer(request));
    let connection = http2_settings(&limits).serve_connection(TokioIo::new(io), service);
    drive(connection, &activity, stop, |it| it.graceful_shutdown()).await
}

fn http2_settings(limits: &Limits) -> http2::Builder<TokioExecutor> {
    let (stream_window, connection_window) = limits.windows();
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.max_streams)
        .max_header_list_size(u32::try_from(limits.max_header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(limits.max_pending_resets)
        .max_local_error_reset_streams(limits.max_local_resets)
        .initial_stream_window_size(stream_window)
        .initial_connection_window_size(connection_window)
        .keep_alive_interval(limits.ping_interval())
        .keep_alive_timeout(limits.ping_timeout());
    builder
}

/// Polls a connection together with its timer.
///
/// The timer is moved forward only when a deadline comes nearer, and looked at again when it fires:
/// a request on a warm connection touches it not at all.
async fn drive<C>(
    connection: C,
    activity: &Shared,
    stop: Stop,
    farewell: impl Fn(Pin<&mut C>),
) -> End
where
    C: Future<Output = hyper::Result<()>>,
{
    let mut connection = pin!(connection);
    let mut drain = pin!(stop.drain.cancelled());
    let mut cut = pin!(stop.cut.cancelled());
    let mut timer = pin!(tokio::time::sleep(FAREWELL));
    let mut draining = false;
    let mut leaving: Option<Instant> = None;
    std::future::poll_fn(|context| {
        if cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(End::Cut);
        }
        if !draining && drain.as_mut().poll(context).is_ready() {
            draining = true;
            farewell(connection.as_mut());
        }
        loop {
            if let Poll::Ready(served) = connection.as_mut().poll(context) {
                return Poll::Ready(served.map_or_else(End::Broken, |()| End::Served));
            }
            let due = match leaving {
                Some(until) => Some((until, Overdue::Idle)),
                None => activity.lock().deadline(),
            };
            match wait(timer.as_mut(), context, due) {
                None => return Poll::Pending,
                Some(Overdue::Idle) if leaving.is_none() => {
                    leaving = Some(Instant::now() + FAREWELL);
                    farewell(connection.as_mut());
                }
                Some(overdue) => return Poll::Ready(End::Overdue(overdue)),
            }
        }
    })
    .await
}

/// Waits for a deadline; `None` while it has not come, and the task will be woken by then.
fn wait(
    mut timer: Pin<&mut tokio::time::Sleep>,
    context: &mut std::task::Context<'_>,
    due: Option<(Instant, Overdue)>,
) -> Option<Overdue> {
    /// How soon a connection in work is looked at again.
    const WHILE_IN_WORK: Duration = Duration::from_secs(10);
    if let Some((when, _)) = due
        && when < timer.deadline().into_std()
    {
        timer.as_mut().reset(when.into());
    }
    while timer.as_mut().poll(context).is_ready() {
        let now = Instant::now();
        match due {
            Some((when, what)) if when <= now => return Some(what),
            Some((when, _)) => timer.as_mut().reset(when.into()),
            None => timer.as_mut().reset((now + WHILE_IN_WORK).into()),
        }
    }
    None
}
