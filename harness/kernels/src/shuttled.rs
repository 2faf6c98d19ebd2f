//! Shuttle as a runtime of kernels.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::{Poll, Waker};

use tourbillon_sim::Injections;

use crate::cancel::{Cancellable, Strike};
use crate::kernel::{Model, Variant};
use crate::runtime::Runtime;

/// Runs a kernel's tasks as futures of shuttle.
#[derive(Clone)]
pub struct Shuttled {
    // How many cancels may still strike in this run.
    cancels: Rc<Cell<u32>>,
}

/// One run of `M` inside a shuttle execution.
pub(crate) fn run<M: Model>(injections: Injections, variant: Variant, size: u32) {
    let cancels = Rc::new(Cell::new(injections.cancels));
    shuttle::future::block_on(M::run(Shuttled { cancels }, variant, size));
}

/// A task, or an operation: done or not, and who waits.
#[derive(Default)]
pub struct Completion {
    done: Cell<bool>,
    // Shared by all that are joined together, so that the last of them wakes the waiter once.
    waiter: RefCell<Option<Rc<Latch>>>,
}

#[derive(Default)]
struct Latch {
    left: Cell<usize>,
    waker: RefCell<Option<Waker>>,
}

impl Completion {
    fn complete(&self) {
        self.done.set(true);
        let Some(latch) = self.waiter.take() else {
            return;
        };
        latch.left.set(latch.left.get() - 1);
        if latch.left.get() == 0
            && let Some(waker) = latch.waker.take()
        {
            waker.wake();
        }
    }
}

impl fmt::Debug for Completion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Completion")
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// Waits for all of these.
async fn all(completions: Vec<Rc<Completion>>) {
    let latch = Rc::new(Latch::default());
    let open = completions.iter().filter(|one| !one.done.get());
    for one in open {
        latch.left.set(latch.left.get() + 1);
        one.waiter.replace(Some(Rc::clone(&latch)));
    }
    poll_fn(|context| {
        if latch.left.get() == 0 {
            return Poll::Ready(());
        }
        latch.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    })
    .await;
}

impl Runtime for Shuttled {
    type Task = Rc<Completion>;
    type Object = ();

    fn spawn(&self, _name: &str, future: impl Future<Output = ()> + 'static) -> Self::Task {
        let completion = Rc::new(Completion::default());
        let done = Rc::clone(&completion);
        // Detached: whoever must have ended is joined by the kernel itself.
        drop(shuttle::future::spawn_local(async move {
            future.await;
            done.complete();
        }));
        completion
    }

    fn join(&self, tasks: Vec<Self::Task>) -> impl Future<Output = ()> + 'static + use<> {
        all(tasks)
    }

    fn operation(&self, name: &str) -> impl Future<Output = ()> + 'static + use<> {
        let (runtime, name) = (self.clone(), name.to_string());
        async move {
            // A task whose one step is the completion.
            let device = runtime.spawn(&name, async {});
            all(vec![device]).await;
        }
    }

    fn cancellable<F: Future + 'static>(
        &self,
        _name: &str,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + 'static + use<F> {
        let left = Rc::clone(&self.cancels);
        // A canceller for each, whose one step strikes if it still can. Detached: runs may end
        // before it has been its turn, and then nothing was cancelled.
        let strike = Strike::new(move |target| {
            if left.get() == 0 {
                return;
            }
            let left = Rc::clone(&left);
            drop(shuttle::future::spawn_local(async move {
                if left.get() > 0 && target.strike() {
                    left.set(left.get() - 1);
                }
            }));
        });
        Cancellable::new(future, strike)
    }

    fn invariant(&self, holds: bool, name: &str) {
        assert!(holds, "{name}");
    }

    fn object(&self, _name: &str) -> Self::Object {}

    fn reads(&self, _object: &Self::Object) {}

    fn writes(&self, _object: &Self::Object) {}
}

impl fmt::Debug for Shuttled {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shuttled").finish_non_exhaustive()
    }
}
