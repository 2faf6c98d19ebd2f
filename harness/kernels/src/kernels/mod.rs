//! The kernels, one file each.

mod k01_reorder;
mod k02_two_stage;
mod k03_token_ring;
mod k04_lost_update;
mod k05_wrong_lock;
mod k06_philosophers;
mod k07_aba;
mod k08_double_completion;
mod k09_late_registration;
mod k10_recycled_buffer;

use crate::kernel::Kernel;

/// All kernels, by number.
#[must_use]
pub fn all() -> &'static [Kernel] {
    ALL
}

const ALL: &[Kernel] = &[
    k01_reorder::KERNEL,
    k02_two_stage::KERNEL,
    k03_token_ring::KERNEL,
    k04_lost_update::KERNEL,
    k05_wrong_lock::KERNEL,
    k06_philosophers::KERNEL,
    k07_aba::KERNEL,
    k08_double_completion::KERNEL,
    k09_late_registration::KERNEL,
    k10_recycled_buffer::KERNEL,
];
