//! The page, as it lies in the program.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type, content.
const ASSETS: [(&str, &str, &str); 9] = [
    ("style.css", "text/css; charset=utf-8", include_str!("../assets/style.css")),
    ("viewer.css", "text/css; charset=utf-8", include_str!("../assets/viewer.css")),
    ("app.js", SCRIPT, include_str!("../assets/app.js")),
    ("dom.js", SCRIPT, include_str!("../assets/dom.js")),
    ("list.js", SCRIPT, include_str!("../assets/list.js")),
    ("viewer.js", SCRIPT, include_str!("../assets/viewer.js")),
    ("frame.js", SCRIPT, include_str!("../assets/frame.js")),
    ("panel.js", SCRIPT, include_str!("../assets/panel.js")),
    ("icon.svg", "image/svg+xml", include_str!("../assets/icon.svg")),
];

/// Returns the page.
pub(super) async fn page() -> Html<&'static str> {
    Html(include_str!("../assets/index.html"))
}

/// Returns what the page is made of.
pub(super) async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(own, _, _)| *own == name) {
        Some((_, kind, content)) => ([(header::CONTENT_TYPE, *kind)], *content).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
