//! Futures that tasks wait for by number: made, waited for, and ended once. A task that waits is a
//! registered waker; both kinds have capacities of their own.

use crate::capacity::{CapacityExceeded, Resource};
use crate::storage::{Fixed, Storage, Table};
use crate::tasks::TaskId;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

/// Number of a future; the slot is reused, the generation is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FutureId {
    slot: u32,
    generation: u32,
}

/// What an executor asks those who wake its tasks without a waker.
pub trait Waits {
    /// A task is being polled, or none is.
    fn enter(&self, task: Option<TaskId>);

    /// The next task whose future has ended, in the order of the ends.
    fn next_woken(&self) -> Option<TaskId>;

    /// Whether there is none; the waker is kept then, and called when there is.
    fn sleep(&self, waker: &Waker) -> bool;
}

/// An executor without a board.
impl Waits for () {
    fn enter(&self, _task: Option<TaskId>) {}

    fn next_woken(&self) -> Option<TaskId> {
        None
    }

    fn sleep(&self, _waker: &Waker) -> bool {
        true
    }
}

impl<T: Waits + ?Sized> Waits for &T {
    fn enter(&self, task: Option<TaskId>) {
        (**self).enter(task);
    }

    fn next_woken(&self) -> Option<TaskId> {
        (**self).next_woken()
    }

    fn sleep(&self, waker: &Waker) -> bool {
        (**self).sleep(waker)
    }
}

/// The futures of one executor and who waits for them. Tasks share it by reference.
pub struct Board<F: Storage = Fixed<32>, W: Storage = Fixed<64>> {
    futures: RefCell<Pool<F::Table<Entry<Cells>>>>,
    wakers: RefCell<Pool<W::Table<Entry<Registered>>>>,
    /// The wakers whose futures have ended, until the executor looks.
    woken: RefCell<List>,
    current: Cell<Option<TaskId>>,
    /// Whoever polls the executor, while that has nothing to do.
    sleeper: RefCell<Option<Waker>>,
}

/// The end of a list.
const NONE: u32 = u32::MAX;

/// A place in a pool.
struct Entry<T> {
    generation: u32,
    next_free: u32,
    thing: Option<T>,
}

struct Pool<T> {
    table: T,
    free: u32,
    live: usize,
}

impl<T: Default> Default for Pool<T> {
    fn default() -> Self {
        Pool {
            table: T::default(),
            free: NONE,
            live: 0,
        }
    }
}

/// A future.
struct Cells {
    has_ended: bool,
    waiting: List,
}

/// A task that waits.
struct Registered {
    task: TaskId,
    /// The future's slot; none once it has ended.
    future: Option<u32>,
    previous: u32,
    next: u32,
}

/// Wakers in a row, each of which names its neighbours.
#[derive(Clone, Copy)]
struct List {
    first: u32,
    last: u32,
}

const EMPTY: List = List {
    first: NONE,
    last: NONE,
};

impl<F: Storage, W: Storage> Default for Board<F, W> {
    fn default() -> Self {
        Board {
            futures: RefCell::default(),
            wakers: RefCell::default(),
            woken: RefCell::new(EMPTY),
            current: Cell::new(None),
            sleeper: RefCell::new(None),
        }
    }
}

impl<F: Storage, W: Storage> Board<F, W> {
    /// A new future, which has not ended. It takes a place until [`Board::close`].
    ///
    /// # Errors
    /// When there is no room; nothing has changed then.
    pub fn open(&self) -> Result<FutureId, CapacityExceeded> {
        let future = Cells {
            has_ended: false,
            waiting: EMPTY,
        };
        let (slot, generation) = add(&mut *self.futures.borrow_mut(), future, Resource::Futures)?;
        Ok(FutureId { slot, generation })
    }

    /// Ends a future: all who wait for it become ready, in the order in which they came. Says whether
    /// this call did it: a future ends once, and one that is gone not at all.
    pub fn settle(&self, id: FutureId) -> bool {
        let waiting = {
            let mut futures = self.futures.borrow_mut();
            match find(&mut *futures, id) {
                Some(future) if !future.has_ended => {
                    future.has_ended = true;
                    core::mem::replace(&mut future.waiting, EMPTY)
                }
                Some(_) | None => return false,
            }
        };
        if waiting.first == NONE {
            return true;
        }
        let mut wakers = self.wakers.borrow_mut();
        let mut at = waiting.first;
        while at != NONE {
            let waker = registered(&mut *wakers, at);
            waker.future = None;
            at = waker.next;
        }
        // The whole row goes to the end of those who were woken before.
        let mut woken = self.woken.borrow_mut();
        match woken.last {
            NONE => *woken = waiting,
            last => {
                registered(&mut *wakers, last).next = waiting.first;
                registered(&mut *wakers, waiting.first).previous = last;
                woken.last = waiting.last;
            }
        }
        drop((wakers, woken));
        let sleeper = self.sleeper.take();
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
        true
    }

    /// Whether a future has ended; one that is gone has.
    pub fn has_ended(&self, id: FutureId) -> bool {
        find(&mut *self.futures.borrow_mut(), id).is_none_or(|future| future.has_ended)
    }

    /// Gives a future's place back; who still waits for it is woken.
    pub fn close(&self, id: FutureId) {
        self.settle(id);
        remove_future(&mut *self.futures.borrow_mut(), id);
    }

    /// Waits for a future. The wait is registered when it is polled first, by a task of the executor
    /// that has this board.
    pub fn wait(&self, id: FutureId) -> Wait<'_, F, W> {
        Wait {
            board: self,
            future: id,
            waker: None,
        }
    }

    /// Number of futures that were not closed.
    pub fn futures(&self) -> usize {
        self.futures.borrow().live
    }

    /// Number of registered wakers.
    pub fn wakers(&self) -> usize {
        self.wakers.borrow().live
    }

    fn register(&self, future: FutureId, task: TaskId) -> Result<u32, CapacityExceeded> {
        let mut futures = self.futures.borrow_mut();
        let mut wakers = self.wakers.borrow_mut();
        let target = find(&mut *futures, future).expect("a future that is gone has ended");
        let previous = target.waiting.last;
        let waker = Registered {
            task,
            future: Some(future.slot),
            previous,
            next: NONE,
        };
        let (slot, _) = add(&mut *wakers, waker, Resource::Wakers)?;
        match previous {
            NONE => target.waiting.first = slot,
            last => registered(&mut *wakers, last).next = slot,
        }
        target.waiting.last = slot;
        Ok(slot)
    }

    /// Takes a waker out of whatever row it is in.
    fn unregister(&self, slot: u32) {
        let mut futures = self.futures.borrow_mut();
        let mut wakers = self.wakers.borrow_mut();
        let waker = registered(&mut *wakers, slot);
        let (previous, next, future) = (waker.previous, waker.next, waker.future);
        if previous != NONE {
            registered(&mut *wakers, previous).next = next;
        }
        if next != NONE {
            registered(&mut *wakers, next).previous = previous;
        }
        let mut woken = self.woken.borrow_mut();
        let row = match future {
            Some(future) => {
                let entry = futures.table.get_mut(future as usize);
                let thing = entry.and_then(|entry| entry.thing.as_mut());
                &mut thing.expect("a waker waits for a live future").waiting
            }
            None => &mut *woken,
        };
        if row.first == slot {
            row.first = next;
        }
        if row.last == slot {
            row.last = previous;
        }
        let pool = &mut *wakers;
        let free = pool.free;
        let entry = pool.table.get_mut(slot as usize).expect("it is there");
        entry.thing = None;
        entry.next_free = free;
        pool.free = slot;
        pool.live -= 1;
    }
}

impl<F: Storage, W: Storage> Waits for Board<F, W> {
    fn enter(&self, task: Option<TaskId>) {
        self.current.set(task);
    }

    fn next_woken(&self) -> Option<TaskId> {
        let first = self.woken.borrow().first;
        if first == NONE {
            return None;
        }
        let mut wakers = self.wakers.borrow_mut();
        let waker = registered(&mut *wakers, first);
        let (task, next) = (waker.task, waker.next);
        // It stays registered until its wait is polled or dropped, but in no row.
        (waker.previous, waker.next) = (NONE, NONE);
        if next != NONE {
            registered(&mut *wakers, next).previous = NONE;
        }
        let mut woken = self.woken.borrow_mut();
        woken.first = next;
        if next == NONE {
            woken.last = NONE;
        }
        Some(task)
    }

    fn sleep(&self, waker: &Waker) -> bool {
        let is_quiet = self.woken.borrow().first == NONE;
        *self.sleeper.borrow_mut() = is_quiet.then(|| waker.clone());
        is_quiet
    }
}

/// The wait of a task for a future of a [`Board`]; its output is an error when the wait could not be
/// registered.
pub struct Wait<'a, F: Storage, W: Storage> {
    board: &'a Board<F, W>,
    future: FutureId,
    waker: Option<u32>,
}

impl<F: Storage, W: Storage> Future for Wait<'_, F, W> {
    type Output = Result<(), CapacityExceeded>;

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.board.has_ended(self.future) {
            return Poll::Ready(Ok(()));
        }
        if self.waker.is_none() {
            let task = self.board.current.get();
            let task = task.expect("a wait is polled by a task of the board's executor");
            match self.board.register(self.future, task) {
                Ok(waker) => self.waker = Some(waker),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Pending
    }
}

impl<F: Storage, W: Storage> Drop for Wait<'_, F, W> {
    fn drop(&mut self) {
        if let Some(waker) = self.waker {
            self.board.unregister(waker);
        }
    }
}

fn add<T, P: Table<Entry<T>>>(
    pool: &mut Pool<P>,
    thing: T,
    resource: Resource,
) -> Result<(u32, u32), CapacityExceeded> {
    let place = if pool.free == NONE {
        let slot = pool.table.len() as u32;
        let entry = Entry {
            generation: 0,
            next_free: NONE,
            thing: Some(thing),
        };
        if pool.table.push(entry).is_err() {
            let capacity = pool.table.capacity();
            return Err(CapacityExceeded { resource, capacity });
        }
        (slot, 0)
    } else {
        let slot = pool.free;
        let entry = pool.table.get_mut(slot as usize).expect("a free slot");
        entry.thing = Some(thing);
        pool.free = entry.next_free;
        (slot, entry.generation)
    };
    pool.live += 1;
    Ok(place)
}

fn find<P: Table<Entry<Cells>>>(pool: &mut Pool<P>, id: FutureId) -> Option<&mut Cells> {
    let entry = pool.table.get_mut(id.slot as usize)?;
    match entry.generation == id.generation {
        true => entry.thing.as_mut(),
        false => None,
    }
}

fn remove_future<P: Table<Entry<Cells>>>(pool: &mut Pool<P>, id: FutureId) {
    let free = pool.free;
    let Some(entry) = pool.table.get_mut(id.slot as usize) else {
        return;
    };
    if entry.generation == id.generation && entry.thing.take().is_some() {
        entry.generation = entry.generation.wrapping_add(1);
        entry.next_free = free;
        pool.free = id.slot;
        pool.live -= 1;
    }
}

fn registered<P: Table<Entry<Registered>>>(pool: &mut Pool<P>, slot: u32) -> &mut Registered {
    let entry = pool.table.get_mut(slot as usize);
    entry
        .and_then(|entry| entry.thing.as_mut())
        .expect("the waker is registered")
}
