//! Labels: where a task or an operation came from, as a path of names and occurrences. A label does
//! not depend on any running number of the whole execution, so it survives edits of the program.

use std::cmp::Ordering;
use std::fmt;
use std::rc::Rc;

/// The hash of a label's path. Stable for ever: recordings and trace hashes are built on it, and the
/// simulator computes the same function on its own.
pub fn path_hash(parent: u64, name: &str, occurrence: u32) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in name.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let mixed =
        parent.rotate_left(23) ^ hash ^ u64::from(occurrence).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    // The finalizer of splitmix64 (Steele, Lea and Flood 2014).
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Where a task came from: its parent's label, its name or function, and its occurrence there.
#[derive(Debug)]
pub struct TaskLabel {
    parent: Option<Rc<TaskLabel>>,
    name: Rc<str>,
    occurrence: u32,
    hash: u64,
    depth: u32,
    ordinal: u32,
}

impl TaskLabel {
    /// The label of a root task.
    pub fn root(name: &str) -> Rc<TaskLabel> {
        let hash = path_hash(0, name, 0);
        Rc::new(TaskLabel {
            parent: None,
            name: name.into(),
            occurrence: 0,
            hash,
            depth: 0,
            ordinal: 0,
        })
    }

    /// The label of the `occurrence`-th task (from 1) of that name under `parent`.
    pub fn child(parent: &Rc<TaskLabel>, name: Rc<str>, occurrence: u32) -> Rc<TaskLabel> {
        TaskLabel::child_in_order(parent, name, occurrence, occurrence)
    }

    /// As [`TaskLabel::child`]; it is the `ordinal`-th of all that were made under `parent`, whatever
    /// their names. That is no part of the path.
    pub fn child_in_order(
        parent: &Rc<TaskLabel>,
        name: Rc<str>,
        occurrence: u32,
        ordinal: u32,
    ) -> Rc<TaskLabel> {
        let hash = path_hash(parent.hash, &name, occurrence);
        Rc::new(TaskLabel {
            parent: Some(parent.clone()),
            name,
            occurrence,
            hash,
            depth: parent.depth.saturating_add(1),
            ordinal,
        })
    }

    /// The label as data that any thread may have.
    pub fn path(&self) -> LabelPath {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(label) = at {
            steps.push((label.name.to_string(), label.occurrence, label.ordinal));
            at = label.parent.as_deref();
        }
        steps.reverse();
        LabelPath(steps)
    }

    /// An order of tasks that no schedule changes: outer ones first, then those of the earlier parent,
    /// then in the order in which their parent made them.
    pub fn cmp_family(&self, other: &TaskLabel) -> Ordering {
        let mut order = self.depth.cmp(&other.depth);
        if order.is_ne() {
            return order;
        }
        let (mut a, mut b) = (self, other);
        // The difference nearest to the root decides, and that is the last one met on the way up.
        loop {
            let here = a
                .ordinal
                .cmp(&b.ordinal)
                .then_with(|| a.name.cmp(&b.name))
                .then_with(|| a.occurrence.cmp(&b.occurrence));
            order = here.then(order);
            match (&a.parent, &b.parent) {
                (Some(up), Some(across)) if !Rc::ptr_eq(up, across) => (a, b) = (up, across),
                _ => return order,
            }
        }
    }

    /// The label of the task that spawned it.
    pub fn parent(&self) -> Option<&Rc<TaskLabel>> {
        self.parent.as_ref()
    }

    /// Its own name.
    pub fn name(&self) -> &Rc<str> {
        &self.name
    }

    /// Its occurrence under its parent, from 1; 0 for a root.
    pub fn occurrence(&self) -> u32 {
        self.occurrence
    }

    /// The hash of its path.
    pub fn hash(&self) -> u64 {
        self.hash
    }
}

/// A task's label on its way to another thread: name, occurrence and ordinal of each step from the root.
#[derive(Clone, Debug)]
pub struct LabelPath(Vec<(String, u32, u32)>);

impl LabelPath {
    /// The label.
    pub fn label(&self) -> Rc<TaskLabel> {
        let mut steps = self.0.iter();
        let (name, ..) = steps.next().expect("a path has a root");
        steps.fold(
            TaskLabel::root(name),
            |parent, (name, occurrence, ordinal)| {
                TaskLabel::child_in_order(&parent, name.as_str().into(), *occurrence, *ordinal)
            },
        )
    }
}

/// `main/bump#2`.
impl fmt::Display for TaskLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut path = Vec::new();
        let mut at = self;
        while let Some(parent) = &at.parent {
            path.push(at);
            at = parent;
        }
        f.write_str(&at.name)?;
        path.iter()
            .rev()
            .try_for_each(|label| write!(f, "/{}#{}", label.name, label.occurrence))
    }
}

/// Labels may nest deeper than the stack reaches, where each task starts the next one: they are
/// dropped one after another.
impl Drop for TaskLabel {
    fn drop(&mut self) {
        let mut next = self.parent.take();
        while let Some(label) = next {
            next = Rc::into_inner(label).and_then(|mut label| label.parent.take());
        }
    }
}

/// Where an operation came from: its task, its name, and its occurrence in that task.
#[derive(Clone, Debug)]
pub struct OperationLabel {
    /// The task that asked for it.
    pub task: Rc<TaskLabel>,
    /// What it is: `read`, `timer`, `readback`, …
    pub name: &'static str,
    /// Its occurrence in that task, from 1.
    pub occurrence: u32,
}

impl OperationLabel {
    /// The hash of its path.
    pub fn hash(&self) -> u64 {
        path_hash(self.task.hash, self.name, self.occurrence)
    }
}

/// `main/bump#1/read#3`.
impl fmt::Display for OperationLabel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}#{}", self.task, self.name, self.occurrence)
    }
}

#[cfg(test)]
mod tests {
    use super::TaskLabel;

    #[test]
    fn families_are_ordered_by_generation_then_by_birth() {
        let root = TaskLabel::root("main");
        let first = TaskLabel::child_in_order(&root, "z".into(), 1, 1);
        let second = TaskLabel::child_in_order(&root, "a".into(), 1, 2);
        let third = TaskLabel::child_in_order(&root, "z".into(), 2, 3);
        let of_second = TaskLabel::child_in_order(&second, "b".into(), 1, 1);
        let of_first = TaskLabel::child_in_order(&first, "c".into(), 1, 2);
        let mut all = [&of_first, &of_second, &third, &second, &first, &root];
        all.sort_by(|a, b| a.cmp_family(b));
        let names: Vec<String> = all.iter().map(|label| label.to_string()).collect();
        let wanted = [
            "main",
            "main/z#1",
            "main/a#1",
            "main/z#2",
            "main/z#1/c#1",
            "main/a#1/b#1",
        ];
        assert_eq!(names, wanted);
    }
}
