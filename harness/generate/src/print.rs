//! From the tree of a program to its text.

use std::collections::BTreeSet;
use std::fmt::{self, Write};

use crate::helpers::Helper;
use crate::program::{
    AllForm, Block, Call, CallForm, Callback, Cleanup, Formula, KEYS, Key, Local, OwnKind,
    PRIORITIES, Program, RaceForm, Statement, Throw,
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

    fn called(&mut self, call: &Call, form: CallForm, to: Local, n: u32) {
        self.next_name();
        let may_fail = self.may_fail(call);
        let call = self.call(call, 0);
        match form {
            CallForm::Await => self.take(to, &format!("await({call})"), may_fail, n),
            CallForm::LongTimeout => {
                let value = format!("await({call}, 'Timeout', 100000)");
                self.take(to, &value, may_fail, n);
            }
            CallForm::ExpressionBlock => {
                self.line(&format!("f{n} = async @() await({call}) + 1;"));
                self.take(to, &format!("await(f{n})"), may_fail, n);
            }
            CallForm::StatementBlock => {
                self.line(&format!("f{n} = async @() do"));
                self.lines_inside([
                    &format!("z{n} = await({call});"),
                    "yield_now();",
                    &format!("z{n} + 1;"),
                ]);
                self.line("end;");
                self.take(to, &format!("await(f{n})"), may_fail, n);
            }
            CallForm::Then => {
                self.line(&format!("f{n} = spawn({call});"));
                self.line(&format!("g{n} = then(f{n}, @(v) v + 1);"));
                self.take(to, &format!("await(g{n})"), may_fail, n);
            }
            CallForm::Shared(count) => {
                self.need(Helper::Waiter);
                self.line(&format!("f{n} = {call};"));
                self.line(&format!("g{n} = cell(1, {count});"));
                self.line(&format!("for i{n} = 1:{count}"));
                self.lines_inside([&format!("g{n}{{i{n}}} = spawn(waiter(f{n}));")]);
                self.line("end");
                self.take(to, &format!("await(f{n})"), may_fail, n);
                self.line(&format!("r{n} = await_all(g{n});"));
                self.take(to, &format!("sum(cellfun(@(v) v, r{n}))"), false, n);
            }
        }
    }

    fn spawned(&mut self, statement: &Statement, n: u32) {
        let Statement::Spawn {
            call,
            priority,
            callbacks,
            between,
            to,
        } = statement
        else {
            unreachable!("a spawn");
        };
        self.next_name();
        let may_fail = self.may_fail(call);
        let call = self.call(call, 0);
        let options = priority.map_or(String::new(), |priority| {
            let priority = PRIORITIES[usize::from(priority) % PRIORITIES.len()];
            format!(", 'Priority', '{priority}', 'Name', 'task{n}'")
        });
        self.line(&format!("f{n} = spawn({call}{options});"));
        for callback in callbacks {
            let (name, function) = match callback {
                Callback::Success(key) => {
                    self.need(Helper::Bump);
                    ("on_success", format!("@(v) bump(m, {key}, mod(v, 7))"))
                }
                Callback::Failure(key) => {
                    self.need(Helper::Bump);
                    (
                        "on_failure",
                        format!("@(e) bump(m, {key}, numel(e.message))"),
                    )
                }
                Callback::Complete(key) => {
                    self.need(Helper::SlowBump);
                    (
                        "on_complete",
                        format!("@(g) slow_bump(m, {key}, numel(g.State))"),
                    )
                }
                Callback::Throws => (
                    "on_complete",
                    "@(g) error('g:callback', 'a callback failed')".to_string(),
                ),
            };
            self.line(&format!("{name}(f{n}, {function});"));
        }
        self.block(between);
        self.take(*to, &format!("await(f{n})"), may_fail, n);
    }

    fn all(&mut self, calls: &[Call], form: AllForm, to: Local, n: u32) {
        self.next_name();
        let calls: Vec<String> = calls
            .iter()
            .enumerate()
            .map(|(place, call)| self.call(call, place + 1))
            .collect();
        let list = calls.join(", ");
        match form {
            AllForm::Arguments if !calls.is_empty() => {
                self.line(&format!("r{n} = await_all({list});"));
            }
            AllForm::LongTimeout if !calls.is_empty() => {
                self.line(&format!("r{n} = await_all({list}, 'Timeout', 100000);"));
            }
            // `await_all()` without members is another thing.
            AllForm::Cell | AllForm::Arguments | AllForm::LongTimeout => {
                self.line(&format!("r{n} = await_all({{{list}}});"));
            }
            AllForm::Spawned => {
                self.line(&format!("f{n} = {{}};"));
                for call in &calls {
                    self.line(&format!("f{n}{{end + 1}} = spawn({call});"));
                }
                self.line(&format!("r{n} = await_all(f{n});"));
            }
        }
        self.line(&format!("for i{n} = 1:numel(r{n})"));
        self.lines_inside([&format!("{to} = mod({to} + i{n} * r{n}{{i{n}}}, 1009);")]);
        self.line("end");
    }

    fn set(&mut self, calls: &[Call], is_unordered: bool, to: Local, n: u32) {
        self.next_name();
        let count = calls.len();
        let calls: Vec<String> = calls
            .iter()
            .enumerate()
            .map(|(place, call)| self.call(call, place + 1))
            .collect();
        let next = if is_unordered {
            let members: Vec<String> = calls.iter().map(|call| format!("spawn({call})")).collect();
            let members = members.join(", ");
            self.line(&format!("j{n} = futures_unordered({{{members}}});"));
            "next"
        } else {
            self.line(&format!("j{n} = joinset();"));
            for call in &calls {
                self.line(&format!("add(j{n}, {call});"));
            }
            "join_next"
        };
        self.line(&format!("s{n} = 0;"));
        self.line(&format!("for i{n} = 1:{count}"));
        self.depth += 1;
        self.line("try");
        self.lines_inside([
            &format!("[v{n}, x{n}] = {next}(j{n});"),
            &format!("s{n} = s{n} + v{n} * x{n};"),
        ]);
        self.line(&format!("catch e{n}"));
        self.lines_inside([&format!("s{n} = s{n} + numel(e{n}.message);")]);
        self.line("end");
        self.depth -= 1;
        self.line("end");
        // Which member came last is not for the workspace to tell.
        self.line(&format!("v{n} = 0; x{n} = 0; e{n} = 0;"));
        self.take(to, &format!("s{n}"), false, n);
    }

    fn race(&mut self, milliseconds: &[u8], form: RaceForm, to: Local, n: u32) {
        self.need(Helper::Nap);
        let first_fails = match form {
            RaceForm::Race => false,
            RaceForm::Any | RaceForm::AllFails => true,
        };
        let member = |(place, length): (usize, &u8)| match first_fails && place == 0 {
            true => format!("sour({})", seconds(*length)),
            false => format!("nap(m, {}, {})", seconds(*length), place + 1),
        };
        let members: Vec<String> = milliseconds.iter().enumerate().map(member).collect();
        let members = members.join(", ");
        if first_fails {
            self.need(Helper::Sour);
        }
        let (function, result) = match form {
            RaceForm::Race => ("race", format!("v{n} * 10 + x{n}")),
            RaceForm::Any => ("await_any", format!("v{n} * 10 + x{n}")),
            RaceForm::AllFails => {
                let value = format!("numel(await_all({members}))");
                return self.take(to, &value, true, n);
            }
        };
        self.line("try");
        self.lines_inside([
            &format!("[v{n}, x{n}] = {function}({members});"),
            &format!("{to} = mod({to} + {result}, 1009);"),
        ]);
        self.caught(to, n);
        self.line("end");
    }

    fn relay(&mut self, length: u8, formula: &Formula, to: Local, n: u32) {
        self.need(Helper::Relay);
        let last = length + 1;
        self.line(&format!(
            "p{n} = cell(1, {last}); f{n} = cell(1, {length});"
        ));
        self.line(&format!(
            "for i{n} = 1:{last}, p{n}{{i{n}}} = promise(); end"
        ));
        self.line(&format!("for i{n} = 1:{length}"));
        self.lines_inside([&format!(
            "f{n}{{i{n}}} = spawn(relay(p{n}{{i{n}}}, p{n}{{i{n} + 1}}, i{n}));"
        )]);
        self.line("end");
        self.line(&format!("complete(p{n}{{1}}, {formula});"));
        self.take(to, &format!("await(p{n}{{{last}}})"), false, n);
        self.line(&format!("r{n} = await_all(f{n});"));
        self.take(to, &format!("numel(r{n})"), false, n);
    }

    fn latch(&mut self, count: u8, to: Local, n: u32) {
        self.need(Helper::Arrive);
        self.own_map(n);
        self.line(&format!("w{n}('left') = {count}; w{n}('sum') = 0;"));
        self.line(&format!("p{n} = promise(); f{n} = cell(1, {count});"));
        self.line(&format!("for i{n} = 1:{count}"));
        self.lines_inside([&format!("f{n}{{i{n}}} = spawn(arrive(w{n}, p{n}, i{n}));")]);
        self.line("end");
        self.take(to, &format!("await(p{n})"), false, n);
        self.line(&format!("await_all(f{n});"));
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
