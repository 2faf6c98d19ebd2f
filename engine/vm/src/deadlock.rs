//! Deadlock: nothing is ready, nothing is outstanding, and something waits.

use crate::errors;
use crate::future::{Callback, CallbackKind, Future, FutureState, Origin};
use crate::machine::Machine;
use crate::task::TaskRecord;
use std::rc::Rc;
use tourbillon_host::{Access, Event, Object, TaskId};
use tourbillon_value::ObjectId;

/// The future at the end of a chain of futures that take over each other's results.
fn end_of_following(first: Future) -> Future {
    let mut end = first;
    loop {
        let follows = end.get().core.borrow().follows().cloned();
        match follows {
            Some(followed) => end = followed,
            None => return end,
        }
    }
}

impl Machine {
    /// Throws `async:Deadlock` into the root task, or into every waiting task when the root has ended.
    pub(crate) fn throw_deadlock(self: &Rc<Self>, root: &Future) {
        let records = self.sorted_records();
        let root_task = root.get().core.borrow().runner;
        let victims: Vec<Rc<TaskRecord>> = match root_task {
            Some(task) => records
                .iter()
                .filter(|record| record.id == task)
                .cloned()
                .collect(),
            None => records.clone(),
        };
        let mut waits = Vec::new();
        let report = match victims.first() {
            Some(first) => self.wait_report(first, &mut waits),
            // The root's body is over but follows a future that nobody settles.
            None => format!("nobody can complete {}", root.describe()),
        };
        self.event(&Event::Deadlock {
            report: &report,
            waits: &waits,
        });
        if victims.is_empty() {
            root.stop_following();
            root.settle(self, Err(errors::deadlock(&report)));
            return;
        }
        for victim in victims {
            self.touch(Object::Wait(victim.id), Access::Write);
            let report = self.wait_report(&victim, &mut Vec::new());
            victim.inject(errors::deadlock(&report));
            self.wake(victim.id);
        }
    }

    /// Follows the waits from one task until they close a cycle or end at something that nobody can
    /// complete.
    fn wait_report(&self, first: &Rc<TaskRecord>, waits: &mut Vec<(TaskId, ObjectId)>) -> String {
        let mut path = vec![first.id];
        let mut text = first.label.to_string();
        let mut record = first.clone();
        loop {
            let mut waits_on = record.peek_waits_on().into_iter();
            let next = waits_on.find(|f| self.is_unfinished(f));
            let verb = if path.len() == 1 {
                " waits for"
            } else {
                ", which waits for"
            };
            let Some(next) = next else {
                return format!("{text}{verb} nothing that can come");
            };
            let mut target = end_of_following(next);
            waits.push((record.id, target.id()));
            let mut verb = verb;
            while let Some(source) = self.source_of(&target) {
                text = format!("{text}{verb} {}", target.describe());
                verb = ", which comes after";
                target = end_of_following(source);
            }
            let (runner, callback_task) = {
                let core = target.get().core.borrow();
                (core.runner, core.callback_task())
            };
            let description = target.describe();
            text = match callback_task {
                Some(_) => format!("{text}{verb} the callbacks of {description}"),
                None => format!("{text}{verb} {description}"),
            };
            let Some(runner) = runner.or(callback_task).and_then(|task| self.record(task)) else {
                let is_manual = matches!(target.get().core.borrow().origin, Origin::Manual);
                let does = match target.peek_state() {
                    FutureState::Created => "starts",
                    _ if is_manual => "completes",
                    _ => "runs",
                };
                return format!("{text}, which nobody {does}");
            };
            if path.contains(&runner.id) {
                return format!("{text}, which closes the cycle");
            }
            path.push(runner.id);
            record = runner;
        }
    }

    /// The future whose callback will settle this one, when `then` made it.
    fn source_of(&self, derived: &Future) -> Option<Future> {
        if derived.peek_state().is_terminal() {
            return None;
        }
        let makes_it = |callback: &Callback| matches!(&callback.kind, CallbackKind::Then(own) if own.is_same(derived));
        self.live_futures(|future| future.get().core.borrow().callbacks().iter().any(makes_it))
            .pop()
    }

    fn is_unfinished(&self, future: &Future) -> bool {
        let core = future.get().core.borrow();
        future.goes_on() || !core.callbacks_left().is_empty()
    }

    /// Whether a task waits, directly or through others, for another task.
    pub(crate) fn waits_for_task(&self, record: &Rc<TaskRecord>, target: TaskId) -> bool {
        let mut seen = Vec::new();
        let mut work = vec![record.clone()];
        while let Some(record) = work.pop() {
            if seen.contains(&record.id) {
                continue;
            }
            seen.push(record.id);
            self.touch(Object::Wait(record.id), Access::Read);
            for future in record.waits_on() {
                future.touch(Access::Read);
                let core = future.get().core.borrow();
                for task in core.runner.into_iter().chain(core.callback_task()) {
                    if task == target {
                        return true;
                    }
                    work.extend(self.record(task));
                }
            }
        }
        false
    }
}
