//! The threads behind native hosts, and Ctrl-C.

use std::fmt;
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::runtime::{Builder, Handle};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, block_in_place};

/// What turns timers, reads files, runs sessions and background jobs, and hears Ctrl-C. `main` owns it
/// and lends it; it must outlive the hosts that were made with it.
pub struct Runtime {
    // An option only because shutting down takes it by value.
    tokio: Option<tokio::runtime::Runtime>,
    threads: Threads,
}

/// The threads of a [`Runtime`], as hosts and sessions on other threads hold them.
#[derive(Clone)]
pub struct Threads {
    pub(crate) handle: Handle,
    /// As many as sessions may be under way at once. Background jobs have seats of their own: a session
    /// that waits for its jobs must not take their places.
    sessions: Arc<Semaphore>,
    jobs: Arc<Semaphore>,
    workers: NonZeroUsize,
}

/// Work that was handed to a [`Runtime`].
#[derive(Debug)]
pub struct Spread<T>(JoinHandle<T>);

/// Work that panicked: a defect of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panicked;

/// Which seats work takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    Session,
    Job,
}

impl Runtime {
    /// One worker thread, for one session at a time and its jobs one after another.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start() -> io::Result<Runtime> {
        Runtime::with_workers(NonZeroUsize::MIN)
    }

    /// So many worker threads, over which sessions and background jobs are spread. File operations get
    /// threads of their own when they come.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn with_workers(workers: NonZeroUsize) -> io::Result<Runtime> {
        // As much as a main thread has: programs that recurse must fare the same on every thread.
        const STACK_BYTES: usize = 8 << 20;
        let tokio = Builder::new_multi_thread()
            .worker_threads(workers.get())
            .thread_stack_size(STACK_BYTES)
            .thread_name("tourbillon-host")
            .enable_all()
            .build()?;
        let threads = Threads {
            handle: tokio.handle().clone(),
            sessions: Arc::new(Semaphore::new(workers.get())),
            jobs: Arc::new(Semaphore::new(workers.get())),
            workers,
        };
        Ok(Runtime {
            tokio: Some(tokio),
            threads,
        })
    }

    /// The threads, to be taken along to another one.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// Hands a session over: it starts, in the order of these calls, on whichever worker is free, and
    /// stays on that thread to its end. No more are under way at once than there are workers.
    pub fn spread<T: Send + 'static>(
        &self,
        session: impl FnOnce(&Threads) -> T + Send + 'static,
    ) -> Spread<T> {
        self.threads.spread(Seat::Session, session)
    }

    /// Runs a future to its end on this thread, which waits while the future does.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.threads.handle.block_on(future)
    }

    /// As [`Threads::after`].
    pub fn after(&self, delay: Duration, due: impl FnOnce() + Send + 'static) {
        self.threads.after(delay, due);
    }

    /// From now on Ctrl-C does not end the process: it calls `interrupted`, with the number of times
    /// it was pressed, on another thread. A program that computes without waiting hears it too.
    ///
    /// # Errors
    /// When the operating system refuses the handler.
    pub fn on_interrupt(
        &self,
        mut interrupted: impl FnMut(u32) + Send + 'static,
    ) -> io::Result<()> {
        let _context = self.threads.handle.enter();
        let mut signals = interrupt_signals()?;
        self.threads.handle.spawn(async move {
            let mut count = 0_u32;
            while signals.recv().await.is_some() {
                count = count.saturating_add(1);
                interrupted(count);
            }
        });
        Ok(())
    }
}

impl Threads {
    /// How many background jobs may run at once.
    pub fn workers(&self) -> NonZeroUsize {
        self.workers
    }

    /// Calls `due` on another thread when so much time has passed, unless the runtime goes before. A
    /// program that computes without waiting cannot put it off.
    pub fn after(&self, delay: Duration, due: impl FnOnce() + Send + 'static) {
        self.handle.spawn(async move {
            tokio::time::sleep(delay).await;
            due();
        });
    }

    pub(crate) fn spread<T: Send + 'static>(
        &self,
        seat: Seat,
        work: impl FnOnce(&Threads) -> T + Send + 'static,
    ) -> Spread<T> {
        let threads = self.clone();
        // It stands in line from here on: the workers may come to the new tasks in any order.
        let seats = match seat {
            Seat::Session => &self.sessions,
            Seat::Job => &self.jobs,
        };
        let mut seat = Box::pin(seats.clone().acquire_owned());
        let had = seat.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        Spread(self.handle.spawn(async move {
            // Seats are never closed; without one the work would only be less restrained.
            let _seat = match had {
                Poll::Ready(seat) => seat,
                Poll::Pending => seat.await,
            };
            // From here on the work stays on this thread; another one takes over what else it had.
            block_in_place(|| work(&threads))
        }))
    }
}

impl<T> Spread<T> {
    /// Waits for the end of the work, on a thread that is none of the runtime's.
    ///
    /// # Errors
    /// When the work panicked.
    pub fn wait(self, runtime: &Runtime) -> Result<T, Panicked> {
        runtime.block_on(self.0).map_err(|_| Panicked)
    }
}

#[cfg(unix)]
fn interrupt_signals() -> io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn interrupt_signals() -> io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A write that was given up may finish; a read from a pipe that nobody writes to may not
        // keep the process.
        const PATIENCE: Duration = Duration::from_secs(1);
        if let Some(tokio) = self.tokio.take() {
            tokio.shutdown_timeout(PATIENCE);
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Threads")
            .field("workers", &self.workers)
            .finish_non_exhaustive()
    }
}
