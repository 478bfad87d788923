//! Which network of a document is meant: files hold several layers, joined by what supports what
//! (RFC 8345 §4.1), and more than one of them may be of type L3 unicast.

use std::collections::{HashMap, HashSet};

/// How many networks a message lists.
const CHOICES_MAX: usize = 50;

/// Why no network is the one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChoiceError {
    #[error("holds no network of type l3-unicast-topology; its networks: {0}")]
    NoneL3(String),
    #[error("holds no network `{wanted}`; its L3 unicast networks: {choices}")]
    Unknown { wanted: String, choices: String },
    #[error("network `{wanted}` is not of type l3-unicast-topology; those that are: {choices}")]
    NotL3 { wanted: String, choices: String },
    #[error("holds several L3 unicast networks; name one as PATH#NETWORK-ID: {0}")]
    Ambiguous(String),
}

/// A network, as far as choosing needs it.
#[derive(Default)]
pub(crate) struct Layer {
    pub(crate) id: String,
    pub(crate) is_l3: bool,
    /// Networks that it names as supporting itself or its nodes.
    pub(crate) supporting: HashSet<String>,
}

/// The index of the network named, which must be L3 unicast.
pub(crate) fn by_name(layers: &[Layer], wanted: &str) -> Result<usize, ChoiceError> {
    let (wanted, choices) = (wanted.to_owned(), list(layers.iter().filter(|layer| layer.is_l3)));
    match layers.iter().position(|layer| layer.id == wanted) {
        Some(index) if layers[index].is_l3 => Ok(index),
        Some(_) => Err(ChoiceError::NotL3 { wanted, choices }),
        None => Err(ChoiceError::Unknown { wanted, choices }),
    }
}

/// The index of the only L3 unicast network that rests on no other one, itself aside, directly
/// or through other layers.
pub(crate) fn lowest(layers: &[Layer]) -> Result<usize, ChoiceError> {
    let by_id: HashMap<&str, usize> =
        (0..).zip(layers).map(|(index, layer)| (layer.id.as_str(), index)).collect();
    let l3: Vec<usize> = (0..layers.len()).filter(|index| layers[*index].is_l3).collect();
    let lowest: Vec<usize> =
        l3.iter().copied().filter(|index| !rests_on_l3(layers, &by_id, *index)).collect();
    let listed = |indexes: &[usize]| list(indexes.iter().map(|index| &layers[*index]));
    match (l3.as_slice(), lowest.as_slice()) {
        ([], _) => Err(ChoiceError::NoneL3(list(layers.iter()))),
        ([only], _) | (_, [only]) => Ok(*only),
        (all, []) => Err(ChoiceError::Ambiguous(listed(all))),
        (_, several) => Err(ChoiceError::Ambiguous(listed(several))),
    }
}

fn rests_on_l3(layers: &[Layer], by_id: &HashMap<&str, usize>, start: usize) -> bool {
    let mut seen = vec![false; layers.len()];
    seen[start] = true;
    let mut waiting = vec![start];
    while let Some(index) = waiting.pop() {
        let below = layers[index].supporting.iter().filter_map(|id| by_id.get(id.as_str()));
        for &below in below {
            if seen[below] {
                continue;
            }
            if layers[below].is_l3 {
                return true;
            }
            seen[below] = true;
            waiting.push(below);
        }
    }
    false
}

fn list<'a>(layers: impl Iterator<Item = &'a Layer>) -> String {
    let ids: Vec<&str> = layers.map(|layer| layer.id.as_str()).collect();
    let shown = ids[..ids.len().min(CHOICES_MAX)].join(", ");
    match ids.len() {
        0 => "none".to_owned(),
        count if count > CHOICES_MAX => format!("{shown} and {} more", count - CHOICES_MAX),
        _ => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `id` is L3 unicast, `id-` is not; then what supports it.
    fn layers(texts: &[(&str, &[&str])]) -> Vec<Layer> {
        let layer = |(id, supporting): &(&str, &[&str])| Layer {
            id: id.trim_end_matches('-').to_owned(),
            is_l3: !id.ends_with('-'),
            supporting: supporting.iter().map(|id| (*id).to_owned()).collect(),
        };
        texts.iter().map(layer).collect()
    }

    #[test]
    fn the_lowest_l3_network_is_meant_whatever_lies_below_or_between() {
        let bgp_ospf = layers(&[("bgp", &["ip", "area"]), ("area-", &["ospf"]), ("ospf", &["ip"])]);
        assert!(matches!(lowest(&bgp_ospf), Ok(2)), "`ip` is not in the file");
        let itself = layers(&[("l3", &["l2", "l3"]), ("l2-", &["l1"]), ("l1-", &[])]);
        assert_eq!(lowest(&itself), Ok(0));
        let through = layers(&[("overlay", &["l2"]), ("l2-", &["underlay"]), ("underlay", &[])]);
        assert_eq!(lowest(&through), Ok(2));
    }

    #[test]
    fn what_is_not_clear_is_refused_with_the_choices() {
        let fault = |texts: &[(&str, &[&str])]| lowest(&layers(texts)).unwrap_err().to_string();
        assert!(fault(&[("a-", &[]), ("b-", &[])]).ends_with("its networks: a, b"));
        assert!(fault(&[]).ends_with("its networks: none"));
        assert!(fault(&[("a", &[]), ("b", &[]), ("c", &["a"])]).ends_with("NETWORK-ID: a, b"));
        assert!(fault(&[("a", &["b"]), ("b", &["a"])]).ends_with("NETWORK-ID: a, b"));
        let some = layers(&[("a", &["b"]), ("b", &[]), ("c-", &[])]);
        assert_eq!(by_name(&some, "a"), Ok(0));
        let message = by_name(&some, "c").unwrap_err().to_string();
        assert!(message.contains("`c` is not of type") && message.ends_with("a, b"), "{message}");
        assert!(by_name(&some, "d").unwrap_err().to_string().contains("holds no network `d`"));
    }
}
