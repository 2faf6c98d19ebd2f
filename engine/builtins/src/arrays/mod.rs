//! Arrays: their size, how they are built, moved, searched, ordered and summed up.

mod build;
mod find;
mod linear;
mod movement;
mod order;
mod reduce;
mod sets;
mod size;

pub(crate) use build::TABLE as BUILD;
pub(crate) use find::TABLE as FIND;
pub(crate) use linear::TABLE as LINEAR;
pub(crate) use movement::TABLE as MOVE;
pub(crate) use order::TABLE as ORDER;
pub(crate) use reduce::TABLE as REDUCE;
pub(crate) use sets::TABLE as SETS;
pub(crate) use size::TABLE as SIZE;
