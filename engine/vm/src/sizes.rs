//! The parts of a pending task stay small: what there are many of at once.

use crate::fiber::{Fiber, Frame, Start};
use crate::future::{Core, FutureObject, State};
use crate::interpreter::Interpreter;
use crate::operation::OperationGuard;
use crate::task::TaskRecord;
use crate::wait::{FutureWait, Pending, Settling, Waiter};

fn of_future<F>(_: impl FnOnce(Interpreter) -> F) -> usize {
    size_of::<F>()
}

#[test]
fn parts_of_a_pending_task_stay_small() {
    let sizes = [
        ("future", size_of::<FutureObject>(), 176),
        ("its core", size_of::<Core>(), 136),
        ("its state", size_of::<State>(), 32),
        ("record", size_of::<TaskRecord>(), 88),
        ("interpreter", of_future(Interpreter::run), 40),
        ("fiber", size_of::<Fiber>(), 144),
        ("frame", size_of::<Frame>(), 40),
        ("start", size_of::<Start>(), 48),
        ("wait", size_of::<Pending>(), 64),
        ("wait for futures", size_of::<FutureWait>(), 56),
        ("settling", size_of::<Settling>(), 48),
        ("waiter", size_of::<Waiter>(), 40),
        ("operation", size_of::<OperationGuard>(), 48),
    ];
    for (what, size, limit) in sizes {
        assert!(size <= limit, "{what}: {size} bytes");
    }
}
