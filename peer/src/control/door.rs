//! The end of the running peer: the socket, and what is answered there.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body as AxumBody;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, Method, StatusCode};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use link::daemon::error_text;
use link::shutdown::Shutdown;
use mp2p::id::ContentId;
use mp2p::message::content::Found;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio::sync::OnceCell;

use crate::control::Control;
use crate::control::message::{Fetch, LimitsInForce, Play, Playing, Share, Started, Status, Which};
use crate::node::Node;
use crate::settings::Limits;
use crate::stream::{self, Reel, Theatre};

/// Why the socket is not there.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// Another peer runs with this state folder.
    #[error("a peer is running with this state folder already ({})", .0.display())]
    Taken(PathBuf),
    /// It cannot be made.
    #[error("{}: {source}", .path.display())]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What else a peer is, beside its node.
#[derive(Clone, Debug, Default)]
pub struct Front {
    /// Where its web page is, with its key.
    pub page: Option<String>,
    /// Whether it belongs to a command, and ends with that.
    pub passing: bool,
}

/// Opens the socket at `path` and answers until shutdown.
///
/// # Errors
/// Another peer answers there already, or the socket cannot be made.
pub async fn serve(
    path: &Path,
    (node, front): (Arc<Node>, Front),
    shutdown: Shutdown,
) -> Result<(), DoorError> {
    if Control::at(path).is_running().await {
        return Err(DoorError::Taken(path.to_owned()));
    }
    let failed = |source| DoorError::Socket { path: path.to_owned(), source };
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        // One that a killed peer left.
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600)).map_err(failed)?;
    let (theatre, until) = (OnceCell::new(), shutdown.clone());
    let desk = Arc::new(Desk { node, front, theatre, shutdown: until });
    let service = TowerToHyperService::new(router(desk));
    let path = path.to_owned();
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = shutdown.wait() => break,
            };
            let Ok((stream, _nobody)) = accepted else { continue };
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service.clone());
            tokio::spawn(connection);
        }
        let _ = std::fs::remove_file(path);
    });
    Ok(())
}

/// What commands are about.
struct Desk {
    node: Arc<Node>,
    front: Front,
    /// Opened when somebody wants to play something.
    theatre: OnceCell<Theatre>,
    shutdown: Shutdown,
}

/// The commands.
fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/alive", get(|| async {}))
        .route("/status", get(status))
        .route("/share", post(share))
        .route("/fetch", post(fetch))
        .route("/play", post(play))
        .route("/film", get(film))
        .route("/stop", post(stop))
        .route("/search", get(search))
        .route("/limits", get(limits).put(set_limits).delete(reset_limits))
        .with_state(desk)
}

/// What a command could not do, in a sentence.
struct Refused(anyhow::Error);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": error_text(&self.0)}));
        (StatusCode::CONFLICT, body).into_response()
    }
}

impl<E: Into<anyhow::Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

async fn status(State(desk): State<Arc<Desk>>) -> Json<Status> {
    let Front { page, passing } = desk.front.clone();
    Json(Status { page, passing, ..desk.node.status() })
}

async fn share(
    State(desk): State<Arc<Desk>>,
    Json(share): Json<Share>,
) -> Result<Json<Started>, Refused> {
    Ok(Json(desk.node.share(share).await?))
}

async fn fetch(
    State(desk): State<Arc<Desk>>,
    Json(fetch): Json<Fetch>,
) -> Result<Json<Started>, Refused> {
    Ok(Json(desk.node.fetch(fetch).await?))
}

async fn play(
    State(desk): State<Arc<Desk>>,
    Json(play): Json<Play>,
) -> Result<Json<Vec<Playing>>, Refused> {
    let open = || async { Theatre::open(Arc::clone(&desk.node), desk.shutdown.clone()) };
    let theatre = desk.theatre.get_or_try_init(open).await?;
    let all = Reel::all(&desk.node, &play.content_id).await?;
    let is_meant = |reel: &&Reel| play.files.is_empty() || play.files.contains(&reel.name);
    let playing = all
        .iter()
        .filter(is_meant)
        .map(|reel| Playing { file: reel.name.clone(), url: theatre.url(&play.content_id, reel) });
    Ok(Json(playing.collect()))
}

#[derive(Deserialize)]
struct Film {
    content: ContentId,
    file: Option<String>,
}

async fn film(
    State(desk): State<Arc<Desk>>,
    Query(film): Query<Film>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let reel = Reel::of(&desk.node, &film.content, film.file.as_deref()).await?;
    Ok(stream::show(reel, &method, &headers).map(AxumBody::new))
}

async fn stop(
    State(desk): State<Arc<Desk>>,
    Json(which): Json<Which>,
) -> Result<Json<Value>, Refused> {
    desk.node.stop(&which.content_id).await?;
    Ok(Json(Value::Null))
}

#[derive(Deserialize)]
struct Words {
    q: String,
}

async fn search(
    State(desk): State<Arc<Desk>>,
    Query(words): Query<Words>,
) -> Result<Json<Found>, Refused> {
    Ok(Json(desk.node.provider().search(&words.q).await?))
}

async fn limits(State(desk): State<Arc<Desk>>) -> Json<LimitsInForce> {
    Json(desk.node.limits_in_force())
}

async fn set_limits(
    State(desk): State<Arc<Desk>>,
    Json(limits): Json<Limits>,
) -> Result<Json<LimitsInForce>, Refused> {
    desk.node.set_limits(&limits)?;
    Ok(Json(desk.node.limits_in_force()))
}

async fn reset_limits(State(desk): State<Arc<Desk>>) -> Result<Json<LimitsInForce>, Refused> {
    desk.node.reset_limits()?;
    Ok(Json(desk.node.limits_in_force()))
}
