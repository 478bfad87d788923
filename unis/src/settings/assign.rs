//! One value into a table of settings, at the place that its key names.

use toml::{Table, Value};

/// Settings that a network may have of its own.
const OF_NETWORKS: [&str; 3] = ["routingcost", "default-pid-cost", "default-capacity-mbps"];

/// Puts `value` at `path`; set for all networks, it wins over what one of them had.
///
/// # Errors
/// The path leads through a value, or does not say which of several networks is meant.
pub(crate) fn assign(table: &mut Table, path: &[String], value: Value) -> Result<(), String> {
    insert(table, path, value)?;
    if path.first().is_some_and(|first| OF_NETWORKS.contains(&first.as_str())) {
        overrule_networks(table, path);
    }
    Ok(())
}

/// What is set for all networks by a later layer wins over what an earlier one set for one.
fn overrule_networks(table: &mut Table, path: &[String]) {
    let networks = match table.get_mut("network") {
        Some(Value::Array(list)) => list.as_mut_slice(),
        Some(one) => std::slice::from_mut(one),
        None => return,
    };
    for network in networks {
        remove(network, path);
    }
}

fn remove(value: &mut Value, path: &[String]) {
    let (Some(table), Some((first, rest))) = (value.as_table_mut(), path.split_first()) else {
        return;
    };
    if rest.is_empty() {
        table.remove(first);
    } else if let Some(inner) = table.get_mut(first) {
        remove(inner, rest);
    }
}

/// Walks to the place of `path` and puts `value` there. A list of one table stands for that table.
fn insert(table: &mut Table, path: &[String], value: Value) -> Result<(), String> {
    let Some((first, rest)) = path.split_first() else { return Err("the key is empty".to_owned()) };
    if rest.is_empty() {
        table.insert(first.clone(), value);
        return Ok(());
    }
    match table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new())) {
        Value::Table(inner) => insert(inner, rest, value),
        Value::Array(list) => match list.as_mut_slice() {
            [Value::Table(only)] => insert(only, rest, value),
            several => {
                let named = several.iter_mut().find_map(|entry| match entry {
                    Value::Table(entry) if entry.get("name")?.as_str()? == rest[0] => Some(entry),
                    _ => None,
                });
                match named {
                    Some(entry) if rest.len() > 1 => insert(entry, &rest[1..], value),
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
