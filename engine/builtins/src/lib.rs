//! The language's library: one table of functions, one folder per chapter.

mod arrays;
mod call;
mod cells;
mod checks;
mod cleanup;
mod codes;
mod errors;
mod escape;
mod files;
mod functions;
mod gpu;
mod input;
mod inputs;
mod json;
mod literal;
mod map;
mod math;
mod output;
mod parallel;
mod random;
#[cfg(test)]
mod robustness;
mod shape;
mod state;
mod strings;
mod table;
#[cfg(test)]
mod testing;
mod time;
mod types;
mod warnings;
mod web;

pub use call::{
    Body, Call, CleanupQueue, Context, DueCleanup, Entry, Finish, Intrinsic, NativeFrame, Next,
    Operation, Outputs, Scalar, Sequence, Start, Step, one,
};
pub use cleanup::CleanupObject;
pub use escape::note_escape;
pub use gpu::{GpuArrayObject, device_binary, device_unary};
pub use map::MapObject;
pub use parallel::PoolObject;
pub use random::RandomStream;
pub use state::LibraryState;
pub use table::{BuiltinId, entry, lookup, names};
pub use warnings::warn;
