//! The process's panic hook is as it was once nothing is shrunk any more. It belongs to the process, so
//! that this test has one of its own.

use std::panic::{self, PanicHookInfo};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tourbillon_sim::{Explorer, Sim};

async fn fails(sim: Sim) {
    let picked = sim.pick("one", 3);
    assert!(picked < 2, "it was two");
}

#[test]
fn shrinking_leaves_the_panic_hook_as_it_was() {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let hook: Hook = Box::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let place = place_of(&hook);
    let before = panic::take_hook();
    panic::set_hook(hook);
    for _ in 0..3 {
        let report = Explorer::exhaustive().explore(fails);
        let (failure, stats) = report.failures.first_key_value().expect("a failure");
        let told = calls.load(Ordering::Relaxed);
        let explorer = Explorer::exhaustive();
        let shrunk = explorer.shrink(failure, &stats.witness, fails);
        shrunk.expect("it fails again");
        let after = calls.load(Ordering::Relaxed);
        assert_eq!(after, told, "shrinking is quiet");
    }
    let hook = panic::take_hook();
    panic::set_hook(before);
    assert_eq!(place_of(&hook), place, "a layer is left on the hook");
}

type Hook = Box<dyn Fn(&PanicHookInfo<'_>) + Sync + Send + 'static>;

/// Where the hook is in memory.
fn place_of(hook: &Hook) -> usize {
    std::ptr::from_ref(&**hook).cast::<()>().addr()
}
