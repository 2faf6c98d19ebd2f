//! What kernels need of whoever runs them, and the simulator as such.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tourbillon_sim::{Access, JoinHandle, Object, Sim, join_all};

/// Whoever runs a kernel's tasks. Cloning it is cheap.
///
/// Nothing is held across these calls: a runtime may let other tasks run inside `spawn`.
pub trait Runtime: Clone + 'static {
    /// A started task.
    type Task: 'static;
    /// State that tasks share, for runtimes that want to know who reads and who writes it.
    type Object: Clone + 'static;

    /// Starts a task.
    fn spawn(&self, name: &str, future: impl Future<Output = ()> + 'static) -> Self::Task;

    /// Waits until all of these tasks have ended; the waiting task is woken once.
    fn join(&self, tasks: Vec<Self::Task>) -> impl Future<Output = ()> + 'static + use<Self>;

    /// Ends the current step; the task is ready for its next one at once. It stands for an await of
    /// something that is there soon, and is the same future everywhere: shuttle's own `yield_now`
    /// would also tell its PCT to put the task last.
    fn yield_now(&self) -> Step {
        Step { ended: false }
    }

    /// An operation with the outside, which completes at a moment of the search's choice: on its
    /// default schedule after whatever is ready.
    fn operation(&self, name: &str) -> impl Future<Output = ()> + 'static + use<Self>;

    /// Runs `future`, which the search may strike while it is suspended, if the kernel's injections
    /// allow cancels: then it is dropped instead of being polled again, and `None` comes out.
    fn cancellable<F: Future + 'static>(
        &self,
        name: &str,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + 'static + use<Self, F>;

    /// Something that must hold. Where it does not, the run fails.
    fn invariant(&self, holds: bool, name: &str);

    /// State that tasks share.
    fn object(&self, name: &str) -> Self::Object;

    /// The current step reads `object`.
    fn reads(&self, object: &Self::Object);

    /// The current step writes `object`.
    fn writes(&self, object: &Self::Object);
}

/// Ends a step: see [`Runtime::yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Step {
    ended: bool,
}

impl Future for Step {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.ended {
            return Poll::Ready(());
        }
        self.ended = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

const LATENCY: Duration = Duration::from_millis(1);

impl Runtime for Sim {
    type Task = JoinHandle<()>;
    type Object = Object;

    fn spawn(&self, name: &str, future: impl Future<Output = ()> + 'static) -> Self::Task {
        self.spawn_named(name, future)
    }

    fn join(&self, tasks: Vec<Self::Task>) -> impl Future<Output = ()> + 'static + use<> {
        async move {
            join_all(tasks).await;
        }
    }

    fn operation(&self, name: &str) -> impl Future<Output = ()> + 'static + use<> {
        // Where completions are choices it may complete from now on, else when time has passed: in
        // both cases production's own schedule first runs whatever is ready.
        let latency = match self.injections().pending_polls {
            0 => LATENCY,
            _ => Duration::ZERO,
        };
        Sim::operation(self, name, latency)
    }

    fn cancellable<F: Future + 'static>(
        &self,
        name: &str,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + 'static + use<F> {
        let cancellable = Sim::cancellable(self, name, future);
        async move { cancellable.await.ok() }
    }

    fn invariant(&self, holds: bool, name: &str) {
        Sim::invariant(self, holds, name);
    }

    fn object(&self, name: &str) -> Object {
        Sim::object(self, name)
    }

    fn reads(&self, object: &Object) {
        self.access(*object, Access::Read);
    }

    fn writes(&self, object: &Object) {
        self.access(*object, Access::Write);
    }
}
