//! In which table a key stands that was set at the wrong place.

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// What no key is called.
const NO_KEY: &str = "?";

/// The table, as in a settings file, that has this key: `[limits]`, or `[[partner]]` where there
/// may be several. Which keys a table has says the complaint about one that it has not.
pub(crate) fn table_of<S: DeserializeOwned>(key: &str) -> Option<String> {
    let mut tables = keys_at::<S>(None);
    tables.sort();
    let has_it = |table: &&String| {
        let at = |value| keys_at::<S>(Some((table.as_str(), value)));
        at(probe()).iter().any(|known| known == key)
    };
    let single = tables.iter().find(has_it).map(|table| format!("[{table}]"));
    single.or_else(|| {
        let of_array = |table: &&String| {
            let array = Value::Array(vec![probe()]);
            keys_at::<S>(Some((table.as_str(), array))).iter().any(|known| known == key)
        };
        tables.iter().find(of_array).map(|table| format!("[[{table}]]"))
    })
}

fn probe() -> Value {
    Value::Table(Table::from_iter([(NO_KEY.to_owned(), Value::Boolean(true))]))
}

/// The keys that are known at the top, or in what stands there.
fn keys_at<S: DeserializeOwned>(inside: Option<(&str, Value)>) -> Vec<String> {
    let settings = match inside {
        None => probe(),
        Some((table, value)) => Value::Table(Table::from_iter([(table.to_owned(), value)])),
    };
    let Err(error) = settings.try_into::<S>() else { return Vec::new() };
    let error: toml::de::Error = error;
    let mut names = error.message().split('`').skip(1).step_by(2).map(str::to_owned);
    match names.next() {
        Some(unknown) if unknown == NO_KEY => names.collect(),
        _ => Vec::new(),
    }
}
