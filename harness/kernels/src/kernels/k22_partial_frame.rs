//! 22 partial-frame: what was read of a frame goes with the future that a select drops.

use tourbillon_sim::Injections;

use crate::kernel::{Body, Kernel, Model, UNSIZED, Variant};
use crate::runtime::Runtime;
use crate::waiting::{Mailbox, Winner, race};

pub(crate) const KERNEL: Kernel = Kernel {
    number: 22,
    name: "partial-frame",
    title: "what was read of a frame goes with the future that a select drops",
    source: "reads that are not safe to cancel, in loops of select",
    sizes: UNSIZED,
    injections: Injections::DEFAULT,
    body: Body::of::<PartialFrame>(),
};

/// Frames: how many bytes follow, then the bytes.
const FRAMES: [&[u8]; 4] = [&[1, 5], &[1, 6], &[2, 7, 8], &[1, 9]];
/// As they arrive: one of them in two parts.
const PARTS: [&[u8]; 5] = [&[1, 5], &[1, 6], &[2, 7], &[8], &[1, 9]];

struct PartialFrame;

/// Reads until there is a whole frame in the buffer, and takes it out.
async fn read_frame<R: Runtime>(bytes: &Mailbox<R, u8>, buffer: &mut Vec<u8>) -> Vec<u8> {
    loop {
        buffer.push(bytes.take().await);
        if buffer.len() > usize::from(buffer[0]) {
            return std::mem::take(buffer);
        }
    }
}

impl Model for PartialFrame {
    /// Most frames come as a whole. The reader also has to look after a tick, and then reads on.
    async fn run<R: Runtime>(runtime: R, variant: Variant, _size: u32) {
        let bytes = Mailbox::new(&runtime, "bytes");
        let ticks = Mailbox::new(&runtime, "ticks");
        let (here, ticking) = (runtime.clone(), ticks.clone());
        let clock = runtime.spawn("clock", async move {
            here.operation("tick").await;
            ticking.put(());
        });
        let (here, writing) = (runtime.clone(), bytes.clone());
        let writer = runtime.spawn("writer", async move {
            for part in PARTS {
                part.iter().for_each(|byte| writing.put(*byte));
                here.yield_now().await;
            }
        });
        let reader = runtime.spawn("reader", async move {
            let mut buffer = Vec::new();
            let mut frames = Vec::new();
            while frames.len() < FRAMES.len() {
                if variant == Variant::Faulty {
                    // As if the buffer were the reading future's own.
                    buffer.clear();
                }
                match race(ticks.take(), read_frame(&bytes, &mut buffer)).await {
                    Winner::First(()) => {}
                    Winner::Second(frame) => frames.push(frame),
                }
            }
            assert!(frames == FRAMES, "frames were cut in the wrong place");
        });
        runtime.join(vec![clock, writer, reader]).await;
    }
}
