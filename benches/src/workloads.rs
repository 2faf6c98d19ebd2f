//! W1, W2 and W3: small async programs that any executor can run, with no executor's own types.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tourbillon_sim::Sim;

/// A task of a workload: one that could go to another thread, as tokio and shuttle want it.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A workload: its tasks, boxed for the bare loop or spawned in a simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// So many tasks that each take a shared lock and yield so many times.
    Counter {
        /// How many tasks.
        tasks: u32,
        /// How many times each yields.
        yields: u32,
    },
    /// So many messages through a bounded channel.
    Channel {
        /// How many messages.
        messages: u32,
        /// How many the channel holds.
        capacity: usize,
    },
}

impl Workload {
    /// 3 tasks × 5 yields on a shared lock.
    pub const W1: Workload = Workload::Counter {
        tasks: 3,
        yields: 5,
    };
    /// 10 tasks × 20 yields on a shared lock.
    pub const W2: Workload = Workload::Counter {
        tasks: 10,
        yields: 20,
    };
    /// 100 messages, capacity 8.
    pub const W3: Workload = Workload::Channel {
        messages: 100,
        capacity: 8,
    };

    /// The three, with their names.
    pub const ALL: [(&'static str, Workload); 3] = [
        ("W1", Workload::W1),
        ("W2", Workload::W2),
        ("W3", Workload::W3),
    ];

    /// The workload's tasks, boxed.
    #[must_use]
    pub fn boxed(self) -> Vec<Task> {
        let mut boxed: Vec<Task> = Vec::new();
        match self {
            Workload::Counter { tasks, yields } => {
                let counter = Arc::new(Mutex::new(0));
                boxed.extend((0..tasks).map(|_| Box::pin(count(counter.clone(), yields)) as Task));
            }
            Workload::Channel { messages, capacity } => {
                let channel = Channel::new(capacity);
                boxed.push(Box::pin(produce(channel.clone(), messages)));
                boxed.push(Box::pin(consume(channel, messages)));
            }
        }
        boxed
    }

    /// Spawns the workload's tasks.
    pub fn spawn(self, sim: &Sim) {
        match self {
            Workload::Counter { tasks, yields } => {
                let counter = Arc::new(Mutex::new(0));
                for _ in 0..tasks {
                    sim.spawn_named("bump", count(counter.clone(), yields));
                }
            }
            Workload::Channel { messages, capacity } => {
                let channel = Channel::new(capacity);
                sim.spawn_named("producer", produce(channel.clone(), messages));
                sim.spawn_named("consumer", consume(channel, messages));
            }
        }
    }
}

async fn count(counter: Arc<Mutex<u64>>, yields: u32) {
    for _ in 0..yields {
        *lock(&counter) += 1;
        let mut yielded = false;
        poll_fn(|context| {
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

async fn produce(channel: Channel, messages: u32) {
    for number in 0..messages {
        poll_fn(|context| channel.poll_send(context, number)).await;
    }
}

async fn consume(channel: Channel, messages: u32) {
    let mut sum = 0;
    for _ in 0..messages {
        sum += u64::from(poll_fn(|context| channel.poll_receive(context)).await);
    }
    let messages = u64::from(messages);
    assert_eq!(
        sum,
        messages * (messages - 1) / 2,
        "a message was lost or doubled"
    );
}

/// A bounded channel for one sender and one receiver.
#[derive(Clone)]
struct Channel {
    state: Arc<Mutex<ChannelState>>,
}

struct ChannelState {
    queue: VecDeque<u32>,
    capacity: usize,
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

impl Channel {
    fn new(capacity: usize) -> Channel {
        let queue = VecDeque::with_capacity(capacity);
        let state = ChannelState {
            queue,
            capacity,
            receiver: None,
            sender: None,
        };
        Channel {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn poll_send(&self, context: &Context<'_>, number: u32) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.queue.len() == state.capacity {
            state.sender = Some(context.waker().clone());
            return Poll::Pending;
        }
        state.queue.push_back(number);
        if let Some(waker) = state.receiver.take() {
            waker.wake();
        }
        Poll::Ready(())
    }

    fn poll_receive(&self, context: &Context<'_>) -> Poll<u32> {
        let mut state = lock(&self.state);
        let Some(number) = state.queue.pop_front() else {
            state.receiver = Some(context.waker().clone());
            return Poll::Pending;
        };
        if let Some(waker) = state.sender.take() {
            waker.wake();
        }
        Poll::Ready(number)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
