//! The loom models of what foreign threads hand over: wakes to the scheduler, results to whoever waits.
//! Run them with
//! `RUSTFLAGS="--cfg loom" cargo test -p tourbillon-executor --release --test loom`.
#![cfg(loom)]

use loom::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::task::{Wake, Waker};
use tourbillon_executor::{Completions, Inbox, WakeSlot, WakerFlags};

/// The waker of whoever polls the scheduler.
struct Outer(AtomicBool);

impl Wake for Outer {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// One turn of the scheduler: look, then sleep. True when it saw the wake.
fn turn(inbox: &Inbox<u32>, slot: &WakeSlot<u32>, outer: &Waker) -> bool {
    let mut woken = Vec::new();
    loop {
        inbox.drain(&mut woken);
        if !woken.is_empty() {
            slot.taken();
            return true;
        }
        if inbox.sleep(outer) {
            return false;
        }
    }
}

#[test]
fn no_wake_is_lost_between_looking_and_sleeping() {
    loom::model(|| {
        let inbox = Inbox::new();
        let slot = WakeSlot::new(7_u32, &inbox);
        let foreign = Waker::from(slot.clone());
        let outer = Arc::new(Outer(AtomicBool::new(false)));
        let outer_waker = Waker::from(outer.clone());

        let thread = loom::thread::spawn(move || foreign.wake());
        let saw = turn(&inbox, &slot, &outer_waker);
        thread.join().unwrap();
        // Either it was seen at once, or the sleeper was called and the next turn sees it.
        if !saw {
            assert!(outer.0.load(Ordering::SeqCst), "the sleeper was not called");
            assert!(turn(&inbox, &slot, &outer_waker), "the wake was lost");
        }
    });
}

#[test]
fn a_wake_during_the_poll_counts_anew() {
    loom::model(|| {
        let inbox = Inbox::new();
        let slot = WakeSlot::new(7_u32, &inbox);
        let foreign = Waker::from(slot.clone());
        let outer = Arc::new(Outer(AtomicBool::new(false)));
        let outer_waker = Waker::from(outer.clone());
        let state = Arc::new(AtomicBool::new(false));

        let thread = {
            let state = state.clone();
            loom::thread::spawn(move || {
                foreign.wake_by_ref();
                state.store(true, Ordering::Release);
                foreign.wake();
            })
        };
        // The scheduler polls after each wake; the last poll must see the state.
        let mut saw_state = false;
        for _ in 0..2 {
            if turn(&inbox, &slot, &outer_waker) {
                saw_state = state.load(Ordering::Acquire);
            }
        }
        thread.join().unwrap();
        while turn(&inbox, &slot, &outer_waker) {
            saw_state = state.load(Ordering::Acquire);
        }
        assert!(saw_state, "the second wake was swallowed");
    });
}

#[test]
fn two_foreign_threads_are_both_seen() {
    loom::model(|| {
        let inbox = Inbox::new();
        let slots = [WakeSlot::new(0_u32, &inbox), WakeSlot::new(1_u32, &inbox)];
        let outer_waker = Waker::from(Arc::new(Outer(AtomicBool::new(false))));
        let threads = slots
            .clone()
            .map(|slot| loom::thread::spawn(move || Waker::from(slot).wake()));
        let mut seen = Vec::new();
        inbox.drain(&mut seen);
        let _ = inbox.sleep(&outer_waker);
        for thread in threads {
            thread.join().unwrap();
        }
        inbox.drain(&mut seen);
        seen.sort_unstable();
        assert_eq!(seen, [0, 1]);
    });
}

/// Polls a place of the queue until its result is there; a wake must come before each further poll.
fn wait_for(queue: &Completions<u32>, place: u64) -> Option<u32> {
    loom::future::block_on(std::future::poll_fn(|context| queue.poll(place, context)))
}

/// Catches a queue that looks and leaves its waker in two steps: the wait would never end.
#[test]
fn results_of_two_threads_come_once_each() {
    loom::model(|| {
        let queue = Completions::new();
        let (first, one) = queue.open();
        let (second, other) = queue.open();
        let threads = [
            loom::thread::spawn(move || one.complete(1)),
            loom::thread::spawn(move || other.complete(2)),
        ];
        assert_eq!(wait_for(&queue, second), Some(2));
        assert_eq!(wait_for(&queue, first), Some(1));
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(queue.open_places(), 0);
    });
}

#[test]
fn a_worker_that_goes_is_heard_of() {
    loom::model(|| {
        let queue = Completions::new();
        let (place, completer) = queue.open();
        let thread = loom::thread::spawn(move || drop(completer));
        assert_eq!(wait_for(&queue, place), None);
        thread.join().unwrap();
    });
}

#[test]
fn a_result_that_nobody_wants_any_more_is_dropped_once() {
    loom::model(|| {
        let queue = Completions::new();
        let (place, completer) = queue.open();
        let result = Arc::new(());
        let brought = result.clone();
        let thread = loom::thread::spawn(move || completer.complete(brought));
        queue.give_up(place);
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&result), 1, "the result is kept");
        assert_eq!(queue.open_places(), 0, "a late result opens the place anew");
    });
}

#[test]
fn a_flag_that_is_set_again_shows_what_was_written_before() {
    loom::model(|| {
        let flags = Arc::new(WakerFlags::<4>::new());
        let state = Arc::new(AtomicBool::new(false));
        let thread = {
            let (flags, state) = (flags.clone(), state.clone());
            loom::thread::spawn(move || {
                flags.signal(3);
                state.store(true, Ordering::Relaxed);
                flags.signal(3);
            })
        };
        // The executor looks at the state whenever it takes the flag; the last look must see it.
        let mut saw_state = false;
        let look = |saw: &mut bool| {
            flags.take(|flag| {
                assert_eq!(flag, 3);
                *saw = state.load(Ordering::Relaxed);
            });
        };
        look(&mut saw_state);
        thread.join().unwrap();
        look(&mut saw_state);
        assert!(saw_state, "the second wake was swallowed");
    });
}

#[test]
fn flags_of_two_threads_and_a_clear_do_not_disturb_each_other() {
    loom::model(|| {
        let flags = Arc::new(WakerFlags::<4>::new());
        flags.signal(2);
        let threads = [0, 1].map(|flag| {
            let flags = flags.clone();
            loom::thread::spawn(move || assert!(flags.signal(flag)))
        });
        assert!(flags.clear(2));
        let mut taken = Vec::new();
        flags.take(|flag| taken.push(flag));
        for thread in threads {
            thread.join().unwrap();
        }
        flags.take(|flag| taken.push(flag));
        taken.sort_unstable();
        assert_eq!(taken, [0, 1]);
    });
}
