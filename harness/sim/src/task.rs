//! Tasks: a future with the place of its result, in memory that the next run uses again.

use std::any::{Any, TypeId};
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crate::join::Join;
use crate::label::Label;
use crate::sim::Shared;

/// What the executor holds of a task.
pub(crate) trait Task {
    /// Polls the task's future. When that has ended it is dropped, and whoever waits for its value gets
    /// it.
    fn poll(&mut self, context: &mut Context<'_>, shared: &Shared) -> Poll<()>;

    /// Leaves the memory of a task that has ended for the next one whose future is of the same type.
    fn recycle(self: Box<Self>);
}

struct Body<F: Future> {
    // None once it has ended.
    future: Pin<Box<Option<F>>>,
    join: Rc<Join<F::Output>>,
    // Where it goes when it has ended. Nowhere while it is there.
    pool: Option<Rc<Pool<F>>>,
}

/// The memory of tasks that have ended, by the types of their futures.
#[derive(Debug, Default)]
pub(crate) struct Pools {
    pools: Vec<(TypeId, Box<dyn Any>)>,
}

/// Of so many types, the memory is kept.
const MOST_TYPES: usize = 16;

/// The executor takes tasks of all types as boxes, so that boxes are what is kept.
type Pool<F> = RefCell<Vec<Box<Body<F>>>>;

impl Pools {
    /// Makes a task, and the place of its result.
    pub(crate) fn task<F>(
        &mut self,
        label: Label,
        future: F,
    ) -> (Box<dyn Task>, Rc<Join<F::Output>>)
    where
        F: Future + 'static,
    {
        let pool = self.of::<F>();
        let known = pool.as_ref().and_then(|pool| pool.borrow_mut().pop());
        let Some(mut body) = known else {
            let join = Rc::new(Join::new(label));
            let future = Box::pin(Some(future));
            let task = Box::new(Body {
                future,
                join: Rc::clone(&join),
                pool,
            });
            return (task, join);
        };
        body.future.set(Some(future));
        body.pool = pool;
        match Rc::strong_count(&body.join) {
            1 => body.join.renew(label),
            // Somebody has kept the handle.
            _ => body.join = Rc::new(Join::new(label)),
        }
        let join = Rc::clone(&body.join);
        (body, join)
    }

    /// The pool of a type, unless there are too many.
    #[inline]
    fn of<F>(&mut self) -> Option<Rc<Pool<F>>>
    where
        F: Future + 'static,
    {
        let wanted = TypeId::of::<F>();
        match self.pools.iter().find(|(id, _)| *id == wanted) {
            Some((_, pool)) => pool.downcast_ref().map(Rc::clone),
            None => self.add(),
        }
    }

    #[cold]
    fn add<F>(&mut self) -> Option<Rc<Pool<F>>>
    where
        F: Future + 'static,
    {
        if self.pools.len() == MOST_TYPES {
            return None;
        }
        let pool: Rc<Pool<F>> = Rc::default();
        let known = Box::new(Rc::clone(&pool));
        self.pools.push((TypeId::of::<F>(), known));
        Some(pool)
    }
}

impl<F> Task for Body<F>
where
    F: Future + 'static,
{
    #[inline]
    fn poll(&mut self, context: &mut Context<'_>, shared: &Shared) -> Poll<()> {
        let Some(future) = self.future.as_mut().as_pin_mut() else {
            return Poll::Ready(());
        };
        match future.poll(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(value) => {
                self.future.set(None);
                self.join.finish(value, shared);
                Poll::Ready(())
            }
        }
    }

    fn recycle(mut self: Box<Self>) {
        if let Some(pool) = self.pool.take() {
            pool.borrow_mut().push(self);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use crate::{Explorer, join_all};

    struct Counted(Rc<Cell<u32>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }

    use super::*;

    #[test]
    fn nothing_of_a_run_lives_on_in_memory_that_is_used_again() {
        // Values that nobody takes, handles that outlive their tasks, tasks that never end.
        let alive = Rc::new(Cell::new(0));
        let program = |sim: crate::Sim| {
            let alive = Rc::clone(&alive);
            assert_eq!(alive.get(), 0, "the run before has left something");
            async move {
                let counted = || {
                    alive.set(alive.get() + 1);
                    Counted(Rc::clone(&alive))
                };
                let handles = [(); 3].map(|()| {
                    let (sim, value) = (sim.clone(), counted());
                    sim.clone().spawn(async move {
                        sim.yield_now().await;
                        value
                    })
                });
                let [first, second, third] = handles;
                drop(second);
                let stuck = counted();
                sim.spawn(async move {
                    std::future::pending::<()>().await;
                    drop(stuck);
                });
                drop(join_all([first]).await);
                drop(third);
            }
        };
        let explorer = Explorer::random(1).schedules(50).leaks_allowed();
        let report = explorer.explore(program);
        assert_eq!((report.schedules, report.failures.len()), (50, 0));
        assert_eq!(alive.get(), 0);
    }
}
