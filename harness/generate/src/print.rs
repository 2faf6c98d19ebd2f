//! From the tree of a program to its text.

mod joins;

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use crate::helpers::Helper;
use crate::program::{
    Block, Call, Cleanup, Formula, KEYS, Key, Local, OwnKind, Program, Statement, Throw,
};

impl fmt::Display for Local {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Local::A => "a",
            Local::B => "b",
            Local::C => "c",
        })
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "mod({} * {} + {} + {}, 1009)",
            self.left, self.factor, self.right, self.plus
        )
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "'k{}'", self.0)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names_files = self.any(&mut |statement| matches!(statement, Statement::File { .. }));
        let mut printer = Printer {
            text: String::new(),
            program: self,
            helpers: BTreeSet::new(),
            names_files,
            depth: 0,
            last: 0,
        };
        printer.main();
        let reached = self.reached();
        for (index, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            printer.function(index);
        }
        for helper in &printer.helpers {
            printer.text.push('\n');
            printer.text.push_str(helper.text());
        }
        out.write_str(&printer.text)
    }
}

struct Printer<'a> {
    text: String,
    program: &'a Program,
    helpers: BTreeSet<Helper>,
    /// Whether bodies carry a name that no other run of a body has.
    names_files: bool,
    depth: usize,
    /// The number of the last temporary of the body.
    last: u32,
}

impl Printer<'_> {
    fn line(&mut self, line: &str) {
        let depth = self.depth * 2;
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{:depth$}{line}", "");
    }

    fn inside(&mut self, block: &Block) {
        self.depth += 1;
        self.block(block);
        self.depth -= 1;
    }

    /// Lines one level deeper.
    fn lines_inside<const N: usize>(&mut self, lines: [&str; N]) {
        self.depth += 1;
        lines.into_iter().for_each(|line| self.line(line));
        self.depth -= 1;
    }

    fn block(&mut self, block: &Block) {
        for statement in block {
            self.last += 1;
            let number = self.last;
            self.statement(statement, number);
        }
    }

    fn need(&mut self, helper: Helper) {
        if self.helpers.insert(helper) {
            helper.needs().iter().for_each(|needed| self.need(*needed));
        }
    }

    fn main(&mut self) {
        self.line("m = containers.Map('KeyType', 'char', 'ValueType', 'double');");
        for key in 0..KEYS {
            self.line(&format!("m({}) = 0;", Key(key)));
        }
        let detaches = &mut |statement: &Statement| matches!(statement, Statement::Detach { .. });
        let detaches = self.program.any(detaches);
        if detaches {
            self.line("m('live') = 0;");
        }
        self.line("a = 1; b = 2; c = 3;");
        if self.names_files {
            self.line("id = 'main'; q = 0;");
        }
        self.block(&self.program.main);
        if detaches {
            // A task that is waited for here may detach another one.
            self.line("while m('live') > 0");
            self.line("  await_all();");
            self.line("end");
            // How often it was called is not for the workspace to tell.
            self.line("ans = 0;");
        }
        self.line("fprintf('%d %d %d\\n', a, b, c);");
        for key in 0..KEYS {
            self.line(&format!("fprintf('k{key} %d\\n', m({}));", Key(key)));
        }
    }

    fn function(&mut self, index: usize) {
        self.last = 0;
        let function = &self.program.functions[index];
        let id = if self.names_files { "id, " } else { "" };
        self.line("");
        self.line(&format!("async function y = t{index}(m, {id}a)"));
        self.depth = 1;
        self.line("b = 2; c = 3;");
        if self.names_files {
            self.line("q = 0;");
        }
        if let Some(cleanup) = function.cleanup {
            let Cleanup { key, is_slow } = cleanup;
            let helper = if is_slow {
                Helper::SlowBump
            } else {
                Helper::Bump
            };
            self.need(helper);
            let name = if is_slow { "slow_bump" } else { "bump" };
            self.line(&format!("o = onCleanup(@() {name}(m, {key}, a));"));
        }
        self.block(&function.body);
        if function.may_fail {
            self.line("if mod(a, 2) == 0");
            self.line(&format!(
                "  error('g:t{index}', 'thrown by {index}: %d', a);"
            ));
            self.line("end");
        }
        self.line("y = mod(a + b * 2 + c * 3, 1009);");
        self.depth = 0;
        self.line("end");
    }

    /// The call as an expression; `place` tells the calls of one statement apart.
    fn call(&self, call: &Call, place: usize) -> String {
        let id = match (self.names_files, place) {
            (false, _) => String::new(),
            (true, 0) => "sprintf('%s_%d', id, q), ".to_string(),
            (true, place) => format!("sprintf('%s_%d_{place}', id, q), "),
        };
        format!("t{}(m, {id}{})", call.callee, call.argument)
    }

    fn next_name(&mut self) {
        if self.names_files {
            self.line("q = q + 1;");
        }
    }

    fn may_fail(&self, call: &Call) -> bool {
        self.program.functions[call.callee].may_fail
    }

    /// Adds `value`, an expression that may throw when `may_fail`, to a local.
    fn take(&mut self, to: Local, value: &str, may_fail: bool, number: u32) {
        let taken = format!("{to} = mod({to} + {value}, 1009);");
        if !may_fail {
            return self.line(&taken);
        }
        self.line("try");
        self.lines_inside([&taken]);
        self.caught(to, number);
        self.line("end");
    }

    /// A `catch` that turns the error into a number.
    fn caught(&mut self, to: Local, number: u32) {
        self.line(&format!("catch e{number}"));
        self.lines_inside([&format!(
            "{to} = mod({to} + numel(e{number}.identifier) * 100 + numel(e{number}.message), 1009);"
        )]);
    }

    fn statement(&mut self, statement: &Statement, n: u32) {
        match statement {
            Statement::Compute { to, formula } => self.line(&format!("{to} = {formula};")),
            Statement::Add {
                key,
                formula,
                by_function: false,
            } => self.line(&format!("m({key}) = m({key}) + {formula};")),
            Statement::Add { key, formula, .. } => {
                self.need(Helper::Bump);
                self.line(&format!("bump(m, {key}, {formula});"));
            }
            Statement::Yield => self.line("yield_now();"),
            Statement::Sleep {
                milliseconds,
                is_awaited,
            } => {
                let seconds = seconds(*milliseconds);
                self.line(&match is_awaited {
                    true => format!("await(sleep_async({seconds}));"),
                    false => format!("pause({seconds});"),
                });
            }
            Statement::If {
                on,
                then,
                otherwise,
            } => {
                self.line(&format!("if mod({on}, 2) == 0"));
                self.inside(then);
                if !otherwise.is_empty() {
                    self.line("else");
                    self.inside(otherwise);
                }
                self.line("end");
            }
            Statement::Loop { .. } => self.looped(statement, n),
            Statement::Try { .. } => self.tried(statement, n),
            Statement::Unwind { body, cleanup } => {
                self.line("unwind_protect");
                self.inside(body);
                self.line("unwind_protect_cleanup");
                self.inside(cleanup);
                self.line("end_unwind_protect");
            }
            Statement::Guarded { key, formula } => {
                self.need(Helper::Guarded);
                self.line("try");
                self.lines_inside([&format!("guarded(m, {key}, {formula});")]);
                self.caught(Local::C, n);
                self.line("end");
            }
            Statement::Own {
                kind,
                count,
                yields,
                to,
            } => self.own(*kind, *count, *yields, *to, n),
            Statement::Call { call, form, to } => self.called(call, *form, *to, n),
            Statement::Spawn { .. } => self.spawned(statement, n),
            Statement::All { calls, form, to } => self.all(calls, *form, *to, n),
            Statement::Set {
                calls,
                is_unordered,
                to,
            } => self.set(calls, *is_unordered, *to, n),
            Statement::Race {
                milliseconds,
                form,
                to,
            } => self.race(milliseconds, *form, *to, n),
            Statement::Timeout {
                sleep_milliseconds,
                limit_milliseconds,
                to,
            } => {
                self.need(Helper::Nap);
                let sleep = seconds(*sleep_milliseconds);
                let limit = seconds(*limit_milliseconds);
                let value = format!("await(nap(m, {sleep}, {n}), 'Timeout', {limit})");
                self.take(*to, &value, true, n);
            }
            Statement::Cancel {
                has_begun,
                swallows,
                to,
            } => {
                self.need(Helper::Sleepy);
                self.line(&format!("f{n} = spawn(sleepy(m, {swallows}));"));
                if *has_begun {
                    self.line("pause(0.002);");
                }
                self.line(&format!("{to} = {to} + cancel(f{n});"));
                self.take(*to, &format!("await(f{n})"), true, n);
                self.line(&format!("{to} = {to} + numel(f{n}.State);"));
            }
            Statement::Relay {
                length,
                formula,
                to,
            } => self.relay(*length, formula, *to, n),
            Statement::FailedPromise { to } => {
                self.need(Helper::Failer);
                self.line(&format!("p{n} = promise();"));
                self.line(&format!("f{n} = spawn(failer(p{n}));"));
                self.take(*to, &format!("await(p{n})"), true, n);
                self.take(*to, &format!("await(f{n})"), false, n);
            }
            Statement::Latch { count, to } => self.latch(*count, *to, n),
            Statement::Handoff { count, between, to } => {
                self.need(Helper::Fill);
                self.own_map(n);
                self.line(&format!("w{n}('v') = {to};"));
                self.line(&format!("f{n} = spawn(fill(w{n}, {count}));"));
                self.block(between);
                self.take(*to, &format!("await(f{n}) + w{n}('v')"), false, n);
            }
            Statement::File {
                is_async,
                is_deleted,
                formula,
                to,
            } => self.file(*is_async, *is_deleted, formula, *to, n),
            Statement::MissingFile { is_async, to } => {
                let read = match is_async {
                    true => "await(read_async('nowhere.txt'))",
                    false => "fileread('nowhere.txt')",
                };
                self.take(*to, &format!("numel({read})"), true, n);
            }
            Statement::Deep { depth, to } => {
                self.need(Helper::Countdown);
                self.take(*to, &format!("await(countdown({depth}))"), false, n);
            }
            Statement::Litmus { litmus, to } => {
                litmus.needs().iter().for_each(|helper| self.need(*helper));
                let text = litmus.text().replace('#', &n.to_string());
                for line in text.replace("TO", &to.to_string()).lines() {
                    self.line(line);
                }
            }
            Statement::Detach { call } => {
                self.next_name();
                let call = self.call(call, 0);
                self.need(Helper::Detached);
                self.line("m('live') = m('live') + 1;");
                self.line(&format!("spawn(detached(m, {call}));"));
            }
            Statement::Unobserved => {
                self.need(Helper::Sour);
                self.line(&format!("f{n} = spawn(sour(0.001));"));
                self.line("pause(0.002);");
            }
        }
    }

    fn looped(&mut self, statement: &Statement, n: u32) {
        let Statement::Loop {
            times,
            is_while,
            exit,
            body,
            finally,
        } = statement
        else {
            unreachable!("a loop");
        };
        if *is_while {
            self.line(&format!("i{n} = 0;"));
            self.line(&format!("while i{n} < {times}"));
            self.lines_inside([&format!("i{n} = i{n} + 1;")]);
        } else {
            self.line(&format!("for i{n} = 1:{times}"));
        }
        self.depth += 1;
        if !finally.is_empty() {
            self.line("try");
            self.depth += 1;
        }
        if let Some(exit) = exit {
            let word = if exit.is_break { "break" } else { "continue" };
            self.line(&format!("if i{n} == {}, {word}; end", exit.round));
        }
        self.block(body);
        if !finally.is_empty() {
            self.depth -= 1;
            self.line("finally");
            self.inside(finally);
            self.line("end");
        }
        self.depth -= 1;
        self.line("end");
    }

    fn tried(&mut self, statement: &Statement, n: u32) {
        let Statement::Try {
            body,
            on,
            error,
            caught,
            finally,
        } = statement
        else {
            unreachable!("a try");
        };
        self.line("try");
        self.inside(body);
        let thrown = match error {
            Throw::Error => format!("error('g:e{n}', 'thrown %d', {on});"),
            Throw::Index => format!("r{n} = [1 2 3]; {on} = r{n}(4);"),
            Throw::Undefined => format!("{on} = no_such_name_{n};"),
            Throw::Rethrow => {
                format!(
                    "try, error('g:r{n}', 'again'); catch r{n}, yield_now(); rethrow(r{n}); end"
                )
            }
            Throw::Awaited => format!("await(async @() error('g:w{n}', 'awaited'));"),
        };
        self.lines_inside([
            &format!("if mod({on}, 2) == 0"),
            &format!("  {thrown}"),
            "end",
        ]);
        self.caught(*on, n);
        self.inside(caught);
        if !finally.is_empty() {
            self.line("finally");
            self.inside(finally);
        }
        self.line("end");
    }

    fn own_map(&mut self, n: u32) {
        self.line(&format!(
            "w{n} = containers.Map('KeyType', 'char', 'ValueType', 'double');"
        ));
    }

    fn own(&mut self, kind: OwnKind, count: u8, yields: bool, to: Local, n: u32) {
        let step = match kind {
            OwnKind::Map => {
                self.own_map(n);
                format!("w{n}(sprintf('%d', i{n})) = {to} + i{n};")
            }
            OwnKind::Cell => {
                self.line(&format!("w{n} = {{}};"));
                format!("w{n}{{end + 1}} = {to} + i{n};")
            }
            OwnKind::Row => {
                self.line(&format!("w{n} = [];"));
                format!("w{n}(end + 1) = {to} + i{n};")
            }
            OwnKind::Struct => {
                self.line(&format!("w{n}.n = 0; w{n}.s.v = [];"));
                format!("w{n}.n = w{n}.n + 1; w{n}.s.v(w{n}.n) = {to} + i{n};")
            }
        };
        self.line(&format!("for i{n} = 1:{count}"));
        self.lines_inside([&step]);
        if yields {
            self.lines_inside(["yield_now();"]);
        }
        self.line("end");
        let sum = match kind {
            OwnKind::Map => {
                let sum = format!("x{n} = x{n} + w{n}(v{n}{{1}});");
                self.line(&format!("x{n} = w{n}.Count;"));
                self.line(&format!("for v{n} = keys(w{n})"));
                self.lines_inside([&sum]);
                self.line("end");
                format!("x{n}")
            }
            OwnKind::Cell => format!("sum(cellfun(@(v) v * 2, w{n}))"),
            OwnKind::Row => format!("sum(w{n} .* (1:{count}))"),
            OwnKind::Struct => format!("sum(w{n}.s.v) + w{n}.n"),
        };
        self.take(to, &sum, false, n);
    }

    fn file(&mut self, is_async: bool, is_deleted: bool, formula: &Formula, to: Local, n: u32) {
        self.next_name();
        self.line(&format!("n{n} = sprintf('%s_%d.txt', id, q);"));
        let text = format!("sprintf('%d', {formula})");
        let read = if is_async {
            self.line(&format!("await(write_async(n{n}, {text}));"));
            format!("await(read_async(n{n}))")
        } else {
            self.line(&format!("filewrite(n{n}, {text});"));
            format!("fileread(n{n})")
        };
        self.take(to, &format!("str2double({read})"), false, n);
        if is_deleted {
            self.line(&match is_async {
                true => format!("await(delete_async(n{n}));"),
                false => format!("delete(n{n});"),
            });
        }
        let exists = match is_async {
            true => format!("await(exists_async(n{n}))"),
            false => format!("isfile(n{n})"),
        };
        self.take(to, &exists, false, n);
    }
}

/// Milliseconds as the language writes seconds.
fn seconds(milliseconds: u8) -> String {
    format!("0.{milliseconds:03}")
}
