//! I3, I4 and I6: what polling costs plain code, what the event loop costs, and many that are pending at once.

use std::rc::Rc;

use tourbillon_benches::bars::{Bar, Pace, Wanted};
use tourbillon_benches::samples::{Clock, Contender, Figure, measure};
use tourbillon_host::Fifo;
use tourbillon_host_native::{NativeHost, Runtime};
use tourbillon_session::{Session, SessionOptions, Statistics, testing};

/// Code without async, of so many turns.
const PLAIN: &str = "s = 0; for i = 1:TURNS, s = s + mod(i, 7) * 2; end\n";

pub fn bars(pace: Pace) -> Vec<Bar> {
    let mut bars = vec![polling(pace)];
    bars.extend(event_loop(pace));
    bars.extend([100, pace.many / 10].map(pending));
    bars
}

/// A session on a host without an outside that polls it so often.
fn session(poll_every: u32) -> Session {
    let (host, policy) = testing::offline();
    let mut options = SessionOptions::default();
    options.machine.poll_every = poll_every;
    Session::new(host, policy, None, options)
}

fn run(session: &Session, program: &str) -> Statistics {
    let result = testing::block_on(session.execute(program));
    if let Some(error) = result.error {
        panic!("{}", error.message());
    }
    result.statistics
}

/// I3: the same code with the host polled every hundred instructions, and never.
fn polling(pace: Pace) -> Bar {
    let mut contenders = [("polled", 100), ("not polled", 0)].map(|(name, poll_every)| {
        let session = session(poll_every);
        Contender::new(name, move |turns| {
            run(&session, &PLAIN.replace("TURNS", &turns.to_string()));
        })
    });
    measure(
        &mut contenders,
        Clock::Core,
        pace.rounds,
        pace.sample_nanoseconds,
    );
    let name = "I3: plain code polled as usual, times `poll_every: 0`";
    let ratio = contenders[0].ratio_to(&contenders[1]);
    Bar::new(name, ratio, "", Wanted::AtMost(1.05))
}

/// I4: what ten looks at the host cost, as in a thousand instructions: with nothing under way, and with a
/// timer, when each look is timed for the statistics.
fn event_loop(pace: Pace) -> Vec<Bar> {
    let runtime = Runtime::start().expect("there is a thread");
    let mut bars = Vec::new();
    for (what, has_timer) in [("idle", false), ("with a timer under way", true)] {
        let host = Rc::new(NativeHost::builder(&runtime).build());
        let mut options = SessionOptions::default();
        options.machine.poll_every = 1;
        let looks = Session::new(host.clone(), Rc::new(Fifo), None, options);
        let mut options = SessionOptions::default();
        options.machine.poll_every = 0;
        let none = Session::new(host.clone(), Rc::new(Fifo), None, options);
        // What is under way is the session's own: a sleep of its program.
        let text = match has_timer {
            true => format!("f = sleep_async(1e6);\n{PLAIN}cancel(f);\n"),
            false => PLAIN.to_owned(),
        };
        let ticks = std::cell::Cell::new(0.0);
        let execute = |session: &Session, turns: u64| {
            let text = text.replace("TURNS", &turns.to_string());
            let before = session.statistics().ticks;
            let result = host.block_on(session.execute(&text));
            assert!(result.error.is_none());
            (result.statistics.ticks - before) as f64 / turns as f64
        };
        let mut contenders = [
            Contender::new("looks", |turns| ticks.set(execute(&looks, turns))),
            Contender::new("none", |turns| {
                execute(&none, turns);
            }),
        ];
        measure(
            &mut contenders,
            Clock::Core,
            pace.rounds,
            pace.sample_nanoseconds,
        );
        // Ticks of a turn, when there are enough turns.
        let each = ticks.get().round().max(1.0);
        let found = contenders[0].difference_to(&contenders[1]);
        let scaled = |nanoseconds: f64| nanoseconds / each * 10.0;
        let Figure { median, low, high } = found;
        let figure = Figure {
            median: scaled(median),
            low: scaled(low),
            high: scaled(high),
        };
        bars.push(Bar::new(
            format!("I4: the event loop in 1,000 instructions, {what}"),
            figure,
            " ns",
            Wanted::AtMost(if has_timer { 2_000.0 } else { 500.0 }),
        ));
    }
    bars
}

/// I6: so many tasks pending at once, all of which end.
fn pending(count: usize) -> Bar {
    let program = format!(
        "c = cell(1, {count}); for k = 1:{count}, c{{k}} = spawn(naps(k)); end\n\
         r = await_all(c); assert(sum([r{{:}}]) == {count} * ({count} + 1) / 2);\n\
         async function k = naps(k)\n  pause(1);\nend\n"
    );
    let counts = run(&session(100), &program);
    // The script's own future is pending as well.
    let peak = counts.peak_pending.saturating_sub(1);
    assert_eq!(counts.pending, 0);
    let name = format!("I6: {count} tasks pending at once, all of which ended");
    Bar::of_count(name, peak as f64, "", Wanted::AtLeast(count as f64))
}
