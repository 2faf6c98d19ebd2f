//! 23 deaf-listener: a listener that is made anew after every job hears nothing during the job.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::shared::Shared;
use crate::waiting::{Mailbox, Winner, race};

pub(crate) const KERNEL: Kernel = Kernel {
    number: 23,
    name: "deaf-listener",
    title: "a listener that is made anew after every job hears nothing during the job",
    source: "event listeners and signals, in loops of select",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<DeafListener>(),
};

const EVENTS: u32 = 4;

struct DeafListener;

/// Whoever listens when something happens gets to know.
#[derive(Clone)]
struct Source<R: Runtime> {
    runtime: R,
    // What each listener has still to hear; None once it is gone.
    listeners: Shared<R, Vec<Option<Mailbox<R, ()>>>>,
}

struct Listener<R: Runtime> {
    source: Source<R>,
    number: usize,
    events: Mailbox<R, ()>,
}

impl<R: Runtime> Source<R> {
    fn emit(&self) {
        for events in self.listeners.with(Vec::clone).iter().flatten() {
            events.put(());
        }
    }

    fn listen(&self) -> Listener<R> {
        let events = Mailbox::new(&self.runtime, "events");
        let number = self.listeners.update(|listeners| {
            listeners.push(Some(events.clone()));
            listeners.len() - 1
        });
        Listener {
            source: self.clone(),
            number,
            events,
        }
    }
}

impl<R: Runtime> Drop for Listener<R> {
    fn drop(&mut self) {
        let listeners = &self.source.listeners;
        listeners.update(|listeners| listeners[self.number] = None);
    }
}

impl Model for DeafListener {
    /// Somebody counts events and has a job to do in between.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let source = Source {
            runtime: runtime.clone(),
            listeners: Shared::new(&runtime, "listeners", Vec::new()),
        };
        let jobs = Mailbox::new(&runtime, "jobs");
        let (here, listening, doing) = (runtime.clone(), source.clone(), jobs.clone());
        let first = source.listen();
        let counter = runtime.spawn("counter", async move {
            let mut listener = Some(first);
            let mut heard = 0;
            while heard < EVENTS {
                let listens = listener.take().unwrap_or_else(|| listening.listen());
                match race(listens.events.take(), doing.take()).await {
                    Winner::First(()) => {
                        heard += 1;
                        listener = Some(listens);
                    }
                    Winner::Second(()) => {
                        // The faulty one listens again when it needs to.
                        listener = (variant == Variant::Corrected).then_some(listens);
                        here.yield_now().await;
                    }
                }
            }
        });
        let here = runtime.clone();
        let emitter = runtime.spawn("emitter", async move {
            for _ in 0..EVENTS {
                here.yield_now().await;
                source.emit();
            }
        });
        let here = runtime.clone();
        let employer = runtime.spawn("employer", async move {
            here.operation("job").await;
            jobs.put(());
        });
        runtime.join(vec![counter, emitter, employer]).await;
    }
}
