//! The two texts of metrics: OpenMetrics for who asks for it, and for everybody else the older one
//! of Prometheus (text format 0.0.4), which all tools read, `promtool check metrics` among them.
//!
//! ```text
//! OpenMetrics                           0.0.4
//! # HELP unis_build Version.            # HELP unis_build_info Version.
//! # TYPE unis_build info                # TYPE unis_build_info gauge
//! unis_build_info{version="1"} 1        unis_build_info{version="1"} 1
//! ```

use http::HeaderMap;
use http::header::ACCEPT;

/// Elements of `Accept` that are looked at.
const MAX_ELEMENTS: usize = 32;

/// Which text.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Exposition {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus's text format 0.0.4.
    Text,
}

impl Exposition {
    /// The one that a request wants: OpenMetrics where it names that, and likes it no less than
    /// text.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let open = quality(headers, "application/openmetrics-text");
        if open > 0.0 && open >= quality(headers, "text/plain") {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// The page, from OpenMetrics.
    pub(super) fn page(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Text => classic(&open_metrics),
        }
    }
}

/// The best quality that a media type is named with; 0 where it is not.
fn quality(headers: &HeaderMap, media_type: &str) -> f32 {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let elements = values.flat_map(|list| list.split(',')).take(MAX_ELEMENTS);
    let qualities = elements.filter_map(|element| {
        let mut parts = element.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
        let quality = parts.find_map(|part| part.strip_prefix("q="));
        named.then(|| quality.map_or(1.0, |text| text.parse().unwrap_or(0.0)))
    });
    qualities.fold(0.0, f32::max)
}

/// Text format 0.0.4: a family is called as its samples are, knows fewer types and no unit. That
/// the page is whole is said in a comment, as before.
fn classic(open_metrics: &str) -> String {
    let mut page = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(described) = line.strip_prefix("# HELP ") {
            help = described.split_once(' ');
        } else if let Some((name, kind)) =
            line.strip_prefix("# TYPE ").and_then(|described| described.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", kind),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                _ => ("", kind),
            };
            if let Some((_, said)) = help.take() {
                page.extend(["# HELP ", name, suffix, " ", said, "\n"]);
            }
            page.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
        } else if !line.starts_with("# UNIT ") {
            page.extend([line, "\n"]);
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::ACCEPT;

    use crate::admin::exposition::{Exposition, classic};

    #[test]
    fn open_metrics_are_for_who_asks_for_them() {
        let prometheus = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,\
            */*;q=0.1";
        for (accept, wanted) in [
            (prometheus, Exposition::OpenMetrics),
            ("application/openmetrics-text", Exposition::OpenMetrics),
            ("*/*", Exposition::Text),
            ("text/plain;version=0.0.4", Exposition::Text),
            ("text/plain, application/openmetrics-text;q=0.5", Exposition::Text),
            ("application/openmetrics-text;q=0", Exposition::Text),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(Exposition::wanted(&headers), wanted, "{accept}");
        }
        assert_eq!(Exposition::wanted(&HeaderMap::new()), Exposition::Text);
    }

    /// The right side is what `promtool check metrics` takes without a word.
    #[test]
    fn a_family_is_called_as_its_samples_are() {
        let open = "# HELP a_requests Requests.\n# TYPE a_requests counter\n\
            a_requests_total{code=\"200\"} 1\n\
            # HELP a_build The version.\n# TYPE a_build info\na_build_info{version=\"1\"} 1\n\
            # HELP a_age_seconds Age.\n# TYPE a_age_seconds gauge\n# UNIT a_age_seconds seconds\n\
            a_age_seconds 2.5\n# EOF\n";
        let text = "# HELP a_requests_total Requests.\n# TYPE a_requests_total counter\n\
            a_requests_total{code=\"200\"} 1\n\
            # HELP a_build_info The version.\n# TYPE a_build_info gauge\n\
            a_build_info{version=\"1\"} 1\n\
            # HELP a_age_seconds Age.\n# TYPE a_age_seconds gauge\na_age_seconds 2.5\n# EOF\n";
        assert_eq!(classic(open), text);
    }
}
