//! What the tests share: panics of the programs under test are no news.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

/// Says nothing about panics inside kernels, which are many and expected.
pub fn expect_panics_of_kernels() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let talk = take_hook();
        set_hook(Box::new(move |panic| {
            let at = panic.location();
            if !at.is_some_and(|at| at.file().contains("kernels/src/")) {
                talk(panic);
            }
        }));
    });
}
