//! The kernels, one file each.

mod k01_reorder;
mod k02_two_stage;

use crate::kernel::Kernel;

/// All kernels, by number.
#[must_use]
pub fn all() -> &'static [Kernel] {
    ALL
}

const ALL: &[Kernel] = &[k01_reorder::KERNEL, k02_two_stage::KERNEL];
