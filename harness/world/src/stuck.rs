//! Why an execution is stuck: per task what it awaits and where, who has its waker, and what would have
//! to happen; as a deadlock, a lost wakeup, a futurelock, or a completion that is missing.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use tourbillon_host::TaskId;
use tourbillon_sim::Labels;
use tourbillon_value::{ObjectId, StackFrame};
use tourbillon_vm::{Explanation, FutureState, LetGo, OpenFuture, WaitingTask};

use crate::lent::{Journal, Moment};

/// What kind of stuckness it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StuckClass {
    /// Each waits for what the next one runs or has, up to the first.
    Deadlock,
    /// What a task waits for has come, and it was not woken.
    LostWakeup,
    /// The future that would go on is under way or made, and nobody runs it.
    Futurelock,
    /// Nobody can complete what is waited for, or nothing comes of an operation.
    MissingCompletion,
}

impl StuckClass {
    /// As people call it.
    pub fn name(self) -> &'static str {
        match self {
            StuckClass::Deadlock => "deadlock",
            StuckClass::LostWakeup => "lost wakeup",
            StuckClass::Futurelock => "futurelock",
            StuckClass::MissingCompletion => "missing completion",
        }
    }
}

/// Why an execution is stuck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StuckReport {
    /// What kind of stuckness it is.
    pub class: StuckClass,
    /// The chain of waits from the first task that waits to what keeps it from going on.
    pub summary: String,
    /// Every task that waits.
    pub tasks: Vec<StuckTask>,
    /// Every future that has not ended and that no task runs.
    pub futures: Vec<StuckFuture>,
}

/// A task that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StuckTask {
    /// Its label.
    pub task: String,
    /// What it awaits.
    pub awaits: Vec<String>,
    /// Where, innermost first: file, line and function.
    pub site: Vec<String>,
    /// Where its waker lives: who makes it ready.
    pub waker: String,
    /// Who took the waker that an operation was given last, and kept it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waker_taken: Option<String>,
    /// Who dropped it last, or used it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waker_dropped: Option<String>,
    /// Who woke the task through it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waker_woken: Option<String>,
    /// The step in which it began to wait.
    pub since_step: u64,
    /// Who woke it last, and in which step.
    pub woken_by: Option<String>,
    /// The futures within reach of its variables.
    pub has: Vec<String>,
}

/// A future that no task runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StuckFuture {
    /// What it is called.
    pub future: String,
    /// Its state.
    pub state: String,
    /// Who has it.
    pub held_by: Vec<String>,
    /// Who last had it and let go of it, and where.
    pub let_go: Option<String>,
}

/// What was seen while the execution ran.
pub(crate) struct Known<'a> {
    pub steps: &'a BTreeMap<TaskId, Steps>,
    /// What became of the wakers of operations.
    pub journal: &'a Journal,
    /// The operations that have ended, and that nobody has come for.
    pub delivered: &'a [String],
    pub labels: &'a Labels,
}

/// What was seen of a task's steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steps {
    pub last_step: u64,
    pub woken_by: Option<(String, u64)>,
}

impl StuckReport {
    /// Explains what the machine says of itself, with what was seen of its tasks' steps.
    pub(crate) fn of(explanation: &Explanation, known: &Known<'_>) -> StuckReport {
        let waits = Waits {
            explanation,
            known,
            tasks: explanation
                .tasks
                .iter()
                .map(|one| (one.task, one))
                .collect(),
            futures: explanation
                .futures
                .iter()
                .map(|one| (one.future, one))
                .collect(),
        };
        let (class, mut summary) = waits.conclusion();
        if explanation.is_partial {
            summary.push_str(" (as far as was looked: there are too many values)");
        }
        let tasks = explanation.tasks.iter();
        let tasks = tasks.map(|task| waits.task(task));
        let idle = |one: &&OpenFuture| waits.runner(one).is_none();
        let futures = explanation.futures.iter().filter(idle);
        StuckReport {
            class,
            summary,
            tasks: tasks.collect(),
            futures: futures.map(|future| waits.future(future)).collect(),
        }
    }
}

impl fmt::Display for StuckReport {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}: {}", self.class.name(), self.summary)?;
        for task in &self.tasks {
            let awaits = match task.awaits.is_empty() {
                true => "nothing that can come".to_string(),
                false => task.awaits.join(", "),
            };
            writeln!(out, "  {} awaits {awaits}", task.task)?;
            for (at, site) in task.site.iter().enumerate() {
                let word = if at == 0 { "at" } else { "awaited at" };
                writeln!(out, "    {word} {site}")?;
            }
            write!(out, "    since step {}; {}", task.since_step, task.waker)?;
            for (what, deed) in [
                ("taken", &task.waker_taken),
                ("dropped or used up", &task.waker_dropped),
                ("woken", &task.waker_woken),
            ] {
                if let Some(deed) = deed {
                    write!(out, "; {what} last by {deed}")?;
                }
            }
            writeln!(out)?;
            if let Some(by) = &task.woken_by {
                writeln!(out, "    woken last by {by}")?;
            }
            if !task.has.is_empty() {
                writeln!(out, "    has {}", task.has.join(", "))?;
            }
        }
        for future in &self.futures {
            let StuckFuture {
                future,
                state,
                held_by,
                let_go,
            } = future;
            let held_by = match held_by.is_empty() {
                true => "nobody has it".to_string(),
                false => format!("{} has it", held_by.join(", and ")),
            };
            writeln!(out, "  {future} is {state}; {held_by}")?;
            if let Some(let_go) = let_go {
                writeln!(out, "    {let_go}")?;
            }
        }
        Ok(())
    }
}

struct Waits<'a> {
    explanation: &'a Explanation,
    known: &'a Known<'a>,
    tasks: BTreeMap<TaskId, &'a WaitingTask>,
    futures: BTreeMap<ObjectId, &'a OpenFuture>,
}

/// A chain of waits, as it is followed.
#[derive(Default)]
struct Chain {
    tasks: Vec<TaskId>,
    futures: Vec<ObjectId>,
    text: String,
}

impl<'a> Waits<'a> {
    /// Follows the waits of the first task.
    fn conclusion(&self) -> (StuckClass, String) {
        let Some(first) = self.explanation.tasks.first() else {
            let open = self.explanation.futures.first();
            let text = match open {
                Some(open) => format!("nobody can complete {}", open.description),
                None => "nothing can come".to_string(),
            };
            return (StuckClass::MissingCompletion, text);
        };
        let mut chain = Chain {
            text: first.label.to_string(),
            ..Chain::default()
        };
        let class = self.follow_task(first, &mut chain);
        (class, chain.text)
    }

    fn follow_task(&self, task: &'a WaitingTask, chain: &mut Chain) -> StuckClass {
        let verb = match chain.tasks.is_empty() {
            true => " waits for ",
            false => ", which waits for ",
        };
        chain.tasks.push(task.task);
        let open = task.awaits.iter().find_map(|id| self.futures.get(id));
        chain.text.push_str(verb);
        match (&task.operation, open) {
            (Some(operation), _) => {
                chain.text.push_str(operation);
                self.follow_operation(operation, chain)
            }
            (None, Some(future)) => {
                chain.text.push_str(&future.description);
                self.follow_future(future, chain)
            }
            (None, None) => {
                chain
                    .text
                    .push_str("what has ended, and was not woken by that");
                StuckClass::LostWakeup
            }
        }
    }

    /// An operation that a task waits for: it has come and nobody told the task, or nobody can any more,
    /// or it never comes.
    fn follow_operation(&self, operation: &str, chain: &mut Chain) -> StuckClass {
        let life = self.known.journal.life(operation);
        let (class, text) = match life {
            _ if self.known.delivered.iter().any(|one| one == operation) => (
                StuckClass::LostWakeup,
                ", which has ended, and was not woken by that",
            ),
            Some(life) if life.held == 0 && life.woken.is_none() => (
                StuckClass::LostWakeup,
                ", which cannot wake it: nobody has its waker",
            ),
            Some(_) | None => (StuckClass::MissingCompletion, ", of which nothing comes"),
        };
        chain.text.push_str(text);
        class
    }

    fn follow_future(&self, future: &'a OpenFuture, chain: &mut Chain) -> StuckClass {
        if chain.futures.contains(&future.future) {
            chain.text.push_str(", which closes the cycle");
            return StuckClass::Deadlock;
        }
        chain.futures.push(future.future);
        if let Some(source) = future.source.and_then(|id| self.futures.get(&id)) {
            chain.text.push_str(", whose result is that of ");
            chain.text.push_str(&source.description);
            return self.follow_future(source, chain);
        }
        if let Some(runner) = self.runner(future) {
            if chain.tasks.contains(&runner.task) {
                chain.text.push_str(", which closes the cycle");
                return StuckClass::Deadlock;
            }
            let label = runner.label.to_string();
            if label != future.description {
                chain.text.push_str(&format!(" in {label}"));
            }
            return self.follow_task(runner, chain);
        }
        if future.is_operation {
            chain.text.push_str(", of which nothing comes");
            return StuckClass::MissingCompletion;
        }
        if future.state == FutureState::Created {
            chain.text.push_str(", which nobody starts");
            return StuckClass::Futurelock;
        }
        self.follow_holders(future, chain)
    }

    /// A promise: somebody who has it would have to settle it.
    fn follow_holders(&self, future: &'a OpenFuture, chain: &mut Chain) -> StuckClass {
        let id = future.future;
        let others = || {
            let tasks = self.explanation.tasks.iter();
            tasks.filter(|task| task.has.contains(&id) && !task.awaits.contains(&id))
        };
        // The last in the chain is nearest to what it waits for.
        let place = |task: &&WaitingTask| chain.tasks.iter().position(|one| *one == task.task);
        let closing = others()
            .filter(|task| place(task).is_some())
            .max_by_key(place);
        if let Some(task) = closing {
            let text = format!(", which {} has, and that closes the cycle", task.label);
            chain.text.push_str(&text);
            return StuckClass::Deadlock;
        }
        if let Some(task) = others().next() {
            chain.text.push_str(&format!(", which {} has", task.label));
            return self.follow_task(task, chain);
        }
        let open = || {
            self.explanation
                .futures
                .iter()
                .filter(|one| one.has.contains(&id))
        };
        if let Some(called) = open().find(|one| one.state != FutureState::Created) {
            let text = format!(", which the callbacks of {} have", called.description);
            chain.text.push_str(&text);
            return self.follow_future(called, chain);
        }
        if let Some(made) = open().next() {
            let text = format!(", which {} has, and nobody starts that", made.description);
            chain.text.push_str(&text);
            return StuckClass::Futurelock;
        }
        let text = match (&future.let_go, self.explanation.workspace.contains(&id)) {
            (_, true) => ", which only the workspace has".to_string(),
            (Some(let_go), false) => format!(", which nobody completes: {}", let_go_text(let_go)),
            (None, false) => ", which nobody completes".to_string(),
        };
        chain.text.push_str(&text);
        StuckClass::MissingCompletion
    }

    /// The live task that runs a future, or its callbacks.
    fn runner(&self, future: &OpenFuture) -> Option<&'a WaitingTask> {
        self.tasks.get(&future.runner?).copied()
    }

    fn name(&self, id: ObjectId) -> Option<String> {
        let open = self.futures.get(&id)?;
        Some(open.description.clone())
    }

    fn task(&self, task: &WaitingTask) -> StuckTask {
        let steps = self.known.steps.get(&task.task);
        let life = task.operation.as_deref();
        let life = life.and_then(|operation| self.known.journal.life(operation));
        let open = || task.awaits.iter().filter_map(|id| self.futures.get(id));
        let names = open().map(|one| match (one.state, one.runner) {
            (FutureState::Created | FutureState::Pending, _) => one.description.clone(),
            (_, _) => format!("the callbacks of {}", one.description),
        });
        let awaits: Vec<String> = names.chain(task.operation.clone()).collect();
        let waker = match (open().next(), &task.operation) {
            (_, Some(operation)) if life.as_ref().is_some_and(|life| life.held == 0) => {
                format!("nobody has its waker for {operation}")
            }
            (_, Some(operation)) => format!("the host has its waker, for {operation}"),
            (Some(one), None) => match self.runner(one) {
                Some(runner) => format!(
                    "its waker is with {}, which {} runs",
                    one.description, runner.label
                ),
                None => format!("its waker is with {}, which no task runs", one.description),
            },
            (None, None) => "nobody has its waker any more".to_string(),
        };
        let steps = steps.cloned().unwrap_or_default();
        let by = |(by, step): (String, u64)| format!("{by} in step {step}");
        let life = life.unwrap_or_default();
        let deed = |moment: Moment| by((self.known.labels.text(moment.by), moment.step));
        StuckTask {
            task: task.label.to_string(),
            awaits,
            site: task.site.iter().map(site_text).collect(),
            waker,
            waker_taken: life.taken.map(deed),
            waker_dropped: life.dropped.map(deed),
            waker_woken: life.woken.map(deed),
            since_step: steps.last_step,
            woken_by: steps.woken_by.map(by),
            has: task.has.iter().filter_map(|id| self.name(*id)).collect(),
        }
    }

    fn future(&self, future: &OpenFuture) -> StuckFuture {
        let id = future.future;
        let tasks = self.explanation.tasks.iter();
        let tasks = tasks.filter(|task| task.has.contains(&id));
        let mut held_by: Vec<String> = tasks.map(|task| task.label.to_string()).collect();
        for other in self
            .explanation
            .futures
            .iter()
            .filter(|one| one.has.contains(&id))
        {
            held_by.push(match other.state {
                FutureState::Created => format!("{}, which was not started,", other.description),
                _ => format!("a callback of {}", other.description),
            });
        }
        if self.explanation.workspace.contains(&id) {
            held_by.push("the workspace".to_string());
        }
        StuckFuture {
            future: future.description.clone(),
            state: future.state.name().to_string(),
            held_by,
            let_go: future.let_go.as_ref().map(let_go_text),
        }
    }
}

fn site_text(frame: &StackFrame) -> String {
    let StackFrame {
        file,
        name,
        line,
        column,
    } = frame;
    format!("{file}:{line}:{column} in {name}")
}

fn let_go_text(let_go: &LetGo) -> String {
    let how = if let_go.by_its_end {
        "let go of it last, when it ended"
    } else {
        "let go of it last"
    };
    let at = let_go.at.as_ref().map(site_text);
    let at = at.map_or(String::new(), |at| format!(" after {at}"));
    format!("{} {how}{at}", let_go.task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use tourbillon_host::TaskLabel;

    #[test]
    fn who_waits_for_what_has_ended_was_not_woken() {
        let task = TaskId {
            slot: 0,
            generation: 0,
        };
        let explanation = Explanation {
            tasks: vec![WaitingTask {
                task,
                label: TaskLabel::root("main"),
                site: Vec::new(),
                awaits: vec![ObjectId(3)],
                operation: None,
                has: BTreeSet::new(),
            }],
            ..Explanation::default()
        };
        let woken_by = Some(("main/a#1".to_string(), 4));
        let steps = Steps {
            last_step: 7,
            woken_by,
        };
        let known = Known {
            steps: &BTreeMap::from([(task, steps)]),
            journal: &Journal::default(),
            delivered: &[],
            labels: &Labels::default(),
        };
        let report = StuckReport::of(&explanation, &known);
        assert_eq!(report.class, StuckClass::LostWakeup);
        assert_eq!(
            report.to_string(),
            "lost wakeup: main waits for what has ended, and was not woken by that\n  \
             main awaits nothing that can come\n    since step 7; nobody has its waker any more\n    \
             woken last by main/a#1 in step 4\n"
        );
    }
}
