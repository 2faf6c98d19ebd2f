//! H6: what ten thousand operations leave.

use tourbillon_benches::bars::{Bar, Pace, Wanted};
use tourbillon_host_native::Runtime;

use crate::live_bytes;
use crate::native::Native;

/// H6: ten thousand operations, after which nothing is left in the session, and no memory.
pub fn bars(pace: Pace) -> Vec<Bar> {
    let runtime = Runtime::start().expect("there is a thread");
    let native = Native::new(&runtime);
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let each = pace.many / 40;
    let program = format!(
        "for k = 1:{each}\n\
           name = sprintf('{}/%d', mod(k, 10));\n\
           s = sleep_async(0.0001);\n\
           on_complete(s, @(f) 0);\n\
           await_all(write_async(name, 'text'), s);\n\
           await(read_async(name));\n\
           assert(isfile(name));\n\
         end\nclear\n",
        folder.path().display()
    );
    // Once before, for what is kept for the next time.
    native.run(&program);
    let before = live_bytes();
    let counts = native.run(&program);
    let kept = live_bytes().saturating_sub(before);
    assert!(counts.operations >= 4 * each as u64);
    let closed = native.host.block_on(native.session.close());
    assert!(closed.is_ok_and(|reports| reports.is_empty()));
    let left: usize = native.session.ledger().values().sum();
    let what = format!("H6: {} operations and {each} callbacks", 4 * each);
    vec![
        Bar::of_count(
            format!("{what}: left in the ledger"),
            left as f64,
            "",
            Wanted::AtMost(0.0),
        ),
        Bar::of_count(
            format!("{what}: bytes kept"),
            kept as f64,
            " bytes",
            Wanted::AtMost(f64::from(64 << 10)),
        ),
    ]
}
