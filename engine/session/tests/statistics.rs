//! What a session tells of itself: counts in its results, and spans and events of `tracing`.

use std::cell::Cell;
use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use tourbillon_host::{
    Console, Decision, Device, Host, Nanoseconds, OperationId, OperationLabel, Outcome, Policy,
    ReadyTasks, Request,
};
use tourbillon_session::testing::{OfflineHost, block_on, offline};
use tourbillon_session::{Session, SessionOptions, Statistics};
use tracing_subscriber::fmt::format::FmtSpan;

fn session() -> Session {
    let (host, policy) = offline();
    Session::new(host, policy, None, SessionOptions::default())
}

fn statistics(program: &str) -> Statistics {
    let result = block_on(session().execute(program));
    assert!(result.error.is_none(), "{:?}", result.error);
    result.statistics
}

#[test]
fn code_that_never_waits_takes_one_poll_and_leaves_nothing_pending() {
    let counts = statistics("n = 0;\nfor k = 1:10000\n  n = n + k;\nend\n");
    assert_eq!((counts.polls, counts.steps, counts.suspensions), (1, 1, 0));
    assert_eq!((counts.tasks, counts.operations), (1, 0));
    assert_eq!((counts.pending, counts.live_tasks), (0, 0));
    assert!(counts.ticks > 100, "{counts:?}");
    assert_eq!((counts.busy_ticks, counts.tick_nanoseconds), (0, 0));
    assert_eq!(counts.peak_task_bytes, 0, "nothing was ever suspended");
}

#[test]
fn what_is_pending_is_counted_and_so_is_the_most_there_was() {
    let program = "tasks = cell(1, 100);\nfor k = 1:100\n  tasks{k} = spawn(waits(k));\nend\n\
                   on_complete(tasks{1}, @(f) disp('one'));\non_complete(tasks{2}, @(f) disp('two'));\n\
                   await_all(tasks);\nasync function waits(k)\n  pause(k);\nend\n";
    let counts = statistics(program);
    assert_eq!((counts.tasks, counts.callbacks), (103, 2));
    // The tasks' own futures, and that of the script.
    assert_eq!(counts.peak_pending, 101, "{counts:?}");
    // The first callbacks run while the other sleepers still sleep.
    assert_eq!(counts.peak_tasks, 102, "{counts:?}");
    assert_eq!((counts.pending, counts.live_tasks), (0, 0));
    assert_eq!((counts.operations, counts.live_operations), (100, 0));
    assert!(counts.peak_task_bytes > 100 * 100, "{counts:?}");
    assert_eq!(counts.task_bytes, 0);
}

#[test]
fn a_promise_that_nobody_settles_is_pending_until_it_goes() {
    let session = session();
    let made = block_on(session.execute("p = promise();\nq = promise();\ncomplete(q, 1);\n"));
    assert_eq!(made.statistics.pending, 1);
    drop(made);
    let gone = block_on(session.execute("clear p\n"));
    assert_eq!(
        (gone.statistics.pending, gone.statistics.peak_pending),
        (0, 3)
    );
    drop(gone);
    let abandoned = block_on(session.execute("f = async @() 1;\ng = f;\ncancel(f);\n"));
    assert_eq!(abandoned.statistics.pending, 0, "it never was");
}

#[test]
fn an_idle_session_is_not_polled() {
    /// Gives way when nothing can run, until the test lets the time move.
    struct Patient {
        offline: Rc<dyn Policy>,
        may_move: Rc<Cell<bool>>,
    }
    impl Policy for Patient {
        fn next(&self, ready: ReadyTasks<'_>) -> Decision {
            match ready.is_empty() && !self.may_move.take() {
                true => Decision::Return,
                false => self.offline.next(ready),
            }
        }
    }
    let (host, offline) = offline();
    let may_move = Rc::new(Cell::new(false));
    let policy = Rc::new(Patient {
        offline,
        may_move: may_move.clone(),
    });
    let session = Session::new(host, policy, None, SessionOptions::default());
    let mut execution = pin!(
        session
            .execute("a = spawn(waits());\npause(1);\nasync function waits()\n  pause(2);\nend\n")
    );
    let mut poll = || {
        let mut context = Context::from_waker(Waker::noop());
        execution.as_mut().poll(&mut context)
    };
    assert!(poll().is_pending());
    // It can be looked at while it waits.
    let now = session.statistics();
    assert_eq!((now.polls, now.live_tasks, now.pending), (1, 2, 2));
    assert_eq!(now.live_operations, 2);
    assert!(now.task_bytes > 0);
    may_move.set(true);
    assert!(poll().is_pending());
    may_move.set(true);
    let Poll::Ready(result) = poll() else {
        panic!("both sleeps are over");
    };
    assert_eq!(result.statistics.polls, 3);
    assert_eq!(result.statistics.task_bytes, 0);
}

#[test]
fn values_are_measured_and_what_is_shared_counts_once() {
    let bytes = |program: &str| statistics(program).value_bytes;
    let alone = bytes("x = zeros(1000, 1);\n");
    assert!((8_000..8_100).contains(&alone), "{alone}");
    let shared = bytes("x = zeros(1000, 1);\ny = x;\nz = {x, x};\ns.f = x;\n");
    assert!((8_000..8_500).contains(&shared), "{shared}");
    let two = bytes("x = zeros(1000, 1);\ny = ones(1000, 1);\n");
    assert!((16_000..16_200).contains(&two), "{two}");
    let in_map = bytes("m = containers.Map();\nm('a') = zeros(1000, 1);\n");
    assert!((8_000..9_000).contains(&in_map), "{in_map}");
    // A chain that is longer than any stack is deep, and a circle.
    assert!(bytes("c = {};\nfor k = 1:100000\n  c = {c};\nend\n") > 1_600_000);
    assert!(bytes("m = containers.Map();\nm('me') = m;\n") < 1_000);
    assert_eq!(bytes(""), 0);
}

/// A host whose clock moves on by a microsecond whenever it is looked at, and that counts what is asked of it.
struct Counted {
    host: Rc<OfflineHost>,
    looks_at_the_clock: Cell<u64>,
    ticks: Cell<u64>,
    operations: Cell<u64>,
}

impl Counted {
    fn new(host: Rc<OfflineHost>) -> Rc<Counted> {
        Rc::new(Counted {
            host,
            looks_at_the_clock: Cell::new(0),
            ticks: Cell::new(0),
            operations: Cell::new(0),
        })
    }

    /// What was asked since the last time: the clock, for a tick, and about operations.
    fn take(&self) -> (u64, u64, u64) {
        (
            self.looks_at_the_clock.take(),
            self.ticks.take(),
            self.operations.take(),
        )
    }
}

fn count(cell: &Cell<u64>) -> u64 {
    cell.set(cell.get() + 1);
    cell.get()
}

impl Host for Counted {
    fn now(&self) -> Nanoseconds {
        Nanoseconds(count(&self.looks_at_the_clock) * 1_000)
    }

    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome> {
        count(&self.operations);
        self.host.try_now(request, label)
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        count(&self.operations);
        self.host.submit(request, label)
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        count(&self.operations);
        self.host.poll(operation, context)
    }

    fn cancel(&self, operation: OperationId) {
        count(&self.operations);
        self.host.cancel(operation);
    }

    fn tick(&self, in_a_row: u32) {
        count(&self.ticks);
        self.host.tick(in_a_row);
    }

    fn console(&self) -> &dyn Console {
        self.host.console()
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        None
    }

    fn seed(&self) -> u64 {
        0
    }
}

#[test]
fn ticks_are_timed_by_the_hosts_clock_when_something_is_outstanding() {
    let (host, policy) = offline();
    let session = Session::new(Counted::new(host), policy, None, SessionOptions::default());
    let loops = "n = 0;\nfor k = 1:1000\n  n = n + 1;\nend\n";
    let plain = block_on(session.execute(loops)).statistics;
    assert_eq!((plain.busy_ticks, plain.tick_nanoseconds), (0, 0));
    let asleep = block_on(session.execute(&format!("f = sleep_async(1);\n{loops}await(f);\n")));
    let counts = asleep.statistics;
    assert!(counts.busy_ticks > 10, "{counts:?}");
    assert_eq!(counts.tick_nanoseconds, counts.busy_ticks * 1_000);
}

/// Code that never waits, of some 60,000 instructions.
const PLAIN: &str = "s = 0;\nfor k = 1:10000\n  s = s + mod(k, 7) * 2;\nend\n";

/// The counts of a program whose host is polled so often, and what was asked of that host.
fn polled(program: &str, poll_every: u32) -> (Statistics, (u64, u64, u64)) {
    let (host, policy) = offline();
    let host = Counted::new(host);
    let mut options = SessionOptions::default();
    options.machine.poll_every = poll_every;
    let session = Session::new(host.clone(), policy, None, options);
    host.take();
    let result = block_on(session.execute(program));
    assert!(result.error.is_none(), "{:?}", result.error);
    (result.statistics, host.take())
}

#[test]
fn plain_code_is_interrupted_once_in_so_many_instructions_and_asks_for_nothing_else() {
    let (never, asked) = polled(PLAIN, 0);
    assert_eq!((never.ticks, asked), (0, (0, 0, 0)));
    let (usual, asked) = polled(PLAIN, 100);
    // One call of the host for each tick: no look at the clock, no operation, no poll of the session, and no
    // step of a task more than without.
    assert_eq!(asked, (0, usual.ticks, 0));
    let apart_from_ticks = |counts: Statistics| Statistics { ticks: 0, ..counts };
    assert_eq!(apart_from_ticks(usual), apart_from_ticks(never));
    // As many as there are hundreds of instructions, whatever they are counted in.
    assert!(usual.ticks > 300, "{usual:?}");
    for (poll_every, times) in [(50, 2.0), (200, 0.5), (1_000, 0.1)] {
        let (counts, _) = polled(PLAIN, poll_every);
        let expected = usual.ticks as f64 * times;
        let found = counts.ticks as f64;
        assert!((found - expected).abs() <= 2.0, "{found} for {expected}");
    }
}

#[test]
fn the_event_loop_costs_ten_calls_of_the_host_in_a_thousand_instructions_and_two_looks_at_the_clock_each()
 {
    let thousands = polled(PLAIN, 1_000).0.ticks;
    let (_, (_, ticks, _)) = polled(PLAIN, 100);
    assert!(
        (thousands * 10).abs_diff(ticks) <= 10,
        "{ticks} ticks in {thousands},000"
    );
    // With something under way each tick is timed, and reported: two looks, and still nothing else.
    let asleep = format!("f = sleep_async(1000);\n{PLAIN}cancel(f);\n");
    let (few, of_few) = polled("f = sleep_async(1000);\ncancel(f);\n", 100);
    let (counts, (looks, ticks, operations)) = polled(&asleep, 100);
    assert!(counts.busy_ticks > 300, "{counts:?}");
    assert_eq!(looks - of_few.0, 2 * (counts.busy_ticks - few.busy_ticks));
    assert_eq!(ticks, counts.ticks);
    assert_eq!(operations, of_few.2);
    assert_eq!(counts.tick_nanoseconds, counts.busy_ticks * 1_000);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().expect("no test panics in here");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.lines().map(str::to_owned).collect()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no test panics in here").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a subscriber hears of a program.
fn heard(program: &str, level: tracing::Level, tracing: bool) -> Vec<String> {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let (host, policy) = offline();
        let options = SessionOptions {
            tracing,
            ..SessionOptions::default()
        };
        let session = Session::new(host, policy, None, options);
        let ended = block_on(session.execute(program));
        drop(ended);
    });
    log.lines()
}

const SLEEPER: &str = "t = spawn(sleeps(), 'Name', 'sleeper');\ntry\n  await(t);\ncatch\nend\n\
                       async function sleeps()\n  pause(1);\n  error('a:b', 'no');\nend\n";

/// Whether the parts stand in these lines, in this order.
#[track_caller]
fn check(lines: &[String], wanted: &[&[&str]]) {
    let mut rest = lines.iter();
    for parts in wanted {
        let found = rest.any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "no {parts:?} in {lines:#?}");
    }
}

#[test]
fn tasks_and_operations_are_spans_within_their_execution() {
    let lines = heard(SLEEPER, tracing::Level::DEBUG, true);
    let execution = "execution{program=\"main.m\" execution=1}";
    check(
        &lines,
        &[
            &["INFO", execution, "new"],
            &["DEBUG", execution, "task{task=main priority=Normal}", "new"],
            &[
                "DEBUG",
                execution,
                "task{task=main/sleeper#1 priority=Normal}",
                "new",
            ],
            &[
                "task{task=main/sleeper#1 priority=Normal}:operation{kind=\"timer\" \
                 operation=main/sleeper#1/timer#1}",
                "new",
            ],
            &["operation=main/sleeper#1/timer#1", "ended"],
            &["operation=main/sleeper#1/timer#1", "close"],
            &[
                "task{task=main/sleeper#1",
                "failed",
                "identifier=\"a:b\"",
                "error=\"no\"",
            ],
            &["task{task=main/sleeper#1", "ended"],
            &["task{task=main/sleeper#1", "close"],
            &["task{task=main priority", "close"],
            &[
                "INFO",
                execution,
                "ended",
                "polls=",
                "tasks=2",
                "peak_pending=2",
            ],
            &["INFO", execution, "close"],
        ],
    );
}

#[test]
fn at_level_info_there_are_executions_only() {
    let lines = heard(SLEEPER, tracing::Level::INFO, true);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    let deadlock = heard("await(promise());\n", tracing::Level::INFO, true);
    check(
        &deadlock,
        &[
            &["WARN", "deadlock"],
            &["ended", "error=\"async:Deadlock\""],
        ],
    );
}

#[test]
fn without_the_option_nothing_is_said() {
    assert_eq!(heard(SLEEPER, tracing::Level::TRACE, false), [""; 0]);
}
