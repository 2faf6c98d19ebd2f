//! The native host: real clock, files, terminal and device. The only crate with tokio, and the only
//! one that starts threads; none of either shows in its interface.
//!
//! A session stays on the thread that calls [`NativeHost::block_on`]. One worker thread turns the
//! timers and hears Ctrl-C, so that a program which computes without ever waiting can still be
//! interrupted; files are read and written on a pool that grows with need.

mod completion;
mod console;
mod files;
mod host;
mod input;
mod runtime;
mod terminal;
mod terminal_mode;
mod timers;

pub use console::NativeConsole;
pub use host::{NativeHost, NativeHostBuilder};
pub use input::{InputAnswer, InputError, InputFuture, InputHandler, InputRequest, InputResult};
pub use runtime::Runtime;
pub use terminal::TerminalInput;
