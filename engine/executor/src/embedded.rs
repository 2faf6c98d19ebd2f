//! The embedded tier: fixed capacities, and no heap once it is made.
//!
//! A task's future is kept as it is given: a `Pin<&mut dyn Future>` to one that lies on the stack or in
//! static memory, or a `Pin<Box<…>>` where there is a heap. A waker is given for each slot when the
//! executor is made; with the feature `std` there are ready-made ones that set a flag. Without it a task
//! is woken by its flag ([`WakerFlags`], which an interrupt handler may set), by the [`Board`] that it
//! waits on, or by wakers that the platform brings.
//!
//! A waker belongs to a slot. Who keeps that of an ended task and wakes it late may cause one poll too
//! many of the task that has the slot then, which every future has to bear.
//!
//! [`Board`]: crate::Board

use crate::board::Waits;
use crate::capacity::CapacityExceeded;
use crate::executor::{Executor, Polled, TaskNumber};
use crate::flags::WakerFlags;
use crate::priority::Priority;
use crate::storage::Fixed;
use crate::tasks::Tasks;
use core::future::Future;
use core::ops::Deref;
use core::task::{Context, Poll, Waker};

/// An executor of `TASKS` tasks at most, whose futures are of type `F`. `H` leads to the flags, and `B`
/// is the board that tasks wait on, or `()`.
pub struct Embedded<F, H, B, const TASKS: usize = 16> {
    tasks: Tasks<u64, F, Fixed<TASKS>>,
    flags: H,
    board: B,
    wakers: [Waker; TASKS],
    next: u64,
}

impl<F, H, B, const TASKS: usize> Embedded<F, H, B, TASKS>
where
    H: Deref<Target = WakerFlags<TASKS>>,
    B: Waits,
{
    /// An executor whose tasks are woken by their flags and by the board.
    pub fn with_flags(flags: H, board: B) -> Self {
        Embedded::with_wakers(
            flags,
            board,
            [const { Waker::noop() }; TASKS].map(Waker::clone),
        )
    }

    /// An executor whose tasks are polled with these wakers; the one at a place sets the flag of that
    /// number.
    pub fn with_wakers(flags: H, board: B, wakers: [Waker; TASKS]) -> Self {
        flags.reset();
        Embedded {
            tasks: Tasks::default(),
            flags,
            board,
            wakers,
            next: 0,
        }
    }

    /// The flags: that of a task has the number of its slot.
    pub fn flags(&self) -> &WakerFlags<TASKS> {
        &self.flags
    }

    /// What leads to the flags.
    pub fn handle(&self) -> &H {
        &self.flags
    }

    /// The board.
    pub fn board(&self) -> &B {
        &self.board
    }

    /// Makes those ready who were woken.
    fn collect(&mut self) {
        let tasks = &mut self.tasks;
        self.flags.take(|slot| {
            if let Some(task) = tasks.at(slot as u32) {
                tasks.make_ready(task);
            }
        });
        while let Some(task) = self.board.next_woken() {
            self.tasks.make_ready(task);
        }
    }
}

impl<F, H, B, const TASKS: usize> Executor for Embedded<F, H, B, TASKS>
where
    F: Future<Output = ()> + Unpin,
    H: Deref<Target = WakerFlags<TASKS>>,
    B: Waits,
{
    type Future = F;

    fn schedule(&mut self, priority: Priority, future: F) -> Result<TaskNumber, CapacityExceeded> {
        // Who was woken before it is ready before it.
        self.collect();
        let number = self.next;
        let id = self.tasks.insert(number, priority)?;
        self.next += 1;
        // A late wake of the task that had the slot before is not for this one.
        self.flags.clear(id.slot as usize);
        self.tasks.put_back(id, future);
        self.tasks.make_ready(id);
        Ok(TaskNumber { number, id })
    }

    fn poll_next(&mut self) -> Option<Polled> {
        self.collect();
        let id = self.tasks.take_ready(0)?;
        let number = *self.tasks.label(id).expect("a ready task is there");
        let mut future = self.tasks.take_future(id).expect("a ready task has one");
        let waker = &self.wakers[id.slot as usize];
        self.board.enter(Some(id));
        let poll = core::pin::Pin::new(&mut future).poll(&mut Context::from_waker(waker));
        self.board.enter(None);
        let has_ended = poll == Poll::Ready(());
        if has_ended {
            // Dropped before its slot is free: a wake that comes of it finds the flag still its own.
            drop(future);
            self.tasks.remove(id);
            self.flags.clear(id.slot as usize);
        } else {
            self.tasks.put_back(id, future);
        }
        Some(Polled { number, has_ended })
    }

    fn pending(&self) -> usize {
        self.tasks.live()
    }

    fn wake(&mut self, task: TaskNumber) -> bool {
        self.collect();
        self.tasks.make_ready(task.id)
    }

    fn cancel(&mut self, task: TaskNumber) -> Option<F> {
        self.tasks.remove(task.id)
    }

    fn reset(&mut self) {
        self.tasks.reset();
        self.flags.reset();
        self.next = 0;
    }
}
