//! Silence while hundreds of runs panic in the same way.

use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// Panics of this thread print nothing until it is dropped; those of other threads do.
pub(crate) struct QuietPanics {
    // None when the thread panics already.
    layer: Option<Arc<Layer>>,
    // Where our hook is, by which it is known again.
    place: usize,
}

/// What lies between a panic and the hook that was there before.
struct Layer {
    is_quiet: AtomicBool,
    thread: ThreadId,
    show: Hook,
}

impl QuietPanics {
    pub fn begin() -> QuietPanics {
        if thread::panicking() {
            return QuietPanics {
                layer: None,
                place: 0,
            };
        }
        let layer = Arc::new(Layer {
            is_quiet: AtomicBool::new(true),
            thread: thread::current().id(),
            show: panic::take_hook(),
        });
        let ours = Arc::clone(&layer);
        let hook: Hook = Box::new(move |info| {
            let is_quiet = ours.is_quiet.load(Ordering::Relaxed);
            if !is_quiet || thread::current().id() != ours.thread {
                (ours.show)(info);
            }
        });
        let place = place_of(&hook);
        panic::set_hook(hook);
        QuietPanics {
            layer: Some(layer),
            place,
        }
    }
}

impl Drop for QuietPanics {
    fn drop(&mut self) {
        let Some(layer) = self.layer.take() else {
            return;
        };
        layer.is_quiet.store(false, Ordering::Relaxed);
        // The hook is the process's, and whoever changed it meanwhile must find it so: then ours stays
        // below, and does nothing of its own any more.
        if thread::panicking() {
            return;
        }
        let hook = panic::take_hook();
        if place_of(&hook) != self.place {
            panic::set_hook(hook);
            return;
        }
        drop(hook);
        if let Some(layer) = Arc::into_inner(layer) {
            panic::set_hook(layer.show);
        }
    }
}

/// Where a hook is in memory: no other is there while it lives, since ours are not empty.
fn place_of(hook: &Hook) -> usize {
    std::ptr::from_ref(&**hook).cast::<()>().addr()
}
