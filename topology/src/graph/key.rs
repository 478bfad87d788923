//! Keys of the nodes of one file: the label, or `label#id` where the label is shared or empty.

use std::collections::HashMap;

use crate::draft::DraftNode;

/// Two nodes whose keys cannot be told apart.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    #[error("node id `{id}` is also that of line {first_line}; ids must be unique")]
    SameId { id: String, first_line: u64 },
    #[error("node would be called `{key}`, as that of line {first_line}; change one label")]
    SameKey { key: String, first_line: u64 },
}

/// What a node is called, in the order of the draft's nodes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) key: String,
    /// It is not called by its label alone.
    pub(crate) renamed: bool,
}

/// Names all nodes of one file.
///
/// # Errors
/// The index of the node that cannot be named.
pub(crate) fn name_nodes(nodes: &[DraftNode]) -> Result<Vec<Named>, (usize, KeyError)> {
    refuse_same_ids(nodes)?;
    let mut named: Vec<Named> = nodes
        .iter()
        .map(|node| Named { key: node.label.trim().to_owned(), renamed: false })
        .collect();
    let rename = |named: &mut Named, node: &DraftNode| {
        named.key = format!("{}#{}", node.label.trim(), node.id);
        named.renamed = true;
    };
    for (named, node) in named.iter_mut().zip(nodes).filter(|(named, _)| named.key.is_empty()) {
        rename(named, node);
    }
    // A new name may be another node's label, which then needs one too: at most one round a node.
    loop {
        let shared = shared_keys(&named);
        let mut changed = false;
        for (named, node) in named.iter_mut().zip(nodes) {
            if !named.renamed && shared.contains_key(&named.key) {
                rename(named, node);
                changed = true;
            }
        }
        if !changed {
            let Some((key, &(first, second))) = shared.iter().min() else { return Ok(named) };
            let first_line = nodes[first].line;
            return Err((second, KeyError::SameKey { key: key.clone(), first_line }));
        }
    }
}

fn refuse_same_ids(nodes: &[DraftNode]) -> Result<(), (usize, KeyError)> {
    let mut lines = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        if let Some(first_line) = lines.insert(node.id.as_str(), node.line) {
            return Err((index, KeyError::SameId { id: node.id.clone(), first_line }));
        }
    }
    Ok(())
}

/// Keys that several nodes have, with the first two of these nodes.
fn shared_keys(named: &[Named]) -> HashMap<String, (usize, usize)> {
    let mut firsts = HashMap::new();
    let mut shared = HashMap::new();
    for (index, Named { key, .. }) in named.iter().enumerate() {
        match firsts.get(key.as_str()) {
            None => drop(firsts.insert(key.as_str(), index)),
            Some(&first) => drop(shared.entry(key.clone()).or_insert((first, index))),
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(nodes: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let nodes: Vec<DraftNode> = (1..)
            .zip(nodes)
            .map(|(line, (id, label))| {
                let (id, label) = ((*id).to_owned(), (*label).to_owned());
                DraftNode { id, label, line, ..DraftNode::default() }
            })
            .collect();
        let named = name_nodes(&nodes).map_err(|(_, error)| error.to_string())?;
        Ok(named.into_iter().map(|named| named.key).collect())
    }

    #[test]
    fn blanks_are_cut_and_case_counts() {
        let nodes = [("0", "MIX    "), ("1", "FI"), ("2", "Fi"), ("3", "Global Crossing")];
        assert_eq!(keys(&nodes).unwrap(), ["MIX", "FI", "Fi", "Global Crossing"]);
    }

    #[test]
    fn all_nodes_of_a_shared_or_empty_label_take_their_ids() {
        let nodes = [("3", "GEANT"), ("46", " GEANT"), ("7", " "), ("8", "")];
        assert_eq!(keys(&nodes).unwrap(), ["GEANT#3", "GEANT#46", "#7", "#8"]);
    }

    #[test]
    fn a_label_that_another_nodes_new_name_takes_gives_way() {
        let nodes = [("1", "A"), ("2", "A"), ("5", "A#1")];
        assert_eq!(keys(&nodes).unwrap(), ["A#1", "A#2", "A#1#5"]);
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        let error = keys(&[("1", "A"), ("1", "B")]).unwrap_err();
        assert!(error.contains("`1` is also that of line 1"), "{error}");
        let nodes = [("1#2", "A"), ("x", "A"), ("2", "A#1"), ("y", "A#1")];
        let error = keys(&nodes).unwrap_err();
        assert!(error.contains("called `A#1#2`, as that of line 1"), "{error}");
    }
}
