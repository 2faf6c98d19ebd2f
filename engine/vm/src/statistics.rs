//! What a session counts of itself, so that it can be watched in production.

use crate::machine::Machine;
use rustc_hash::FxHashMap;
use std::cell::Cell;
use std::mem::size_of;
use tourbillon_value::{ObjectRef, Value};

/// Counts of one session since it was made or reset, and what is there now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Times whoever drives the session has polled it. One that is idle is not polled.
    pub polls: u64,
    /// Task steps.
    pub steps: u64,
    /// Times a task gave way.
    pub suspensions: u64,
    /// Tasks made.
    pub tasks: u64,
    /// Tasks alive now.
    pub live_tasks: u64,
    /// The most tasks alive at once.
    pub peak_tasks: u64,
    /// Futures made.
    pub futures: u64,
    /// Futures that are pending now: started and not ended.
    pub pending: u64,
    /// The most futures pending at once.
    pub peak_pending: u64,
    /// Host operations submitted.
    pub operations: u64,
    /// Host operations in flight now.
    pub live_operations: u64,
    /// Callbacks run.
    pub callbacks: u64,
    /// Polls of the host between instructions.
    pub ticks: u64,
    /// Of these, the ones at which something was outstanding. Only they are timed.
    pub busy_ticks: u64,
    /// How long the busy ticks took, on the host's clock: under simulation that is no time at all.
    pub tick_nanoseconds: u64,
    /// An estimate of the bytes that the stacks of suspended tasks take now.
    pub task_bytes: u64,
    /// The most of them at once.
    pub peak_task_bytes: u64,
    /// An estimate of the bytes that the workspace, globals and live handle objects hold now. What
    /// several share counts once; what is on the device is not in it. To count it costs as much as there
    /// is, so it is there in results of `Session::execute` and its like, and 0 where the simulator runs.
    pub value_bytes: u64,
}

/// How much of something there is, and the most that there was.
#[derive(Default)]
pub(crate) struct Gauge {
    now: Cell<u64>,
    peak: Cell<u64>,
}

impl Gauge {
    pub(crate) fn add(&self, count: u64) {
        let now = self.now.get() + count;
        self.now.set(now);
        if now > self.peak.get() {
            self.peak.set(now);
        }
    }

    pub(crate) fn remove(&self, count: u64) {
        debug_assert!(self.now.get() >= count, "what goes was counted");
        self.now.set(self.now.get().saturating_sub(count));
    }

    /// Only what is there now is known of the time before.
    pub(crate) fn forget_peak(&self) {
        self.peak.set(self.now.get());
    }
}

impl Machine {
    /// The counts up to now, also while an execution is under way; without `value_bytes`.
    pub fn statistics(&self) -> Statistics {
        let counted = *self.statistics.borrow();
        let scheduler = self.scheduler.borrow();
        let operations = self.outstanding.get() + self.started.borrow().len();
        Statistics {
            live_tasks: scheduler.live() as u64,
            peak_tasks: scheduler.peak() as u64,
            pending: self.token.pending.now.get(),
            peak_pending: self.token.pending.peak.get(),
            live_operations: operations as u64,
            task_bytes: self.token.task_bytes.now.get(),
            peak_task_bytes: self.token.task_bytes.peak.get(),
            ..counted
        }
    }

    /// An estimate of the bytes that the workspace, globals and live handle objects hold.
    pub fn value_bytes(&self) -> u64 {
        let mut count = ByteCount::default();
        for (name, value) in self
            .workspace
            .borrow()
            .iter()
            .chain(&*self.globals.borrow())
        {
            count.bytes += name.len() as u64;
            count.value(value);
        }
        for object in self.live_objects() {
            count.object(&object);
        }
        count.total()
    }
}

/// Adds up what values hold, each shared part once.
#[derive(Default)]
struct ByteCount {
    bytes: u64,
    seen: FxHashMap<usize, ()>,
    waiting: Vec<Value>,
}

impl ByteCount {
    fn value(&mut self, value: &Value) {
        self.bytes += size_of::<Value>() as u64;
        match value {
            Value::Undefined | Value::Double(_) | Value::Bool(_) | Value::Colon => {}
            Value::DoubleArray(array) => self.elements::<f64>(part(array), array.count()),
            Value::BoolArray(array) => self.elements::<bool>(part(array), array.count()),
            Value::Char(array) => self.elements::<u16>(part(array), array.count()),
            Value::Cell(_)
            | Value::Struct(_)
            | Value::Function(_)
            | Value::Exception(_)
            | Value::Object(_)
            | Value::List(_) => self.waiting.push(value.clone()),
        }
    }

    fn elements<T>(&mut self, part: usize, count: usize) {
        if self.is_new(part) {
            self.bytes += (count * size_of::<T>()) as u64;
        }
    }

    fn object(&mut self, object: &ObjectRef) {
        self.waiting.push(Value::Object(object.clone()));
    }

    fn is_new(&mut self, part: usize) -> bool {
        self.seen.insert(part, ()).is_none()
    }

    /// Values nest deeper than the stack of the machine reaches: containers wait for their turn.
    fn total(mut self) -> u64 {
        while let Some(value) = self.waiting.pop() {
            let mut inside: Vec<Value> = Vec::new();
            match &value {
                Value::Cell(array) if self.is_new(part(array)) => {
                    inside.extend(array.data().iter().cloned());
                }
                Value::Struct(array) if self.is_new(part(array)) => {
                    for (name, values) in array.fields() {
                        self.bytes += name.len() as u64;
                        inside.extend(values.iter().cloned());
                    }
                }
                Value::Function(handle) if self.is_new(part(handle)) => {
                    self.bytes += handle.name.len() as u64;
                    inside.extend(handle.captures.iter().cloned());
                }
                Value::List(list) if self.is_new(part(list)) => inside.extend(list.iter().cloned()),
                Value::Exception(error) => self.bytes += error.message().len() as u64,
                Value::Object(object) => {
                    let place = std::ptr::from_ref::<dyn tourbillon_value::Object>(&**object);
                    if self.is_new(place.cast::<u8>().addr()) {
                        self.bytes += size_of_val(&**object) as u64;
                        object.trace(&mut |value| inside.push(value.clone()));
                    }
                }
                Value::Cell(_)
                | Value::Struct(_)
                | Value::Function(_)
                | Value::List(_)
                | Value::Undefined
                | Value::Double(_)
                | Value::Bool(_)
                | Value::DoubleArray(_)
                | Value::BoolArray(_)
                | Value::Char(_)
                | Value::Colon => {}
            }
            for value in &inside {
                self.value(value);
            }
        }
        self.bytes
    }
}

/// The identity of a shared part.
fn part<T: ?Sized>(shared: &std::rc::Rc<T>) -> usize {
    std::rc::Rc::as_ptr(shared).cast::<u8>().addr()
}
