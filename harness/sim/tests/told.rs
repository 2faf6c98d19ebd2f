//! What a failing check tells: the timeline of the shrunk run, and one line that replays it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use expect_test::expect;
use tourbillon_sim::run::Budgets;
use tourbillon_sim::shrink::{ShrinkError, shrink};
use tourbillon_sim::{Explorer, Injections, Recording, Sim, check, join_all, replay};

/// The panic of a check.
fn told(check: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(check)).expect_err("it fails under some schedule");
    payload.downcast_ref::<String>().expect("a text").clone()
}

/// What was told up to the line to paste, and the recording in that.
fn parted(told: &str) -> (&str, Recording) {
    let at = told.find("tourbillon:1:").expect("a line to paste");
    (&told[..at], told[at..].parse().expect("a recording"))
}

/// Five tasks; the update of one is lost when another comes between its two steps.
async fn lost(sim: Sim) {
    let counter = Rc::new(Cell::new(0));
    let tasks = (0..5).map(|number| {
        let (inner, counter) = (sim.clone(), Rc::clone(&counter));
        sim.spawn_named("bump", async move {
            let seen = counter.get();
            // Only the last one gives way, when all others are done in production's order.
            if number == 4 {
                inner.yield_now().await;
            }
            counter.set(seen + 1);
        })
    });
    join_all(tasks.collect::<Vec<_>>()).await;
    assert_eq!(counter.get(), 5, "an update was lost");
}

/// The reader gives up waiting for the write, which is late.
async fn late(sim: Sim) {
    let inner = sim.clone();
    let written = sim.spawn_named("writer", async move {
        inner.operation("write", Duration::from_millis(10)).await;
        inner.now()
    });
    sim.sleep(Duration::from_millis(25)).await;
    assert!(
        written.await <= Duration::from_millis(25),
        "the write came too late"
    );
}

/// Two tasks wait for what the other one sends when one comes before the other.
async fn circle(sim: Sim) {
    let locks = [(); 2].map(|()| Rc::new(async_lock::Mutex::new(())));
    let tasks = [(0, 1), (1, 0)].map(|(first, second)| {
        let (inner, locks) = (sim.clone(), locks.clone());
        sim.spawn_named("holder", async move {
            let _first = locks[first].lock().await;
            if first == 0 {
                inner.yield_now().await;
            }
            let _second = locks[second].lock().await;
        })
    });
    join_all(tasks).await;
}

#[test]
fn a_check_tells_the_shrunk_run() {
    let told = told(|| check(lost));
    let (text, recording) = parted(&told);
    expect![[r#"
        panic: main: assertion `left == right` failed: an update was lost
          left: 2
         right: 5
        found in run 1 of 2; shrunk from 2 choices to 1 choice (15 runs)
        no single choice can go: without it the failure does not come (2 runs); no run with fewer choices has it

           step  time
              1   0 s  ●       main (new): spawns main/bump#1, main/bump#2, main/bump#3, main/bump#4, main/bump#5
              2   0 s  │●○○○○  main/bump#1 (new): ends
        *     3   0 s  │ ○○○●  main/bump#5 (new), not main/bump#2: gives way
              4   0 s  │ ●○○○  main/bump#2 (new): ends
              5   0 s  │  ●○○  main/bump#3 (new): ends
              6   0 s  │   ●○  main/bump#4 (new): ends
              7   0 s  │    ●  main/bump#5 (gave way): ends; wakes main
              8   0 s  ●       main (woken by main/bump#5)

        replay it with `tourbillon_sim::replay(&LINE.parse()?, program)`, where LINE is

    "#]]
    .assert_eq(text);
    let replayed = replay(&recording, lost).expect("labels");
    assert_eq!(replayed.divergence, None);
    let failure = replayed.verdict.failure.expect("it fails again");
    assert!(failure.summary.contains("an update was lost"), "{failure}");
}

#[test]
fn trouble_is_told_where_it_struck() {
    let explorer =
        Explorer::random(1).injections(Injections::parse("pending,delay").expect("valid"));
    let told = told(|| explorer.check(late));
    let (text, recording) = parted(&told);
    expect![[r#"
        panic: main: the write came too late
        found in run 2 of 3; nothing to shrink (25 runs)
        no single choice can go: without it the failure does not come (2 runs); no run with fewer choices has it

           step     time
              1      0 s  ●   main (new): spawns main/writer#1
              2      0 s  │●  main/writer#1 (new)
        *            0 s  ││  the run delays main/writer#1/write#1 by 4
              3  0.025 s  ││  time passes to 0.025 s: wakes main
              4  0.025 s  ●│  main (its time has come)
              5   0.04 s  ││  time passes to 0.04 s: wakes main/writer#1
              6   0.04 s  │●  main/writer#1 (its time has come): ends; wakes main
              7   0.04 s  ●   main (woken by main/writer#1)

        replay it with `tourbillon_sim::replay(&LINE.parse()?, program)`, where LINE is

    "#]]
    .assert_eq(text);
    assert!(
        replay(&recording, late)
            .expect("labels")
            .verdict
            .failure
            .is_some()
    );
}

#[test]
fn a_deadlock_tells_who_waits() {
    let told = told(|| Explorer::random(3).check(circle));
    let (text, recording) = parted(&told);
    assert!(
        text.starts_with("deadlock: main waits for main/holder#1"),
        "{text}"
    );
    let text = &text[text.find("found in").expect("where it was found")..];
    expect![[r#"
        found in run 1 of 2; nothing to shrink (5 runs)
        production's own order fails: there is no choice to take away

           step  time
              1   0 s  ●    main (new): spawns main/holder#1, main/holder#2
              2   0 s  │●○  main/holder#1 (new): gives way
              3   0 s  │○●  main/holder#2 (new)
              4   0 s  │●│  main/holder#1 (gave way)

        replay it with `tourbillon_sim::replay(&LINE.parse()?, program)`, where LINE is

    "#]]
    .assert_eq(text);
    assert!(
        replay(&recording, circle)
            .expect("labels")
            .verdict
            .failure
            .is_some()
    );
}

#[test]
fn long_runs_are_told_in_part() {
    async fn long(sim: Sim) {
        let last = Rc::new(Cell::new(0));
        let tasks = (0..40).map(|number| {
            let (inner, last) = (sim.clone(), Rc::clone(&last));
            sim.spawn_named("task", async move {
                for _ in 0..10 {
                    inner.yield_now().await;
                }
                last.set(number);
            })
        });
        join_all(tasks.collect::<Vec<_>>()).await;
        assert_eq!(last.get(), 39, "another was last");
    }
    let told = told(|| check(long));
    let (text, recording) = parted(&told);
    assert!(text.lines().count() < 75, "{text}");
    assert!(text.contains("steps …"), "{text}");
    assert!(text.contains("\n* "), "{text}");
    assert!(
        replay(&recording, long)
            .expect("labels")
            .verdict
            .failure
            .is_some()
    );
}

#[test]
fn a_livelock_is_shrunk_within_what_its_recording_says() {
    async fn spinning(sim: Sim) {
        let flag = Rc::new(Cell::new(false));
        let (inner, seen) = (sim.clone(), Rc::clone(&flag));
        let first = sim.spawn_named("first", async move {
            inner.yield_now().await;
            while seen.get() {
                inner.yield_now().await;
            }
        });
        let inner = sim.clone();
        let second = sim.spawn_named("second", async move {
            for _ in 0..4 {
                inner.yield_now().await;
            }
            flag.set(true);
        });
        join_all([first, second]).await;
    }
    let budgets = Budgets {
        steps: 3_000,
        chaos_steps: Some(100),
        ..Budgets::default()
    };
    let explorer = Explorer::random(0).injections(Injections::NONE);
    let told = told(|| explorer.budgets(budgets).check(spinning));
    let (text, recording) = parted(&told);
    assert!(text.starts_with("livelock: "), "{text}");
    assert!(text.lines().count() < 75, "{text}");
    let replayed = replay(&recording, spinning).expect("labels");
    assert_eq!(replayed.divergence, None);
    let small = shrink(&recording, spinning).expect("it fails as recorded");
    assert_eq!(small.recording, recording, "it was as small as can be");
    assert!(small.minimal.proof.is_some());
}

#[test]
fn what_cannot_be_shrunk_is_refused() {
    let report = Explorer::random(0).explore(lost);
    let stats = report.failures.values().next().expect("it fails");
    let recording = Explorer::random(0).record(&report, &stats.witness, lost);
    let recording = recording.expect("it repeats itself");
    let small = shrink(&recording, lost).expect("it fails as recorded");
    assert_eq!(small.recording.choices.len(), 1);
    let again = shrink(&small.recording, lost).expect("it fails as recorded");
    assert_eq!(again.recording, small.recording);

    let passes = shrink(&recording, |_| async {}).expect_err("another program");
    assert!(
        matches!(passes, ShrinkError::Unrepeatable { .. }),
        "{passes}"
    );
    let mut other = recording.clone();
    other.failure.as_mut().expect("a failure").kind = "deadlock".to_string();
    let other = shrink(&other, lost).expect_err("another failure");
    assert!(
        other.to_string().contains("fails in another way"),
        "{other}"
    );
}
