//! Several sessions in one simulated process: one flat choice over all their ready tasks and
//! deliveries.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use tourbillon_compiler::Program;
use tourbillon_host::{Decision, TaskId};
use tourbillon_sim::label::name_hash;
use tourbillon_sim::run::Halt;
use tourbillon_sim::{Action, Candidate, Kind, SharedRun};

use crate::config::WorldConfig;
use crate::jobs::{JobMove, Trouble};
use crate::objects::{Entanglement, Names};
use crate::observer::WorldObserver;
use crate::probe::Probe;
use crate::seat::Seat;
use crate::session_config::SessionConfig;
use crate::simulation::{
    AtEnd, Bench, During, Ending, Life, RunResult, Stuck, end, judge, live, poll,
};
use crate::support::{Unsupported, unsupported};
use crate::target::Target;
use crate::timeline::Timeline;
use crate::world::World;

/// Sessions that share a process, a clock and the choices of one [`tourbillon_sim::Run`], and
/// nothing else: each has its own disk, input, console and device.
pub struct WorldGroup {
    run: SharedRun,
    timeline: Rc<Timeline>,
    members: Vec<Member>,
}

/// One session of a group and what it needs to begin.
#[derive(Clone, Debug)]
pub struct MemberConfig {
    /// Its program, which must compile.
    pub target: Target,
    /// How it is set up.
    pub session: SessionConfig,
    /// The world it runs in.
    pub world: WorldConfig,
}

struct Member {
    program: Arc<Program>,
    config: MemberConfig,
    bench: Bench,
    seat: Rc<Seat>,
    label: String,
    probe: Probe,
    entanglement: Rc<Cell<Entanglement>>,
}

/// A session while it runs.
struct Seated {
    life: Option<Life>,
    at_end: Rc<RefCell<AtEnd>>,
    ending: Option<Ending>,
    /// Whether something has happened to it since it said what is ready.
    is_changed: bool,
}

/// What a candidate of the group's choice means.
#[derive(Clone, Copy)]
enum Meaning {
    Run {
        member: usize,
        place: usize,
        task: TaskId,
    },
    Deliver {
        member: usize,
        place: usize,
    },
    Spurious {
        member: usize,
        task: TaskId,
    },
    /// Cancels a task, or the whole execution.
    Cancel {
        member: usize,
        task: Option<TaskId>,
    },
    /// Drops the future of an execution.
    Drop {
        member: usize,
    },
    /// Nothing can ever happen again.
    End,
    Job {
        member: usize,
        what: JobMove,
    },
    Advance {
        due: u64,
    },
}

impl WorldGroup {
    /// A group whose sessions' root tasks are labelled `s1`, `s2`, …
    ///
    /// # Errors
    /// When a session or world asks for something that this version cannot do.
    ///
    /// # Panics
    /// When a program does not compile: such a one has no schedules.
    pub fn new(configs: Vec<MemberConfig>, run: &SharedRun) -> Result<WorldGroup, Unsupported> {
        let timeline = Timeline::new(run);
        let entanglement = Rc::default();
        let mut members = Vec::new();
        for (at, config) in configs.into_iter().enumerate() {
            unsupported(&config.world)?;
            let Target::Compiled { program, .. } = &config.target else {
                panic!("a program of a group does not compile: {:?}", config.target);
            };
            let program = program.clone();
            let probe = Probe::new(&config.session);
            let label = format!("s{}", at + 1);
            let (bench, seat) = seated_bench(&config, &label, &timeline, run, &entanglement);
            members.push(Member {
                program,
                config,
                bench,
                seat,
                label,
                probe,
                entanglement: Rc::clone(&entanglement),
            });
        }
        Ok(WorldGroup {
            run: run.clone(),
            timeline,
            members,
        })
    }

    /// Runs every program once, all in one process. The run must have begun; the caller ends it.
    pub fn run_once(&mut self) -> Vec<RunResult> {
        let is_repeating = self.run.borrow().is_repeating();
        for member in &mut self.members {
            if is_repeating {
                member.renew(&self.timeline, &self.run);
            } else {
                member.bench.reset();
            }
        }
        let mut seated: Vec<Seated> = self.members.iter().map(Member::begin).collect();
        let halted = self.drive(&mut seated);
        let mut results = Vec::new();
        for (member, mut seated) in self.members.iter_mut().zip(seated) {
            let mut ending = seated.ending.unwrap_or(match halted {
                Some(halt) => Ending::Halted(halt),
                None => Ending::Stuck(Stuck::of(&member.bench)),
            });
            if let Some(life) = seated.life.take() {
                ending = end(life, ending);
            }
            let is_clean = matches!(ending, Ending::Ended { .. });
            let at_end = seated.at_end.take();
            let namespace = member.config.session.namespace.of_engine();
            let during = During { ending, at_end };
            results.push(judge(&member.bench, &self.run, namespace, during));
            if !is_clean {
                member.renew(&self.timeline, &self.run);
            }
        }
        results
    }

    /// Makes choices until every session was closed, nothing can happen, or the run must stop.
    fn drive(&self, seated: &mut [Seated]) -> Option<Halt> {
        let mut candidates = Vec::new();
        let mut meanings = Vec::new();
        loop {
            for one in seated.iter_mut().filter(|one| one.is_changed) {
                one.is_changed = false;
                let Some(life) = &mut one.life else { continue };
                one.ending = poll(life);
                if one.ending.is_some() {
                    let life = one.life.take();
                    one.ending = one
                        .ending
                        .take()
                        .zip(life)
                        .map(|(ending, life)| end(life, ending));
                }
            }
            if seated.iter().all(|one| one.life.is_none()) {
                return None;
            }
            let kind = self.offer(seated, &mut candidates, &mut meanings);
            if kind == Kind::Cancel && candidates.len() > 1 {
                // That nothing else could happen is what makes it the time for this choice.
                self.run.borrow_mut().access_everything();
            }
            let pick = self.run.borrow_mut().choose(kind, &candidates);
            if let Some(halt) = self.run.borrow().halt() {
                return Some(halt);
            }
            if matches!(meanings[pick], Meaning::End) {
                return None;
            }
            match self.obey(meanings[pick], seated) {
                Ok(()) => {}
                Err(halt) => return Some(halt),
            }
        }
    }

    /// Everything that may happen next, in all sessions, and what is asked.
    fn offer(
        &self,
        seated: &[Seated],
        candidates: &mut Vec<Candidate>,
        meanings: &mut Vec<Meaning>,
    ) -> Kind {
        candidates.clear();
        meanings.clear();
        let live = || {
            let members = self.members.iter().enumerate();
            members.filter(|(member, _)| seated[*member].life.is_some())
        };
        for (member, other) in live() {
            let ready = other.seat.ready.borrow();
            candidates.extend(ready.iter().map(|(candidate, _)| *candidate));
            let tasks = ready.iter().enumerate();
            meanings.extend(tasks.map(|(place, (_, task))| Meaning::Run {
                member,
                place,
                task: *task,
            }));
        }
        for (member, other) in live() {
            let before = candidates.len();
            other.bench.world.offered_into(candidates);
            let offered = 0..candidates.len() - before;
            meanings.extend(offered.map(|place| Meaning::Deliver { member, place }));
        }
        let mut moves = Vec::new();
        for (member, other) in live() {
            moves.clear();
            other.bench.world.job_moves_into(candidates, &mut moves);
            meanings.extend(moves.iter().map(|&what| Meaning::Job { member, what }));
        }
        if candidates.is_empty() {
            let label = self.timeline.label;
            let (action, meaning) = match self.timeline.next_due() {
                Some(due) => (Action::Advance, Meaning::Advance { due }),
                // Nothing can ever happen again, unless a cancel strikes: production has none.
                None => (Action::Keep, Meaning::End),
            };
            candidates.push(Candidate { label, action });
            meanings.push(meaning);
        }
        let kind = match meanings.first() {
            Some(Meaning::End) => Kind::Cancel,
            _ => Kind::Run,
        };
        let run = self.run.borrow();
        for (member, other) in live() {
            let world = &other.bench.world;
            let trouble = Trouble {
                spurious: kind == Kind::Run && run.spurious_left() > 0,
                cancels: run.cancels_left() > 0
                    && world.is_armed()
                    && world.config().cancel.is_none(),
            };
            moves.clear();
            world.job_trouble_into(trouble, candidates, &mut moves);
            meanings.extend(moves.iter().map(|&what| Meaning::Job { member, what }));
        }
        let mut tasks = Vec::new();
        if kind == Kind::Run && run.spurious_left() > 0 {
            for (member, other) in live() {
                tasks.clear();
                other.bench.observer.suspended_into(candidates, &mut tasks);
                meanings.extend(tasks.iter().map(|&task| Meaning::Spurious { member, task }));
            }
        }
        if run.cancels_left() > 0 {
            for (member, other) in live() {
                let world = &other.bench.world;
                if !world.is_armed() || world.config().cancel.is_some() {
                    continue;
                }
                tasks.clear();
                let (before, observer) = (candidates.len(), &other.bench.observer);
                observer.cancels_into(candidates, &mut tasks);
                let places = 0..candidates.len() - before;
                let task = |place: usize| tasks.get(place).copied();
                meanings.extend(places.map(|place| Meaning::Cancel {
                    member,
                    task: task(place),
                }));
            }
        }
        if run.drops_left() > 0 {
            for (member, other) in live() {
                if other.bench.world.is_executing() && other.bench.observer.steps() > 0 {
                    let (label, action) = (other.bench.observer.first(), Action::Drop);
                    candidates.push(Candidate { label, action });
                    meanings.push(Meaning::Drop { member });
                }
            }
        }
        kind
    }

    fn begin_other_step(&self, member: usize) {
        let observer = &self.members[member].bench.observer;
        observer.begin_other_step(&mut self.run.borrow_mut());
    }

    fn obey(&self, meaning: Meaning, seated: &mut [Seated]) -> Result<(), Halt> {
        match meaning {
            Meaning::Run {
                member,
                place,
                task,
            } => {
                let other = &self.members[member];
                let mut run = self.run.borrow_mut();
                run.step()?;
                other.bench.observer.begin_step(&mut run, task);
                other.seat.order.set(Some(Decision::Run(place)));
                seated[member].is_changed = true;
            }
            Meaning::Spurious { member, task } => {
                self.run.borrow_mut().step()?;
                let other = &self.members[member];
                self.begin_other_step(member);
                other.bench.world.count(|injected| injected.spurious += 1);
                other.seat.order.set(Some(Decision::Spurious(task)));
                seated[member].is_changed = true;
            }
            Meaning::Deliver { member, place } => {
                self.begin_other_step(member);
                self.members[member].bench.world.deliver(place);
                seated[member].is_changed = true;
            }
            Meaning::Cancel { member, task } => {
                let Bench {
                    world, observer, ..
                } = &self.members[member].bench;
                self.begin_other_step(member);
                match task {
                    Some(task) => {
                        world.count(|injected| injected.cancel += 1);
                        observer.strike(task);
                        let seat = &self.members[member].seat;
                        seat.order.set(Some(Decision::Cancel(task)));
                    }
                    None => {
                        observer.note_strike();
                        world.strike();
                    }
                }
                seated[member].is_changed = true;
            }
            Meaning::Drop { member } => {
                // How many may still strike is a matter of all sessions.
                self.run.borrow_mut().access_everything();
                let (other, one) = (&self.members[member], &mut seated[member]);
                if let Some(life) = one.life.take() {
                    match other.probe.drop_execution(&other.bench, life, &one.at_end) {
                        Ok(life) => one.life = Some(life),
                        Err(message) => one.ending = Some(Ending::Panicked(message)),
                    }
                }
                one.is_changed = true;
            }
            Meaning::Job { member, what } => {
                self.members[member].bench.world.make_job_move(what)?;
                seated[member].is_changed = true;
            }
            Meaning::Advance { due } => {
                self.timeline.advance_to(due)?;
                for member in &self.members {
                    member.bench.world.poll_jobs();
                }
                seated.iter_mut().for_each(|one| one.is_changed = true);
            }
            Meaning::End => unreachable!("nothing is done at the end"),
        }
        Ok(())
    }
}

impl Member {
    fn begin(&self) -> Seated {
        self.seat.ready.borrow_mut().clear();
        self.seat.order.set(None);
        let at_end = Rc::<RefCell<AtEnd>>::default();
        Seated {
            life: Some(live(&self.bench, &self.program, &at_end)),
            at_end,
            ending: None,
            is_changed: true,
        }
    }

    /// A fresh session in a fresh world.
    fn renew(&mut self, timeline: &Rc<Timeline>, run: &SharedRun) {
        let (config, label) = (&self.config, &self.label);
        let (bench, seat) = seated_bench(config, label, timeline, run, &self.entanglement);
        self.bench = bench;
        self.seat = seat;
    }
}

fn seated_bench(
    config: &MemberConfig,
    label: &str,
    timeline: &Rc<Timeline>,
    run: &SharedRun,
    entanglement: &Rc<Cell<Entanglement>>,
) -> (Bench, Rc<Seat>) {
    let world = World::on(&Rc::new(config.world.clone()), timeline);
    world.is_polled.set(config.session.poll_every > 0);
    // The sessions of a group share nothing.
    let salt = name_hash(label);
    world.names.set(Names { salt });
    world.disk_names.set(Names { salt });
    let observer = WorldObserver::with(run, Names { salt }, entanglement);
    let seat = Seat::new(&world, &observer);
    *world.jobs.entanglement.borrow_mut() = entanglement.clone();
    let options = config.session.options(label);
    let bench = Bench::new(world.clone(), world, observer, seat.clone(), options);
    (bench, seat)
}
