//! Where a tier keeps things: in arrays of a fixed size, or on the heap.

/// A family of containers.
pub trait Storage {
    /// What is found by its number.
    type Table<T>: Table<T>;
    /// What is taken in order.
    type Queue<T>: Queue<T>;
}

/// Things that are found by their numbers, from 0.
pub trait Table<T>: Default {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them.
    fn get(&self, at: usize) -> Option<&T>;

    /// One of them, to be changed.
    fn get_mut(&mut self, at: usize) -> Option<&mut T>;

    /// Adds one at the end; gives it back when there is no room.
    ///
    /// # Errors
    /// The thing itself.
    fn push(&mut self, thing: T) -> Result<(), T>;

    /// Forgets all of them, and gives memory back where that can be.
    fn clear(&mut self);

    /// How many fit in.
    fn capacity(&self) -> usize;
}

/// Things that wait in a row.
pub trait Queue<T>: Default {
    /// How many there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The thing at a place, 0 for the first.
    fn get(&self, at: usize) -> Option<&T>;

    /// The same, to be changed.
    fn get_mut(&mut self, at: usize) -> Option<&mut T>;

    /// Whether one more fits.
    fn has_room(&self) -> bool;

    /// Adds one at the end.
    ///
    /// # Panics
    /// When there is no room.
    fn push_back(&mut self, thing: T);

    /// Takes the first.
    fn pop_front(&mut self) -> Option<T>;

    /// Gives memory back that is not needed now, where that can be.
    fn trim(&mut self) {}
}

/// Arrays of `N`.
#[derive(Clone, Copy, Debug)]
pub struct Fixed<const N: usize>;

impl<const N: usize> Storage for Fixed<N> {
    type Table<T> = FixedTable<T, N>;
    type Queue<T> = FixedQueue<T, N>;
}

/// A table in an array.
#[derive(Debug)]
pub struct FixedTable<T, const N: usize> {
    things: [Option<T>; N],
    len: usize,
}

impl<T, const N: usize> Default for FixedTable<T, N> {
    fn default() -> Self {
        FixedTable {
            things: [const { None }; N],
            len: 0,
        }
    }
}

impl<T, const N: usize> Table<T> for FixedTable<T, N> {
    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, at: usize) -> Option<&T> {
        self.things.get(at)?.as_ref()
    }

    fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.things.get_mut(at)?.as_mut()
    }

    fn push(&mut self, thing: T) -> Result<(), T> {
        match self.things.get_mut(self.len) {
            Some(place) => {
                *place = Some(thing);
                self.len += 1;
                Ok(())
            }
            None => Err(thing),
        }
    }

    fn clear(&mut self) {
        self.things = [const { None }; N];
        self.len = 0;
    }

    fn capacity(&self) -> usize {
        N
    }
}

/// A ring in an array.
#[derive(Debug)]
pub struct FixedQueue<T, const N: usize> {
    things: [Option<T>; N],
    first: usize,
    len: usize,
}

impl<T, const N: usize> Default for FixedQueue<T, N> {
    fn default() -> Self {
        FixedQueue {
            things: [const { None }; N],
            first: 0,
            len: 0,
        }
    }
}

impl<T, const N: usize> FixedQueue<T, N> {
    fn place(&self, at: usize) -> Option<usize> {
        (at < self.len).then(|| (self.first + at) % N)
    }
}

impl<T, const N: usize> Queue<T> for FixedQueue<T, N> {
    fn len(&self) -> usize {
        self.len
    }

    fn get(&self, at: usize) -> Option<&T> {
        self.things[self.place(at)?].as_ref()
    }

    fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let place = self.place(at)?;
        self.things[place].as_mut()
    }

    fn has_room(&self) -> bool {
        self.len < N
    }

    fn push_back(&mut self, thing: T) {
        assert!(self.has_room(), "a full ring takes nothing more");
        let place = (self.first + self.len) % N;
        self.things[place] = Some(thing);
        self.len += 1;
    }

    fn pop_front(&mut self) -> Option<T> {
        let place = self.place(0)?;
        self.first = (self.first + 1) % N;
        self.len -= 1;
        self.things[place].take()
    }
}

#[cfg(feature = "std")]
pub use growing::Growing;

#[cfg(feature = "std")]
mod growing {
    use super::{Queue, Storage, Table};
    use std::collections::VecDeque;

    /// The heap.
    #[derive(Clone, Copy, Debug)]
    pub struct Growing;

    impl Storage for Growing {
        type Table<T> = Vec<T>;
        type Queue<T> = VecDeque<T>;
    }

    impl<T> Table<T> for Vec<T> {
        fn len(&self) -> usize {
            self.len()
        }

        fn get(&self, at: usize) -> Option<&T> {
            self.as_slice().get(at)
        }

        fn get_mut(&mut self, at: usize) -> Option<&mut T> {
            self.as_mut_slice().get_mut(at)
        }

        fn push(&mut self, thing: T) -> Result<(), T> {
            self.push(thing);
            Ok(())
        }

        fn clear(&mut self) {
            *self = Vec::new();
        }

        fn capacity(&self) -> usize {
            usize::MAX
        }
    }

    impl<T> Queue<T> for VecDeque<T> {
        fn len(&self) -> usize {
            self.len()
        }

        fn get(&self, at: usize) -> Option<&T> {
            self.get(at)
        }

        fn get_mut(&mut self, at: usize) -> Option<&mut T> {
            self.get_mut(at)
        }

        fn has_room(&self) -> bool {
            true
        }

        fn push_back(&mut self, thing: T) {
            self.push_back(thing);
        }

        fn pop_front(&mut self) -> Option<T> {
            self.pop_front()
        }

        fn trim(&mut self) {
            self.shrink_to_fit();
        }
    }
}
