//! The language's library: one table of functions, one folder per chapter.

mod call;
mod table;

pub use call::{
    Body, Call, CleanupQueue, Context, Entry, Intrinsic, NativeFrame, Operation, Outputs, Scalar,
    Start, Step, one,
};
pub use table::{BuiltinId, entry, lookup, names};
