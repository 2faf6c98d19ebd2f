//! Values, arrays (column-major, copy on write) and `RuntimeError` with its builder.

mod array;
pub mod codes;
mod error;
mod function;
mod object;
mod value;

pub use array::{Array, Dims, StructArray};
pub use codes::{Code, Namespace};
pub use error::{
    ErrorContext, Phase, Result, RuntimeError, RuntimeErrorBuilder, SourceSpan, StackFrame,
    build_runtime_error,
};
pub use function::{Callee, FunctionHandle};
pub use object::{Access, Object, ObjectId, ObjectRef, WeakObject};
pub use value::Value;
