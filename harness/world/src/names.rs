//! The texts of the engine's labels, noted once for all runs.

use std::rc::Rc;

use tourbillon_host::{OperationLabel, TaskLabel};
use tourbillon_sim::{Label, Labels};

/// The label of a task; its parts are noted unless they are known.
pub(crate) fn note_task(labels: &mut Labels, label: &Rc<TaskLabel>) -> Label {
    let known = Label(label.hash());
    if labels.knows(known) {
        return known;
    }
    let parent = match label.parent() {
        Some(parent) => note_task(labels, parent),
        None => Label(0),
    };
    labels.note(label.hash(), parent, label.name(), label.occurrence())
}

/// The label of an operation; its parts are noted unless they are known.
pub(crate) fn note_operation(labels: &mut Labels, label: &OperationLabel) -> Label {
    let known = Label(label.hash());
    if labels.knows(known) {
        return known;
    }
    let task = note_task(labels, &label.task);
    labels.note(known.0, task, label.name, label.occurrence)
}
