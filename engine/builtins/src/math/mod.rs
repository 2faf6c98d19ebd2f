//! Numbers: elementwise functions, whole numbers, constants, the operators by name.

mod bits;
mod constants;
mod elementwise;
mod operators;
mod whole;

pub(crate) use bits::TABLE as BITS;
pub(crate) use constants::TABLE as CONSTANTS;
pub(crate) use elementwise::TABLE as ELEMENTWISE;
pub(crate) use operators::TABLE as OPERATORS;
pub(crate) use whole::TABLE as WHOLE;
