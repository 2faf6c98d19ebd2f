//! The hand-over of results from any thread to the one that waits for them: one queue for all.
//!
//! Whoever starts something outside opens a place in the queue and gives the other end of it away. The
//! other end brings one result, or goes without one, which is told as well. A place that is given up
//! makes a late result harmless. The loom model in `tests/loom.rs` proves that no result and no wake is
//! lost, and none comes twice.

use crate::sync::{Arc, Mutex};
use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};

/// The receiving end. Clones are the same queue; it belongs to one thread.
#[derive(Debug)]
pub struct Completions<T>(Arc<Mutex<Table<T>>>);

/// The end that brings one result. Dropped without one, it says that there will be none.
#[derive(Debug)]
pub struct Completer<T> {
    number: u64,
    table: Option<Arc<Mutex<Table<T>>>>,
}

#[derive(Debug)]
struct Table<T> {
    last: u64,
    places: BTreeMap<u64, Place<T>>,
}

#[derive(Debug)]
enum Place<T> {
    Waiting(Option<Waker>),
    Brought(T),
    BrokenOff,
}

impl<T> Completions<T> {
    /// An empty queue.
    pub fn new() -> Completions<T> {
        Completions(Arc::new(Mutex::new(Table {
            last: 0,
            places: BTreeMap::new(),
        })))
    }

    /// Opens a place: its number, never given out again, and the end that brings its result.
    pub fn open(&self) -> (u64, Completer<T>) {
        let number = self.with(|table| {
            table.last += 1;
            table.places.insert(table.last, Place::Waiting(None));
            table.last
        });
        let table = Some(self.0.clone());
        (number, Completer { number, table })
    }

    /// The result, once; `None` when it was broken off. Until then the last waker that asked is kept
    /// and called when the result comes.
    ///
    /// # Panics
    /// When the place has given its result or was given up.
    pub fn poll(&self, number: u64, context: &mut Context<'_>) -> Poll<Option<T>> {
        // Looking and leaving the waker are one step: a result that comes in between finds it.
        let taken = self.with(|table| {
            let place = table.places.get_mut(&number).expect("an open place");
            if let Place::Waiting(waker) = place {
                match waker {
                    Some(waker) => waker.clone_from(context.waker()),
                    none => *none = Some(context.waker().clone()),
                }
                return None;
            }
            table.places.remove(&number)
        });
        match taken {
            None => Poll::Pending,
            Some(Place::Brought(result)) => Poll::Ready(Some(result)),
            Some(Place::Waiting(_) | Place::BrokenOff) => Poll::Ready(None),
        }
    }

    /// Closes a place. What is there is dropped, and what comes later is.
    pub fn give_up(&self, number: u64) {
        // Its waker may belong to a task that is gone when the result comes.
        let place = self.with(|table| table.places.remove(&number));
        drop(place);
    }

    /// How many places are open.
    pub fn open_places(&self) -> usize {
        self.with(|table| table.places.len())
    }

    fn with<R>(&self, change: impl FnOnce(&mut Table<T>) -> R) -> R {
        with(&self.0, change)
    }
}

impl<T> Default for Completions<T> {
    fn default() -> Completions<T> {
        Completions::new()
    }
}

impl<T> Completer<T> {
    /// Hands the result over and wakes whoever waits.
    pub fn complete(mut self, result: T) {
        self.finish(Place::Brought(result));
    }

    /// Wakes whoever waits although there is no result: there is news of another kind.
    pub fn rouse(&self) {
        let waker = self.table.as_deref().and_then(|table| {
            with(table, |table| match table.places.get_mut(&self.number) {
                Some(Place::Waiting(waker)) => waker.take(),
                Some(Place::Brought(_) | Place::BrokenOff) | None => None,
            })
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether somebody still wants the result.
    pub fn is_wanted(&self) -> bool {
        let table = self.table.as_deref();
        table.is_some_and(|table| with(table, |table| table.places.contains_key(&self.number)))
    }

    fn finish(&mut self, outcome: Place<T>) {
        let Some(table) = self.table.take() else {
            return;
        };
        let before = with(&table, |table| match table.places.get_mut(&self.number) {
            Some(place) => Ok(std::mem::replace(place, outcome)),
            None => Err(outcome),
        });
        // Woken code may poll at once, on this thread: it must find the lock free. So must whatever
        // is dropped with a result that nobody wants.
        if let Ok(Place::Waiting(Some(waker))) = before {
            waker.wake();
        }
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        self.finish(Place::BrokenOff);
    }
}

fn with<T, R>(table: &Mutex<Table<T>>, change: impl FnOnce(&mut Table<T>) -> R) -> R {
    change(&mut table.lock().expect("nothing panics under this lock"))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn counted() -> (std::sync::Arc<Count>, Waker) {
        let count = std::sync::Arc::<Count>::default();
        (count.clone(), Waker::from(count))
    }

    #[test]
    fn a_result_wakes_and_is_there_once() {
        let queue = Completions::new();
        let (wakes, waker) = counted();
        let mut context = Context::from_waker(&waker);
        let (one, first) = queue.open();
        let (other, second) = queue.open();
        assert!(queue.poll(one, &mut context).is_pending());
        second.complete("early");
        assert_eq!(
            wakes.0.load(Ordering::Relaxed),
            0,
            "nobody asked for it yet"
        );
        assert_eq!(queue.poll(other, &mut context), Poll::Ready(Some("early")));
        assert!(first.is_wanted());
        first.complete("late");
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(queue.poll(one, &mut context), Poll::Ready(Some("late")));
        assert_eq!(queue.open_places(), 0);
    }

    #[test]
    fn a_completer_that_goes_breaks_off() {
        let queue = Completions::<u8>::new();
        let (wakes, waker) = counted();
        let mut context = Context::from_waker(&waker);
        let (place, completer) = queue.open();
        assert!(queue.poll(place, &mut context).is_pending());
        drop(completer);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
        assert_eq!(queue.poll(place, &mut context), Poll::Ready(None));
    }

    #[test]
    fn nobody_is_woken_for_what_was_given_up() {
        let queue = Completions::new();
        let (wakes, waker) = counted();
        let mut context = Context::from_waker(&waker);
        let (place, completer) = queue.open();
        assert!(queue.poll(place, &mut context).is_pending());
        queue.give_up(place);
        assert!(!completer.is_wanted());
        completer.complete(1);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 0);
        assert_eq!(queue.open_places(), 0);
    }
}
