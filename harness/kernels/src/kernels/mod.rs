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
mod k11_erased_permit;
mod k12_idle_receiver;
mod k13_dead_waiter;
mod k14_quiet_permits;
mod k15_one_wake;
mod k16_shared_future;
mod k17_futurelock;
mod k18_kept_lock;
mod k19_slot_leak;
mod k20_late_queue;
mod k21_stale_reply;
mod k22_partial_frame;
mod k23_deaf_listener;
mod k24_window_leak;
mod k25_waker_drop;

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
    k11_erased_permit::KERNEL,
    k12_idle_receiver::KERNEL,
    k13_dead_waiter::KERNEL,
    k14_quiet_permits::KERNEL,
    k15_one_wake::KERNEL,
    k16_shared_future::KERNEL,
    k17_futurelock::KERNEL,
    k18_kept_lock::KERNEL,
    k19_slot_leak::KERNEL,
    k20_late_queue::KERNEL,
    k21_stale_reply::KERNEL,
    k22_partial_frame::KERNEL,
    k23_deaf_listener::KERNEL,
    k24_window_leak::KERNEL,
    k25_waker_drop::KERNEL,
];
