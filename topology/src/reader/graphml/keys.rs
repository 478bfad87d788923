//! GraphML keys: which key of a file stands for which attribute, of which elements, and what
//! value elements have that give none.

use crate::reader::field::{Field, FieldValue, Values};

/// What an element is, and what a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Domain {
    Node,
    Edge,
    All,
    /// Graphs, ports and so on: never looked at.
    Other,
}

impl Domain {
    pub(crate) fn of(text: Option<&str>) -> Self {
        match text {
            Some("node") => Self::Node,
            Some("edge") => Self::Edge,
            None | Some("all") => Self::All,
            Some(_) => Self::Other,
        }
    }
}

/// A declared key.
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) domain: Domain,
    /// The attribute's name as the file spells it.
    pub(crate) name: String,
    /// The value of elements that give none.
    pub(crate) default: Option<String>,
    /// Its data is yEd's drawing of a node, which holds the label.
    pub(crate) drawing: bool,
    pub(crate) line: u64,
}

/// All keys of a file, in its order.
#[derive(Default)]
pub(crate) struct Keys(pub(crate) Vec<Key>);

impl Keys {
    pub(crate) fn find(&self, id: &str, domain: Domain) -> Option<&Key> {
        self.of(domain).find(|key| key.id == id)
    }

    /// What an element has before it says anything itself. Of two defaults the first stands.
    pub(crate) fn defaults(&self, domain: Domain) -> Values {
        let mut values: Vec<FieldValue> = self.of(domain).filter_map(default).collect();
        values.reverse();
        Values(values)
    }

    fn of(&self, domain: Domain) -> impl Iterator<Item = &Key> {
        self.0.iter().filter(move |key| key.domain == domain || key.domain == Domain::All)
    }
}

fn default(key: &Key) -> Option<FieldValue> {
    let (field, text) = (Field::of(&key.name)?, key.default.clone()?);
    Some(FieldValue { field, name: key.name.clone(), text, line: key.line })
}
