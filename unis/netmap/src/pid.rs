//! PIDs as indexes, and the table that turns them into names and back (RFC 7285 §5.1).

use crate::name::PidName;

/// A PID of one snapshot: its index among that snapshot's PIDs, which are sorted by name.
///
/// It means nothing in another snapshot; go through the name.
#[derive(Copy, Clone, Eq, PartialEq, Ord, PartialOrd, Hash, Debug)]
pub struct Pid(u32);

impl Pid {
    /// The PID at this index.
    pub fn new(index: u32) -> Self {
        Self(index)
    }

    /// Where it stands among the snapshot's PIDs, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The index as it is stored in the compiled look-up.
    pub(crate) fn raw(self) -> u32 {
        self.0
    }
}

/// All PIDs of a snapshot, ascending by name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PidTable {
    names: Vec<PidName>,
}

impl PidTable {
    /// Takes names that are known to ascend strictly.
    pub(crate) fn from_ascending(names: Vec<PidName>) -> Self {
        Self { names }
    }

    /// How many PIDs there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is no PID.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of a PID of this snapshot.
    ///
    /// # Panics
    /// Where the PID is not of this snapshot and its index is beyond the table.
    pub fn name(&self, pid: Pid) -> &PidName {
        &self.names[pid.index()]
    }

    /// The PID of this name, if there is one.
    pub fn find(&self, name: &str) -> Option<Pid> {
        let found = self.names.binary_search_by(|probe| probe.as_str().cmp(name));
        found.ok().map(|index| Pid(index as u32))
    }

    /// Memory held, bytes, the names' text included.
    pub(crate) fn memory_bytes(&self) -> usize {
        let texts: usize = self.names.iter().map(|name| name.as_str().len()).sum();
        size_of_val(&*self.names) + texts
    }

    /// Every PID with its name, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Pid, &PidName)> {
        self.names.iter().enumerate().map(|(index, name)| (Pid(index as u32), name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_strangers_are_not() {
        let names = ["A", "B", "a"].map(|name| PidName::parse(name).unwrap());
        let table = PidTable::from_ascending(names.to_vec());
        assert_eq!(table.find("B"), Some(Pid::new(1)));
        assert_eq!(table.find("b"), None);
        assert_eq!(table.name(Pid::new(2)).as_str(), "a");
        assert_eq!(table.iter().len(), 3);
    }
}
