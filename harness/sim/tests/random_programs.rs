//! Programs made at random: the search with reduction finds what the plain one finds.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use tourbillon_sim::rng::Rng;
use tourbillon_sim::{Access, Explorer, Injections, Object, Priority, Report, Sim, join_all};

/// Programs beyond so many schedules are passed over: others are as good.
const PLAIN_SCHEDULES: u64 = 6_000;

/// So many variables all tasks share.
const VARIABLES: u32 = 3;

/// One thing that a task does.
#[derive(Clone, Debug)]
enum Deed {
    Yield,
    Set(usize),
    Get(usize),
    /// Sets the second variable unless the first has been set: what the step touches depends on what
    /// others did before.
    SetUnless(usize, usize),
    Operation,
    Sleep(u64),
    /// Waits until the variable was set, by looking again after every other step.
    Notify(usize),
    NotifyUnless(usize, usize),
    Wait(usize),
    Fault,
    Pick,
    /// Starts a child and may wait for it.
    Spawn(Vec<Deed>, bool),
    SpawnUnless(usize, Vec<Deed>),
    Cancellable(Vec<Deed>),
    Droppable(Vec<Deed>),
}

#[derive(Clone)]
struct Program {
    tasks: Vec<(Priority, Vec<Deed>)>,
    injections: Injections,
}

impl fmt::Debug for Program {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "inject {}", self.injections)?;
        self.tasks
            .iter()
            .try_for_each(|(priority, deeds)| writeln!(out, "{priority:?} {deeds:?}"))
    }
}

fn program(seed: u64) -> Program {
    let mut rng = Rng::stream(seed, 0);
    let has_classes = rng.below(4) == 0;
    let tasks = 2 + rng.below(2);
    let tasks = (0..tasks).map(|_| {
        let priority = match rng.below(3) {
            0 if has_classes => Priority::High,
            1 if has_classes => Priority::Low,
            _ => Priority::Normal,
        };
        (priority, deeds(&mut rng, 3, 0))
    });
    let tasks = tasks.collect();
    let injections = Injections {
        pending_polls: rng.below(2),
        spurious_polls: rng.below(8) / 7,
        early_completions: rng.below(8) / 7,
        never_completions: rng.below(8) / 7,
        faults: rng.below(2),
        cancels: rng.below(2),
        drops: rng.below(4) / 3,
        ..Injections::NONE
    };
    Program { tasks, injections }
}

fn deeds(rng: &mut Rng, most: u32, depth: u32) -> Vec<Deed> {
    let count = 1 + rng.below(most);
    let deed = |rng: &mut Rng| match rng.below(if depth > 1 { 11 } else { 14 }) {
        0 | 1 => Deed::Yield,
        2 | 3 => Deed::Set(rng.below(2) as usize),
        4 => Deed::Get(rng.below(2) as usize),
        5 => Deed::Operation,
        6 => Deed::Sleep(u64::from(rng.below(3))),
        7 => Deed::Notify(rng.below(2) as usize),
        8 => Deed::Wait(rng.below(2) as usize),
        9 => Deed::Fault,
        10 => Deed::Pick,
        11 => {
            let waits = rng.below(2) == 0;
            Deed::Spawn(deeds(rng, 2, depth + 1), waits)
        }
        12 => Deed::Cancellable(deeds(rng, 2, depth + 1)),
        _ => Deed::Droppable(deeds(rng, 2, depth + 1)),
    };
    (0..count).map(|_| deed(rng)).collect()
}

/// A program of few short tasks whose steps touch much at once, and other things after other steps.
fn program_of_blocks(seed: u64) -> Program {
    let mut rng = Rng::stream(seed, 1);
    let has_classes = rng.below(4) == 0;
    let tasks = 3 + rng.below(3);
    let tasks = (0..tasks).map(|_| {
        let priority = match rng.below(3) {
            0 if has_classes => Priority::High,
            1 if has_classes => Priority::Low,
            _ => Priority::Normal,
        };
        (priority, blocks(&mut rng))
    });
    let tasks = tasks.collect();
    let injections = Injections {
        cancels: rng.below(3) / 2,
        drops: rng.below(6) / 5,
        ..Injections::NONE
    };
    Program { tasks, injections }
}

/// One or two steps, each of which does several things.
fn blocks(rng: &mut Rng) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for block in 0..1 + rng.below(2) {
        if block > 0 {
            deeds.push(match rng.below(4) {
                0 => Deed::Wait(rng.below(2) as usize),
                _ => Deed::Yield,
            });
        }
        for _ in 0..1 + rng.below(3) {
            let mut variable = || rng.below(VARIABLES) as usize;
            let (one, other) = (variable(), variable());
            deeds.push(match rng.below(8) {
                0 | 1 => Deed::Set(one),
                2 => Deed::Get(one),
                3 | 4 => Deed::SetUnless(one, other),
                5 => Deed::NotifyUnless(one, other % 2),
                6 => Deed::Notify(one % 2),
                _ => Deed::SpawnUnless(one, vec![Deed::Set(other)]),
            });
        }
    }
    match rng.below(8) {
        0 => vec![Deed::Cancellable(deeds)],
        1 => vec![Deed::Droppable(deeds)],
        _ => deeds,
    }
}

/// What all tasks of a program share.
#[derive(Clone)]
struct Shared {
    sim: Sim,
    values: Rc<[(Object, Cell<u64>); VARIABLES as usize]>,
    signals: Rc<[Signal; 2]>,
}

struct Signal {
    object: Object,
    count: Cell<u32>,
    waiting: RefCell<Vec<std::task::Waker>>,
}

impl Shared {
    fn new(sim: &Sim) -> Shared {
        let value = || {
            let object = sim.object("value");
            sim.access(object, Access::Write);
            (object, Cell::new(1))
        };
        let signal = || Signal {
            object: sim.object("signal"),
            count: Cell::new(0),
            waiting: RefCell::default(),
        };
        Shared {
            sim: sim.clone(),
            values: Rc::new(std::array::from_fn(|_| value())),
            signals: Rc::new([signal(), signal()]),
        }
    }

    fn note(&self, at: usize, number: u64) {
        let (object, value) = &self.values[at];
        self.sim.access(*object, Access::Write);
        value.set(value.get().wrapping_mul(31).wrapping_add(number));
    }

    /// Whether nobody has set the variable yet.
    fn is_unset(&self, at: usize) -> bool {
        let (object, value) = &self.values[at];
        self.sim.access(*object, Access::Read);
        value.get() == 1
    }

    async fn wait(&self, at: usize) {
        std::future::poll_fn(|context| {
            let signal = &self.signals[at];
            self.sim.access(signal.object, Access::Write);
            if signal.count.get() > 0 {
                signal.count.set(signal.count.get() - 1);
                return std::task::Poll::Ready(());
            }
            signal.waiting.borrow_mut().push(context.waker().clone());
            std::task::Poll::Pending
        })
        .await;
    }

    fn notify(&self, at: usize) {
        let signal = &self.signals[at];
        self.sim.access(signal.object, Access::Write);
        signal.count.set(signal.count.get() + 1);
        let waiting = signal.waiting.take();
        waiting.into_iter().for_each(std::task::Waker::wake);
    }
}

/// Does all deeds; what the task has seen is its result.
async fn perform(shared: Shared, number: u64, deeds: Vec<Deed>) -> u64 {
    let sim = &shared.sim;
    let mut seen = number;
    let mut note = |what: u64| seen = seen.wrapping_mul(37).wrapping_add(what);
    for deed in deeds {
        match deed {
            Deed::Yield => sim.yield_now().await,
            Deed::Set(at) => shared.note(at, number),
            Deed::Get(at) => {
                let (object, value) = &shared.values[at];
                sim.access(*object, Access::Read);
                note(value.get());
            }
            Deed::SetUnless(one, other) => {
                if shared.is_unset(one) {
                    shared.note(other, number);
                }
            }
            Deed::Operation => sim.operation("operation", Duration::ZERO).await,
            Deed::Sleep(millis) => {
                sim.sleep(Duration::from_millis(millis)).await;
                note(sim.now().as_millis() as u64);
            }
            Deed::Notify(at) => shared.notify(at),
            Deed::NotifyUnless(one, at) => {
                if shared.is_unset(one) {
                    shared.notify(at);
                }
            }
            Deed::Wait(at) => shared.wait(at).await,
            Deed::Fault => note(u64::from(sim.fault("fault"))),
            Deed::Pick => note(u64::from(sim.pick("pick", 2))),
            Deed::Spawn(inner, waits) => {
                let work = perform(shared.clone(), number * 7 + 1, inner);
                let child = sim.spawn_named("child", Box::pin(work));
                if waits {
                    note(child.await);
                } else {
                    note(u64::from(child.is_finished()));
                }
            }
            Deed::SpawnUnless(one, inner) => {
                if shared.is_unset(one) {
                    let work = perform(shared.clone(), number * 5 + 2, inner);
                    drop(sim.spawn_named("child", Box::pin(work)));
                }
            }
            Deed::Cancellable(inner) => {
                let work = perform(shared.clone(), number * 11 + 3, inner);
                note(sim.cancellable("work", Box::pin(work)).await.unwrap_or(5));
            }
            Deed::Droppable(inner) => {
                let work = perform(shared.clone(), number * 13 + 5, inner);
                note(sim.droppable("held", Box::pin(work)).await.unwrap_or(6));
            }
        }
    }
    seen
}

async fn run(sim: Sim, tasks: Vec<(Priority, Vec<Deed>)>) -> (Vec<u64>, Vec<u64>) {
    let shared = Shared::new(&sim);
    let tasks = tasks
        .into_iter()
        .zip(1..)
        .map(|((priority, deeds), number)| {
            let work = perform(shared.clone(), number, deeds);
            sim.spawn_with("task", priority, work)
        });
    let seen = join_all(tasks.collect::<Vec<_>>()).await;
    let values = shared.values.iter().map(|(object, value)| {
        sim.access(*object, Access::Read);
        value.get()
    });
    (seen, values.collect())
}

/// Compares both searches; false when the program has too many schedules.
fn check(program: Program, seed: u64) -> bool {
    let explore = |explorer: Explorer| {
        let explorer = explorer.injections(program.injections).leaks_allowed();
        explorer.explore(|sim| run(sim, program.tasks.clone()))
    };
    let plain = explore(Explorer::exhaustive().schedules(PLAIN_SCHEDULES));
    if !plain.exhausted {
        return false;
    }
    let reduced = explore(Explorer::reduced());
    assert!(reduced.exhausted, "seed {seed}: {program:?}");
    let (wanted, found) = (plain.outcome_names(), reduced.outcome_names());
    assert_eq!(wanted, found, "seed {seed}: {program:?}");
    // What a stuck run says of itself may name what a task waited for at its last look.
    let failures = |report: &Report| {
        let kinds = report.failures.keys().map(|failure| failure.kind);
        kinds.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(
        failures(&plain),
        failures(&reduced),
        "seed {seed}: {program:?}"
    );
    let orders = plain.partial_orders.count();
    assert_eq!(
        reduced.partial_orders.count(),
        reduced.schedules,
        "seed {seed}: {program:?}"
    );
    assert_eq!(orders, reduced.schedules, "seed {seed}: {program:?}");
    true
}

/// Compares both searches on a program that one of them had wrong.
fn check_named(injections: &str, tasks: Vec<(Priority, Vec<Deed>)>) {
    let injections = Injections::parse(injections).expect("injections");
    assert!(check(Program { tasks, injections }, 0), "it is small");
}

#[test]
fn a_step_that_touches_more_without_another_waits_for_what_comes_later() {
    use Deed::{Cancellable, Notify, Spawn, Wait, Yield};
    // The child wakes the second task by its end only if the first has not taken the signal: then its
    // step and the cancelled task's depend on each other. Found by seed 1795196372.
    let one = vec![Notify(0), Spawn(vec![Yield], true), Wait(0)];
    let two = vec![Yield, Cancellable(vec![Spawn(vec![Wait(0)], true)])];
    let both = [one, two].map(|deeds| (Priority::Normal, deeds));
    check_named("cancel", both.to_vec());
}

#[test]
fn who_only_waits_for_a_more_urgent_task_could_come_before_a_delivery() {
    use Deed::{Cancellable, Operation, Spawn, Yield};
    // The child is ready all the time, and no candidate before the first task has ended. Found by seed
    // 1795237339.
    let one = vec![Cancellable(vec![Yield])];
    let two = vec![Spawn(vec![], false), Operation];
    let both = [one, two].map(|deeds| (Priority::High, deeds));
    check_named("pending,spurious=1,cancel", both.to_vec());
}

#[test]
fn a_strike_that_a_race_asks_for_is_not_the_only_branch() {
    use Deed::{Cancellable, Spawn, Wait, Yield};
    // Found by seed 1795159055.
    let one = vec![Spawn(
        vec![Spawn(vec![], false), Cancellable(vec![Wait(1)])],
        false,
    )];
    let both = [one, vec![Yield]].map(|deeds| (Priority::Normal, deeds));
    check_named("spurious=1,cancel", both.to_vec());
}

#[test]
fn no_outcome_is_hidden_by_a_branch_that_sleeps() {
    use Deed::{Droppable, Get, Notify, Set, SetUnless, SpawnUnless, Yield};
    // The search missed outcomes of this one, not only partial orders: seed 1961 of the blocks.
    let last = vec![SetUnless(0, 2), Set(0), Yield, Notify(0)];
    let tasks = [
        vec![Droppable(vec![SetUnless(1, 0), Get(2)])],
        vec![SetUnless(1, 0), Notify(1), SetUnless(2, 0)],
        vec![SetUnless(1, 1), Set(2)],
        [last, vec![SpawnUnless(2, vec![Set(0)]), Get(1)]].concat(),
    ];
    let tasks = tasks.map(|deeds| (Priority::Normal, deeds));
    check_named("none", tasks.to_vec());
}

#[test]
fn where_only_strikes_are_awake_each_may_leave_out_the_others() {
    use Deed::{Cancellable, Droppable, Wait, Yield};
    // The first of its strikes is taken while the step that drops the chance of the other sleeps.
    let tasks = vec![
        (Priority::Normal, vec![Droppable(vec![Yield])]),
        (Priority::Normal, vec![Cancellable(vec![Wait(1)])]),
    ];
    check_named("spurious=1,cancel,drop", tasks);
}

/// Compares both searches on programs from `SEED` on, `COUNT` of them: `SEED=17 COUNT=1` looks at one, and
/// the nightly run looks at many.
#[expect(
    clippy::disallowed_methods,
    reason = "which programs are looked at is no part of a run"
)]
fn compare(program: fn(u64) -> Program) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let first = number("SEED").unwrap_or(0);
    let count = number("COUNT").unwrap_or(300);
    let checked = (first..first + count).filter(|seed| check(program(*seed), *seed));
    let checked = checked.count() as u64;
    assert!(
        checked >= count / 4,
        "{checked} of {count} programs are small enough"
    );
}

#[test]
fn both_searches_agree() {
    compare(program);
}

#[test]
fn both_searches_agree_on_steps_that_touch_other_things_after_others() {
    compare(program_of_blocks);
}
