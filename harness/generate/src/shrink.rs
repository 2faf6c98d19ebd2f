//! Smaller programs that still fail: statements are left out, blocks are put in the place of what held
//! them, and forms become simpler.

use crate::program::{
    AllForm, Block, CallForm, Formula, Local, Program, RaceForm, Statement, Throw,
};

impl Program {
    /// The smallest program that steps of this kind reach while `fails` holds of each, asked at most
    /// `trials` times. The program itself is taken to fail.
    #[must_use]
    pub fn shrink(self, trials: u32, fails: &mut dyn FnMut(&Program) -> bool) -> Program {
        let mut smallest = self;
        let mut length = smallest.to_string().len();
        let mut left = trials;
        'again: loop {
            for candidate in smallest.reductions() {
                // Only shorter texts count, so that the steps come to an end.
                let shorter = candidate.to_string().len();
                if shorter >= length {
                    continue;
                }
                if left == 0 {
                    return smallest;
                }
                left -= 1;
                if fails(&candidate) {
                    (smallest, length) = (candidate, shorter);
                    continue 'again;
                }
            }
            return smallest;
        }
    }

    /// Every program that is one step away.
    fn reductions(&self) -> Vec<Program> {
        let mut found = Vec::new();
        for main in reduce_block(&self.main) {
            found.push(Program {
                main,
                ..self.clone()
            });
        }
        let reached = self.reached();
        for index in (0..self.functions.len()).filter(|index| reached[*index]) {
            let function = &self.functions[index];
            let mut push = |change: &dyn Fn(&mut crate::Function)| {
                let mut program = self.clone();
                change(&mut program.functions[index]);
                found.push(program);
            };
            push(&|function| function.body.clear());
            push(&|function| function.may_fail = false);
            push(&|function| function.cleanup = None);
            for body in reduce_block(&function.body) {
                push(&move |function| function.body.clone_from(&body));
            }
        }
        found
    }
}

fn reduce_block(block: &Block) -> Vec<Block> {
    let mut found = Vec::new();
    // Halves first: most of a long block has nothing to do with the failure.
    if block.len() > 2 {
        let middle = block.len() / 2;
        found.push(block[..middle].to_vec());
        found.push(block[middle..].to_vec());
    }
    for index in 0..block.len() {
        let with = |replacement: &[Statement]| {
            let mut changed = block.clone();
            changed.splice(index..=index, replacement.iter().cloned());
            changed
        };
        found.push(with(&[]));
        let statement = &block[index];
        for inner in statement.blocks() {
            found.push(with(inner));
        }
        for (place, inner) in statement.blocks().into_iter().enumerate() {
            for reduced in reduce_block(inner) {
                let mut changed = statement.clone();
                *changed.blocks_mut()[place] = reduced;
                found.push(with(&[changed]));
            }
        }
        for simpler in simpler(statement) {
            found.push(with(&[simpler]));
        }
    }
    found
}

/// The plainest formula.
const PLAIN: Formula = Formula {
    left: Local::A,
    factor: 1,
    right: Local::A,
    plus: 1,
};

/// The same statement in simpler forms; what is not shorter as text is passed over later.
fn simpler(statement: &Statement) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut push = |change: &mut dyn FnMut(&mut Statement)| {
        let mut changed = statement.clone();
        change(&mut changed);
        if changed != *statement {
            found.push(changed);
        }
    };
    match statement {
        Statement::Call { call, to, .. } => {
            let (call, to) = (*call, *to);
            push(&mut |changed| {
                let form = CallForm::Await;
                *changed = Statement::Call { call, form, to };
            });
            push(&mut |changed| {
                let form = CallForm::Shared(1);
                *changed = Statement::Call { call, form, to };
            });
        }
        Statement::Spawn { callbacks, .. } => {
            for index in 0..callbacks.len() {
                push(&mut |changed| {
                    if let Statement::Spawn { callbacks, .. } = changed {
                        callbacks.remove(index);
                    }
                });
            }
            push(&mut |changed| {
                if let Statement::Spawn { priority, .. } = changed {
                    *priority = None;
                }
            });
        }
        Statement::All { calls, .. } | Statement::Set { calls, .. } => {
            for index in 0..calls.len() {
                push(&mut |changed| {
                    if let Statement::All { calls, .. } | Statement::Set { calls, .. } = changed {
                        calls.remove(index);
                    }
                });
            }
            push(&mut |changed| {
                if let Statement::All { form, .. } = changed {
                    *form = AllForm::Arguments;
                }
            });
        }
        Statement::Loop { .. } => {
            push(&mut |changed| {
                if let Statement::Loop { exit, .. } = changed {
                    *exit = None;
                }
            });
            push(&mut |changed| {
                if let Statement::Loop { is_while, .. } = changed {
                    *is_while = false;
                }
            });
        }
        Statement::Try { .. } => push(&mut |changed| {
            if let Statement::Try { error, .. } = changed {
                *error = Throw::Error;
            }
        }),
        Statement::Race { milliseconds, .. } => {
            for index in 0..milliseconds.len() {
                push(&mut |changed| {
                    if let Statement::Race { milliseconds, .. } = changed
                        && milliseconds.len() > 1
                    {
                        milliseconds.remove(index);
                    }
                });
            }
            push(&mut |changed| {
                if let Statement::Race { form, .. } = changed {
                    *form = RaceForm::Race;
                }
            });
        }
        Statement::Own { .. } => push(&mut |changed| {
            if let Statement::Own { yields, .. } = changed {
                *yields = false;
            }
        }),
        Statement::Add { .. } => push(&mut |changed| {
            if let Statement::Add { formula, .. } = changed {
                *formula = PLAIN;
            }
        }),
        Statement::Cancel { .. } => push(&mut |changed| {
            if let Statement::Cancel { has_begun, .. } = changed {
                *has_begun = false;
            }
        }),
        Statement::Sleep { .. } => push(&mut |changed| {
            if let Statement::Sleep { is_awaited, .. } = changed {
                *is_awaited = false;
            }
        }),
        Statement::File { .. } => {
            push(&mut |changed| {
                if let Statement::File { is_async, .. } = changed {
                    *is_async = false;
                }
            });
            push(&mut |changed| {
                if let Statement::File { is_deleted, .. } = changed {
                    *is_deleted = false;
                }
            });
        }
        Statement::Compute { .. }
        | Statement::Yield
        | Statement::If { .. }
        | Statement::Unwind { .. }
        | Statement::Guarded { .. }
        | Statement::Timeout { .. }
        | Statement::Relay { .. }
        | Statement::FailedPromise { .. }
        | Statement::Latch { .. }
        | Statement::Handoff { .. }
        | Statement::MissingFile { .. }
        | Statement::Deep { .. }
        | Statement::Litmus { .. }
        | Statement::Detach { .. }
        | Statement::Unobserved => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pseudorandom;

    #[test]
    fn a_program_shrinks_to_what_fails() {
        let has_race = |program: &Program| {
            program.any(&mut |statement| matches!(statement, Statement::Race { .. }))
        };
        let program = (0..)
            .map(|seed| Program::from_bytes(&pseudorandom(seed, 400)))
            .find(|program| has_race(program) && program.to_string().lines().count() > 80)
            .expect("some program has a race");
        let mut asked = 0;
        let smallest = program.shrink(10_000, &mut |candidate| {
            asked += 1;
            has_race(candidate)
        });
        assert!(asked < 10_000);
        // The one race is all that is left, in whatever function it stands.
        let statements = smallest.main.len() + smallest.main[0].calls().len();
        assert!(statements <= 2, "{smallest}");
        assert!(has_race(&smallest));
    }

    #[test]
    fn no_trial_leaves_the_program_alone() {
        let program = Program::from_bytes(&pseudorandom(1, 400));
        let same = program.clone().shrink(0, &mut |_| true);
        assert_eq!(same, program);
    }
}
