//! The language's library: one table of functions, one folder per chapter.

mod call;
mod state;
mod table;

pub use call::{
    Body, Call, CleanupQueue, Context, Entry, Finish, Intrinsic, NativeFrame, Operation, Outputs, Scalar,
    Start, Step, one,
};
pub use state::LibraryState;
pub use table::{BuiltinId, entry, lookup, names};
