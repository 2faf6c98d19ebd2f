//! Silence while hundreds of runs panic in the same way.

use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// Panics of this thread print nothing until it is dropped; those of other threads do.
pub(crate) struct QuietPanics {
    is_quiet: Arc<AtomicBool>,
}

impl QuietPanics {
    pub fn begin() -> QuietPanics {
        let is_quiet = Arc::new(AtomicBool::new(true));
        // The hook is the process's and may be changed by other threads meanwhile, so that it cannot be
        // put back: it stays where it is, and does nothing of its own any more.
        if !thread::panicking() {
            let (here, quiet) = (thread::current().id(), Arc::clone(&is_quiet));
            let show = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                let is_silent = quiet.load(Ordering::Relaxed) && thread::current().id() == here;
                if !is_silent {
                    show(info);
                }
            }));
        }
        QuietPanics { is_quiet }
    }
}

impl Drop for QuietPanics {
    fn drop(&mut self) {
        self.is_quiet.store(false, Ordering::Relaxed);
    }
}
