//! Scalar loops do not allocate: twice the turns, the same number of blocks.

use tourbillon_session::{Session, SessionOptions, testing};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Blocks that running a program allocates, on a session that has run it before.
fn blocks(program: &str) -> u64 {
    let (host, policy) = testing::offline();
    let session = Session::new(host, policy, None, SessionOptions::default());
    for _ in 0..2 {
        let result = testing::block_on(session.execute(program));
        assert!(result.error.is_none(), "{:?}", result.error);
    }
    let before = dhat::HeapStats::get().total_blocks;
    let result = testing::block_on(session.execute(program));
    let after = dhat::HeapStats::get().total_blocks;
    assert!(result.error.is_none(), "{:?}", result.error);
    after - before
}

/// Programs with `N` for their number of turns; none of them may allocate in a turn.
#[test]
fn a_turn_of_a_scalar_loop_allocates_nothing() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let programs = [
        "s = 0; for i = 1:N, s = s + mod(i, 7) * 2; end",
        "s = 0; i = 0; while i < N, i = i + 1; if i > 5 && s < 100, s = s - 1; else, s = s + 2; end, end",
        "a = zeros(1, 8); for i = 1:N, a(mod(i, 8) + 1) = a(1) + i; end",
        "function y = f(x), y = x + 1; end\ns = 0; for i = 1:N, s = f(s); end",
    ];
    for program in programs {
        let few = blocks(&program.replace('N', "1000"));
        let many = blocks(&program.replace('N', "2000"));
        assert_eq!(few, many, "{program}");
    }
    // The check can fail: a cell is a block.
    let cells = "for i = 1:N, c = {i}; end";
    assert!(blocks(&cells.replace('N', "1000")) < blocks(&cells.replace('N', "2000")));
}
