//! Who may ask what of the page.

use std::net::SocketAddr;

use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::loopback::{Key, is_own_host};

/// Said with every answer: the page runs its own script and no other, asks nobody but this server,
/// and stands in no frame.
const FIXED: [(HeaderName, &str); 7] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Why nothing is answered: a status and a line.
pub(crate) type Refusal = (StatusCode, &'static str);

/// The server's own names, and its key.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) address: SocketAddr,
    pub(crate) key: Key,
}

impl Guard {
    /// Whether to answer a request for `path`.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn admit(&self, path: &str, fields: &HeaderMap) -> Result<(), Refusal> {
        let host = fields.get(HOST).map_or(&[][..], HeaderValue::as_bytes);
        if !is_own_host(host, self.address) {
            return Err((StatusCode::MISDIRECTED_REQUEST, "not the name of this server\n"));
        }
        let origin = fields.get(ORIGIN).map(HeaderValue::as_bytes);
        let is_own = |origin: &[u8]| {
            let named = origin.strip_prefix(b"http://");
            named.is_some_and(|named| is_own_host(named, self.address))
        };
        let site = fields.get("sec-fetch-site").map(HeaderValue::as_bytes);
        let is_near = |site: &[u8]| matches!(site, b"same-origin" | b"none");
        // Following a link to the page itself is nobody's harm.
        let is_question = path.starts_with("/api/");
        if !origin.is_none_or(is_own) || (is_question && !site.is_none_or(is_near)) {
            return Err((StatusCode::FORBIDDEN, "asked by another page\n"));
        }
        let shown = fields.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let shown = shown.and_then(|value| value.strip_prefix("Bearer "));
        match !is_question || shown.is_some_and(|shown| self.key.is(shown)) {
            true => Ok(()),
            false => Err((StatusCode::UNAUTHORIZED, "`peer status` prints the address\n")),
        }
    }
}

/// Adds what is said with every answer.
pub(crate) fn mark(fields: &mut HeaderMap) {
    for (name, value) in FIXED {
        fields.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(path: &str, fields: &[(&'static str, &str)]) -> u16 {
        let key = Key::parse(&"a".repeat(32)).unwrap();
        let guard = Guard { address: "127.0.0.1:7680".parse().unwrap(), key };
        let fields = fields.iter().map(|(name, value)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        });
        guard.admit(path, &fields.collect()).map_or_else(|(status, _)| status.as_u16(), |()| 200)
    }

    #[test]
    fn only_the_own_page_with_the_key_asks() {
        let (host, key) = (("host", "127.0.0.1:7680"), format!("Bearer {}", "a".repeat(32)));
        let key = ("authorization", key.as_str());
        assert_eq!(admit("/", &[host]), 200);
        assert_eq!(admit("/", &[host, ("sec-fetch-site", "cross-site")]), 200);
        assert_eq!(admit("/api/status", &[host, key]), 200);
        assert_eq!(admit("/api/status", &[("host", "localhost:7680"), key]), 200);
        let own = ("origin", "http://127.0.0.1:7680");
        assert_eq!(admit("/api/limits", &[host, key, own]), 200);
        assert_eq!(admit("/api/status", &[host]), 401);
        let wrong = format!("Bearer {}", "b".repeat(32));
        assert_eq!(admit("/api/status", &[host, ("authorization", &wrong)]), 401);
        for origin in ["http://evil.example", "https://127.0.0.1:7680", "http://127.0.0.1", "null"]
        {
            assert_eq!(admit("/api/limits", &[host, key, ("origin", origin)]), 403, "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert_eq!(admit("/api/status", &[host, key, ("sec-fetch-site", site)]), 403);
        }
        for name in ["evil.example:7680", "127.0.0.1:80", "[::1]:7680"] {
            assert_eq!(admit("/", &[("host", name)]), 421, "{name}");
        }
        assert_eq!(admit("/", &[]), 421);
    }
}
