//! Absolute `http` and `https` URLs, and references resolved against them (RFC 3986 §5), as the
//! entries of a directory need it (RFC 7285 §9.2.2).

use std::fmt;
use std::sync::Arc;

/// Longest URL that is taken, in bytes.
pub const MAX_URL_BYTES: usize = 4096;

const TOO_LONG: &str = "it is too long";

/// An absolute URL of scheme `http` or `https`, without user and fragment. A clone shares the text.
///
/// Scheme and host are in lower case, the scheme's own port is left out, dot segments are
/// removed and the path is never empty, so that two ways to write one place compare equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Url {
    text: Arc<str>,
    scheme: Scheme,
    /// Where the path begins and where it ends, in bytes.
    path: (u16, u16),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scheme {
    Http,
    Https,
}

/// Why a text is no URL that can be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("URL {text:?}: {reason}")]
pub struct UrlError {
    text: String,
    reason: &'static str,
}

impl UrlError {
    /// A plain URL where only a secure one will do.
    pub(crate) fn insecure(text: &str) -> Self {
        refuse(text, "it leads from https to http")
    }
}

impl Url {
    /// Reads an absolute URL; a fragment is dropped.
    ///
    /// # Errors
    /// Another scheme, no host, a user, or characters outside RFC 3986.
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let parts = Reference::split(text).map_err(|reason| refuse(text, reason))?;
        Self::absolute(&parts).map_err(|reason| refuse(text, reason))
    }

    /// What `reference` means here (RFC 3986 §5.2.2, strictly).
    ///
    /// # Errors
    /// As [`Url::parse`], of the reference.
    pub fn join(&self, reference: &str) -> Result<Self, UrlError> {
        let parts = Reference::split(reference).map_err(|reason| refuse(reference, reason))?;
        let joined = if parts.scheme.is_some() {
            Self::absolute(&parts)
        } else if let Some(authority) = parts.authority {
            Self::compose(self.scheme, authority, parts.path, parts.query)
        } else {
            self.relative(&parts)
        };
        joined.map_err(|reason| refuse(reference, reason))
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the scheme is `https`.
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::Https
    }

    fn absolute(parts: &Reference<'_>) -> Result<Self, &'static str> {
        let scheme = match parts.scheme {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => Scheme::Https,
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => Scheme::Http,
            Some(_) => return Err("the scheme is neither https nor http"),
            None => return Err("there is no scheme"),
        };
        Self::compose(scheme, parts.authority.unwrap_or_default(), parts.path, parts.query)
    }

    fn compose(
        scheme: Scheme,
        authority: &str,
        path: &str,
        query: Option<&str>,
    ) -> Result<Self, &'static str> {
        let origin = format!("{}://{}", scheme.as_str(), normal_authority(scheme, authority)?);
        Self::assemble(scheme, &origin, &remove_dot_segments(path), query)
    }

    /// Puts parts together that are in normal form.
    fn assemble(
        scheme: Scheme,
        origin: &str,
        path: &str,
        query: Option<&str>,
    ) -> Result<Self, &'static str> {
        let begin = origin.len();
        let mut text = format!("{origin}{path}");
        let end = text.len();
        if let Some(query) = query {
            text.push('?');
            text.push_str(query);
        }
        if text.len() > MAX_URL_BYTES {
            return Err(TOO_LONG);
        }
        let place = |at| u16::try_from(at).map_err(|_| TOO_LONG);
        Ok(Self { text: Arc::from(text), scheme, path: (place(begin)?, place(end)?) })
    }

    /// Scheme and authority, path, query.
    fn parts(&self) -> (&str, &str, Option<&str>) {
        let (begin, end) = (usize::from(self.path.0), usize::from(self.path.1));
        let (before, query) = self.text.split_at(end);
        let (origin, path) = before.split_at(begin);
        (origin, path, query.strip_prefix('?'))
    }

    /// A reference without scheme and authority.
    fn relative(&self, parts: &Reference<'_>) -> Result<Self, &'static str> {
        let (origin, path, query) = self.parts();
        if parts.path.is_empty() {
            return Self::assemble(self.scheme, origin, path, parts.query.or(query));
        }
        let path = if parts.path.starts_with('/') {
            remove_dot_segments(parts.path)
        } else {
            // The base's path up to its last slash (§5.2.3); it always has one.
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            remove_dot_segments(&format!("{folder}/{}", parts.path))
        };
        Self::assemble(self.scheme, origin, &path, parts.query)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl Scheme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> &'static str {
        match self {
            Self::Http => "80",
            Self::Https => "443",
        }
    }
}

/// The parts of a URI reference (RFC 3986 §4.1), but for the fragment.
struct Reference<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Reference<'a> {
    fn split(text: &'a str) -> Result<Self, &'static str> {
        if text.len() > MAX_URL_BYTES {
            return Err(TOO_LONG);
        }
        if !text.bytes().all(is_uri_byte) {
            return Err("it holds a character that no URI may hold");
        }
        let text = text.split_once('#').map_or(text, |(before, _)| before);
        let (text, query) = match text.split_once('?') {
            Some((before, query)) => (before, Some(query)),
            None => (text, None),
        };
        // A colon behind a slash belongs to the path.
        let (scheme, text) = match text.split_once(':') {
            Some((scheme, rest)) if !scheme.contains('/') => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, path) = match text.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, text),
        };
        Ok(Self { scheme, authority, path, query })
    }
}

/// Characters of RFC 3986 §2; whether `%` is followed by hex is the server's business.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

fn normal_authority(scheme: Scheme, authority: &str) -> Result<String, &'static str> {
    if authority.contains('@') {
        return Err("a user stands before the host");
    }
    // The colons of an IPv6 address stand inside brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, ""),
    };
    if host.is_empty() {
        return Err("there is no host");
    }
    if !port.is_empty() && port.parse::<u16>().is_err() {
        return Err("the port is no number below 65536");
    }
    let mut normal = host.to_ascii_lowercase();
    if !port.is_empty() && port != scheme.port() {
        normal.push(':');
        normal.push_str(port);
    }
    Ok(normal)
}

/// RFC 3986 §5.2.4, of a path that is absolute or empty; the result begins with a slash.
fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            segment => {
                kept.push(segment);
                continue;
            }
        }
        if last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

fn refuse(text: &str, reason: &'static str) -> UrlError {
    let text = text.chars().take(MAX_URL_BYTES).collect();
    UrlError { text, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3986 §5.4.1 and §5.4.2, over the base of §5.4; an empty path is written `/`, a
    /// fragment is dropped.
    #[test]
    fn c5_references_resolve_as_in_rfc_3986() {
        let base = Url::parse("http://a/b/c/d;p?q").unwrap();
        let cases = [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://h:8443/x", "https://h:8443/x"),
        ];
        for (reference, expected) in cases {
            assert_eq!(base.join(reference).unwrap().to_string(), expected, "{reference:?}");
        }
    }

    #[test]
    fn one_place_is_one_url_however_it_is_written() {
        let place = Url::parse("https://alto.example.com/directory").unwrap();
        for text in [
            "HTTPS://ALTO.example.com:443/directory",
            "https://alto.example.com:/x/../directory#part",
            "https://alto.example.com/./directory",
        ] {
            assert_eq!(Url::parse(text).unwrap(), place, "{text}");
        }
        let v6 = Url::parse("https://[2001:DB8::1]").unwrap();
        assert_eq!(v6.to_string(), "https://[2001:db8::1]/");
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let base = Url::parse("https://a/b").unwrap();
        for text in ["ftp://a/b", "mailto:a@b", "https:c", "https://u@a/", "https://", "a b", "é"]
        {
            assert!(base.join(text).is_err(), "{text}");
        }
        assert!(Url::parse("/directory").is_err());
        assert!(Url::parse("https://a:99999/").is_err());
        assert!(Url::parse(&format!("https://a/{}", "x".repeat(MAX_URL_BYTES))).is_err());
    }
}
