//! One value into a table of settings, at the place that its key names.

use toml::{Table, Value};

/// Walks to the place of `path` and puts `value` there. A list of one table stands for that table.
///
/// # Errors
/// The path leads through a value, or does not say which of several tables is meant.
pub(crate) fn assign(table: &mut Table, path: &[String], value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else { return Err("the key is empty".to_owned()) };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return Ok(());
    }
    match table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(inner) => assign(inner, rest, value),
        Value::Array(list) => match list.as_mut_slice() {
            [Value::Table(only)] => assign(only, rest, value),
            several => {
                let named = several.iter_mut().find_map(|entry| match entry {
                    Value::Table(entry) if entry.get("name")?.as_str()? == rest[0] => Some(entry),
                    _ => None,
                });
                match named {
                    Some(entry) if rest.len() > 1 => assign(entry, &rest[1..], value),
                    _ => Err(format!(
                        "there are several: say which, as in {first}.NAME.{}",
                        rest.join(".")
                    )),
                }
            }
        },
        _ => Err(format!("{first} is a value, not a table")),
    }
}
