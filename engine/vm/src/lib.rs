//! The async interpreter: frames, dispatch, tasks, futures, cancellation and await.
//!
//! One [`Machine`] is the state of one session. Its tasks are Rust futures that share it; each runs
//! an interpreter over a stack of bodies (`fiber.rs`), and everything that waits goes through the one
//! `.await` in `interpreter.rs`.

mod arity;
mod callbacks;
mod calls;
mod cancel;
mod capacity;
mod cleanups;
mod context;
mod deadlock;
mod dispatch;
mod errors;
mod exception;
mod execution;
mod explain;
mod feval;
mod fiber;
mod future;
mod interpreter;
mod intrinsics;
mod job;
mod joins;
mod machine;
mod operation;
mod parallel;
mod registry;
mod sets;
#[cfg(test)]
mod sizes;
mod spawn;
mod statistics;
mod task;
mod text_function;
mod unwind;
mod wait;
mod workspace;

pub use cancel::CancelHandle;
pub use execution::Execution;
pub use explain::{Explanation, LetGo, OpenFuture, WaitingTask};
pub use future::{FutureState, FutureView, future_view};
pub use machine::{Ledger, Machine, OnExit, Options, Tier, Unhandled};
pub use statistics::Statistics;
