//! Background jobs on worker threads.

use crate::console::NativeConsole;
use crate::host::NativeHost;
use crate::lock::lock;
use crate::runtime::{Seat, Threads};
use std::future::poll_fn;
use std::io;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use tourbillon_executor::Completer;
use tourbillon_host::{Fifo, Job, JobEnd, Outside};

/// How far a job is, as both sides see it.
#[derive(Clone)]
pub(crate) struct Control(Arc<Mutex<Stage>>);

enum Stage {
    Queued,
    /// What asks it to stop.
    Begun(Box<dyn Fn() + Send + Sync>),
    GivenUp,
}

impl Control {
    /// Whether it has begun, or ended.
    pub(crate) fn has_begun(&self) -> bool {
        matches!(&*lock(&self.0), Stage::Begun(_))
    }

    /// Asks it to stop; says whether it had begun. One that had not never does.
    pub(crate) fn stop(&self) -> bool {
        let mut stage = lock(&self.0);
        match &*stage {
            Stage::Begun(stop) => {
                stop();
                true
            }
            Stage::Queued | Stage::GivenUp => {
                *stage = Stage::GivenUp;
                false
            }
        }
    }

    /// It begins, unless it was given up.
    fn begin(&self, stopper: impl FnOnce() -> Box<dyn Fn() + Send + Sync>) -> bool {
        let mut stage = lock(&self.0);
        let is_wanted = matches!(&*stage, Stage::Queued);
        if is_wanted {
            *stage = Stage::Begun(stopper());
        }
        is_wanted
    }
}

/// Hands a job to the workers.
pub(crate) fn start<B: Send + 'static>(
    threads: &Threads,
    job: Arc<dyn Job>,
    seed: u64,
    clock_factor: NonZeroU32,
    completer: Completer<B>,
    brought: impl FnOnce(JobEnd) -> B + Send + 'static,
) -> Control {
    let control = Control(Arc::new(Mutex::new(Stage::Queued)));
    let told = control.clone();
    let _detached = threads.spread(Seat::Job, move |threads| {
        let console = NativeConsole::new(Box::new(io::sink()), Box::new(io::sink()));
        let host = NativeHost::builder_on(threads)
            .console(console)
            .device(None)
            .seed(seed)
            .clock_factor(clock_factor)
            .within_a_job();
        let host = Rc::new(host.build());
        let mut running = job.begin(Outside {
            host: host.clone(),
            policy: Rc::new(Fifo),
            observer: None,
        });
        if !told.begin(|| running.stopper()) {
            return;
        }
        completer.rouse();
        let end = host.block_on(poll_fn(|context| running.poll(context)));
        completer.complete(brought(end));
    });
    control
}
