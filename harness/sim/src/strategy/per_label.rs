//! State for each task and operation of a run, found by label.

use rustc_hash::FxHashMap;

use crate::label::Label;

/// Above this number of labels the table is emptied between runs.
const MOST: usize = 1 << 16;

/// One `S` for each label of the current run. Entries keep their places from run to run, so that in
/// steady state nothing is allocated; what an earlier run left in them is never seen.
#[derive(Debug, Default)]
pub(super) struct PerLabel<S> {
    index: FxHashMap<u64, u32>,
    states: Vec<(u64, S)>,
    run: u64,
}

impl<S> PerLabel<S> {
    /// Forgets all states.
    pub(super) fn begin(&mut self) {
        self.run += 1;
        if self.states.len() > MOST {
            self.index.clear();
            self.states.clear();
        }
    }

    /// The place of the state of `label`, made by `fresh` at first sight.
    #[inline]
    pub(super) fn place(&mut self, label: Label, fresh: impl FnOnce() -> S) -> usize {
        let next = self.states.len() as u32;
        let place = *self.index.entry(label.0).or_insert(next) as usize;
        if place == self.states.len() {
            self.states.push((self.run, fresh()));
        } else if self.states[place].0 != self.run {
            self.states[place] = (self.run, fresh());
        }
        place
    }

    /// The state at a place.
    #[inline]
    pub(super) fn at(&mut self, place: usize) -> &mut S {
        &mut self.states[place].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_of_one_run() {
        let mut states = PerLabel::default();
        states.begin();
        let place = states.place(Label(1), || 10);
        *states.at(place) += 1;
        assert_eq!(states.place(Label(1), || 20), place);
        assert_eq!(*states.at(place), 11);
        states.begin();
        assert_eq!(states.place(Label(1), || 30), place);
        assert_ne!(states.place(Label(2), || 40), place);
        assert_eq!(*states.at(place), 30);
    }
}
