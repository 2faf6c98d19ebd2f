//! The loom models of what foreign threads hand over: wakes to the scheduler, results to whoever waits.
//! Run them with
//! `RUSTFLAGS="--cfg loom" cargo test -p tourbillon-executor --release --test loom`.
#![cfg(loom)]

use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use tourbillon_executor::{
    Completions, Dynamic, Embedded, Executor, Inbox, Priority, StopCell, WakeSlot, WakerFlags,
};

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

/// A waker that is called must find whoever waits now, not whoever waited first: a body may be handed to
/// another task between two polls.
#[test]
fn the_last_who_asked_is_woken() {
    loom::model(|| {
        let queue = Completions::new();
        let (place, completer) = queue.open();
        let before = Waker::from(Arc::new(Outer(AtomicBool::new(false))));
        let first = queue.poll(place, &mut Context::from_waker(&before));
        assert!(first.is_pending());
        let thread = loom::thread::spawn(move || completer.complete(1));
        assert_eq!(wait_for(&queue, place), Some(1));
        thread.join().unwrap();
    });
}

/// A join: one waiter for all places, who looks through all of them whenever it is woken.
#[test]
fn a_join_gives_each_member_once() {
    loom::model(|| {
        let queue = Completions::new();
        let (first, one) = queue.open();
        let (second, other) = queue.open();
        let threads = [
            loom::thread::spawn(move || one.complete(1)),
            loom::thread::spawn(move || drop(other)),
        ];
        let outer = Arc::new(Outer(AtomicBool::new(false)));
        let waker = Waker::from(outer.clone());
        let mut open = vec![first, second];
        let mut given = Vec::new();
        let mut look = || {
            let mut context = Context::from_waker(&waker);
            open.retain(|place| match queue.poll(*place, &mut context) {
                Poll::Pending => true,
                Poll::Ready(member) => {
                    given.push((*place, member));
                    false
                }
            });
            open.is_empty()
        };
        let has_all = look();
        for thread in threads {
            thread.join().unwrap();
        }
        if !has_all {
            assert!(outer.0.load(Ordering::SeqCst), "the waiter was not called");
            assert!(look(), "a member was lost");
        }
        given.sort_unstable();
        assert_eq!(given, [(first, Some(1)), (second, None)]);
        assert_eq!(queue.open_places(), 0);
    });
}

/// One place makes one transition: what was brought stays what it is.
#[test]
fn a_result_is_not_broken_off_afterwards() {
    loom::model(|| {
        let queue = Completions::new();
        let (place, completer) = queue.open();
        let thread = loom::thread::spawn(move || completer.complete(7));
        let outer = Waker::from(Arc::new(Outer(AtomicBool::new(false))));
        let early = queue.poll(place, &mut Context::from_waker(&outer));
        thread.join().unwrap();
        let result = match early {
            Poll::Pending => queue.poll(place, &mut Context::from_waker(&outer)),
            ready => ready,
        };
        assert_eq!(result, Poll::Ready(Some(7)));
        assert_eq!(queue.open_places(), 0);
    });
}

/// News of another kind, and then the result: each finds whoever waits.
#[test]
fn news_before_the_result_is_heard() {
    loom::model(|| {
        let queue = Completions::new();
        let (place, completer) = queue.open();
        let has_begun = Arc::new(AtomicBool::new(false));
        let thread = {
            let has_begun = has_begun.clone();
            loom::thread::spawn(move || {
                has_begun.store(true, Ordering::Release);
                completer.rouse();
                completer
            })
        };
        // Whoever waits for the beginning and not for the result.
        loom::future::block_on(std::future::poll_fn(|context| {
            assert!(queue.poll(place, context).is_pending());
            match has_begun.load(Ordering::Acquire) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        }));
        let completer = thread.join().unwrap();
        let thread = loom::thread::spawn(move || completer.complete(3));
        assert_eq!(wait_for(&queue, place), Some(3));
        thread.join().unwrap();
    });
}

/// Cancel against completion: what a late completion brings is dropped once, and neither calls the
/// waker of a task that is gone.
#[test]
fn a_cancel_and_a_completion_have_one_winner() {
    loom::model(|| {
        let queue = Completions::new();
        let (place, completer) = queue.open();
        let outer = Arc::new(Outer(AtomicBool::new(false)));
        let waker = Waker::from(outer.clone());
        assert!(
            queue
                .poll(place, &mut Context::from_waker(&waker))
                .is_pending()
        );
        let result = Arc::new(());
        let brought = result.clone();
        let thread = loom::thread::spawn(move || completer.complete(brought));
        // The canceller looks once more and then gives up, as a task does that was asked to stop.
        let won = queue
            .poll(place, &mut Context::from_waker(&waker))
            .is_ready();
        if !won {
            queue.give_up(place);
            outer.0.store(false, Ordering::SeqCst);
        }
        thread.join().unwrap();
        assert_eq!(Arc::strong_count(&result), 1, "the result is kept");
        assert_eq!(queue.open_places(), 0);
    });
}

/// A wish to stop that comes between the last look and the sleep.
#[test]
fn no_wish_to_stop_is_missed() {
    loom::model(|| {
        let inbox = Inbox::new();
        let cell = StopCell::new(inbox.clone());
        let slot = WakeSlot::new(7_u32, &inbox);
        let foreign = Waker::from(slot.clone());
        let outer = Arc::new(Outer(AtomicBool::new(false)));
        let outer_waker = Waker::from(outer.clone());
        let threads = [
            {
                let cell = cell.clone();
                loom::thread::spawn(move || cell.request(1))
            },
            loom::thread::spawn(move || foreign.wake()),
        ];
        // As a session does it: look, take what was woken, sleep.
        let (mut is_stopped, mut is_woken) = (false, false);
        let mut woken = Vec::new();
        let mut turn = |is_stopped: &mut bool, is_woken: &mut bool| loop {
            *is_stopped |= cell.is_requested(1);
            inbox.drain(&mut woken);
            if woken.pop().is_some() {
                slot.taken();
                *is_woken = true;
            }
            if cell.sleep(&outer_waker, 1, *is_stopped) {
                break;
            }
        };
        turn(&mut is_stopped, &mut is_woken);
        for thread in threads {
            thread.join().unwrap();
        }
        if !(is_stopped && is_woken) {
            assert!(outer.0.load(Ordering::SeqCst), "the sleeper was not called");
            turn(&mut is_stopped, &mut is_woken);
        }
        assert!(is_stopped, "the wish to stop was missed");
        assert!(is_woken, "the wake was missed");
    });
}

/// A late wish is for the run that it names, and one for an older run takes none away.
#[test]
fn a_wish_to_stop_is_for_its_own_run() {
    loom::model(|| {
        let cell = StopCell::new(Inbox::<u32>::new());
        let threads = [1, 2].map(|run| {
            let cell = cell.clone();
            loom::thread::spawn(move || cell.request(run))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(cell.is_requested(2) && !cell.is_requested(1) && !cell.is_requested(3));
    });
}

/// Ends when a foreign thread says so, and leaves its waker for that.
fn told() -> (impl Future<Output = ()>, impl FnOnce() + Send) {
    // Whether it was said, and who waits for that.
    let told = Arc::new(Mutex::new((false, None::<Waker>)));
    let teller = told.clone();
    let waits = std::future::poll_fn(move |context: &mut Context<'_>| {
        let mut told = told.lock().unwrap();
        if told.0 {
            return Poll::Ready(());
        }
        told.1 = Some(context.waker().clone());
        Poll::Pending
    });
    let tell = move || {
        let waker = {
            let mut told = teller.lock().unwrap();
            told.0 = true;
            told.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    };
    (waits, tell)
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Both tiers as one future each, whose task a foreign thread wakes.
fn driven(drive: impl Fn(Task) + Send + Sync + 'static) {
    loom::model(move || {
        let (waits, tell) = told();
        let ended = Arc::new(AtomicUsize::new(0));
        let ends = ended.clone();
        let thread = loom::thread::spawn(tell);
        drive(Box::pin(async move {
            waits.await;
            ends.fetch_add(1, Ordering::SeqCst);
        }));
        thread.join().unwrap();
        assert_eq!(ended.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn the_embedded_tier_hears_who_rings_as_it_goes_to_sleep() {
    driven(|task| {
        let mut executor: Embedded<Task, _, (), 1> = Embedded::new(());
        executor
            .schedule(Priority::Normal, task)
            .expect("there is room");
        loom::future::block_on(executor.drive());
    });
}

#[test]
fn the_dynamic_tier_hears_who_wakes_as_it_goes_to_sleep() {
    driven(|task| {
        let mut executor: Dynamic<Task, ()> = Dynamic::new(());
        executor
            .schedule(Priority::Normal, task)
            .expect("there is room");
        loom::future::block_on(executor.drive());
    });
}
