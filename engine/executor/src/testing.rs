//! What every executor of ours does, as programs and what they show: one suite for both tiers, for the
//! simulator, and for either tier under somebody else's executor.

use crate::priority::Priority;
use crate::scheduler::LocalFuture;
use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// What the tasks of a scenario have noted.
pub type Log = Rc<RefCell<Vec<String>>>;

/// Takes the tasks of a scenario in.
pub type Spawn<'a> = &'a mut dyn FnMut(Priority, LocalFuture);

/// A few tasks, and what they show wherever they run: the most urgent class first, first come first
/// served within it.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// What it shows.
    pub name: &'static str,
    /// Spawns its tasks.
    pub start: fn(Spawn<'_>, &Log),
    /// What they note, in order.
    pub expected: &'static [&'static str],
    /// How many of them wait for ever.
    pub pending: usize,
}

impl Scenario {
    /// Compares what an executor showed.
    ///
    /// # Panics
    /// When it is something else.
    pub fn check(&self, log: &Log, pending: usize) {
        assert_eq!(*log.borrow(), self.expected, "{}", self.name);
        assert_eq!(pending, self.pending, "{}", self.name);
    }
}

/// All scenarios; none has more than sixteen tasks.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "the most urgent class goes first, whoever came first",
        start: |spawn, log| {
            for (priority, name) in [
                (Priority::Low, "low"),
                (Priority::Critical, "critical"),
                (Priority::Idle, "idle"),
                (Priority::High, "high"),
                (Priority::Normal, "normal"),
                (Priority::Critical, "critical too"),
            ] {
                spawn(priority, Box::pin(say(log, name)));
            }
        },
        expected: &["critical", "critical too", "high", "normal", "low", "idle"],
        pending: 0,
    },
    Scenario {
        name: "those who yield take turns",
        start: |spawn, log| {
            for name in ["a", "b", "c"] {
                let log = log.clone();
                spawn(
                    Priority::Normal,
                    Box::pin(async move {
                        for _ in 0..3 {
                            note(&log, name);
                            yield_now().await;
                        }
                    }),
                );
            }
        },
        expected: &["a", "b", "c", "a", "b", "c", "a", "b", "c"],
        pending: 0,
    },
    Scenario {
        name: "who waits without a wake is polled once and parked",
        start: |spawn, log| {
            let mut polls = 0;
            let noted = log.clone();
            let parked = poll_fn(move |_| {
                polls += 1;
                note(&noted, &format!("poll {polls}"));
                Poll::Pending
            });
            spawn(Priority::High, Box::pin(parked));
            spawn(Priority::Normal, Box::pin(turns(log, "other", 3)));
        },
        expected: &["poll 1", "other", "other", "other"],
        pending: 1,
    },
    Scenario {
        name: "a wake before the wait is kept by whoever waits, and two wakes are one poll",
        start: |spawn, log| {
            let gate = Gate::default();
            spawn(Priority::Normal, Box::pin(waits(log, &gate, "woken")));
            let log = log.clone();
            spawn(
                Priority::Normal,
                Box::pin(async move {
                    gate.open();
                    gate.ring();
                    gate.ring();
                    note(&log, "rung");
                }),
            );
        },
        expected: &["waits", "rung", "woken", "2 polls"],
        pending: 0,
    },
    Scenario {
        name: "those who are woken in one step run in the order of the wakes",
        start: |spawn, log| {
            let gates: Vec<Gate> = (0..4).map(|_| Gate::default()).collect();
            for (gate, name) in gates.iter().zip(["a", "b", "c", "d"]) {
                let (gate, log) = (gate.clone(), log.clone());
                spawn(
                    Priority::Normal,
                    Box::pin(async move {
                        gate.wait().await;
                        note(&log, name);
                    }),
                );
            }
            spawn(
                Priority::Normal,
                Box::pin(async move {
                    for at in [2, 0, 3, 1] {
                        gates[at].open();
                        gates[at].ring();
                    }
                }),
            );
        },
        expected: &["c", "a", "d", "b"],
        pending: 0,
    },
    Scenario {
        name: "a wake after the end is harmless",
        start: |spawn, log| {
            let gate = Gate::default();
            gate.open();
            let noted = log.clone();
            let keeps = gate.clone();
            spawn(
                Priority::Normal,
                Box::pin(async move {
                    poll_fn(|context| {
                        keeps.keep(context.waker());
                        Poll::Ready(())
                    })
                    .await;
                    note(&noted, "ended");
                }),
            );
            let log = log.clone();
            spawn(
                Priority::Normal,
                Box::pin(async move {
                    gate.ring();
                    yield_now().await;
                    gate.ring();
                    note(&log, "rung");
                }),
            );
        },
        expected: &["ended", "rung"],
        pending: 0,
    },
    Scenario {
        name: "who is more urgent overtakes when it is woken",
        start: |spawn, log| {
            let gate = Gate::default();
            spawn(Priority::Critical, Box::pin(waits(log, &gate, "urgent")));
            let noted = log.clone();
            spawn(
                Priority::Low,
                Box::pin(async move {
                    note(&noted, "opens");
                    gate.open();
                    gate.ring();
                    yield_now().await;
                    note(&noted, "goes on");
                }),
            );
            spawn(Priority::Low, Box::pin(say(log, "low")));
        },
        expected: &["waits", "opens", "urgent", "2 polls", "low", "goes on"],
        pending: 0,
    },
    Scenario {
        name: "who never ends leaves the others alone",
        start: |spawn, log| {
            for _ in 0..5 {
                spawn(Priority::Normal, Box::pin(pending()));
            }
            spawn(Priority::Idle, Box::pin(turns(log, "idle", 2)));
        },
        expected: &["idle", "idle"],
        pending: 5,
    },
    Scenario {
        name: "a waker may go from task to task",
        start: |spawn, log| {
            // A relay: each waits for the one before it and lets the next one go.
            let gates: Vec<Gate> = (0..8).map(|_| Gate::default()).collect();
            for at in (0..8).rev() {
                let (own, next) = (gates[at].clone(), gates.get(at + 1).cloned());
                let log = log.clone();
                spawn(
                    Priority::Normal,
                    Box::pin(async move {
                        own.wait().await;
                        note(&log, &format!("runner {at}"));
                        if let Some(next) = next {
                            next.open();
                            next.ring();
                        }
                    }),
                );
            }
            gates[0].open();
        },
        expected: &[
            "runner 0", "runner 1", "runner 2", "runner 3", "runner 4", "runner 5", "runner 6",
            "runner 7",
        ],
        pending: 0,
    },
];

/// Gives way once: the task stays ready.
pub fn yield_now() -> impl Future<Output = ()> {
    let mut has_yielded = false;
    poll_fn(move |context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// A door that one task waits at.
#[derive(Clone, Default)]
pub struct Gate(Rc<GateState>);

#[derive(Default)]
struct GateState {
    is_open: Cell<bool>,
    polls: Cell<u32>,
    waker: RefCell<Option<Waker>>,
}

impl Gate {
    /// Opens the door and wakes nobody.
    pub fn open(&self) {
        self.0.is_open.set(true);
    }

    /// Wakes who waited last, who may have gone.
    pub fn ring(&self) {
        if let Some(waker) = &*self.0.waker.borrow() {
            waker.wake_by_ref();
        }
    }

    /// Until the door is open.
    pub fn wait(&self) -> impl Future<Output = ()> + use<> {
        AtGate(self.clone())
    }

    fn keep(&self, waker: &Waker) {
        *self.0.waker.borrow_mut() = Some(waker.clone());
    }
}

struct AtGate(Gate);

impl Future for AtGate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let gate = &self.0;
        gate.0.polls.set(gate.0.polls.get() + 1);
        if gate.0.is_open.get() {
            return Poll::Ready(());
        }
        gate.keep(context.waker());
        Poll::Pending
    }
}

fn note(log: &Log, text: &str) {
    log.borrow_mut().push(text.to_owned());
}

fn say(log: &Log, text: &'static str) -> impl Future<Output = ()> + use<> {
    let log = log.clone();
    async move { note(&log, text) }
}

fn turns(log: &Log, text: &'static str, turns: usize) -> impl Future<Output = ()> + use<> {
    let log = log.clone();
    async move {
        for _ in 0..turns {
            note(&log, text);
            yield_now().await;
        }
    }
}

/// Waits at a gate and says how often it was polled there.
fn waits(log: &Log, gate: &Gate, text: &'static str) -> impl Future<Output = ()> + use<> {
    let (log, gate) = (log.clone(), gate.clone());
    async move {
        note(&log, "waits");
        gate.wait().await;
        note(&log, text);
        note(&log, &format!("{} polls", gate.0.polls.get()));
    }
}
