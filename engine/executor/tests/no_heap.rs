//! The embedded tier allocates nothing once it is made: a counting allocator says so.
#![cfg(not(loom))]

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use tourbillon_executor::testing::yield_now;
use tourbillon_executor::{Board, Embedded, Executor, Priority, WakerFlags};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

type Task<'a> = Pin<&'a mut dyn Future<Output = ()>>;

/// One test, since the counts are those of the whole process.
#[test]
fn nothing_is_allocated_after_construction() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let board: Board = Board::default();
    let event = board.open().expect("there is room");
    let mut yields = pin!(async {
        for _ in 0..100 {
            yield_now().await;
        }
    });
    let mut waits = pin!(async { board.wait(event).await.expect("there is room") });
    let mut clones = pin!(poll_fn(|context| {
        let waker = context.waker().clone();
        waker.wake_by_ref();
        drop(waker);
        Poll::Ready(())
    }));
    let mut settles = pin!(async {
        yield_now().await;
        board.settle(event);
    });
    let mut executor: Embedded<Task<'_>, _, _, 16> = Embedded::new(&board);
    let before = dhat::HeapStats::get();
    let tasks: [(Priority, Task<'_>); 4] = [
        (Priority::Low, yields.as_mut()),
        (Priority::High, waits.as_mut()),
        (Priority::Critical, clones.as_mut()),
        (Priority::Normal, settles.as_mut()),
    ];
    for (priority, task) in tasks {
        executor.schedule(priority, task).expect("there is room");
    }
    assert_eq!(executor.run_until_idle(), 0);
    let after = dhat::HeapStats::get();
    assert_eq!(before.total_blocks, after.total_blocks);
    // The check can fail.
    drop(Box::new(1));
    assert_ne!(dhat::HeapStats::get().total_blocks, after.total_blocks);

    // With flags in static memory not even construction takes any.
    static FLAGS: WakerFlags<16> = WakerFlags::new();
    let before = dhat::HeapStats::get();
    let board: Board = Board::default();
    let mut polls = 0;
    let mut parked = pin!(poll_fn(|_| {
        polls += 1;
        if polls < 3 {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }));
    let mut executor: Embedded<Task<'_>, _, _, 16> = Embedded::with_flags(&FLAGS, &board);
    let task = executor
        .schedule(Priority::Normal, parked.as_mut())
        .expect("there is room");
    for left in [1, 1, 0] {
        assert_eq!(executor.run_until_idle(), left);
        // As an interrupt handler would.
        FLAGS.signal(task.id.slot as usize);
    }
    let after = dhat::HeapStats::get();
    assert_eq!(before.total_blocks, after.total_blocks);
}
