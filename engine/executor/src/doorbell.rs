//! Wakers on the heap for the embedded tier: made once, with the executor.

use crate::board::Waits;
use crate::embedded::Embedded;
use crate::executor::Executor;
use crate::flags::WakerFlags;
use crate::sync::Mutex;
use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

/// Flags, and the waker of whoever polls the executor.
#[derive(Debug)]
pub struct Doorbell<const N: usize> {
    flags: WakerFlags<N>,
    sleeper: Mutex<Option<Waker>>,
}

impl<const N: usize> Doorbell<N> {
    /// Nobody has rung.
    pub fn new() -> Arc<Doorbell<N>> {
        Arc::new(Doorbell {
            flags: WakerFlags::new(),
            sleeper: Mutex::new(None),
        })
    }

    /// The waker that sets one of the flags.
    pub fn waker(self: &Arc<Self>, flag: usize) -> Waker {
        Waker::from(Arc::new(Button {
            bell: self.clone(),
            flag,
        }))
    }

    /// Nobody sleeps now.
    fn rise(&self) {
        let sleeper = self
            .sleeper
            .lock()
            .expect("nothing panics under this lock")
            .take();
        drop(sleeper);
    }

    /// Keeps the waker to be called when somebody rings.
    fn sleep(&self, waker: &Waker) {
        let mut sleeper = self.sleeper.lock().expect("nothing panics under this lock");
        match &mut *sleeper {
            Some(sleeper) => sleeper.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

/// One flag of a doorbell, as a waker.
struct Button<const N: usize> {
    bell: Arc<Doorbell<N>>,
    flag: usize,
}

impl<const N: usize> Wake for Button<N> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.bell.flags.signal(self.flag);
        let sleeper = {
            let mut sleeper = self.bell.sleeper.lock();
            sleeper
                .as_mut()
                .expect("nothing panics under this lock")
                .take()
        };
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}

/// The flags of a doorbell that an executor shares with its wakers.
#[derive(Clone, Debug)]
pub struct Rung<const N: usize>(Arc<Doorbell<N>>);

impl<const N: usize> Deref for Rung<N> {
    type Target = WakerFlags<N>;

    fn deref(&self) -> &WakerFlags<N> {
        &self.0.flags
    }
}

impl<F, B: Waits, const TASKS: usize> Embedded<F, Rung<TASKS>, B, TASKS>
where
    F: Future<Output = ()> + Unpin,
{
    /// An executor with wakers of its own; nothing is allocated afterwards.
    pub fn new(board: B) -> Self {
        let bell = Doorbell::new();
        let wakers = std::array::from_fn(|flag| bell.waker(flag));
        Embedded::with_wakers(Rung(bell), board, wakers)
    }

    /// The executor as one future, which any other executor can poll: it ends when every task has.
    pub async fn drive(&mut self) {
        let bell = self.handle().0.clone();
        poll_fn(|context| {
            bell.rise();
            loop {
                if self.run_until_idle() == 0 {
                    return Poll::Ready(());
                }
                // First the waker, then a last look: who rings after it is heard.
                bell.sleep(context.waker());
                if self.board().sleep(context.waker()) && !bell.flags.is_any_set() {
                    return Poll::Pending;
                }
                bell.rise();
            }
        })
        .await;
    }
}
