//! The threads behind native hosts, and Ctrl-C.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::runtime::{Builder, Handle};

/// What turns timers, reads files and hears Ctrl-C for native hosts. `main` owns it and lends it; it
/// must outlive the hosts that were made with it.
pub struct Runtime {
    // An option only because shutting down takes it by value.
    tokio: Option<tokio::runtime::Runtime>,
}

impl Runtime {
    /// Starts one worker thread. File operations get threads of their own when they come.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start() -> io::Result<Runtime> {
        let tokio = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("tourbillon-host")
            .enable_all()
            .build()?;
        Ok(Runtime { tokio: Some(tokio) })
    }

    /// Runs a future to its end on this thread, which waits while the future does.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle().block_on(future)
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
        let _context = self.handle().enter();
        let mut signals = interrupt_signals()?;
        self.handle().spawn(async move {
            let mut count = 0_u32;
            while signals.recv().await.is_some() {
                count = count.saturating_add(1);
                interrupted(count);
            }
        });
        Ok(())
    }

    /// Calls `due` on another thread when so much time has passed, unless the runtime goes before. A
    /// program that computes without waiting cannot put it off.
    pub fn after(&self, delay: Duration, due: impl FnOnce() + Send + 'static) {
        self.handle().spawn(async move {
            tokio::time::sleep(delay).await;
            due();
        });
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.tokio
            .as_ref()
            .expect("the runtime is there until it is dropped")
            .handle()
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
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}
