//! The end of the running peer: the socket, and what is answered there.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use link::shutdown::Shutdown;
use mp2p::message::content::Found;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::UnixListener;

use crate::control::Control;
use crate::control::message::{Fetch, Share, Started, Status, Which};
use crate::node::Node;
use crate::settings::Limits;

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

/// Opens the socket at `path` and answers until shutdown.
///
/// # Errors
/// Another peer answers there already, or the socket cannot be made.
pub async fn serve(path: &Path, node: Arc<Node>, shutdown: Shutdown) -> Result<(), DoorError> {
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
    let service = TowerToHyperService::new(router(node));
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

/// The commands.
pub(crate) fn router(node: Arc<Node>) -> Router {
    Router::new()
        .route("/status", get(status))
        .route("/share", post(share))
        .route("/fetch", post(fetch))
        .route("/stop", post(stop))
        .route("/search", get(search))
        .route("/limits", get(limits).put(set_limits))
        .with_state(node)
}

/// What a command could not do, in a sentence.
struct Refused(anyhow::Error);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({"error": format!("{:#}", self.0)}));
        (StatusCode::CONFLICT, body).into_response()
    }
}

impl<E: Into<anyhow::Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

async fn status(State(node): State<Arc<Node>>) -> Json<Status> {
    Json(node.status())
}

async fn share(
    State(node): State<Arc<Node>>,
    Json(share): Json<Share>,
) -> Result<Json<Started>, Refused> {
    Ok(Json(node.share(share).await?))
}

async fn fetch(
    State(node): State<Arc<Node>>,
    Json(fetch): Json<Fetch>,
) -> Result<Json<Started>, Refused> {
    Ok(Json(node.fetch(fetch).await?))
}

async fn stop(
    State(node): State<Arc<Node>>,
    Json(which): Json<Which>,
) -> Result<Json<Value>, Refused> {
    node.stop(&which.content_id).await?;
    Ok(Json(Value::Null))
}

#[derive(Deserialize)]
struct Words {
    q: String,
}

async fn search(
    State(node): State<Arc<Node>>,
    Query(words): Query<Words>,
) -> Result<Json<Found>, Refused> {
    Ok(Json(node.provider().search(&words.q).await?))
}

async fn limits(State(node): State<Arc<Node>>) -> Json<Limits> {
    Json(node.limits())
}

async fn set_limits(
    State(node): State<Arc<Node>>,
    Json(limits): Json<Limits>,
) -> Result<Json<Limits>, Refused> {
    node.set_limits(limits)?;
    Ok(Json(node.limits()))
}
