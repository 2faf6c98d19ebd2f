//! Background jobs in simulation: each is one more session of the process. Its steps and deliveries are
//! choices like those of any task, so that a search sees it before, between and after all that others do.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tourbillon_host::{Decision, Job, JobEnd, Outside, Response, RunningJob, TaskId};
use tourbillon_sim::run::Halt;
use tourbillon_sim::{Access, Candidate, Label};

use crate::objects::{Entanglement, Names, Single};
use crate::observer::WorldObserver;
use crate::operations::Stage;
use crate::oracles::{Ledger, leaks};
use crate::seat::Seat;
use crate::world::World;

/// The jobs of one session.
#[derive(Default)]
pub(crate) struct Jobs {
    live: RefCell<Vec<LiveJob>>,
    queued: RefCell<VecDeque<QueuedJob>>,
    /// What was wrong with those that have ended.
    complaints: RefCell<Vec<String>>,
    /// What is known of the program's entanglement.
    pub entanglement: RefCell<Rc<Cell<Entanglement>>>,
}

struct QueuedJob {
    number: u64,
    label: Label,
    job: Arc<dyn Job>,
}

/// A job that has a worker.
struct LiveJob {
    number: u64,
    label: Label,
    seat: Rc<Seat>,
    running: Box<dyn RunningJob>,
    has_begun: bool,
    /// Whether it was asked to stop, by the session or by an injected cancel.
    is_stopped: bool,
}

/// Which kinds of trouble may be injected now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trouble {
    pub spurious: bool,
    pub cancels: bool,
}

/// What a candidate of a choice means that is a job's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum JobMove {
    /// A ready task runs.
    Run {
        job: u64,
        place: usize,
        task: TaskId,
    },
    /// An operation is delivered.
    Deliver { job: u64, place: usize },
    /// A suspended task is polled for nothing.
    Spurious { job: u64, task: TaskId },
    /// A task is cancelled, or the whole job.
    Cancel { job: u64, task: Option<TaskId> },
}

impl JobMove {
    fn job(self) -> u64 {
        match self {
            JobMove::Run { job, .. }
            | JobMove::Deliver { job, .. }
            | JobMove::Spurious { job, .. }
            | JobMove::Cancel { job, .. } => job,
        }
    }
}

impl World {
    /// Takes a job in; it begins when a worker is free.
    pub(crate) fn queue_job(self: &Rc<Self>, number: u64, label: Label, job: Arc<dyn Job>) {
        self.touch(Single::Jobs, Access::Write);
        let queued = QueuedJob { number, label, job };
        self.jobs.queued.borrow_mut().push_back(queued);
        self.seat_jobs();
    }

    /// Gives free workers to jobs, first come first served.
    fn seat_jobs(self: &Rc<Self>) {
        let workers = self.config().workers.0.get();
        while self.jobs.live.borrow().len() < workers {
            let Some(queued) = self.jobs.queued.borrow_mut().pop_front() else {
                return;
            };
            let QueuedJob { number, label, job } = queued;
            let world = World::of_job(self);
            let names = Names { salt: label.0 };
            world.names.set(names);
            let entanglement = self.jobs.entanglement.borrow().clone();
            let observer = WorldObserver::with(&self.timeline.run, names, &entanglement);
            let seat = Seat::new(&world, &observer);
            let running = job.begin(Outside {
                host: world,
                policy: seat.clone(),
                observer: Some(observer),
            });
            self.jobs.live.borrow_mut().push(LiveJob {
                number,
                label,
                seat,
                running,
                has_begun: false,
                is_stopped: false,
            });
            self.poll_job(number);
        }
    }

    /// Lets a job look at what has happened to it; it gives way before its next step.
    fn poll_job(self: &Rc<Self>, number: u64) {
        let taken = {
            let mut live = self.jobs.live.borrow_mut();
            let at = live.iter().position(|job| job.number == number);
            at.map(|at| (at, live.remove(at)))
        };
        let Some((at, mut job)) = taken else { return };
        let mut context = Context::from_waker(Waker::noop());
        match job.running.poll(&mut context) {
            Poll::Pending => self.jobs.live.borrow_mut().insert(at, job),
            Poll::Ready(end) => self.end_job(job, end),
        }
    }

    /// A job has ended: whoever asked for it hears of it, and its worker is free.
    fn end_job(self: &Rc<Self>, job: LiveJob, end: JobEnd) {
        let mut ledger: Ledger = job.running.ledger().into_iter().collect();
        ledger.insert("host.operations".into(), job.seat.world.outstanding());
        let about = self.timeline.run.borrow().labels.text(job.label);
        let mut complaints = self.jobs.complaints.borrow_mut();
        complaints.extend(job.seat.observer.verdict());
        complaints.extend(leaks(&ledger).map(|what| format!("{about}: {what}")));
        drop(complaints);
        let LiveJob { number, label, .. } = job;
        drop(job.running);
        self.touch(Single::Jobs, Access::Write);
        self.access(label.into(), Access::Write);
        let waker = {
            let mut operations = self.operations.borrow_mut();
            operations.get(number).and_then(|entry| {
                entry.stage = Stage::Ended(Ok(Response::Job(end)));
                entry.waker.take()
            })
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        self.seat_jobs();
    }

    /// Asks a job to stop; says whether it had begun.
    pub(crate) fn stop_job(self: &Rc<Self>, number: u64) -> bool {
        self.touch(Single::Jobs, Access::Write);
        let stop = {
            let mut live = self.jobs.live.borrow_mut();
            let job = live
                .iter_mut()
                .find(|job| job.number == number && job.has_begun);
            job.map(|job| {
                job.is_stopped = true;
                job.running.stopper()
            })
        };
        let Some(stop) = stop else { return false };
        // From here on every task of the job finds it stopped, wherever it is.
        self.timeline.run.borrow_mut().access_everything();
        stop();
        self.poll_job(number);
        true
    }

    /// Forgets a job: nothing of it is left.
    pub(crate) fn drop_job(self: &Rc<Self>, number: u64) {
        self.touch(Single::Jobs, Access::Write);
        self.jobs
            .queued
            .borrow_mut()
            .retain(|job| job.number != number);
        let dropped = {
            let mut live = self.jobs.live.borrow_mut();
            let at = live.iter().position(|job| job.number == number);
            at.map(|at| live.remove(at))
        };
        if dropped.is_some() {
            self.timeline.run.borrow_mut().access_everything();
            drop(dropped);
            self.seat_jobs();
        }
    }

    /// Whether a job has taken its first step, or ended.
    pub(crate) fn job_has_begun(&self, number: u64, label: Label) -> bool {
        self.access(label.into(), Access::Read);
        let live = self.jobs.live.borrow();
        let is_waiting = live
            .iter()
            .any(|job| job.number == number && !job.has_begun)
            || self
                .jobs
                .queued
                .borrow()
                .iter()
                .any(|job| job.number == number);
        !is_waiting
    }

    /// Adds what jobs can do next to the candidates of a choice.
    pub(crate) fn job_moves_into(&self, candidates: &mut Vec<Candidate>, moves: &mut Vec<JobMove>) {
        for job in self.jobs.live.borrow().iter() {
            let number = job.number;
            let ready = job.seat.ready.borrow();
            candidates.extend(ready.iter().map(|(candidate, _)| *candidate));
            let tasks = ready.iter().enumerate();
            moves.extend(tasks.map(|(place, (_, task))| JobMove::Run {
                job: number,
                place,
                task: *task,
            }));
            let before = candidates.len();
            job.seat.world.offered_into(candidates);
            let offered = 0..candidates.len() - before;
            moves.extend(offered.map(|place| JobMove::Deliver { job: number, place }));
        }
    }

    /// Adds the trouble that jobs may have next to the candidates of a choice: polls for nothing of their
    /// suspended tasks, cancels of those, and of whole jobs that have begun.
    pub(crate) fn job_trouble_into(
        &self,
        trouble: Trouble,
        candidates: &mut Vec<Candidate>,
        moves: &mut Vec<JobMove>,
    ) {
        let mut tasks = Vec::new();
        let live = self.jobs.live.borrow();
        for job in live.iter().filter(|_| trouble.spurious) {
            tasks.clear();
            job.seat.observer.suspended_into(candidates, &mut tasks);
            let job = job.number;
            moves.extend(tasks.iter().map(|&task| JobMove::Spurious { job, task }));
        }
        for job in live.iter().filter(|job| trouble.cancels && !job.is_stopped) {
            tasks.clear();
            let before = candidates.len();
            job.seat.observer.cancels_into(candidates, &mut tasks);
            let places = 0..candidates.len() - before;
            moves.extend(places.map(|place| JobMove::Cancel {
                job: job.number,
                task: tasks.get(place).copied(),
            }));
        }
    }

    /// Does what was chosen for a job.
    pub(crate) fn make_job_move(self: &Rc<Self>, chosen: JobMove) -> Result<(), Halt> {
        let number = chosen.job();
        let (seat, first) = {
            let mut live = self.jobs.live.borrow_mut();
            let job = live.iter_mut().find(|job| job.number == number);
            let job = job.expect("what is offered is there");
            let is_step = matches!(chosen, JobMove::Run { .. });
            let first = is_step && !job.has_begun;
            job.has_begun |= is_step;
            (job.seat.clone(), first.then_some(job.label))
        };
        match chosen {
            JobMove::Run { place, task, .. } => {
                let mut run = self.timeline.run.borrow_mut();
                run.step()?;
                seat.observer.begin_step(&mut run, task);
                seat.order.set(Some(Decision::Run(place)));
            }
            JobMove::Spurious { task, .. } => {
                let mut run = self.timeline.run.borrow_mut();
                run.step()?;
                seat.observer.begin_other_step(&mut run);
                drop(run);
                self.count(|injected| injected.spurious += 1);
                seat.order.set(Some(Decision::Spurious(task)));
            }
            JobMove::Deliver { place, .. } => {
                seat.observer
                    .begin_other_step(&mut self.timeline.run.borrow_mut());
                seat.world.deliver(place);
            }
            JobMove::Cancel { task, .. } => {
                seat.observer
                    .begin_other_step(&mut self.timeline.run.borrow_mut());
                self.count(|injected| injected.cancel += 1);
                match task {
                    Some(task) => {
                        seat.observer.strike(task);
                        seat.order.set(Some(Decision::Cancel(task)));
                    }
                    None => {
                        seat.observer.note_strike();
                        // It ends as if the host had stopped it, not the program.
                        self.stop_job(number);
                        return Ok(());
                    }
                }
            }
        }
        if let Some(label) = first {
            self.tell_begun(number, label);
        }
        self.poll_job(number);
        Ok(())
    }

    /// Whoever asked for a job may wait for its beginning.
    fn tell_begun(&self, number: u64, label: Label) {
        self.access(label.into(), Access::Write);
        let waker = {
            let mut operations = self.operations.borrow_mut();
            operations.get(number).and_then(|entry| entry.waker.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Time has moved, or something else happened to all.
    pub(crate) fn poll_jobs(self: &Rc<Self>) {
        let numbers: Vec<u64> = self
            .jobs
            .live
            .borrow()
            .iter()
            .map(|job| job.number)
            .collect();
        numbers.into_iter().for_each(|number| self.poll_job(number));
    }

    /// One move of every job that has one, while the session computes; says whether there was any.
    pub(crate) fn let_jobs_move(self: &Rc<Self>) -> Result<bool, Halt> {
        let (mut candidates, mut moves) = (Vec::new(), Vec::new());
        self.job_moves_into(&mut candidates, &mut moves);
        let mut moved = Vec::new();
        for next in moves {
            let job = next.job();
            // What else was offered of a job that has moved may be gone.
            if !moved.contains(&job) {
                moved.push(job);
                self.make_job_move(next)?;
            }
        }
        Ok(!moved.is_empty())
    }

    /// The task of a job that was suspended by the last step, once.
    pub(crate) fn take_suspended_job(&self) -> Option<Label> {
        let live = self.jobs.live.borrow();
        // Each is asked, so that none of it is left for a later step.
        live.iter().fold(None, |last, job| {
            job.seat.observer.take_suspended().or(last)
        })
    }

    /// What was wrong with a job, once.
    pub(crate) fn job_complaint(&self) -> Option<String> {
        let mut complaints = self.jobs.complaints.borrow_mut();
        (!complaints.is_empty()).then(|| complaints.remove(0))
    }

    /// Jobs that have not ended.
    pub(crate) fn live_jobs(&self) -> usize {
        self.jobs.live.borrow().len() + self.jobs.queued.borrow().len()
    }

    /// As it was at the start.
    pub(crate) fn forget_jobs(&self) {
        self.jobs.queued.borrow_mut().clear();
        let live = std::mem::take(&mut *self.jobs.live.borrow_mut());
        drop(live);
        self.jobs.complaints.borrow_mut().clear();
    }
}
