//! What a browser is given: a few files that stand in the program.

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use http::header::CONTENT_TYPE;

const HTML: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/page.js");
const PARTS: &str = include_str!("page/parts.js");
const TRANSFERS: &str = include_str!("page/transfers.js");
const MAP: &str = include_str!("page/map.js");
const ICON: &str = include_str!("page/icon.svg");
const STYLE: &str = include_str!("page/page.css");

/// The files.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let file = |kind: &'static str, content: &'static str| {
        get(move || async move { ([(CONTENT_TYPE, kind)], content).into_response() })
    };
    Router::new()
        .route("/", file("text/html; charset=utf-8", HTML))
        .route("/page.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/parts.js", file("text/javascript; charset=utf-8", PARTS))
        .route("/transfers.js", file("text/javascript; charset=utf-8", TRANSFERS))
        .route("/map.js", file("text/javascript; charset=utf-8", MAP))
        .route("/icon.svg", file("image/svg+xml", ICON))
        .route("/page.css", file("text/css; charset=utf-8", STYLE))
}
