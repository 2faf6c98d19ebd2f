//! Whole programs on the offline host: what they print, and that nothing is left.

use tourbillon_session::{Session, SessionOptions, testing};

/// Runs a program, closes the session, and gives its output with the uncaught error at the end.
fn run(program: &str) -> String {
    let (host, policy) = testing::offline();
    let session = Session::new(host.clone(), policy, None, SessionOptions::default());
    let mut result = testing::block_on(session.execute(program));
    // What the result holds would count as left over.
    result.values.clear();
    testing::block_on(session.close()).expect("nothing runs");
    let left: Vec<_> = session
        .ledger()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .collect();
    assert!(left.is_empty(), "left over: {left:?}\n{program}");
    let mut output = host.output();
    for diagnostic in &result.diagnostics {
        output += &format!("[{}: {}]\n", diagnostic.identifier(), diagnostic.message());
    }
    if let Some(error) = result.error {
        output += &format!("error {}: {}\n", error.identifier(), error.message());
    }
    output
}

fn check(program: &str, expected: &str) {
    assert_eq!(run(program), expected, "{program}");
}

#[test]
fn sequential_programs() {
    check("x = 1 + 2; fprintf('%d\\n', x);", "3\n");
    check(
        "s = 0; for i = 1:10, s = s + mod(i, 7) * 2; end, fprintf('%g\\n', s)",
        "54\n",
    );
    check(
        "function y = f(x), y = x * 2; end\nfprintf('%d\\n', f(f(3)));",
        "12\n",
    );
    check(
        "c = {1, 'a', [1 2 3]}; fprintf('%d\\n', numel(c{3})); c{end+1} = 4; fprintf('%d\\n', numel(c));",
        "3\n4\n",
    );
    check("s.a.b(3) = 7; fprintf('%d ', s.a.b);", "0 0 7 ");
    check("f = @(x, y) x + y; fprintf('%d\\n', f(2, 3));", "5\n");
    check(
        "k = 5; f = @(x) x + k; k = 7; fprintf('%d\\n', f(1));",
        "6\n",
    );
    check(
        "r = cellfun(@(x) numel(x), {1, [1 2], 'abc'}); fprintf('%d ', r);",
        "1 2 3 ",
    );
    check(
        "m = containers.Map(); m('a') = 1; m('b') = 2; fprintf('%d %d\\n', m.Count, m('b'));",
        "2 2\n",
    );
    check("while true, break, end, disp('x')", "x\n");
    check(
        "function varargout = g(varargin), for i = 1:nargout, varargout{i} = varargin{i} * 10; end, end\n[a, b] = g(1, 2, 3); fprintf('%d %d\\n', a, b);",
        "10 20\n",
    );
}

#[test]
fn errors_and_cleanup() {
    check(
        "try, error('a:b', 'm %d', 3); catch e, fprintf('%s|%s\\n', e.identifier, e.message); end",
        "a:b|m 3\n",
    );
    check(
        "try, undefd_x; catch e, fprintf('%s\\n', e.identifier); end",
        "MATLAB:UndefinedFunction\n",
    );
    check("error('x:y', 'boom')", "error x:y: boom\n");
    check(
        "function f(), c = onCleanup(@() disp('clean')); disp('body'); end\nf(); disp('after')",
        "body\nclean\nafter\n",
    );
    check(
        "function f(), c1 = onCleanup(@() disp('c1')); c2 = onCleanup(@() disp('c2')); error('o:c', 'boom'); end\ntry, f(); catch e, disp(e.identifier), end",
        "c1\nc2\no:c\n",
    );
    check(
        "c = onCleanup(@() disp('A')); c = onCleanup(@() disp('B')); disp('x'); clear c",
        "A\nx\nB\n",
    );
    check(
        "for i = 1:2, try, if i == 1, continue, end, disp(i); finally, disp('f'); end, end",
        "f\n     2\nf\n",
    );
    check(
        "unwind_protect, error('u:p', 'x'); unwind_protect_cleanup, disp('cleanup'); end_unwind_protect",
        "cleanup\nerror u:p: x\n",
    );
    check(
        "function r(), r(); end\ntry, r(); catch e, disp(e.identifier), end",
        "MATLAB:recursionLimit\n",
    );
}

#[test]
fn futures_and_tasks() {
    check(
        "async function y = f(x), y = x + 1; end\nfprintf('%d\\n', await(f(1)));",
        "2\n",
    );
    check(
        "async function y = f(), disp('run'); y = 1; end\ng = f(); disp(g.State); await(g); await(g); disp(g.State);",
        "created\nrun\nsuccess\n",
    );
    check(
        "async function w(n), for i = 1:2, fprintf('%s%d ', n, i); yield_now(); end, end\na = spawn(w('a')); b = spawn(w('b')); await_all(a, b); disp('done')",
        "a1 b1 a2 b2 done\n",
    );
    check("f = async @() 41 + 1; fprintf('%d\\n', await(f));", "42\n");
    check(
        "f = async @() do\n x = 3;\n x * 2;\nend;\nfprintf('%d\\n', await(f));",
        "6\n",
    );
    check(
        "async function f(), error('my:id', 'bad'); end\ng = f(); try, await(g); catch e, disp(e.identifier), end, disp(g.State)",
        "my:id\nfailure\n",
    );
    check(
        "p = promise(); t = spawn(@() fprintf('%d\\n', 1)); complete(p, 5); fprintf('%d\\n', await(p)); await(t);",
        "5\n1\n",
    );
    check(
        "p = promise(); await(p);",
        "error async:Deadlock: Deadlock: main waits for promise #2 of main, which nobody completes\n",
    );
    check(
        "tic_ = 1; a = sleep_async(0.2); b = sleep_async(0.1); on_complete(a, @(f) disp('a')); on_complete(b, @(f) disp('b')); await_all(a, b);",
        "b\na\n",
    );
    check(
        "async function f(), error('my:id', 'bad'); end\nspawn(f()); yield_now();",
        "[async:UnhandledFailure: A future failed and nobody handled it: bad]\n",
    );
}

#[test]
fn cancellation_and_timeouts() {
    check(
        "async function w(), try, pause(10); catch e, disp(e.identifier); rethrow(e); end, end\nt = spawn(w()); yield_now(); cancel(t); try, await(t); catch e, disp(e.identifier); end, disp(t.State)",
        "async:Cancelled\nasync:Cancelled\ncancelled\n",
    );
    check(
        "async function w(), pause(10); end\ntry, await(w(), 'Timeout', 0.5); catch e, disp(e.identifier), end",
        "async:Timeout\n",
    );
    check(
        "async function w(), c = onCleanup(@() disp('clean')); pause(10); end\ntry, await(w(), 'Timeout', 0.5); catch e, disp(e.identifier), end",
        "clean\nasync:Timeout\n",
    );
    check(
        "async function y = w(n, s), pause(s); y = n; end\n[v, i] = race(w(1, 3), w(2, 1)); fprintf('%d %d\\n', v, i);",
        "2 2\n",
    );
    check(
        "async function y = w(n), yield_now(); if n == 2, error('w:x', 'two'); end, y = n; end\ntry, await_all(w(1), w(2), w(3)); catch e, disp(e.identifier), end",
        "w:x\n",
    );
    check(
        "async function y = w(n), yield_now(); y = n; end\nc = await_all(w(1), w(2), w(3)); fprintf('%d ', c{:});",
        "1 2 3 ",
    );
    check(
        "js = joinset(); async function y = w(n, s), pause(s); y = n; end\nadd(js, w(1, 2)); add(js, w(2, 1)); [v, i] = join_next(js); fprintf('%d %d\\n', v, i); [v, i] = join_next(js); fprintf('%d %d\\n', v, i); [v, i] = join_next(js); fprintf('%d %d\\n', numel(v), i);",
        "2 2\n1 1\n0 0\n",
    );
}
