//! Scalar loops do not allocate: twice the turns, the same number of blocks.

use tourbillon_session::{Session, SessionOptions, testing};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Blocks that running a program allocates, on a session that has run it before.
fn blocks(program: &str) -> u64 {
    allocated(program).0
}

/// Blocks and bytes that running a program allocates, on a session that has run it before. The least of
/// several runs: the test harness has a thread of its own, and what that allocates is counted as well.
fn allocated(program: &str) -> (u64, u64) {
    let (host, policy) = testing::offline();
    let session = Session::new(host, policy, None, SessionOptions::default());
    let run = || {
        let before = dhat::HeapStats::get();
        let result = testing::block_on(session.execute(program));
        let after = dhat::HeapStats::get();
        assert!(result.error.is_none(), "{:?}", result.error);
        let blocks = after.total_blocks - before.total_blocks;
        (blocks, after.total_bytes - before.total_bytes)
    };
    run();
    run();
    let runs = [run(), run(), run()];
    runs.into_iter().min().expect("there are three")
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
    // A store into a part changes it in place: a copy would be 80 kB in each of 500 turns.
    let stores = [
        "a = zeros(1, 10000); for i = 1:N, a(i) = a(i) + 1; end",
        "s.a = zeros(1, 10000); for i = 1:N, s.a(i) = s.a(i) + 1; end",
        "s.a.b = zeros(1, 10000); for i = 1:N, s.a.b(i) = s.a.b(i) + 1; end",
        "c = {zeros(1, 10000)}; for i = 1:N, c{1}(i) = c{1}(i) + 1; end",
        "s.c = {zeros(1, 10000)}; for i = 1:N, s.c{1}(i) = s.c{1}(i) + 1; end",
        "c = {1, {zeros(1, 10000)}}; for i = 1:N, c{2}{1}(i) = c{2}{1}(i) + 1; end",
        "function f(), a = zeros(1, 10000); g(); function g(), for i = 1:N, a(i) = a(i) + 1; end, end, end\nf();",
        "s = struct('x', {zeros(1, 10000), 1}); for i = 1:N, s(1).x(end) = s(1).x(i) + 1; end",
    ];
    for program in stores {
        let (_, few) = allocated(&program.replace(":N", ":500"));
        let (_, many) = allocated(&program.replace(":N", ":1000"));
        assert!(
            many.saturating_sub(few) < 4_000_000,
            "{few} {many} {program}"
        );
    }
    // The check can fail: a cell is a block.
    let cells = "for i = 1:N, c = {i}; end";
    assert!(blocks(&cells.replace('N', "1000")) < blocks(&cells.replace('N', "2000")));
}
