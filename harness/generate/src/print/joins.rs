//! Statements with tasks in them: calls, joins, races, promises.

use super::{Printer, seconds};
use crate::helpers::Helper;
use crate::program::{
    AllForm, Call, CallForm, Callback, Formula, Local, PRIORITIES, RaceForm, Statement,
};

impl Printer<'_> {
    pub(super) fn called(&mut self, call: &Call, form: CallForm, to: Local, n: u32) {
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

    pub(super) fn spawned(&mut self, statement: &Statement, n: u32) {
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

    pub(super) fn all(&mut self, calls: &[Call], form: AllForm, to: Local, n: u32) {
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

    pub(super) fn set(&mut self, calls: &[Call], is_unordered: bool, to: Local, n: u32) {
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

    pub(super) fn race(&mut self, milliseconds: &[u8], form: RaceForm, to: Local, n: u32) {
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

    pub(super) fn relay(&mut self, length: u8, formula: &Formula, to: Local, n: u32) {
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

    pub(super) fn latch(&mut self, count: u8, to: Local, n: u32) {
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
}
