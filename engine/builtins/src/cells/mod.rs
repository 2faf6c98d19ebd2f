//! Cells and structs, and functions applied to each of their elements.

mod apply;
mod containers;
mod structs;

pub(crate) use apply::TABLE as APPLY;
pub(crate) use containers::TABLE as CELLS;
pub(crate) use structs::TABLE as STRUCTS;
