//! What a daemon says of itself at `/metrics`.

use crate::http::get;

/// The lines of one look.
#[derive(Debug)]
pub struct Scrape {
    /// As they came.
    pub lines: Vec<String>,
}

impl Scrape {
    /// Asks the admin listener at `admin`.
    ///
    /// # Panics
    /// It does not answer.
    #[must_use]
    pub fn of(admin: &str) -> Self {
        let answer = get(&format!("{admin}/metrics"));
        assert_eq!(answer.status, 200);
        let text = String::from_utf8_lossy(&answer.body);
        Self { lines: text.lines().map(str::to_owned).collect() }
    }

    /// The value of a sample, with all its labels in the order in which they stand.
    #[must_use]
    pub fn value(&self, sample: &str) -> Option<f64> {
        let mut values = self.lines.iter().filter_map(|line| line.strip_prefix(sample));
        values.find_map(|rest| rest.strip_prefix(' ')?.parse().ok())
    }

    /// Every sample of a name with labels: what stands between the braces, and the value.
    #[must_use]
    pub fn labelled(&self, name: &str) -> Vec<(&str, f64)> {
        let labelled = self.lines.iter().filter_map(|line| {
            let (labels, value) = line.strip_prefix(name)?.strip_prefix('{')?.rsplit_once("} ")?;
            Some((labels, value.parse().ok()?))
        });
        labelled.collect()
    }
}
