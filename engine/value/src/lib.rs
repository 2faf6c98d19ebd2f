//! Values, arrays (column-major, copy on write) and `RuntimeError` with its builder.

mod array;
pub mod assign;
pub mod codes;
pub mod concat;
pub mod convert;
mod diagnostic;
pub mod display;
mod error;
mod fail;
mod function;
pub mod index;
mod object;
mod object_array;
pub mod ops;
mod parcel;
mod release;
mod subscript;
#[cfg(test)]
mod testing;
mod text;
mod value;

pub use array::{Array, Dims, MAX_ELEMENTS, StructArray, StructFields};
pub use codes::{Code, Namespace};
pub use error::{
    ErrorContext, Phase, Result, RuntimeError, RuntimeErrorBuilder, SourceSpan, StackFrame,
    build_runtime_error,
};
pub use function::{Callee, FunctionHandle};
pub use object::{Object, ObjectId, ObjectRef, WeakObject};
pub use object_array::ObjectArray;
pub use parcel::{ObjectParts, Packer, Parcel, Unpacker};
pub use release::release;
pub use text::{text_of, units_of};
pub use value::Value;
