//! 10 recycled-buffer: a buffer is recycled while the device still writes into it.

use std::rc::Rc;

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::parts::Gate;
use crate::runtime::Runtime;
use crate::shared::Shared;

pub(crate) const KERNEL: Kernel = Kernel {
    number: 10,
    name: "recycled-buffer",
    title: "a buffer is recycled while the device still writes into it",
    source: "cancelled readbacks of GPU buffers",
    sizes: UNSIZED,
    injections: Injections {
        cancels: 1,
        ..Injections::DEFAULT
    },
    body: Body::of::<RecycledBuffer>(),
};

/// What the device writes and what the upload writes.
const RESULT: u32 = 7;
const UPLOAD: u32 = 9;

struct RecycledBuffer;

/// Buffers that are free, the last to come back first, and what stands in each.
#[derive(Clone)]
struct Pool<R: Runtime> {
    free: Shared<R, Vec<usize>>,
    contents: Shared<R, Vec<u32>>,
}

/// A buffer in use: dropping it gives it back.
struct Buffer<R: Runtime> {
    pool: Pool<R>,
    number: usize,
}

impl<R: Runtime> Pool<R> {
    fn take(&self) -> Buffer<R> {
        let number = self.free.update(Vec::pop);
        Buffer {
            pool: self.clone(),
            number: number.expect("there are as many buffers as users"),
        }
    }
}

impl<R: Runtime> Buffer<R> {
    fn write(&self, value: u32) {
        self.pool.contents.update(|all| all[self.number] = value);
    }

    fn read(&self) -> u32 {
        self.pool.contents.with(|all| all[self.number])
    }
}

impl<R: Runtime> Drop for Buffer<R> {
    fn drop(&mut self) {
        self.pool.free.update(|free| free.push(self.number));
    }
}

impl Model for RecycledBuffer {
    /// A readback lets the device copy into a buffer and waits. Cancelled, the faulty one gives the
    /// buffer back at once; an upload takes it, and the copy that is still under way lands in it.
    /// The corrected one leaves the buffer to the copy.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let pool = Pool {
            free: Shared::new(&runtime, "free", vec![0, 1]),
            contents: Shared::new(&runtime, "contents", vec![0; 2]),
        };
        let (here, reading) = (runtime.clone(), pool.clone());
        let reader = runtime.spawn("reader", async move {
            let buffer = Rc::new(reading.take());
            let copied = Gate::new(&here, "copied");
            let (device, arrived) = (here.clone(), copied.clone());
            // The device has the memory's address; whether it has a share in the buffer is the
            // question.
            let share = (variant == Variant::Corrected).then(|| Rc::clone(&buffer));
            let (pool, number) = (reading.clone(), buffer.number);
            let copy = here.spawn("device", async move {
                device.operation("copy").await;
                pool.contents.update(|all| all[number] = RESULT);
                arrived.open();
                drop(share);
            });
            let readback = async move {
                copied.passed().await;
                assert!(buffer.read() == RESULT, "the readback reads something else");
            };
            // Its result is nobody's business when it was cancelled.
            here.cancellable("readback", readback).await;
            here.join(vec![copy]).await;
        });
        let yielding = runtime.clone();
        let writer = runtime.spawn("writer", async move {
            yielding.yield_now().await;
            let buffer = pool.take();
            buffer.write(UPLOAD);
            yielding.yield_now().await;
            assert!(buffer.read() == UPLOAD, "the upload was overwritten");
        });
        runtime.join(vec![reader, writer]).await;
    }
}
