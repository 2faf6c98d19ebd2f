//! Operations of the task table cost the same however many tasks there are: every look at the storage is
//! counted, in both tiers.
#![cfg(not(loom))]

use std::cell::Cell;
use tourbillon_executor::{Fixed, Growing, Priority, Queue, Storage, Table, TaskId, Tasks};

thread_local! {
    static LOOKS: Cell<u64> = const { Cell::new(0) };
}

fn look() {
    LOOKS.set(LOOKS.get() + 1);
}

/// A storage that counts what is done with it.
struct Counted<S>(S);

struct CountedOf<C>(C);

impl<S: Storage> Storage for Counted<S> {
    type Table<T> = CountedOf<S::Table<T>>;
    type Queue<T> = CountedOf<S::Queue<T>>;
}

impl<C: Default> Default for CountedOf<C> {
    fn default() -> Self {
        CountedOf(C::default())
    }
}

impl<T, C: Table<T>> Table<T> for CountedOf<C> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, at: usize) -> Option<&T> {
        look();
        self.0.get(at)
    }

    fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        look();
        self.0.get_mut(at)
    }

    fn push(&mut self, thing: T) -> Result<(), T> {
        look();
        self.0.push(thing)
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl<T, C: Queue<T>> Queue<T> for CountedOf<C> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, at: usize) -> Option<&T> {
        look();
        self.0.get(at)
    }

    fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        look();
        self.0.get_mut(at)
    }

    fn has_room(&self) -> bool {
        self.0.has_room()
    }

    fn push_back(&mut self, thing: T) {
        look();
        self.0.push_back(thing);
    }

    fn pop_front(&mut self) -> Option<T> {
        look();
        self.0.pop_front()
    }
}

/// Looks for each task, when `count` of them are made, made ready, run round, removed in a strange order
/// and made again.
fn looks_for_each<S: Storage>(count: u32) -> f64 {
    let mut tasks: Tasks<(), u32, Counted<S>> = Tasks::default();
    LOOKS.set(0);
    for round in 0..3 {
        let ids: Vec<TaskId> = (0..count)
            .map(|at| {
                let priority = Priority::ALL[(at % 5) as usize];
                let id = tasks.insert((), priority).expect("there is room");
                tasks.put_back(id, at);
                assert!(tasks.make_ready(id));
                id
            })
            .collect();
        for _ in 0..2 * count {
            let id = tasks.take_ready(0).expect("all are ready");
            let future = tasks.take_future(id).expect("it has one");
            tasks.put_back(id, future);
            tasks.make_ready(id);
        }
        // From the middle outwards: the worst for a search from either end.
        let middle = count as usize / 2;
        for at in 0..count as usize {
            let place = if at % 2 == 0 {
                middle + at / 2
            } else {
                middle - at.div_ceil(2)
            };
            assert_eq!(
                tasks.remove(ids[place]),
                Some(place as u32),
                "round {round}"
            );
        }
        assert!(!tasks.has_ready());
    }
    LOOKS.get() as f64 / f64::from(count)
}

#[test]
fn operations_cost_the_same_however_many_tasks_there_are() {
    let few = looks_for_each::<Growing>(100);
    let many = looks_for_each::<Growing>(100_000);
    assert!(
        many < 1.1 * few,
        "{few} looks for each of 100, {many} of 100,000"
    );
    let embedded = looks_for_each::<Fixed<16>>(16);
    let fewer = looks_for_each::<Fixed<16>>(10);
    assert!(
        embedded < 1.1 * fewer,
        "{fewer} looks for each of 10 on the embedded tier, {embedded} of 16"
    );
    assert!(
        embedded < 2.0 * few,
        "{embedded} looks on the embedded tier, {few} on the other"
    );
    // The count can fail: a search through the table would be 50,000 looks for each.
    assert!(few > 10.0);
}
