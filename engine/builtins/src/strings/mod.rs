//! Text: templates, numbers as text and back, comparison, search, splitting.

mod compare;
mod convert;
mod edit;
mod format;
pub(crate) mod number;
mod regular;
mod scan;
mod split;
pub(crate) mod template;

pub(crate) use compare::TABLE as COMPARE;
pub(crate) use convert::TABLE as CONVERT;
pub(crate) use edit::TABLE as EDIT;
pub(crate) use format::TABLE as FORMAT;
pub(crate) use format::message;
pub(crate) use regular::TABLE as REGULAR;
pub(crate) use scan::TABLE as SCAN;
pub(crate) use split::TABLE as SPLIT;
