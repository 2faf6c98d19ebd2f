//! The native host: real clock, files, web, terminal and device. The only crate with tokio, and the only
//! one that starts threads; none of either shows in its interface.
//!
//! A session stays on the thread that calls [`NativeHost::block_on`]: the caller's own, or the worker
//! that [`Runtime::spread`] found free for it. Workers also turn the timers and hear Ctrl-C, so that a
//! program which computes without ever waiting can still be interrupted; files are read and written on a
//! pool that grows with need. What these threads have done comes back through one queue for each host.
//!
//! ```
//! use std::future::poll_fn;
//! use tourbillon_host::{Host, Nanoseconds, OperationLabel, Request, Response, TaskLabel};
//! use tourbillon_host_native::{NativeHost, Runtime, TerminalInput};
//!
//! let runtime = Runtime::start()?;
//! let host = NativeHost::builder(&runtime)
//!     .input(TerminalInput::of_process())
//!     .build();
//! let label = OperationLabel {
//!     task: TaskLabel::root("main"),
//!     name: "timer",
//!     occurrence: 1,
//! };
//! let deadline = host.now() + Nanoseconds::from_seconds(0.001);
//! let timer = host.submit(Request::Timer { deadline }, &label);
//! let outcome = host.block_on(poll_fn(|context| host.poll(timer, context)));
//! assert_eq!(outcome.ok(), Some(Response::Done));
//! assert!(host.now() >= deadline);
//! assert_eq!(host.outstanding(), 0);
//! # std::io::Result::Ok(())
//! ```

mod console;
mod files;
mod host;
mod input;
mod jobs;
mod lock;
mod runtime;
mod terminal;
mod terminal_mode;
mod timers;
mod web;

pub use console::NativeConsole;
pub use host::{NativeHost, NativeHostBuilder};
pub use input::{InputAnswer, InputError, InputFuture, InputHandler, InputRequest, InputResult};
pub use runtime::{Panicked, Runtime, Spread, Threads};
pub use terminal::TerminalInput;
