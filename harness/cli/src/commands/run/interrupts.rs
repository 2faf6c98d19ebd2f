//! Ctrl-C: the first cancels what runs, the second ends the command at once.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;
use tourbillon_host_native::Runtime;
use tourbillon_session::CancelHandle;

/// What Ctrl-C does to the programs that run. Clones are the same.
#[derive(Clone, Default)]
pub struct Interrupts(Arc<State>);

#[derive(Default)]
struct State {
    /// What the first Ctrl-C cancels, by the number of the program.
    handles: Mutex<BTreeMap<usize, CancelHandle>>,
    is_stopped: AtomicBool,
    is_abandoned: AtomicBool,
    wakers: Mutex<BTreeMap<usize, Waker>>,
    /// What puts terminals back to how they were, when the process has to end at once.
    restorers: Mutex<Vec<Box<dyn Fn() + Send>>>,
}

impl Interrupts {
    /// A program is about to begin; after a Ctrl-C its first instruction never runs.
    pub fn begin(&self, program: usize, handle: CancelHandle) {
        lock(&self.0.handles).insert(program, handle.clone());
        // Looked at only now: a stop from here on finds the handle.
        if self.0.is_stopped.load(Ordering::Acquire) {
            handle.cancel();
        }
    }

    /// What the first Ctrl-C cancels from now on, instead of the program itself.
    pub fn aim(&self, program: usize, handle: CancelHandle) {
        lock(&self.0.handles).insert(program, handle);
    }

    /// What is done for a program's terminal before the process ends at once.
    pub fn restore_with(&self, restorer: impl Fn() + Send + 'static) {
        lock(&self.0.restorers).push(Box::new(restorer));
    }

    /// Stops every program, those that have not begun as well.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Release);
        for handle in lock(&self.0.handles).values() {
            handle.cancel();
        }
    }

    /// Hears Ctrl-C. What it returns is dropped when the programs have ended.
    ///
    /// # Errors
    /// When the operating system refuses.
    pub fn listen(&self, runtime: &Runtime) -> io::Result<Sender<()>> {
        let (running, has_ended) = channel();
        let interrupts = self.clone();
        runtime.on_interrupt(move |count| interrupts.interrupted(count, &has_ended))?;
        Ok(running)
    }

    /// The future's output; nothing once Ctrl-C was pressed twice.
    pub async fn unless_abandoned<F: Future>(
        &self,
        program: usize,
        future: F,
    ) -> Option<F::Output> {
        let mut future = pin!(future);
        poll_fn(|context| {
            lock(&self.0.wakers).insert(program, context.waker().clone());
            if self.0.is_abandoned.load(Ordering::Acquire) {
                return Poll::Ready(None);
            }
            future.as_mut().poll(context).map(Some)
        })
        .await
    }

    fn interrupted(&self, count: u32, has_ended: &Receiver<()>) {
        if count == 1 {
            self.stop();
            return;
        }
        self.0.is_abandoned.store(true, Ordering::Release);
        let wakers = std::mem::take(&mut *lock(&self.0.wakers));
        wakers.into_values().for_each(Waker::wake);
        end_at_once(has_ended, &self.0.restorers);
    }
}

/// Gives the main thread a moment to leave in good order, which it cannot when it computes.
#[expect(
    clippy::disallowed_methods,
    reason = "a program that never gives way leaves no other way to end it at once"
)]
fn end_at_once(has_ended: &Receiver<()>, restorers: &Mutex<Vec<Box<dyn Fn() + Send>>>) {
    const PATIENCE: Duration = Duration::from_millis(250);
    match has_ended.recv_timeout(PATIENCE) {
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {}
        Err(RecvTimeoutError::Timeout) => {
            lock(restorers).iter().for_each(|restore| restore());
            std::process::exit(1)
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
