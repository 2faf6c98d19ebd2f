//! How many runs an exhaustive search needs: one of each partial order, and how many were in vain.
//!
//! `cargo run --release -p tourbillon-sim --example reduction` (some 10 seconds; with `--plain` also the
//! plain search, up to 20 million schedules each: some minutes)

#![allow(
    clippy::disallowed_methods,
    reason = "it reads its arguments, and the clock to tell how long it took"
)]
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

use std::any::Any;
use std::pin::Pin;
use std::time::Instant;

use tourbillon_sim::{Explorer, Injections, Report, Sim, join_all};

type Program = fn(Sim) -> Pin<Box<dyn Future<Output = ()>>>;

/// The name, the program, and how many full runs are wanted at most.
const WORKLOADS: [(&str, Program, u64); 5] = [
    (
        "W1: 3 tasks, 5 writes of one cell",
        |sim| Box::pin(counter(sim, 3, 5)),
        757_000,
    ),
    (
        "4 tasks, 3 writes of their own, 1 shared",
        |sim| Box::pin(mostly_local(sim)),
        24,
    ),
    ("3 philosophers", |sim| Box::pin(philosophers(sim, 3)), 37),
    ("5 philosophers", |sim| Box::pin(philosophers(sim, 5)), 841),
    (
        "10 messages through a channel of 4",
        |sim| Box::pin(channel(sim)),
        246_400,
    ),
];

const MOST_PLAIN: u64 = 20_000_000;

fn main() {
    let is_plain_wanted = std::env::args().any(|argument| argument == "--plain");
    println!("| workload | plain | one of each partial order | in vain | seconds |");
    println!("|---|---|---|---|---|");
    for (name, program, most) in WORKLOADS {
        let plain = is_plain_wanted.then(|| {
            let explorer = Explorer::exhaustive().schedules(MOST_PLAIN);
            explorer.injections(Injections::NONE).explore(program)
        });
        let begin = Instant::now();
        let reduced = Explorer::reduced()
            .injections(Injections::NONE)
            .explore(program);
        let seconds = begin.elapsed().as_secs_f64();
        assert!(reduced.exhausted, "{name}");
        assert!(reduced.schedules <= most, "{name}: {}", reduced.schedules);
        if let Some(plain) = plain.as_ref().filter(|plain| plain.exhausted) {
            assert_eq!(plain.outcome_names(), reduced.outcome_names(), "{name}");
        }
        let plain = plain.map_or("-".to_string(), |plain| count(&plain));
        println!(
            "| {name} | {plain} | {} | {} | {seconds:.2} |",
            reduced.schedules, reduced.redundant
        );
    }
}

fn count(plain: &Report) -> String {
    match plain.exhausted {
        true => plain.schedules.to_string(),
        false => format!("more than {MOST_PLAIN}"),
    }
}

async fn counter(sim: Sim, tasks: usize, writes: usize) {
    let counter = sim.shared("counter", 0_u32);
    let tasks = (0..tasks).map(|_| {
        let (sim, counter) = (sim.clone(), counter.clone());
        sim.clone().spawn_named("bump", async move {
            for _ in 0..writes {
                counter.update(|value| *value += 1);
                sim.yield_now().await;
            }
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
}

async fn mostly_local(sim: Sim) {
    let shared = sim.shared("shared", 0_u32);
    let tasks = (0..4).map(|_| {
        let (sim, shared) = (sim.clone(), shared.clone());
        sim.clone().spawn_named("worker", async move {
            let own = sim.shared("own", 0_u32);
            for _ in 0..3 {
                own.update(|value| *value += 1);
                sim.yield_now().await;
            }
            shared.update(|value| *value += 1);
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
}

async fn philosophers(sim: Sim, count: usize) {
    let forks: Vec<_> = (0..count).map(|_| sim.mutex("fork", ())).collect();
    let tasks = (0..count).map(|at| {
        let (left, right) = (forks[at].clone(), forks[(at + 1) % count].clone());
        let sim = sim.clone();
        sim.clone().spawn_named("philosopher", async move {
            let _left = left.lock().await;
            sim.yield_now().await;
            let _right = right.lock().await;
            sim.yield_now().await;
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
}

async fn channel(sim: Sim) {
    const MESSAGES: u32 = 10;
    let (sender, mut receiver) = sim.channel("channel", 4);
    let producer = {
        let sim = sim.clone();
        sim.clone().spawn_named("producer", async move {
            for message in 0..MESSAGES {
                let sent = sender.send(message).await;
                assert!(sent.is_ok(), "the receiver waits for all");
                sim.yield_now().await;
            }
            // Closing the channel is a message, too: it is left to the end.
            Box::new(sender) as Box<dyn Any>
        })
    };
    let consumer = {
        let sim = sim.clone();
        sim.clone().spawn_named("consumer", async move {
            for message in 0..MESSAGES {
                assert_eq!(receiver.recv().await, Some(message));
                sim.yield_now().await;
            }
            Box::new(receiver) as Box<dyn Any>
        })
    };
    let _open = join_all([producer, consumer]).await;
}
