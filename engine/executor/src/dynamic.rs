//! The dynamic tier: any number of tasks, over the same table and queues as a session's scheduler.

use crate::board::Waits;
use crate::capacity::CapacityExceeded;
use crate::executor::{Executor, Polled, TaskNumber};
use crate::priority::Priority;
use crate::scheduler::{Scheduler, Target};
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

/// An executor of any number of tasks, whose futures are of type `F`; `B` is the board that tasks wait
/// on, or `()`.
pub struct Dynamic<F, B> {
    scheduler: Scheduler<u64, F>,
    board: B,
    next: u64,
    woken: Vec<Target>,
}

impl<F, B: Waits> Dynamic<F, B> {
    /// No tasks.
    pub fn new(board: B) -> Dynamic<F, B> {
        Dynamic {
            scheduler: Scheduler::new(),
            board,
            next: 0,
            woken: Vec::new(),
        }
    }

    /// The board.
    pub fn board(&self) -> &B {
        &self.board
    }

    /// Makes those ready who were woken.
    fn collect(&mut self) {
        self.scheduler.inbox().drain(&mut self.woken);
        for target in self.woken.drain(..) {
            match target {
                Target::Task(task) => self.scheduler.woken(task),
                Target::Operation(_) => unreachable!("tasks are all that an executor wakes"),
            };
        }
        while let Some(task) = self.board.next_woken() {
            self.scheduler.make_ready(task);
        }
    }
}

impl<F, B> Dynamic<F, B>
where
    F: Future<Output = ()> + Unpin,
    B: Waits,
{
    /// The executor as one future, which any other executor can poll: it ends when every task has.
    pub async fn drive(&mut self) {
        poll_fn(|context| {
            loop {
                if self.run_until_idle() == 0 {
                    return Poll::Ready(());
                }
                // Between the look and the sleep nobody is missed: the inbox looks again.
                let waker = context.waker();
                if self.board.sleep(waker) && self.scheduler.inbox().sleep(waker) {
                    return Poll::Pending;
                }
            }
        })
        .await;
    }
}

impl<F, B> Executor for Dynamic<F, B>
where
    F: Future<Output = ()> + Unpin,
    B: Waits,
{
    type Future = F;

    fn schedule(&mut self, priority: Priority, future: F) -> Result<TaskNumber, CapacityExceeded> {
        // Who was woken before it is ready before it.
        self.collect();
        let number = self.next;
        self.next += 1;
        let id = self.scheduler.insert(number, priority);
        self.scheduler.put_back(id, future);
        self.scheduler.make_ready(id);
        Ok(TaskNumber { number, id })
    }

    fn poll_next(&mut self) -> Option<Polled> {
        self.collect();
        if !self.scheduler.has_ready() {
            return None;
        }
        let id = self.scheduler.take_ready(0);
        let number = *self.scheduler.label(id).expect("a ready task is there");
        let mut future = self.scheduler.take_future(id).expect("it has a future");
        let waker = self.scheduler.waker(id).expect("it is there");
        self.board.enter(Some(id));
        let poll = Pin::new(&mut future).poll(&mut Context::from_waker(&waker));
        self.board.enter(None);
        drop(waker);
        let has_ended = poll == Poll::Ready(());
        if has_ended {
            drop(future);
            self.scheduler.remove(id);
        } else {
            self.scheduler.put_back(id, future);
        }
        Some(Polled { number, has_ended })
    }

    fn pending(&self) -> usize {
        self.scheduler.live()
    }

    fn wake(&mut self, task: TaskNumber) -> bool {
        self.collect();
        self.scheduler.make_ready(task.id)
    }

    fn cancel(&mut self, task: TaskNumber) -> Option<F> {
        self.scheduler.remove(task.id)
    }

    fn reset(&mut self) {
        self.scheduler.reset();
        self.next = 0;
    }
}
