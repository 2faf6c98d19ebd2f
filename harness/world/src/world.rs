//! The outside of one session under simulation. Nothing in it reaches a real door.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use tourbillon_gpu::CpuDevice;
use tourbillon_host::Request;
use tourbillon_sim::clock::TimerId;
use tourbillon_sim::trace::{Event, What};
use tourbillon_sim::{Access, Label, Object, SharedRun};
use tourbillon_vm::CancelHandle;

use crate::config::{CancelPlan, GpuDevice, InputHandler, WorldConfig};
use crate::console::CapturingConsole;
use crate::faults::{Asked, Strike, kind};
use crate::jobs::Jobs;
use crate::objects::{Names, Single};
use crate::operations::{Operations, Stage};
use crate::timeline::Timeline;

const HOST_CANCEL: What = What::new("host cancel");

/// Stands for the host's cancel among the timers of a world.
pub(crate) const CANCEL_NUMBER: u64 = (1 << 48) - 1;

/// How often each injection struck in one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Injected {
    /// Deliveries that made an operation pend which was ready at once.
    pub pending: u64,
    /// Operations that took longer than they would have.
    pub delay: u64,
    /// Polls of tasks for nothing.
    pub spurious: u64,
    /// Cancels by the host, or of tasks.
    pub cancel: u64,
    /// Completions that arrived while the poll that asked for them still ran.
    pub early: u64,
    /// Operations that never completed.
    pub never: u64,
    /// Operations that failed though the world states no fault for them.
    pub fault: u64,
    /// Executions whose future was dropped.
    pub drop: u64,
}

impl Injected {
    /// Adds the counts of another run.
    pub fn add(&mut self, other: Injected) {
        self.pending += other.pending;
        self.delay += other.delay;
        self.spurious += other.spurious;
        self.cancel += other.cancel;
        self.early += other.early;
        self.never += other.never;
        self.fault += other.fault;
        self.drop += other.drop;
    }
}

/// The outside of one session under simulation: clock, disk, web, input, console and device.
///
/// It is made once and used for one run after another; [`World::reset`] puts everything back.
pub struct World {
    pub(crate) timeline: Rc<Timeline>,
    pub(crate) place: u64,
    pub(crate) config: Rc<WorldConfig>,
    pub(crate) names: Cell<Names>,
    console: CapturingConsole,
    /// Once it was asked for: see `cpu_device`.
    pub(crate) device: RefCell<Option<Rc<CpuDevice>>>,
    pub(crate) operations: RefCell<Operations>,
    /// The disk is that of the process: background jobs share it.
    pub(crate) disk: Rc<RefCell<BTreeMap<String, Vec<u8>>>>,
    pub(crate) is_disk_changed: Rc<Cell<bool>>,
    pub(crate) asked: Rc<RefCell<Asked>>,
    /// The names of what is on the disk and of the servers of the web.
    pub(crate) disk_names: Cell<Names>,
    pub(crate) jobs: Jobs,
    /// Whether its session is a background job's, which has none of its own.
    is_within_a_job: bool,
    /// Itself, for jobs that act on it.
    this: Weak<World>,
    /// How many answers have been given to requests for input.
    pub(crate) answered: Cell<usize>,
    /// How many replies each route of the web has given.
    pub(crate) replied: Rc<RefCell<Vec<usize>>>,
    cancel: RefCell<Option<CancelHandle>>,
    cancel_timer: Cell<Option<TimerId>>,
    /// Whether an execution is under way that trouble may strike.
    is_executing: Cell<bool>,
    /// Whether the session looks at the host between instructions, or is only counted there.
    pub(crate) is_polled: Cell<bool>,
    pub(crate) ticks: Cell<u64>,
    injected: Cell<Injected>,
}

impl World {
    /// A world as `config` says, on a timeline of its own.
    pub fn new(config: &Rc<WorldConfig>, run: &SharedRun) -> Rc<World> {
        World::on(config, &Timeline::new(run))
    }

    /// A world on a timeline that others share.
    pub(crate) fn on(config: &Rc<WorldConfig>, timeline: &Rc<Timeline>) -> Rc<World> {
        let world = World::make(config, timeline, None);
        world.reset();
        world
    }

    /// The outside of a background job: the clock and the disk are those of the session that asked for
    /// it; there is nobody to answer and no device.
    pub(crate) fn of_job(outer: &Rc<World>) -> Rc<World> {
        let config = WorldConfig {
            input_handler: InputHandler::None,
            input: Vec::new(),
            gpu: None,
            cancel: None,
            disk: BTreeMap::new(),
            ..(*outer.config).clone()
        };
        let world = World::make(&Rc::new(config), &outer.timeline, Some(outer));
        world.is_polled.set(outer.is_polled.get());
        world.disk_names.set(outer.disk_names.get());
        world
    }

    fn make(
        config: &Rc<WorldConfig>,
        timeline: &Rc<Timeline>,
        outer: Option<&Rc<World>>,
    ) -> Rc<World> {
        Rc::new_cyclic(|weak| World {
            timeline: timeline.clone(),
            place: timeline.join(weak),
            config: config.clone(),
            names: Cell::default(),
            console: CapturingConsole::default(),
            device: RefCell::default(),
            operations: RefCell::default(),
            disk: outer.map(|outer| outer.disk.clone()).unwrap_or_default(),
            is_disk_changed: outer.map_or_else(
                || Rc::new(Cell::new(true)),
                |outer| outer.is_disk_changed.clone(),
            ),
            asked: outer.map(|outer| outer.asked.clone()).unwrap_or_default(),
            disk_names: Cell::default(),
            jobs: Jobs::default(),
            is_within_a_job: outer.is_some(),
            this: weak.clone(),
            answered: Cell::new(0),
            replied: outer.map(|outer| outer.replied.clone()).unwrap_or_default(),
            cancel: RefCell::default(),
            cancel_timer: Cell::new(None),
            is_executing: Cell::new(false),
            is_polled: Cell::new(true),
            ticks: Cell::new(0),
            injected: Cell::default(),
        })
    }

    /// Itself, as hosts are held.
    pub(crate) fn this(&self) -> Rc<World> {
        self.this.upgrade().expect("it lives while it is called")
    }

    /// Whether its session is a background job's.
    pub(crate) fn is_within_a_job(&self) -> bool {
        self.is_within_a_job
    }

    /// As it was at the start. The clock belongs to the run, which is begun anew for each run.
    pub fn reset(&self) {
        self.forget_jobs();
        self.console.reset();
        self.operations.borrow_mut().reset();
        self.asked.borrow_mut().reset();
        self.answered.set(0);
        {
            let mut replied = self.replied.borrow_mut();
            replied.clear();
            replied.resize(self.config.http.len(), 0);
        }
        self.ticks.set(0);
        self.injected.set(Injected::default());
        *self.device.borrow_mut() = None;
        if self.is_disk_changed.replace(false) {
            let mut disk = self.disk.borrow_mut();
            disk.clear();
            for (path, content) in &self.config.disk {
                disk.insert(path.clone(), content.as_bytes().to_vec());
            }
        }
    }

    /// The device, if there is one; it is made when it is asked for first.
    pub(crate) fn cpu_device(&self) -> Option<Rc<CpuDevice>> {
        let mut device = self.device.borrow_mut();
        if device.is_none() && !self.is_within_a_job {
            let gpu = self.config.gpu.clone().unwrap_or_default();
            *device = match gpu.device {
                GpuDevice::Simulated => {
                    let memory = gpu.memory_bytes.unwrap_or(CpuDevice::DEFAULT_MEMORY_BYTES);
                    Some(Rc::new(CpuDevice::new(memory)))
                }
                GpuDevice::Wgpu | GpuDevice::None => None,
            };
        }
        device.clone()
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

    /// Labels of operations that were delivered and that nobody has taken: whoever waits for one was
    /// not woken, or not run.
    pub(crate) fn delivered_labels(&self) -> Vec<String> {
        let run = self.timeline.run.borrow();
        let operations = self.operations.borrow();
        let ended = operations
            .iter()
            .filter(|entry| matches!(entry.stage, Stage::Ended(_)));
        ended.map(|entry| run.labels.text(entry.label)).collect()
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

    /// The running step touches something.
    pub(crate) fn access(&self, object: Object, access: Access) {
        self.timeline.run.borrow_mut().access(object, access);
    }

    pub(crate) fn touch(&self, single: Single, access: Access) {
        self.access(self.names.get().single(single), access);
    }

    /// Whether it matters how many steps came before.
    pub(crate) fn counts_steps(&self) -> bool {
        self.is_armed() && matches!(self.config.cancel, Some(CancelPlan::AtStep(_)))
    }

    /// The fault that the world states for a request, which is counted.
    pub(crate) fn stated_fault(&self, request: &Request) -> Option<Strike<'_>> {
        if let Some(kind) = kind(request)
            && !self.config.faults.is_empty()
        {
            self.access(self.disk_names.get().asked(kind as u64), Access::Write);
        }
        self.asked.borrow_mut().strike(&self.config.faults, request)
    }

    /// Makes the host's cancel ready for the execution that is about to begin.
    pub(crate) fn arm(&self, handle: CancelHandle) {
        *self.cancel.borrow_mut() = Some(handle);
        self.is_executing.set(true);
        if let Some(CancelPlan::AtTime(time)) = self.config.cancel {
            let key = Timeline::key(self.place, CANCEL_NUMBER);
            let mut run = self.timeline.run.borrow_mut();
            let timer = run.clock.add(time.nanoseconds(), key);
            self.cancel_timer.set(Some(timer));
        }
    }

    /// Whether an execution is under way that trouble may strike.
    pub(crate) fn is_executing(&self) -> bool {
        self.is_executing.get()
    }

    /// Whether the host may still cancel.
    pub(crate) fn is_armed(&self) -> bool {
        self.cancel.borrow().is_some()
    }

    /// The execution is over: the host's cancel has nothing left to strike.
    pub(crate) fn disarm(&self) {
        *self.cancel.borrow_mut() = None;
        self.is_executing.set(false);
        if let Some(timer) = self.cancel_timer.take() {
            self.timeline.run.borrow_mut().clock.cancel(timer);
        }
    }

    /// The host's cancel; later ones change nothing.
    pub(crate) fn strike(&self) {
        let Some(handle) = self.cancel.borrow_mut().take() else {
            return;
        };
        self.count(|injected| injected.cancel += 1);
        self.event(HOST_CANCEL, Label(0), 0);
        // From here on every task finds the execution stopped, wherever it is.
        self.timeline.run.borrow_mut().access_everything();
        handle.cancel();
    }

    pub(crate) fn event(&self, what: What, label: Label, value: u64) {
        let mut run = self.timeline.run.borrow_mut();
        run.event(Event { what, label, value });
    }
}
