//! Sessions spread over threads.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use tourbillon_host::{Host, Nanoseconds, Request, Response};
use tourbillon_host_native::{NativeHost, Panicked, Runtime};

fn workers(count: usize) -> Runtime {
    let count = NonZeroUsize::new(count).expect("one or more");
    Runtime::with_workers(count).expect("the machine has threads to spare")
}

#[test]
fn many_sessions_on_two_workers_run_once_each_and_no_more_than_two_at_a_time() {
    let runtime = workers(2);
    let (under_way, most, total) = (
        Arc::<AtomicUsize>::default(),
        Arc::<AtomicUsize>::default(),
        Arc::<AtomicUsize>::default(),
    );
    let sessions: Vec<_> = (0..200)
        .map(|number| {
            let (under_way, most, total) = (under_way.clone(), most.clone(), total.clone());
            runtime.spread(move |threads| {
                most.fetch_max(
                    1 + under_way.fetch_add(1, Ordering::SeqCst),
                    Ordering::SeqCst,
                );
                let began_on = std::thread::current().id();
                let host = NativeHost::builder_on(threads).build();
                let deadline = host.now() + Nanoseconds(1_000);
                let timer = crate::submit(&host, Request::Timer { deadline });
                assert_eq!(crate::wait(&host, timer), Ok(Response::Done));
                assert_eq!(std::thread::current().id(), began_on);
                total.fetch_add(1, Ordering::SeqCst);
                under_way.fetch_sub(1, Ordering::SeqCst);
                number
            })
        })
        .collect();
    let seen: Vec<usize> = sessions
        .into_iter()
        .map(|session| session.wait(&runtime).expect("no session panics"))
        .collect();
    assert!(seen.into_iter().eq(0..200));
    assert_eq!(total.load(Ordering::SeqCst), 200);
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn sessions_start_in_the_order_in_which_they_were_handed_over() {
    let runtime = workers(1);
    let order = Arc::<Mutex<Vec<u32>>>::default();
    let sessions: Vec<_> = (0..50)
        .map(|number| {
            let order = order.clone();
            runtime.spread(move |_| order.lock().expect("no panic").push(number))
        })
        .collect();
    for session in sessions {
        session.wait(&runtime).expect("no session panics");
    }
    assert!(order.lock().expect("no panic").iter().copied().eq(0..50));
}

#[test]
fn sessions_run_at_the_same_time() {
    // Each waits for the other: one after another they would never end.
    let runtime = workers(2);
    let barrier = Arc::new(Barrier::new(2));
    let sessions = [0, 1].map(|_| {
        let barrier = barrier.clone();
        runtime.spread(move |_| {
            barrier.wait();
            std::thread::current().id()
        })
    });
    let threads: BTreeSet<String> = sessions
        .map(|session| format!("{:?}", session.wait(&runtime)))
        .into();
    assert_eq!(threads.len(), 2, "{threads:?}");
}

#[test]
fn a_session_that_panics_ends_no_other() {
    let runtime = workers(1);
    let bad = runtime.spread(|_| panic!("as the test wants it"));
    let good = runtime.spread(|_| 7);
    assert_eq!(bad.wait(&runtime), Err::<(), _>(Panicked));
    assert_eq!(good.wait(&runtime), Ok(7));
}
