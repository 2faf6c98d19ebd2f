//! Times the scalar loop of the README: `cargo run --release -p tourbillon-session --example loop`.

use std::time::Instant;
use tourbillon_session::{Session, SessionOptions, testing};

#[allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "it measures and says what it saw"
)]
fn main() {
    let program = "s = 0; for i = 1:1000000, s = s + mod(i, 7) * 2; end";
    let (host, policy) = testing::offline();
    let session = Session::new(host, policy, None, SessionOptions::default());
    for _ in 0..5 {
        let start = Instant::now();
        let result = testing::block_on(session.execute(program));
        assert_eq!(result.values["s"].as_number(), Some(5_999_996.0));
        println!("{:?}", start.elapsed());
    }
}
