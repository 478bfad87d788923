//! What the page asks: how the peer is, and its limits.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde_json::json;

use crate::control::message::{LimitsInForce, Status};
use crate::node::Node;
use crate::settings::Limits;

/// The questions; whoever comes here has shown the key.
pub(crate) fn routes(node: Arc<Node>) -> Router {
    Router::new()
        .route("/api/status", get(status))
        .route("/api/limits", get(limits).put(set_limits).delete(reset_limits))
        .with_state(node)
}

async fn status(State(node): State<Arc<Node>>) -> Json<Status> {
    Json(node.status())
}

async fn limits(State(node): State<Arc<Node>>) -> Json<LimitsInForce> {
    Json(node.limits_in_force())
}

async fn set_limits(State(node): State<Arc<Node>>, Json(limits): Json<Limits>) -> Response {
    told(&node, node.set_limits(&limits))
}

async fn reset_limits(State(node): State<Arc<Node>>) -> Response {
    told(&node, node.reset_limits())
}

fn told(node: &Node, done: anyhow::Result<()>) -> Response {
    match done {
        Ok(()) => Json(node.limits_in_force()).into_response(),
        Err(error) => {
            let told = Json(json!({"error": format!("{error:#}")}));
            (StatusCode::UNPROCESSABLE_ENTITY, told).into_response()
        }
    }
}
