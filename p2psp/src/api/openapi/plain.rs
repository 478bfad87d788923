//! Descriptions come from comments in the code, whose links lead nowhere outside of it.

use serde_json::Value;

/// Makes links in all descriptions plain words: `` [`a::B`] `` is `` `B` ``.
pub(super) fn describe(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match member {
                    Value::String(text) if name == "description" => *text = plain(text),
                    other => describe(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(describe),
        _ => {}
    }
}

fn plain(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        told += before;
        let Some((path, after)) = link.split_once("`]") else {
            told += "[`";
            rest = link;
            continue;
        };
        let name = path.rsplit("::").next().unwrap_or(path);
        told.extend(["`", name, "`"]);
        rest = after;
    }
    told + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_the_last_word_of_its_path() {
        assert_eq!(plain("signed ([`crate::stop::Stop`]), [`A`]."), "signed (`Stop`), `A`.");
        assert_eq!(plain("`x`, [1, 2] and [`open"), "`x`, [1, 2] and [`open");
    }
}
