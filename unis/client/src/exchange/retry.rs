//! When an overloaded server wants to be asked again (RFC 7285 §8.5.3, RFC 9110 §10.2.3).

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, HeaderName, RETRY_AFTER};

/// Longest wait that a server can impose; one that says more does not mean this client.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The wait that `Retry-After` asks for. A date counts from the response's own `Date`, so that the
/// two clocks need not agree; without one it cannot be used.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let until = httpdate::parse_http_date(text).ok()?;
            until.duration_since(date(headers, DATE)?).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(retry_after: &'static str) -> HeaderMap {
        let date = HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT");
        let after = HeaderValue::from_static(retry_after);
        HeaderMap::from_iter([(DATE, date), (RETRY_AFTER, after)])
    }

    #[test]
    fn seconds_and_dates_are_understood_and_bounded() {
        let seconds = |text| retry_after(&headers(text)).map(|wait| wait.as_secs());
        assert_eq!(seconds("120"), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!(seconds("31536000"), Some(3600));
        assert_eq!(seconds("99999999999999999999"), None);
        assert_eq!(seconds("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new()), None);
    }
}
