//! What is left of a run: the wait graph of one that is stuck, and the ledger of one that ended.

use std::fmt;

use crate::label::{Label, Labels};
use crate::sim::{Awaited, Site, WaitNote, WaitOn};

/// The tasks that wait for what cannot come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// What is the matter, as far as can be told.
    pub kind: StuckKind,
    /// Every task that has not ended, in the order of their slots.
    pub tasks: Vec<StuckTask>,
    /// Tasks that wait for each other in a circle, if they do: indices into `tasks`.
    pub cycle: Vec<usize>,
}

/// Why a run is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StuckKind {
    /// A task was given what others wait for, by a future that it does not poll.
    Futurelock,
    /// Tasks wait for each other in a circle.
    Deadlock,
    /// A task waits for what has happened already, or nobody is left who could wake it.
    LostWakeup,
    /// What a task waits for does not come.
    MissingCompletion,
}

impl fmt::Display for StuckKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            StuckKind::Futurelock => "futurelock",
            StuckKind::Deadlock => "deadlock",
            StuckKind::LostWakeup => "lost wakeup",
            StuckKind::MissingCompletion => "missing completion",
        })
    }
}

/// One task that waits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StuckTask {
    /// Its label.
    pub label: String,
    /// The label of the task, operation or object it waits for, as far as the simulation knows.
    pub waits_for: Option<String>,
    /// How many clones of its waker somebody holds. Without any, nobody can ever wake it.
    pub wakers_held: usize,
    /// What is the matter with it; none if it waits for another that is stuck.
    pub kind: Option<StuckKind>,
    /// All that its last poll waited for, as far as the simulation knows.
    pub awaits: Vec<Await>,
    /// Where it was spawned; only of a run that is explained.
    pub spawned_at: Option<String>,
    /// Who handled its wakers last; only of a run that is explained.
    pub wakers: Handled,
    pub(crate) evidence: Evidence,
}

/// Something that a task waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Await {
    /// What it is, in words.
    pub what: String,
    /// The label of the task, operation or object.
    pub label: Option<String>,
    /// The place in the program under test, if known.
    pub at: Option<String>,
    /// Who has it; only of a run that is explained.
    pub holders: Vec<Holder>,
    pub(crate) is_task: bool,
    pub(crate) is_operation: bool,
    pub(crate) is_notification: bool,
}

/// A task that has what another waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its label.
    pub task: String,
    /// Since when, and who gave it.
    pub since: Deed,
    /// Where in the program under test it asked.
    pub at: String,
    /// Whether the future that asked knows.
    pub is_claimed: bool,
    /// Whether the task has ended.
    pub has_ended: bool,
}

/// What a step did, and whose step it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// The step's number.
    pub step: u64,
    /// The label of the task or operation.
    pub by: String,
}

/// Who handled a task's wakers last. Only what a whole step did is seen: not a clone that was
/// dropped in the same step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handled {
    /// Who cloned one, and kept it.
    pub taken: Option<Deed>,
    /// Who dropped a clone, or used it up by waking.
    pub dropped: Option<Deed>,
    /// Who woke the task.
    pub woken: Option<Deed>,
}

/// What else tells why a task is stuck.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// What it was given and does not know of.
    pub(crate) given: Option<(String, Holder)>,
    /// What changed after it had looked, and when it had.
    pub(crate) changed: Option<(String, u64, Deed)>,
    /// The last signal of what it waits for, before it waited.
    pub(crate) signalled: Option<Deed>,
    /// The step that lent the waker by which it was woken last, for a future that it had left alone
    /// since.
    pub(crate) stale: Option<(u64, Deed)>,
    /// The last wake, and how many wakers of the task somebody held before it, if more than one.
    pub(crate) shared_wake: Option<(usize, Deed)>,
}

impl Await {
    pub(crate) fn new(labels: &Labels, note: &WaitNote) -> Await {
        let (label, prefix) = match note.on {
            WaitOn::Task(label) => (Some(label), "task"),
            WaitOn::Operation(label) => (Some(label), "operation"),
            WaitOn::Object(label, awaited) => (Some(label), awaited.words()),
            WaitOn::Time(_) => (None, "time"),
        };
        let text = match note.on {
            WaitOn::Time(nanoseconds) => format!("{} s", nanoseconds as f64 / 1e9),
            WaitOn::Task(label) | WaitOn::Operation(label) | WaitOn::Object(label, _) => {
                labels.text(label)
            }
        };
        Await {
            what: format!("{prefix} {text}"),
            label: label.map(|_| text),
            at: note.site.map(place),
            holders: Vec::new(),
            is_task: matches!(note.on, WaitOn::Task(_)),
            is_operation: matches!(note.on, WaitOn::Operation(_)),
            is_notification: matches!(note.on, WaitOn::Object(_, Awaited::Notification)),
        }
    }
}

/// A place in the program under test, as compilers write it.
pub(crate) fn place(site: Site) -> String {
    format!("{}:{}", site.file(), site.line())
}

impl Awaited {
    fn words(self) -> &'static str {
        match self {
            Awaited::Lock => "lock",
            Awaited::Permit => "a permit of",
            Awaited::Room => "room in",
            Awaited::Message => "a message of",
            Awaited::Value => "the value of",
            Awaited::Notification => "a notification of",
        }
    }
}

impl StuckTask {
    pub(crate) fn new(
        labels: &Labels,
        label: Label,
        wakers_held: usize,
        notes: &[WaitNote],
    ) -> StuckTask {
        let awaits: Vec<Await> = notes.iter().map(|note| Await::new(labels, note)).collect();
        let waits_for = awaits.last().map(|last| match &last.label {
            Some(label) => label.clone(),
            None => last.what.trim_start_matches("time ").to_string(),
        });
        StuckTask {
            label: labels.text(label),
            waits_for,
            wakers_held,
            awaits,
            ..StuckTask::default()
        }
    }

    fn waits_outside(&self) -> bool {
        self.awaits.is_empty()
    }

    /// What is the matter with it, given whom it waits for and whether that leads back to it.
    fn judge(&self, waits_for_stuck: bool, is_in_cycle: bool) -> Option<StuckKind> {
        let evidence = &self.evidence;
        let looks_outside =
            self.waits_outside() || self.awaits.iter().any(|await_| await_.is_notification);
        if evidence.given.is_some() {
            Some(StuckKind::Futurelock)
        } else if is_in_cycle {
            Some(StuckKind::Deadlock)
        } else if self.wakers_held == 0 {
            Some(StuckKind::LostWakeup)
        } else if waits_for_stuck {
            None
        } else if evidence.signalled.is_some() || (looks_outside && evidence.changed.is_some()) {
            Some(StuckKind::LostWakeup)
        } else if evidence.stale.is_some() {
            Some(StuckKind::Futurelock)
        } else {
            Some(StuckKind::MissingCompletion)
        }
    }

    /// Why it is what it is, in words.
    fn reason(&self) -> String {
        let label = &self.label;
        let evidence = &self.evidence;
        if let Some((what, holder)) = &evidence.given {
            let Holder { since, at, .. } = holder;
            return format!(
                "{label} was given {what} in {since}, and does not poll the future that asked for \
                 it at {at}"
            );
        }
        if self.kind == Some(StuckKind::Futurelock)
            && let Some((lent, woken)) = &evidence.stale
        {
            return format!(
                "{label} was woken in {woken} for a future that it has not polled since step {lent}"
            );
        }
        if self.wakers_held == 0 {
            return match &self.wakers.dropped {
                Some(dropped) => format!(
                    "nobody holds a waker of {label}; the last was dropped or used up in {dropped}"
                ),
                None => format!("nobody holds a waker of {label}"),
            };
        }
        if let Some(signalled) = &evidence.signalled {
            return format!(
                "{label} waits for what was signalled in {signalled}, before it waited"
            );
        }
        if self.kind == Some(StuckKind::LostWakeup)
            && let Some((object, looked, changed)) = &evidence.changed
        {
            return format!(
                "{label} looked at {object} in step {looked}; it was changed in {changed}, and \
                 nobody has woken {label} for that"
            );
        }
        let gone = self.awaits.iter().flat_map(|await_| &await_.holders);
        if let Some(holder) = gone.into_iter().find(|holder| holder.has_ended) {
            let task = &holder.task;
            return format!("{label} waits for what {task} has not given back, which has ended");
        }
        if let Some(last) = self.awaits.last() {
            let what = &last.what;
            return format!("{label} waits for {what}, and nothing is left that could end that");
        }
        let outside = format!("{label} waits for something outside the simulation's view");
        match &evidence.shared_wake {
            None => outside,
            Some((held, woken)) => format!(
                "{outside}; it was woken in {woken} while its waker was held {held} times: if the \
                 future that this was for is no longer polled, it is a futurelock"
            ),
        }
    }
}

impl Stuck {
    pub(crate) fn new(mut tasks: Vec<StuckTask>) -> Stuck {
        let edges: Vec<Vec<usize>> = tasks.iter().map(|task| waited_for(task, &tasks)).collect();
        let cycle = (0..tasks.len()).find_map(|start| circle(start, &edges));
        let cycle = cycle.unwrap_or_default();
        for (index, task) in tasks.iter_mut().enumerate() {
            task.kind = task.judge(!edges[index].is_empty(), cycle.contains(&index));
        }
        let kinds = tasks.iter().filter_map(|task| task.kind);
        Stuck {
            kind: kinds.min().unwrap_or(StuckKind::Deadlock),
            tasks,
            cycle,
        }
    }

    /// One line: what every stuck task waits for.
    #[must_use]
    pub fn summary(&self) -> String {
        let waits = self.tasks.iter().map(|task| match &task.waits_for {
            Some(waits_for) => format!("{} waits for {waits_for}", task.label),
            None if task.wakers_held == 0 => {
                format!("{} waits, and nobody can wake it", task.label)
            }
            None => format!("{} waits to be woken", task.label),
        });
        waits.collect::<Vec<_>>().join("; ")
    }

    /// One line: what is the matter.
    fn headline(&self) -> String {
        let kind = self.kind;
        if kind == StuckKind::Deadlock
            && let Some(&first) = self.cycle.first()
        {
            let circle = self.cycle.iter().chain([&first]);
            let labels = circle.map(|index| &*self.tasks[*index].label);
            return format!("{kind}: {}", labels.collect::<Vec<_>>().join(" -> "));
        }
        let first = self.tasks.iter().find(|task| task.kind == Some(kind));
        let reason = first.map(StuckTask::reason).unwrap_or_default();
        format!("{kind}: {reason}")
    }
}

/// The stuck tasks that a stuck task waits for.
fn waited_for(task: &StuckTask, tasks: &[StuckTask]) -> Vec<usize> {
    let index = |label: &str| tasks.iter().position(|other| other.label == *label);
    let mut edges = Vec::new();
    for await_ in &task.awaits {
        if let Some(label) = await_.label.as_ref().filter(|_| await_.is_task) {
            edges.extend(index(label));
        }
        edges.extend(
            await_
                .holders
                .iter()
                .filter_map(|holder| index(&holder.task)),
        );
    }
    edges
}

/// A way from `start` back to it.
fn circle(start: usize, edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    // From where each was reached first.
    let mut from: Vec<Option<usize>> = vec![None; edges.len()];
    let mut open = vec![start];
    while let Some(at) = open.pop() {
        for &next in &edges[at] {
            if next == start {
                let back = std::iter::successors(Some(at), |&at| match at == start {
                    true => None,
                    false => from[at],
                });
                let mut path: Vec<usize> = back.collect();
                path.reverse();
                return Some(path);
            }
            if from[next].is_none() {
                from[next] = Some(at);
                open.push(next);
            }
        }
    }
    None
}

impl fmt::Display for Deed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "step {} by {}", self.step, self.by)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder {
            task, since, at, ..
        } = self;
        if self.is_claimed {
            write!(
                out,
                "{task} has had it since step {}, from {at}",
                since.step
            )?;
        } else {
            write!(
                out,
                "{task} was given it in {since}, for the future made at {at}"
            )?;
        }
        if self.has_ended {
            write!(out, "; that task has ended")?;
        }
        Ok(())
    }
}

impl fmt::Display for StuckTask {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "  {} waits for ", self.label)?;
        for (index, await_) in self.awaits.iter().enumerate() {
            let and = if index > 0 { " and " } else { "" };
            write!(out, "{and}{}", await_.what)?;
            if let Some(at) = &await_.at {
                write!(out, " at {at}")?;
            }
        }
        if self.waits_outside() {
            write!(out, "something outside the simulation's view")?;
        }
        let is_placed = self.awaits.iter().any(|await_| await_.at.is_some());
        if let Some(at) = self.spawned_at.as_ref().filter(|_| !is_placed) {
            write!(out, "; it was spawned at {at}")?;
        }
        writeln!(out)?;
        for holder in self.awaits.iter().flat_map(|await_| &await_.holders) {
            writeln!(out, "    {holder}")?;
        }
        match self.wakers_held {
            0 => write!(out, "    nobody holds its waker: it can never be woken")?,
            1 => write!(out, "    its waker is held once")?,
            held => write!(out, "    its waker is held {held} times")?,
        }
        let Handled {
            taken,
            dropped,
            woken,
        } = &self.wakers;
        for (done, deed) in [
            ("taken", taken),
            ("dropped or used up", dropped),
            ("woken", woken),
        ] {
            if let Some(deed) = deed {
                write!(out, "; {done} last in {deed}")?;
            }
        }
        writeln!(out)
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "  {}", self.headline())?;
        self.tasks.iter().try_for_each(|task| task.fmt(out))
    }
}

/// What a run left over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Tasks that had not ended.
    pub tasks: usize,
    /// Timers that were outstanding after all tasks were dropped.
    pub timers: usize,
    /// Completions that nobody had taken after all tasks were dropped.
    pub deliveries: usize,
}

impl Left {
    /// Whether nothing was left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Left::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(label: &str, waits_for: Option<&str>, wakers_held: usize) -> StuckTask {
        let awaits = waits_for.map(|label| Await {
            what: format!("task {label}"),
            label: Some(label.to_string()),
            is_task: true,
            ..Await::default()
        });
        StuckTask {
            label: label.to_string(),
            waits_for: waits_for.map(str::to_string),
            wakers_held,
            awaits: awaits.into_iter().collect(),
            ..StuckTask::default()
        }
    }

    #[test]
    fn a_circle_is_named_and_a_chain_is_none() {
        let stuck = Stuck::new(vec![
            task("main", Some("a"), 1),
            task("a", Some("b"), 1),
            task("b", Some("a"), 2),
            task("c", None, 0),
        ]);
        assert_eq!(stuck.cycle, [1, 2]);
        assert_eq!(
            stuck.to_string(),
            "  deadlock: a -> b -> a\n  main waits for task a\n    its waker is held once\n  a \
             waits for task b\n    its waker is held once\n  b waits for task a\n    its waker is \
             held 2 times\n  c waits for something outside the simulation's view\n    nobody holds \
             its waker: it can never be woken\n"
        );
        let chain = Stuck::new(vec![task("main", Some("a"), 1), task("a", None, 1)]);
        assert!(chain.cycle.is_empty());
        assert_eq!(chain.kind, StuckKind::MissingCompletion);
        assert_eq!(chain.tasks[0].kind, None);
        assert_eq!(chain.summary(), "main waits for a; a waits to be woken");
    }
}
