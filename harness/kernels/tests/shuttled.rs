//! Shuttle runs the same programs: it passes the corrected ones and finds the defects of the others.

use std::panic::{AssertUnwindSafe, catch_unwind};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler, UrwRandomScheduler};
use shuttle::{Config, FailurePersistence, Runner};
use tourbillon_kernels::{Kernel, Variant, all};

fn passes(
    kernel: &Kernel,
    (variant, size): (Variant, u32),
    scheduler: impl Scheduler + 'static,
) -> bool {
    let Some(program) = kernel.shuttled(variant, size) else {
        return true;
    };
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    let runner = Runner::new(scheduler, config);
    catch_unwind(AssertUnwindSafe(|| runner.run(program))).is_ok()
}

#[test]
fn no_corrected_kernel_fails() {
    for kernel in all() {
        for &size in kernel.sizes {
            let label = kernel.label(size);
            let corrected = (Variant::Corrected, size);
            let random = RandomScheduler::new_from_seed(1, 500);
            assert!(passes(kernel, corrected, random), "{label}, random");
            let pct = PctScheduler::new_from_seed(1, 3, 500);
            assert!(passes(kernel, corrected, pct), "{label}, pct");
        }
    }
}

#[test]
fn every_defect_can_be_found() {
    for kernel in all() {
        let size = kernel.sizes[0];
        if kernel.shuttled(Variant::Faulty, size).is_some() {
            let urw = UrwRandomScheduler::new_from_seed(1, 10_000);
            let passed = passes(kernel, (Variant::Faulty, size), urw);
            assert!(!passed, "{}", kernel.label(size));
        }
    }
}
