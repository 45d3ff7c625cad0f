//! Who may ask: the browser that opened the link, for pages of this server, and nobody else.
//!
//! Any page in the same browser can send requests to 127.0.0.1, and a name can be made to point there. So the host must
//! be ours, the origin too, and a cookie that no page can read or send from elsewhere must come along.

use super::App;
use crate::error::{Error, Result};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use std::sync::{Arc, Mutex, PoisonError};

/// Nothing from elsewhere, nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What every answer says.
const HEADERS: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The secrets of a session.
#[derive(Debug)]
pub(super) struct Guard {
    port: u16,
    /// In the link; gone once it was used.
    token: Mutex<Option<String>>,
    /// In the cookie.
    session: String,
}

impl Guard {
    pub(super) fn new(port: u16) -> Result<Self> {
        Ok(Self { port, token: Mutex::new(Some(random_hex()?)), session: random_hex()? })
    }

    /// Returns the address that opens the page once.
    pub(super) fn link(&self) -> String {
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        format!("http://127.0.0.1:{}/?token={}", self.port, token.as_deref().unwrap_or(""))
    }

    /// Cookies know no ports: each server has its own.
    fn cookie(&self) -> String {
        format!("deburn-{}", self.port)
    }

    /// Takes the token of the link, if it is that.
    fn exchange(&self, token: &str) -> bool {
        let mut own = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        let is_own = own.as_deref().is_some_and(|own| same(own, token));
        if is_own {
            *own = None;
        }
        is_own
    }

    fn is_own_host(&self, host: &str) -> bool {
        ["127.0.0.1", "localhost"].iter().any(|name| host == format!("{name}:{}", self.port))
    }

    fn holds_cookie(&self, headers: &HeaderMap) -> bool {
        let name = self.cookie();
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.any(|(own, value)| own == name && same(value, &self.session))
    }
}

/// Lets a request through, or says why not.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let mut response = match refusal(&app.guard, &request) {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(guard: &Guard, request: &Request) -> Option<Response> {
    let headers = request.headers();
    let value = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let refuse = |words: &'static str| Some((StatusCode::FORBIDDEN, words).into_response());
    let host = value(&header::HOST).unwrap_or("");
    if !guard.is_own_host(host) {
        return refuse("This server answers to 127.0.0.1 only.\n");
    }
    let origin = value(&header::ORIGIN);
    if origin.is_some_and(|origin| origin != format!("http://{host}")) {
        return refuse("Requests of another origin are refused.\n");
    }
    let is_reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let site = value(&HeaderName::from_static("sec-fetch-site"));
    if !is_reading && (origin.is_none() || site.is_some_and(|site| site != "same-origin")) {
        return refuse("Only the page itself may decide.\n");
    }
    // By its announced length: waiting for a body that is never read would keep the connection.
    let length = value(&header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > super::MOST_BODY) {
        return Some((StatusCode::PAYLOAD_TOO_LARGE, "The request is too large.\n").into_response());
    }
    if request.uri().path() == "/"
        && let Some(token) = request.uri().query().and_then(|query| query.strip_prefix("token="))
    {
        return Some(if guard.exchange(token) { welcome(guard) } else { unknown() });
    }
    if guard.holds_cookie(headers) { None } else { Some(unknown()) }
}

/// Sets the cookie and leads to the page. A redirect would not do: coming from another site, it carries no strict cookie.
fn welcome(guard: &Guard) -> Response {
    let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Strict", guard.cookie(), guard.session);
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>deburn review</title>\
<meta http-equiv=refresh content='0; url=/'><p><a href='/'>Open the review</a></p></html>";
    ([(header::SET_COOKIE, cookie)], Html(page)).into_response()
}

fn unknown() -> Response {
    let words = "This link is not valid, or was used before. Start `deburn review` again for a new one.\n";
    (StatusCode::FORBIDDEN, words).into_response()
}

/// Compares secrets in a time that tells nothing of where they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |differences, (a, b)| differences | (a ^ b)) == 0
}

/// Returns 128 random bits in hexadecimal digits.
///
/// # Errors
///
/// [`Error::Usage`] where the system has no random numbers.
pub(in crate::review) fn random_hex() -> Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Error::Usage(format!("no random numbers: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_works_once_and_a_wrong_one_does_not_use_it_up() {
        let guard = Guard::new(1).unwrap();
        let link = guard.link();
        let token = link.split_once("token=").unwrap().1;
        assert!(!guard.exchange("") && !guard.exchange(&token[1..]));
        assert!(guard.exchange(token));
        assert!(!guard.exchange(token));
    }

    #[test]
    fn hosts_are_ours_or_refused() {
        let guard = Guard::new(80).unwrap();
        assert!(guard.is_own_host("127.0.0.1:80") && guard.is_own_host("localhost:80"));
        for host in ["127.0.0.1", "127.0.0.1:81", "evil.example:80", "", "127.0.0.1:80.evil.example"] {
            assert!(!guard.is_own_host(host), "{host}");
        }
    }
}
