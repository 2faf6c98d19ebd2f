//! From bytes to the tree of a program: any bytes make one, none makes an empty one.

use arbitrary::Unstructured;

use crate::litmus::Litmus;
use crate::program::{
    AllForm, Block, Call, CallForm, Callback, Cleanup, Exit, Formula, Function, KEYS, Key, Local,
    OwnKind, PRIORITIES, Program, RaceForm, Statement, Throw,
};

/// How many statements one call of a function may come to, with all that it calls.
const FUNCTION_FUEL: u32 = 40;

/// How many statements the whole program may come to.
const MAIN_FUEL: u32 = 240;

/// How deep blocks nest.
const DEEPEST: u32 = 3;

impl Program {
    /// The program that `bytes` stand for.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Program {
        let mut generator = Generator {
            bytes: Unstructured::new(bytes),
            callable: Vec::new(),
            is_main: false,
        };
        let count = generator.draw(4);
        // Callees first: what a call costs and whether it may fail is known when it is made.
        for _ in 0..count {
            generator.function();
        }
        generator.is_main = true;
        let mut fuel = MAIN_FUEL;
        let mut main = generator.block(0, 1, &mut fuel, 8);
        let mut functions: Vec<Function> = generator
            .callable
            .into_iter()
            .map(|callable| callable.function)
            .collect();
        // Functions call later ones, and the last one made is the first.
        let last = functions.len().saturating_sub(1);
        functions.reverse();
        for function in &mut functions {
            renumber(&mut function.body, last);
        }
        renumber(&mut main, last);
        Program { functions, main }
    }
}

fn renumber(block: &mut Block, last: usize) {
    for statement in block {
        match statement {
            Statement::Call { call, .. }
            | Statement::Spawn { call, .. }
            | Statement::Detach { call } => call.callee = last - call.callee,
            Statement::All { calls, .. } | Statement::Set { calls, .. } => {
                for call in calls {
                    call.callee = last - call.callee;
                }
            }
            _ => {}
        }
        for inner in statement.blocks_mut() {
            renumber(inner, last);
        }
    }
}

/// A function that can be called.
struct Callable {
    function: Function,
    cost: u32,
}

struct Generator<'a> {
    bytes: Unstructured<'a>,
    callable: Vec<Callable>,
    is_main: bool,
}

impl Generator<'_> {
    /// A number from 0 to `last`; 0 when no bytes are left.
    fn draw(&mut self, last: u8) -> u8 {
        self.bytes.int_in_range(0..=last).unwrap_or(0)
    }

    fn flip(&mut self) -> bool {
        self.draw(1) == 1
    }

    fn pick<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
        from[usize::from(self.draw(N as u8 - 1))]
    }

    fn local(&mut self) -> Local {
        self.pick([Local::A, Local::B, Local::C])
    }

    fn key(&mut self) -> Key {
        Key(self.draw(KEYS - 1))
    }

    fn formula(&mut self) -> Formula {
        // One byte tells the shape: programs stay short in bytes.
        let byte = self.draw(u8::MAX);
        let local = |bits: u8| match bits % 3 {
            0 => Local::A,
            1 => Local::B,
            _ => Local::C,
        };
        Formula {
            left: local(byte & 3),
            factor: 1 + (byte >> 2 & 3),
            right: local(byte >> 4 & 3),
            plus: byte >> 5,
        }
    }

    fn function(&mut self) {
        let mut fuel = FUNCTION_FUEL;
        let body = self.block(0, 1, &mut fuel, 5);
        let may_fail = self.draw(3) == 3;
        let cleanup = match self.draw(3) {
            3 => Some(Cleanup {
                key: self.key(),
                is_slow: self.flip(),
            }),
            _ => None,
        };
        self.callable.push(Callable {
            function: Function {
                body,
                may_fail,
                cleanup,
            },
            cost: FUNCTION_FUEL - fuel + 3,
        });
    }

    /// A block of at most `longest` statements, each of which runs `times` times.
    fn block(&mut self, depth: u32, times: u32, fuel: &mut u32, longest: u8) -> Block {
        let length = self.draw(longest);
        let mut block = Block::new();
        for _ in 0..length {
            if self.bytes.is_empty() {
                break;
            }
            block.push(self.statement(depth, times, fuel));
        }
        block
    }

    /// A block inside a statement.
    fn inner(&mut self, depth: u32, times: u32, fuel: &mut u32) -> Block {
        self.block(depth + 1, times, fuel, 3)
    }

    /// Takes `cost` for each of `times` times, if that much is left.
    fn spend(&mut self, cost: u32, times: u32, fuel: &mut u32) -> bool {
        let whole = cost.saturating_mul(times);
        let enough = *fuel >= whole;
        if enough {
            *fuel -= whole;
        }
        enough
    }

    /// A call that costs no more than is left.
    fn call(&mut self, times: u32, fuel: &mut u32, can_fail: bool) -> Option<Call> {
        let count = self.callable.len();
        let drawn = self.draw(u8::try_from(count).unwrap_or(u8::MAX).saturating_sub(1));
        // The next one that fits, so that few bytes are wasted.
        let callee = (0..count)
            .map(|step| (usize::from(drawn) + step) % count)
            .find(|index| {
                let callable = &self.callable[*index];
                (can_fail || !callable.function.may_fail)
                    && callable.cost.saturating_mul(times) <= *fuel
            })?;
        let cost = self.callable[callee].cost;
        self.spend(cost, times, fuel);
        let argument = self.formula();
        Some(Call { callee, argument })
    }

    fn calls(&mut self, times: u32, fuel: &mut u32, can_fail: bool) -> Vec<Call> {
        let count = self.draw(3) + 1;
        (0..count)
            .map_while(|_| self.call(times, fuel, can_fail))
            .collect()
    }

    /// Lengths of sleeps, all different.
    fn lengths(&mut self) -> Vec<u8> {
        let count = self.draw(2) + 2;
        let mut lengths: Vec<u8> = Vec::new();
        for _ in 0..count {
            let mut length = 1 + self.draw(7);
            while lengths.contains(&length) {
                length = 1 + length % 8;
            }
            lengths.push(length);
        }
        lengths
    }

    fn statement(&mut self, depth: u32, times: u32, fuel: &mut u32) -> Statement {
        let simple = Statement::Compute {
            to: Local::A,
            formula: Formula {
                left: Local::A,
                factor: 2,
                right: Local::B,
                plus: 1,
            },
        };
        if !self.spend(1, times, fuel) {
            return simple;
        }
        self.any_statement(depth, times, fuel).unwrap_or(simple)
    }

    /// A statement of any kind; none when the kind that was drawn does not fit.
    fn any_statement(&mut self, depth: u32, times: u32, fuel: &mut u32) -> Option<Statement> {
        let kinds = if depth < DEEPEST { 39 } else { 31 };
        Some(match self.draw(kinds) {
            0 => Statement::Compute {
                to: self.local(),
                formula: self.formula(),
            },
            1..=3 => Statement::Add {
                key: self.key(),
                formula: self.formula(),
                by_function: self.flip(),
            },
            4 | 5 => Statement::Yield,
            6 => Statement::Sleep {
                milliseconds: self.draw(4),
                is_awaited: self.flip(),
            },
            7 => Statement::Guarded {
                key: self.key(),
                formula: self.formula(),
            },
            8 => Statement::Own {
                kind: self.pick([OwnKind::Map, OwnKind::Cell, OwnKind::Row, OwnKind::Struct]),
                count: 1 + self.draw(2),
                yields: self.flip(),
                to: self.local(),
            },
            9..=11 => Statement::Call {
                call: self.call(times, fuel, true)?,
                form: match self.draw(5) {
                    0 => CallForm::Await,
                    1 => CallForm::LongTimeout,
                    2 => CallForm::ExpressionBlock,
                    3 => CallForm::StatementBlock,
                    4 => CallForm::Then,
                    _ => CallForm::Shared(1 + self.draw(2)),
                },
                to: self.local(),
            },
            12 | 13 => Statement::All {
                calls: self.calls(times, fuel, false),
                form: self.pick([
                    AllForm::Arguments,
                    AllForm::Cell,
                    AllForm::LongTimeout,
                    AllForm::Spawned,
                ]),
                to: self.local(),
            },
            14 | 15 => Statement::Set {
                calls: self.calls(times, fuel, true),
                is_unordered: self.flip(),
                to: self.local(),
            },
            16 => Statement::Race {
                milliseconds: self.lengths(),
                form: self.pick([RaceForm::Race, RaceForm::Any, RaceForm::AllFails]),
                to: self.local(),
            },
            17 => {
                let sleep_milliseconds = 1 + self.draw(7);
                let limit_milliseconds = match self.draw(8) {
                    drawn if drawn == sleep_milliseconds => 9,
                    drawn => drawn,
                };
                Statement::Timeout {
                    sleep_milliseconds,
                    limit_milliseconds,
                    to: self.local(),
                }
            }
            18 => Statement::Cancel {
                has_begun: self.flip(),
                swallows: self.flip(),
                to: self.local(),
            },
            19 => Statement::Relay {
                length: 1 + self.draw(2),
                formula: self.formula(),
                to: self.local(),
            },
            20 => Statement::FailedPromise { to: self.local() },
            21 => Statement::Latch {
                count: 1 + self.draw(2),
                to: self.local(),
            },
            22 => Statement::File {
                is_async: self.flip(),
                is_deleted: self.flip(),
                formula: self.formula(),
                to: self.local(),
            },
            23 => Statement::MissingFile {
                is_async: self.flip(),
                to: self.local(),
            },
            24 => Statement::Deep {
                depth: self.draw(12),
                to: self.local(),
            },
            25 | 26 => Statement::Detach {
                call: self.call(times, fuel, false)?,
            },
            27 if self.is_main => Statement::Unobserved,
            27 => Statement::Yield,
            28..=31 => Statement::Litmus {
                litmus: self.pick(Litmus::ALL),
                to: self.local(),
            },
            32 => Statement::If {
                on: self.local(),
                then: self.inner(depth, times, fuel),
                otherwise: self.inner(depth, times, fuel),
            },
            33 => {
                let rounds = 1 + self.draw(2);
                let times = times * u32::from(rounds);
                Statement::Loop {
                    times: rounds,
                    is_while: self.flip(),
                    exit: match self.draw(2) {
                        2 => Some(Exit {
                            round: 1 + self.draw(rounds - 1),
                            is_break: self.flip(),
                        }),
                        _ => None,
                    },
                    body: self.inner(depth, times, fuel),
                    finally: self.inner(depth, times, fuel),
                }
            }
            34 | 35 => Statement::Try {
                body: self.inner(depth, times, fuel),
                on: self.local(),
                error: self.pick([
                    Throw::Error,
                    Throw::Index,
                    Throw::Undefined,
                    Throw::Rethrow,
                    Throw::Awaited,
                ]),
                caught: self.inner(depth, times, fuel),
                finally: self.inner(depth, times, fuel),
            },
            36 => Statement::Unwind {
                body: self.inner(depth, times, fuel),
                cleanup: self.inner(depth, times, fuel),
            },
            37 | 38 => {
                let call = self.call(times, fuel, true)?;
                let count = self.draw(3);
                Statement::Spawn {
                    call,
                    priority: match self.draw(9) {
                        drawn if drawn < 5 => None,
                        drawn => Some((drawn - 5) % PRIORITIES.len() as u8),
                    },
                    callbacks: (0..count).map(|_| self.callback()).collect(),
                    between: self.inner(depth, times, fuel),
                    to: self.local(),
                }
            }
            _ => Statement::Handoff {
                count: 1 + self.draw(2),
                between: self.inner(depth, times, fuel),
                to: self.local(),
            },
        })
    }

    fn callback(&mut self) -> Callback {
        match self.draw(6) {
            0 | 1 => Callback::Success(self.key()),
            2 | 3 => Callback::Failure(self.key()),
            4 | 5 => Callback::Complete(self.key()),
            _ => Callback::Throws,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudorandom;

    #[test]
    fn no_bytes_make_the_empty_program() {
        let program = Program::from_bytes(&[]);
        assert_eq!(program.functions, []);
        assert_eq!(program.main, []);
    }

    #[test]
    fn calls_go_to_later_functions() {
        fn check(block: &Block, first: usize, count: usize) {
            for statement in block {
                for call in statement.calls() {
                    assert!((first..count).contains(&call.callee), "{statement:?}");
                }
                for inner in statement.blocks() {
                    check(inner, first, count);
                }
            }
        }
        for seed in 0..200 {
            let program = Program::from_bytes(&pseudorandom(seed, 400));
            let count = program.functions.len();
            check(&program.main, 0, count);
            for (index, function) in program.functions.iter().enumerate() {
                check(&function.body, index + 1, count);
            }
        }
    }

    #[test]
    fn every_kind_of_statement_is_made() {
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let program = Program::from_bytes(&pseudorandom(seed, 400));
            let _ = program.any(&mut |statement| {
                let text = format!("{statement:?}");
                let name = text.split(|c: char| !c.is_alphanumeric()).next();
                kinds.extend(name.map(str::to_string));
                false
            });
        }
        assert_eq!(kinds.len(), 27, "{kinds:?}");
    }
}
