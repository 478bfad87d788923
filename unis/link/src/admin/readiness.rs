//! What a process waits for before it may be given work.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Named conditions; ready when all are met. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    conditions: Arc<Mutex<Vec<State>>>,
}

#[derive(Debug)]
struct State {
    name: String,
    waits_for: Option<String>,
}

/// One condition, held by whoever meets it.
#[derive(Clone, Debug)]
pub struct Condition {
    readiness: Readiness,
    index: usize,
}

impl Readiness {
    /// Ready at once: no conditions yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition that is not met.
    pub fn condition(&self, name: &str) -> Condition {
        let mut conditions = self.lock();
        let index = conditions.len();
        conditions.push(State { name: name.to_owned(), waits_for: Some(String::new()) });
        Condition { readiness: self.clone(), index }
    }

    /// What is waited for, in the order in which the conditions were added; empty when ready.
    pub fn waits(&self) -> Vec<String> {
        self.lock().iter().filter_map(State::wait).collect()
    }

    /// Whether all conditions are met.
    pub fn is_ready(&self) -> bool {
        self.lock().iter().all(|state| state.waits_for.is_none())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<State>> {
        self.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&self) -> Option<String> {
        match self.waits_for.as_deref()? {
            "" => Some(self.name.clone()),
            detail => Some(format!("{}: {detail}", self.name)),
        }
    }
}

impl Condition {
    /// The condition is met.
    pub fn met(&self) {
        self.set(None);
    }

    /// The condition is not met, or no longer; `detail` says what is missing.
    pub fn unmet(&self, detail: &str) {
        self.set(Some(detail.to_owned()));
    }

    fn set(&self, waits_for: Option<String>) {
        if let Some(state) = self.readiness.lock().get_mut(self.index) {
            state.waits_for = waits_for;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_names_what_is_missing() {
        let readiness = Readiness::new();
        let map = readiness.condition("map");
        let listener = readiness.condition("listener");
        assert_eq!(readiness.waits(), ["map", "listener"]);
        map.unmet("reading geant.graphml");
        listener.met();
        assert_eq!(readiness.waits(), ["map: reading geant.graphml"]);
        map.met();
        assert!(readiness.is_ready());
    }
}
