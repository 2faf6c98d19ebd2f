//! A schedule like those before it allocates nothing: not to spawn, to wake, to choose, to tell what its
//! steps touch, nor to report.

#![allow(
    clippy::disallowed_methods,
    reason = "what is measured is the process's"
)]

use tourbillon_sim::{Explorer, Sim, join_all};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// How many blocks are allocated by so many schedules, every footprint told.
fn blocks<F>(schedules: u64, program: impl Fn(Sim) -> F) -> u64
where
    F: Future<Output = ()> + 'static,
{
    let explorer = Explorer::random(1).schedules(schedules);
    let explorer = explorer.footprints_every(1).repeat_every(0);
    let before = dhat::HeapStats::get().total_blocks;
    let report = explorer.explore(program);
    assert_eq!((report.schedules, report.failures.len()), (schedules, 0));
    dhat::HeapStats::get().total_blocks - before
}

#[test]
fn more_schedules_allocate_no_more() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let spawning = |sim: Sim| async move {
        for _ in 0..3 {
            let yielding = sim.clone();
            sim.spawn_named("yields", async move {
                for _ in 0..5 {
                    yielding.yield_now().await;
                }
            });
        }
    };
    let few = blocks(1_000, spawning);
    let many = blocks(5_000, spawning);
    assert_eq!(many, few, "tasks that yield");
    // What a joining program holds is its own: the handles, the values, and what they wait at.
    let joining = |sim: Sim| async move {
        let handles = [(); 3].map(|()| {
            let yielding = sim.clone();
            sim.spawn(async move { yielding.yield_now().await })
        });
        join_all(handles).await;
    };
    let few = blocks(1_000, joining);
    let many = blocks(5_000, joining);
    let each = (many - few).div_ceil(4_000);
    assert!(each <= 3, "{each} blocks for each schedule that joins");
}
