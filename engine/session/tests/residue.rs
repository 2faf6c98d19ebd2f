//! Ten thousand operations, and ten thousand cycles of every kind, leave nothing: neither in the ledger
//! nor in memory.

use std::sync::Arc;
use tourbillon_compiler::Program;
use tourbillon_session::{Session, SessionOptions, testing};
use tourbillon_syntax::Source;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Programs that make `N` of something and drop it.
const PROGRAMS: &[(&str, &str)] = &[
    (
        "maps that hold themselves",
        "for i = 1:N, m = containers.Map(); m('self') = m; m('cell') = {m, struct('m', m)}; end, m = [];",
    ),
    (
        "futures whose callbacks hold them",
        "for i = 1:N, p = promise(); on_success(p, @(v) numel(p.State)); g = then(p, @(v) p.ID); end
p = []; g = [];",
    ),
    (
        "workspaces that nested functions hold",
        "for i = 1:N, f(i); end
function f(i)
  me = @inner; m = containers.Map(); m('me') = me; later = waits();
  function inner(), me(i, m, later); end
  async function waits(), me(); end
end",
    ),
    (
        "cycles through maps, futures, callbacks and workspaces at once",
        "for i = 1:N, f(); end
function f()
  p = promise(); m = containers.Map(); m('p') = p; js = joinset(); add(js, p); m('js') = js;
  on_complete(p, @inner); block = async @() numel(m);
  m('block') = block;
  function inner(v), m(v) = p; end
end",
    ),
    (
        "cleanups in cycles",
        "n = containers.Map(); n('n') = 0;
for i = 1:N, f(n); end
function f(n)
  m = containers.Map(); m('me') = m; m('guard') = onCleanup(@() bump(n));
end
function bump(n), n('n') = n('n') + 1; end",
    ),
    (
        "tasks",
        "for i = 1:N, await(spawn(work(i))); end
async function y = work(i), yield_now(); y = i; end",
    ),
    (
        "cancelled tasks with cleanup",
        "for i = 1:N, p = promise(); t = spawn(work(p)); await(p); cancel(t); try, await(t); catch, end, end
async function work(p), c = onCleanup(@() 1); complete(p, 1); pause(100); end",
    ),
    (
        "timeouts, races and joins",
        "for i = 1:N
  try, await(promise(), 'Timeout', 0); catch, end
  race(w(), promise()); await_all(w(), w());
end
async function y = w(), yield_now(); y = 1; end",
    ),
    (
        "errors with causes",
        "for i = 1:N
  try, await(w()); catch e, end
end
async function w(), throw(addCause(MException('a:b', 'm'), MException('c:d', 'n'))); end",
    ),
];

/// Bytes that live after a program has ended and its variables were dropped.
fn left_by(session: &Session, programs: &[Arc<Program>; 2]) -> usize {
    for program in programs {
        let result = testing::block_on(session.execute_program(program));
        assert!(result.error.is_none(), "{:?}", result.error);
    }
    dhat::HeapStats::get().curr_bytes
}

#[test]
fn ten_thousand_of_anything_leave_nothing() {
    // Backtraces are what takes time here.
    let profiler = dhat::Profiler::builder().testing();
    let _profiler = profiler.trim_backtraces(Some(4)).build();
    for (name, program) in PROGRAMS {
        let (host, policy) = testing::offline();
        let session = Session::new(host, policy, None, SessionOptions::default());
        // A session keeps its programs, so each is compiled once.
        let programs = [&program.replace('N', "10000"), "clear"].map(|text| {
            let source = [Source::new("main.m", text)];
            session.compile(&source).expect("the program is right")
        });
        // The first run makes room that is kept; what the second adds to it is left over.
        let once = left_by(&session, &programs);
        let twice = left_by(&session, &programs);
        // Room varies by some kilobytes; ten thousand of anything are more.
        assert!(
            twice <= once + 32_768,
            "{name}: {once} and {twice} bytes\n{program}"
        );
        testing::block_on(session.close()).expect("nothing runs");
        let mut left = session.ledger();
        left.retain(|_, count| *count > 0);
        assert!(left.is_empty(), "{name}: {left:?}");
    }
}

#[test]
fn the_ledger_sees_what_is_left() {
    let (host, policy) = testing::offline();
    let session = Session::new(host, policy, None, SessionOptions::default());
    let result = testing::block_on(session.execute("m = containers.Map(); m('m') = m;"));
    assert!(result.error.is_none(), "{:?}", result.error);
    let ledger = session.ledger();
    assert!(ledger.values().any(|count| *count > 0), "{ledger:?}");
}
