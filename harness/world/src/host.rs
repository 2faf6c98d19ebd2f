//! The world of one session: the engine's host, simulated. Nothing here reaches a real door.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::task::{Context, Poll};

use tourbillon_gpu::CpuDevice;
use tourbillon_host::{
    Console, Device, FileFailure, Host, InputFailure, InputKind, Nanoseconds, OperationId,
    OperationLabel, Outcome, Request, Response,
};
use tourbillon_sim::clock::TimerId;
use tourbillon_sim::run::Halt;
use tourbillon_sim::trace::{Event, What};
use tourbillon_sim::{Action, Candidate, Injections, Kind, Label, SharedRun};
use tourbillon_value::{RuntimeError, build_runtime_error};
use tourbillon_vm::CancelHandle;

use crate::config::{Answer, CancelPlan, GpuDevice, InputHandler, LatencyOp, WorldConfig};
use crate::console::CapturingConsole;
use crate::names::note_operation;
use crate::operations::{self, Entry, Operations, Stage};
use crate::timeline::Timeline;

const NOW: What = What::new("now");
const SUBMIT: What = What::new("submit");
const DELIVER: What = What::new("deliver");
const FIRE: What = What::new("fire");
const TAKE: What = What::new("take");
const GIVE_UP: What = What::new("give up");
const HOST_CANCEL: What = What::new("host cancel");

/// After so many ticks in a row time moves although a task runs.
const TICKS_IN_A_ROW: u32 = 1_000;

/// What an operation without a latency takes once it is delayed by 1.
const DELAY_UNIT_NANOSECONDS: u64 = 1_000_000;

/// Stands for the host's cancel among the timers of a world.
const CANCEL_NUMBER: u64 = (1 << 48) - 1;

/// How often each injection struck in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Injected {
    /// Deliveries that made an operation pend which was ready at once.
    pub pending: u64,
    /// Operations that took longer than they would have.
    pub delay: u64,
    /// Polls of tasks for nothing.
    pub spurious: u64,
    /// Cancels by the host.
    pub cancel: u64,
}

/// A budget was spent where no policy is asked: what a tick unwinds with.
pub(crate) struct Spent(pub Halt);

/// The outside of one session under simulation: clock, disk, input, console and device.
///
/// It is made once and used for one run after another; [`World::reset`] puts everything back.
pub struct World {
    timeline: Rc<Timeline>,
    place: u64,
    config: Rc<WorldConfig>,
    console: CapturingConsole,
    device: RefCell<Option<Rc<CpuDevice>>>,
    operations: RefCell<Operations>,
    disk: RefCell<BTreeMap<String, Vec<u8>>>,
    is_disk_changed: Cell<bool>,
    /// How many answers have been given to requests for input.
    answered: Cell<usize>,
    cancel: RefCell<Option<CancelHandle>>,
    ticks: Cell<u64>,
    injected: Cell<Injected>,
}

impl World {
    /// A world as `config` says, on a timeline of its own.
    pub fn new(config: &Rc<WorldConfig>, run: &SharedRun) -> Rc<World> {
        World::on(config, &Timeline::new(run))
    }

    /// A world on a timeline that others share.
    pub(crate) fn on(config: &Rc<WorldConfig>, timeline: &Rc<Timeline>) -> Rc<World> {
        let world = Rc::new_cyclic(|weak| World {
            timeline: timeline.clone(),
            place: timeline.join(weak),
            config: config.clone(),
            console: CapturingConsole::default(),
            device: RefCell::default(),
            operations: RefCell::default(),
            disk: RefCell::default(),
            is_disk_changed: Cell::new(true),
            answered: Cell::new(0),
            cancel: RefCell::default(),
            ticks: Cell::new(0),
            injected: Cell::default(),
        });
        world.reset();
        world
    }

    /// As it was at the start. The clock belongs to the run, which is begun anew for each run.
    pub fn reset(&self) {
        self.console.reset();
        self.operations.borrow_mut().reset();
        self.answered.set(0);
        self.ticks.set(0);
        self.injected.set(Injected::default());
        let gpu = self.config.gpu.clone().unwrap_or_default();
        *self.device.borrow_mut() = match gpu.device {
            GpuDevice::Simulated => {
                let memory = gpu.memory_bytes.unwrap_or(CpuDevice::DEFAULT_MEMORY_BYTES);
                Some(Rc::new(CpuDevice::new(memory)))
            }
            GpuDevice::Wgpu | GpuDevice::None => None,
        };
        if self.is_disk_changed.replace(false) {
            let mut disk = self.disk.borrow_mut();
            disk.clear();
            for (path, content) in &self.config.disk {
                disk.insert(path.clone(), content.as_bytes().to_vec());
            }
        }
    }

    /// What was written.
    pub fn captured(&self) -> &CapturingConsole {
        &self.console
    }

    /// The files.
    pub fn disk(&self) -> BTreeMap<String, Vec<u8>> {
        self.disk.borrow().clone()
    }

    /// How often each injection struck.
    pub fn injected(&self) -> Injected {
        self.injected.get()
    }

    /// Operations that were neither taken nor given up.
    pub fn outstanding(&self) -> usize {
        self.operations.borrow().live()
    }

    /// Labels of the operations under way, for reports of runs that are stuck.
    pub fn outstanding_labels(&self) -> Vec<String> {
        let run = self.timeline.run.borrow();
        self.operations
            .borrow()
            .iter()
            .map(|entry| run.labels.text(entry.label))
            .collect()
    }

    pub(crate) fn timeline(&self) -> &Rc<Timeline> {
        &self.timeline
    }

    pub(crate) fn config(&self) -> &Rc<WorldConfig> {
        &self.config
    }

    pub(crate) fn count(&self, count: impl FnOnce(&mut Injected)) {
        let mut injected = self.injected.get();
        count(&mut injected);
        self.injected.set(injected);
    }

    /// Makes the host's cancel ready for the execution that is about to begin.
    pub(crate) fn arm(&self, handle: CancelHandle) {
        *self.cancel.borrow_mut() = Some(handle);
        if let Some(CancelPlan::AtTime(time)) = self.config.cancel {
            let key = Timeline::key(self.place, CANCEL_NUMBER);
            let mut run = self.timeline.run.borrow_mut();
            run.clock.add(time.nanoseconds(), key);
        }
    }

    /// Whether the host may still cancel.
    pub(crate) fn is_armed(&self) -> bool {
        self.cancel.borrow().is_some()
    }

    /// The execution is over: the host's cancel has nothing left to strike.
    pub(crate) fn disarm(&self) {
        *self.cancel.borrow_mut() = None;
    }

    /// The host's cancel; later ones change nothing.
    pub(crate) fn strike(&self) {
        let Some(handle) = self.cancel.borrow_mut().take() else {
            return;
        };
        self.count(|injected| injected.cancel += 1);
        self.event(HOST_CANCEL, Label(0), 0);
        handle.cancel();
    }

    /// Adds what can be delivered to the candidates of a choice.
    pub(crate) fn offered_into(&self, candidates: &mut Vec<Candidate>) {
        let mut operations = self.operations.borrow_mut();
        for at in 0..operations.offered.len() {
            let number = operations.offered[at];
            let entry = operations.get(number).expect("what is offered is there");
            candidates.push(Candidate::deliver(entry.label));
        }
    }

    /// Delivers the operation at `place` of what is offered.
    pub(crate) fn deliver(&self, place: usize) {
        let (number, label, left, waker) = {
            let mut operations = self.operations.borrow_mut();
            let number = operations.offered.remove(place);
            let entry = operations.get(number).expect("what is offered is there");
            entry.deliveries -= 1;
            let left = entry.deliveries;
            let waker = if left > 0 { entry.waker.take() } else { None };
            let label = entry.label;
            if left > 0 {
                // One of the polls that find the operation still pending.
                operations.offered.push(number);
            }
            (number, label, left, waker)
        };
        self.event(DELIVER, label, u64::from(left));
        if left == 0 {
            self.complete(number);
        } else if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A timer of this world has fired.
    pub(crate) fn fire(&self, number: u64) {
        if number == CANCEL_NUMBER {
            return self.strike();
        }
        let (label, is_timer) = {
            let mut operations = self.operations.borrow_mut();
            let Some(entry) = operations.get(number) else {
                return;
            };
            let is_timer = matches!(entry.request, Request::Timer { .. });
            (entry.label, is_timer)
        };
        self.event(FIRE, label, 0);
        if is_timer {
            self.complete(number);
        } else {
            self.ripen(number);
        }
    }

    /// An operation's time has come: it can be delivered, or is at once when deliveries are no
    /// choice.
    fn ripen(&self, number: u64) {
        let is_complete = {
            let mut operations = self.operations.borrow_mut();
            let is_first = operations.readbacks.front() == Some(&number);
            let entry = operations.get(number).expect("it is under way");
            let is_readback = matches!(entry.request, Request::Readback { .. });
            if is_readback && !is_first {
                // Within one queue completions come in the order of submission.
                entry.stage = Stage::Ripe;
                return;
            }
            let is_complete = entry.deliveries == 0;
            entry.stage = Stage::Offered;
            if !is_complete {
                operations.offered.push(number);
            }
            is_complete
        };
        if is_complete {
            self.complete(number);
        }
    }

    /// The operation takes effect, its outcome is kept, and whoever waits for it is woken.
    fn complete(&self, number: u64) {
        let (waker, next) = {
            let mut operations = self.operations.borrow_mut();
            let entry = operations.get(number).expect("it is under way");
            let outcome = match &entry.buffer {
                Some(buffer) => Ok(Response::Numbers(buffer.read())),
                None => self.perform(&entry.request),
            };
            entry.stage = Stage::Ended(outcome);
            entry.buffer = None;
            let waker = entry.waker.take();
            let is_input = matches!(entry.request, Request::Input { .. });
            let is_readback = matches!(entry.request, Request::Readback { .. });
            let next = if is_input {
                operations.inputs.retain(|other| *other != number);
                operations.inputs.front().copied()
            } else if is_readback {
                operations.readbacks.retain(|other| *other != number);
                operations.readbacks.front().copied()
            } else {
                None
            };
            (waker, next)
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Some(next) = next {
            self.step_forward(next);
        }
    }

    /// An operation has become the first of its queue.
    fn step_forward(&self, number: u64) {
        let stage = {
            let mut operations = self.operations.borrow_mut();
            let entry = operations.get(number).expect("it is under way");
            match entry.stage {
                Stage::Queued => Some((entry.asked_at, entry.delay)),
                Stage::Ripe => None,
                Stage::Waiting(_) | Stage::Offered | Stage::Never | Stage::Ended(_) => return,
            }
        };
        match stage {
            None => self.ripen(number),
            Some((asked_at, delay)) => {
                let latency = self.input_latency();
                self.start(number, asked_at, delayed(latency, delay));
            }
        }
    }

    /// An operation begins that takes so long from `asked_at` on.
    fn start(&self, number: u64, asked_at: u64, latency: u64) {
        let due = asked_at.saturating_add(latency);
        let timer = {
            let mut run = self.timeline.run.borrow_mut();
            let is_later = due > run.clock.now();
            is_later.then(|| run.clock.add(due, Timeline::key(self.place, number)))
        };
        match timer {
            Some(timer) => self.wait(number, timer),
            None => self.ripen(number),
        }
    }

    fn wait(&self, number: u64, timer: TimerId) {
        let mut operations = self.operations.borrow_mut();
        let entry = operations.get(number).expect("it is under way");
        entry.stage = Stage::Waiting(timer);
    }

    /// What a file operation does.
    fn perform(&self, request: &Request) -> Outcome {
        let not_found = || Err(FileFailure::NotFound.error(request).build());
        match request {
            Request::Timer { .. } => Ok(Response::Done),
            Request::ReadFile { path } => match self.disk.borrow().get(path) {
                Some(bytes) => Ok(Response::Bytes(bytes.clone())),
                None => not_found(),
            },
            Request::WriteFile { path, bytes } => {
                self.is_disk_changed.set(true);
                self.disk.borrow_mut().insert(path.clone(), bytes.clone());
                Ok(Response::Done)
            }
            Request::FileExists { path } => {
                Ok(Response::Exists(self.disk.borrow().contains_key(path)))
            }
            Request::DeleteFile { path } => {
                self.is_disk_changed.set(true);
                match self.disk.borrow_mut().remove(path) {
                    Some(_) => Ok(Response::Done),
                    None => not_found(),
                }
            }
            Request::Input { kind, .. } => self.answer(*kind),
            Request::Readback { buffer } => match &*self.device.borrow() {
                Some(device) => device.read(*buffer).map(Response::Numbers),
                None => Err(no_device()),
            },
        }
    }

    /// How long after its request the next answer to a request for input comes.
    fn input_latency(&self) -> u64 {
        let next = self.config.input.get(self.answered.get());
        next.map_or(0, |answer| answer.after.nanoseconds())
    }

    /// Gives the next answer.
    fn answer(&self, wanted: InputKind) -> Outcome {
        let at = self.answered.get();
        self.answered.set(at + 1);
        let Some(answer) = self.config.input.get(at) else {
            return Err(InputFailure::EndOfInput.into());
        };
        match (&answer.answer, wanted) {
            (Answer::Line(line), InputKind::Line) => Ok(Response::Line(line.clone())),
            (Answer::Key(key), InputKind::Key) => Ok(Response::Key(key.clone())),
            (Answer::Line(_), InputKind::Key) | (Answer::Key(_), InputKind::Line) => {
                Err(InputFailure::WrongKind(wanted).into())
            }
            (Answer::Fail(message), _) => Err(InputFailure::HandlerFailed
                .error()
                .cause(build_runtime_error(message.as_str()).build())
                .build()),
            (Answer::End(_), _) => Err(InputFailure::EndOfInput.into()),
        }
    }

    /// How long a request takes when nothing is injected.
    fn latency(&self, request: &Request) -> u64 {
        let name = match request {
            Request::Timer { .. } => return 0,
            Request::Input { .. } => return self.input_latency(),
            Request::ReadFile { .. } => LatencyOp::Read,
            Request::WriteFile { .. } => LatencyOp::Write,
            Request::FileExists { .. } => LatencyOp::Exists,
            Request::DeleteFile { .. } => LatencyOp::Delete,
            Request::Readback { .. } => LatencyOp::Readback,
        };
        let latency = self.config.latency.get(&name);
        latency.map_or(0, |latency| latency.nanoseconds())
    }

    /// How many deliveries a request takes; none when it completes by itself.
    fn deliveries(&self, request: &Request, latency: u64, injections: &Injections) -> u32 {
        if matches!(request, Request::Timer { .. }) {
            return 0;
        }
        // What takes its time is not ready at once: only its order among others is a choice.
        let pending = match latency {
            0 => injections.pending_polls,
            _ => injections.pending_polls.min(1),
        };
        match (request, &self.config.gpu) {
            (Request::Readback { .. }, Some(gpu)) => pending.max(gpu.readback_pending),
            _ => pending,
        }
    }

    /// Whether a request is answered before anything else happens.
    fn is_immediate(&self, request: &Request, injections: &Injections) -> bool {
        let operations = self.operations.borrow();
        match request {
            Request::Timer { deadline } => deadline.0 <= self.timeline.run.borrow().clock.now(),
            Request::Input { .. } => match self.config.input_handler {
                InputHandler::None => true,
                InputHandler::Sync => operations.inputs.is_empty() && self.input_latency() == 0,
                InputHandler::Async => {
                    operations.inputs.is_empty()
                        && self.input_latency() == 0
                        && injections.delay_multiples == 0
                        && injections.pending_polls == 0
                }
            },
            Request::Readback { .. } if !operations.readbacks.is_empty() => false,
            Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }
            | Request::Readback { .. } => {
                let latency = self.latency(request);
                latency == 0
                    && injections.delay_multiples == 0
                    && self.deliveries(request, latency, injections) == 0
            }
        }
    }

    /// Draws how late an operation with the outside is: a multiple of its latency, 0 for on time.
    fn draw_delay(&self, request: &Request, label: Label) -> u32 {
        let mut run = self.timeline.run.borrow_mut();
        let multiples = run.injections().delay_multiples;
        if multiples == 0 || matches!(request, Request::Timer { .. }) {
            return 0;
        }
        // 17 candidates at most: the injection allows 16 multiples.
        let mut candidates = [Candidate::keep(label); 17];
        for power in 1..=multiples.min(16) {
            candidates[power as usize].action = Action::Delay(1 << power);
        }
        let count = multiples.min(16) as usize + 1;
        match candidates[run.choose(Kind::Delay, &candidates[..count])].action {
            Action::Delay(multiple) => multiple,
            _ => 0,
        }
    }

    fn event(&self, what: What, label: Label, value: u64) {
        let mut run = self.timeline.run.borrow_mut();
        run.event(Event { what, label, value });
    }
}

/// A latency with its delay.
fn delayed(latency: u64, delay: u32) -> u64 {
    match (latency, delay) {
        (_, 0) => latency,
        (0, delay) => DELAY_UNIT_NANOSECONDS * u64::from(delay),
        (_, delay) => latency.saturating_mul(u64::from(delay)),
    }
}

impl Host for World {
    fn now(&self) -> Nanoseconds {
        Nanoseconds(self.timeline.run.borrow().clock.now())
    }

    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome> {
        let injections = *self.timeline.run.borrow().injections();
        if !self.is_immediate(request, &injections) {
            return None;
        }
        let label = note_operation(&mut self.timeline.run.borrow_mut().labels, label);
        self.event(NOW, label, 0);
        let has_handler = self.config.input_handler != InputHandler::None;
        Some(match request {
            Request::Input { .. } if !has_handler => Err(InputFailure::Unavailable.into()),
            request => self.perform(request),
        })
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        let (label, now, injections) = {
            let mut run = self.timeline.run.borrow_mut();
            let label = note_operation(&mut run.labels, label);
            (label, run.clock.now(), *run.injections())
        };
        self.event(SUBMIT, label, 0);
        let delay = self.draw_delay(&request, label);
        let latency = delayed(self.latency(&request), delay);
        let deliveries = self.deliveries(&request, latency, &injections);
        self.count(|injected| {
            injected.delay += u64::from(delay > 0);
            injected.pending += u64::from(latency == 0 && deliveries > 0);
        });
        let mut entry = Entry {
            request,
            buffer: None,
            label,
            asked_at: now,
            delay,
            deliveries,
            stage: Stage::Queued,
            waker: None,
        };
        match &entry.request {
            Request::Timer { deadline } => {
                let deadline = *deadline;
                if deadline == Nanoseconds::MAX {
                    entry.stage = Stage::Never;
                }
                let number = self.operations.borrow_mut().add(entry);
                if deadline.0 <= now {
                    self.complete(number);
                } else if deadline != Nanoseconds::MAX {
                    let key = Timeline::key(self.place, number);
                    let timer = self.timeline.run.borrow_mut().clock.add(deadline.0, key);
                    self.wait(number, timer);
                }
                operations::id(number)
            }
            Request::Input { .. } => {
                if self.config.input_handler == InputHandler::None {
                    entry.stage = Stage::Ended(Err(InputFailure::Unavailable.into()));
                    return operations::id(self.operations.borrow_mut().add(entry));
                }
                let (number, is_first) = {
                    let mut operations = self.operations.borrow_mut();
                    let number = operations.add(entry);
                    operations.inputs.push_back(number);
                    (number, operations.inputs.len() == 1)
                };
                if is_first {
                    self.step_forward(number);
                }
                operations::id(number)
            }
            Request::Readback { buffer } => {
                let device = self.device.borrow().clone();
                let retained = match device {
                    Some(device) => device.retain(*buffer),
                    None => Err(no_device()),
                };
                match retained {
                    Ok(buffer) => entry.buffer = Some(buffer),
                    Err(error) => {
                        entry.stage = Stage::Ended(Err(error));
                        return operations::id(self.operations.borrow_mut().add(entry));
                    }
                }
                let number = {
                    let mut operations = self.operations.borrow_mut();
                    let number = operations.add(entry);
                    operations.readbacks.push_back(number);
                    number
                };
                self.start(number, now, latency);
                operations::id(number)
            }
            Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. } => {
                let number = self.operations.borrow_mut().add(entry);
                self.start(number, now, latency);
                operations::id(number)
            }
        }
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        let number = operations::number(operation);
        let mut operations = self.operations.borrow_mut();
        let Some(entry) = operations.get(number) else {
            panic!(
                "operation {} has given its outcome or was cancelled",
                operation.0
            );
        };
        if !matches!(entry.stage, Stage::Ended(_)) {
            match &mut entry.waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        let entry = operations.remove(number).expect("it was there just now");
        drop(operations);
        self.event(TAKE, entry.label, 0);
        match entry.stage {
            Stage::Ended(outcome) => Poll::Ready(outcome),
            _ => unreachable!("it had ended just now"),
        }
    }

    fn cancel(&self, operation: OperationId) {
        let number = operations::number(operation);
        let (entry, next) = {
            let mut operations = self.operations.borrow_mut();
            let Some(entry) = operations.remove(number) else {
                return;
            };
            let next = match entry.request {
                Request::Input { .. } => operations.inputs.front().copied(),
                Request::Readback { .. } => operations.readbacks.front().copied(),
                _ => None,
            };
            (entry, next)
        };
        {
            let mut run = self.timeline.run.borrow_mut();
            if let Stage::Waiting(timer) = &entry.stage {
                run.clock.cancel(*timer);
            }
            run.event(Event {
                what: GIVE_UP,
                label: entry.label,
                value: 0,
            });
        }
        drop(entry);
        if let Some(next) = next {
            self.step_forward(next);
        }
    }

    fn tick(&self, in_a_row: u32) {
        let ticks = self.ticks.get() + 1;
        self.ticks.set(ticks);
        let halt = {
            let run = self.timeline.run.borrow();
            let spent = ticks.saturating_add(run.steps());
            (spent > run.budgets().steps).then_some(Halt::Steps)
        };
        if let Some(halt) = halt {
            // A loop that never waits asks no policy; the run ends here and is judged by its driver.
            resume_unwind(Box::new(Spent(halt)));
        }
        if !in_a_row.is_multiple_of(TICKS_IN_A_ROW) {
            return;
        }
        let offered = self.operations.borrow().offered.len();
        if offered > 0 {
            // What is offered again by a delivery has its next turn later.
            (0..offered).for_each(|_| self.deliver(0));
        } else if let Some(due) = self.timeline.next_due() {
            if let Err(halt) = self.timeline.advance_to(due) {
                resume_unwind(Box::new(Spent(halt)));
            }
        }
    }

    fn console(&self) -> &dyn Console {
        &self.console
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        let device = self.device.borrow().clone();
        device.map(|device| -> Rc<dyn Device> { device })
    }

    fn seed(&self) -> u64 {
        0
    }
}

fn no_device() -> RuntimeError {
    build_runtime_error("There is no GPU device.")
        .identifier("gpu:NoDevice")
        .build()
}
