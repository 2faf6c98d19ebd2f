//! Marks: places and states that a program under test should reach in some run at least.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::label::name_hash;

/// The marks of a program, with what this run and all before it have reached.
#[derive(Debug, Default)]
pub struct Marks {
    names: FxHashMap<u64, Mark>,
    reached: Vec<u64>,
    run: u64,
    // Whether the run repeats another and so does not count.
    is_repeating: bool,
}

#[derive(Debug)]
struct Mark {
    name: Box<str>,
    // In how many runs it was reached, and the last of them, counted from 1.
    count: u64,
    last: u64,
}

impl Marks {
    pub(crate) fn begin(&mut self, is_repeating: bool) {
        self.reached.clear();
        self.run += 1;
        self.is_repeating = is_repeating;
    }

    /// The program passes the mark called `name`; it counts when `is_reached`.
    pub fn pass(&mut self, name: &str, is_reached: bool) {
        let hash = name_hash(name);
        let mark = self.names.entry(hash).or_insert_with(|| Mark {
            name: name.into(),
            count: 0,
            last: 0,
        });
        if is_reached && mark.last != self.run {
            mark.last = self.run;
            mark.count += u64::from(!self.is_repeating);
            self.reached.push(hash);
        }
    }

    /// Hashes of the names of the marks that this run has reached.
    #[must_use]
    pub fn reached(&self) -> &[u64] {
        &self.reached
    }

    /// Every mark that is known, with the number of runs that reached it.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let marks = self.names.values();
        marks
            .map(|mark| (mark.name.to_string(), mark.count))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_counts_once_in_each_run_that_reaches_it() {
        let mut marks = Marks::default();
        for reached in [true, false, true] {
            marks.begin(false);
            marks.pass("never", false);
            marks.pass("here", reached);
            marks.pass("here", reached);
            assert_eq!(marks.reached().len(), usize::from(reached));
        }
        let counts = marks.counts().into_iter().collect::<Vec<_>>();
        assert_eq!(counts, [("here".to_string(), 2), ("never".to_string(), 0)]);
    }
}
