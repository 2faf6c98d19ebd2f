//! What the scheduler promises, and I8: the cost of one suspension, of one task, and of one among many.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use tourbillon_benches::bars::{Bar, Pace, Wanted};
use tourbillon_benches::samples::{Clock, Contender, Figure, measure};
use tourbillon_executor::{
    Board, Dynamic, Embedded, Executor, Fixed, FutureId, Growing, Priority, Rung, Storage,
};
use tourbillon_host::{Host, Nanoseconds, OperationLabel, Request, TaskLabel};
use tourbillon_host_native::{NativeConsole, NativeHost, Runtime};
use tourbillon_session::{Session, SessionOptions, testing};

/// Nanoseconds of one suspension and resumption.
const SUSPENSION: Wanted = Wanted::AtMost(150.0);
/// Nanoseconds of a task from its start to whoever awaits it.
const TASK: Wanted = Wanted::AtMost(1_000.0);
/// The same as programs write it: the loop, the call and the future that is a value come on top, and two looks
/// at who may have asked the body to stop.
const SUSPENSION_IN_THE_LANGUAGE: Wanted = Wanted::AtMost(500.0);
const TASK_IN_THE_LANGUAGE: Wanted = Wanted::AtMost(2_000.0);
/// One of a great number may take so many times as long as one of a few, since memory is further away. Were it
/// in proportion to the number it would be a hundred times.
const GROWTH: Wanted = Wanted::AtMost(8.0);
/// On the embedded tier all is near.
const EMBEDDED_GROWTH: Wanted = Wanted::AtMost(1.5);

type Task = Pin<Box<dyn Future<Output = ()>>>;
type OfDynamic<B> = Dynamic<Task, B>;
type OfEmbedded<B> = Embedded<Task, Rung<16>, B, 16>;

pub fn bars(pace: Pace) -> Vec<Bar> {
    let mut bars = suspensions(pace);
    bars.extend(short_tasks(pace));
    bars.push(timers(pace));
    bars
}

/// The same through sessions.
pub fn bars_of_the_language(pace: Pace) -> Vec<Bar> {
    let mut bars = in_the_language(pace);
    bars.extend(many_tasks(pace));
    bars
}

/// A task that gives way again and again.
fn yields_for_ever() -> Task {
    Box::pin(poll_fn(|context| {
        context.waker().wake_by_ref();
        Poll::Pending
    }))
}

/// Steps of so many tasks that do nothing but give way.
fn steps(
    name: &'static str,
    mut executor: impl Executor<Future = Task> + 'static,
    count: usize,
) -> Contender<'static> {
    for _ in 0..count {
        let scheduled = executor.schedule(Priority::Normal, yields_for_ever());
        scheduled.expect("there is room");
    }
    Contender::new(name, move |steps| {
        for _ in 0..steps {
            executor.poll_next().expect("all are ready");
        }
    })
}

fn suspensions(pace: Pace) -> Vec<Bar> {
    let mut all = [
        steps("dynamic, 1", OfDynamic::new(()), 1),
        steps("dynamic, few", OfDynamic::new(()), pace.few),
        steps("dynamic, many", OfDynamic::new(()), pace.many),
        steps("embedded, 1", OfEmbedded::new(()), 1),
        steps("embedded, 10", OfEmbedded::new(()), 10),
        steps("embedded, 16", OfEmbedded::new(()), 16),
    ];
    measure(&mut all, Clock::Core, pace.rounds, pace.sample_nanoseconds);
    let (few, many) = (pace.few, pace.many);
    vec![
        Bar::new(
            "suspend and resume, dynamic tier",
            all[0].nanoseconds(),
            " ns",
            SUSPENSION,
        ),
        Bar::new(
            "suspend and resume, embedded tier",
            all[3].nanoseconds(),
            " ns",
            SUSPENSION,
        ),
        Bar::new(
            format!("I8: a step of one of {many}, times one of {few}"),
            all[2].ratio_to(&all[1]),
            "",
            GROWTH,
        ),
        Bar::new(
            "I8: a step of one of 16 on the embedded tier, times one of 10",
            all[5].ratio_to(&all[4]),
            "",
            EMBEDDED_GROWTH,
        ),
    ]
}

/// Tasks that do nothing but end, each awaited by the same other one.
fn awaited_tasks<F: Storage + 'static, W: Storage + 'static, E>(
    name: &'static str,
    make: impl Fn(&'static Board<F, W>) -> E,
) -> Contender<'static>
where
    E: Executor<Future = Task> + 'static,
{
    // Tasks that live as long as they like refer to it.
    let board: &Board<F, W> = Box::leak(Box::default());
    let current: Rc<Cell<Option<FutureId>>> = Rc::default();
    let mut executor = make(board);
    let parent: Task = {
        let current = current.clone();
        Box::pin(async move {
            loop {
                let event = board.open().expect("there is room");
                current.set(Some(event));
                board.wait(event).await.expect("there is room");
                board.close(event);
            }
        })
    };
    executor
        .schedule(Priority::Normal, parent)
        .expect("there is room");
    executor.poll_next().expect("it is ready");
    Contender::new(name, move |tasks| {
        for _ in 0..tasks {
            let event = current.get().expect("it waits");
            let task: Task = Box::pin(async move {
                assert!(board.settle(event));
            });
            executor
                .schedule(Priority::Normal, task)
                .expect("there is room");
            assert!(executor.poll_next().is_some_and(|polled| polled.has_ended));
            assert!(executor.poll_next().is_some_and(|polled| !polled.has_ended));
        }
    })
}

fn short_tasks(pace: Pace) -> Vec<Bar> {
    let mut all = [
        awaited_tasks::<Growing, Growing, _>("dynamic", OfDynamic::new),
        awaited_tasks::<Fixed<32>, Fixed<64>, _>("embedded", OfEmbedded::new),
    ];
    measure(&mut all, Clock::Core, pace.rounds, pace.sample_nanoseconds);
    let name = |tier| format!("spawn, run and await of an empty task, {tier} tier");
    vec![
        Bar::new(name("dynamic"), all[0].nanoseconds(), " ns", TASK),
        Bar::new(name("embedded"), all[1].nanoseconds(), " ns", TASK),
    ]
}

/// A session on a host without an outside.
fn session() -> Session {
    let (host, policy) = testing::offline();
    Session::new(host, policy, None, SessionOptions::default())
}

fn run(session: &Session, program: &str) {
    let result = testing::block_on(session.execute(program));
    if let Some(error) = result.error {
        panic!("{}", error.message());
    }
}

/// The same as programs write it: with the loop, the call, and the future that is a value.
fn in_the_language(pace: Pace) -> Vec<Bar> {
    let turns = |name, body: &'static str| {
        let session = session();
        Contender::new(name, move |turns| {
            let program =
                format!("for k = 1:{turns}\n  {body}\nend\nasync function empty()\nend\n");
            run(&session, &program);
        })
    };
    let mut all = [
        turns("yield", "yield_now();"),
        turns("task", "await(spawn(empty()));"),
        turns("transfer", "await(empty());"),
    ];
    measure(&mut all, Clock::Core, pace.rounds, pace.sample_nanoseconds);
    vec![
        Bar::new(
            "`yield_now()` in a loop",
            all[0].nanoseconds(),
            " ns",
            SUSPENSION_IN_THE_LANGUAGE,
        ),
        Bar::new(
            "`await(spawn(empty()))` in a loop",
            all[1].nanoseconds(),
            " ns",
            TASK_IN_THE_LANGUAGE,
        ),
        Bar::new(
            "`await(empty())` in a loop",
            all[2].nanoseconds(),
            " ns",
            TASK_IN_THE_LANGUAGE,
        ),
    ]
}

/// Many tasks pending at once, as programs write it.
fn many_tasks(pace: Pace) -> Vec<Bar> {
    let program = |count: usize| {
        format!(
            "p = promise(); c = cell(1, {count});\n\
             for k = 1:{count}, c{{k}} = spawn(waits(p)); end\nyield_now();\ncomplete(p, 1);\nawait_all(c);\nclear\n\
             async function waits(p)\n  await(p);\nend\n"
        )
    };
    let seconds_of = |count: usize| {
        let (session, program) = (session(), program(count));
        let begin = Instant::now();
        run(&session, &program);
        begin.elapsed().as_secs_f64()
    };
    let (few, many) = (pace.few, pace.many);
    let mut growths = Vec::new();
    let mut all = Vec::new();
    for _ in 0..pace.slow_rounds {
        let repeats = many / few;
        let small: f64 = (0..repeats).map(|_| seconds_of(few)).sum();
        let large = seconds_of(many);
        growths.push(large / small);
        all.push(large * 1e3);
    }
    vec![
        Bar::new(
            format!("{many} tasks pending at once, from the first to the last"),
            Figure::of(all),
            " ms",
            Wanted::AtMost(1_000.0),
        ),
        Bar::new(
            format!("I8: a task among {many}, times one among {few}"),
            Figure::of(growths),
            "",
            GROWTH,
        ),
    ]
}

/// I8: a timer of the native host, set and given up among many others.
fn timers(pace: Pace) -> Bar {
    let runtime = Runtime::start().expect("there is a thread");
    let mut all = [
        timers_among("few", &runtime, pace.few),
        timers_among("many", &runtime, pace.many),
    ];
    measure(&mut all, Clock::Core, pace.rounds, pace.sample_nanoseconds);
    Bar::new(
        format!(
            "I8: a timer of the native host among {}, times one among {}",
            pace.many, pace.few
        ),
        all[1].ratio_to(&all[0]),
        "",
        GROWTH,
    )
}

/// Timers that are set and given up, each somewhere among so many that stay.
fn timers_among(name: &'static str, runtime: &Runtime, count: usize) -> Contender<'static> {
    const HOUR: u64 = 3_600_000_000_000;
    let console = NativeConsole::new(Box::new(std::io::sink()), Box::new(std::io::sink()));
    let host = NativeHost::builder(runtime).console(console).build();
    let label = OperationLabel {
        task: TaskLabel::root("main"),
        name: "timer",
        occurrence: 1,
    };
    let set = move |host: &NativeHost, at: u64| {
        let deadline = Nanoseconds(HOUR + at);
        host.submit(Request::Timer { deadline }, &label)
    };
    let places = count as u64 * 2;
    for at in (0..places).step_by(2) {
        set(&host, at);
    }
    let mut at = 1;
    Contender::new(name, move |timers| {
        for _ in 0..timers {
            // Far from the one before, and each place once before any comes again.
            at = (at + 2 * 38_597) % places;
            let timer = set(&host, at);
            host.cancel(timer);
        }
    })
}
