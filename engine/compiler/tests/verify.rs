//! The verifier finds what is wrong: good bytecode is broken in one place at a time.

use tourbillon_compiler::{
    CompileOptions, Function, FunctionKind, Handler, HandlerKind, Instruction, Program, compile,
    verify,
};
use tourbillon_syntax::Source;

const TEXT: &str = "x = 1 + 2;\n\
                    for i = 1:3\n  y = f(x, i);\nend\n\
                    try\n  f(1);\ncatch e\n  z = e;\nfinally\n  z = 2;\nend\n\
                    g = later();\n\
                    function y = f(a, b)\n  y = a;\nend\n\
                    async function later()\nend";

fn program() -> Program {
    compile(&[Source::new("main.m", TEXT)], &CompileOptions::default()).expect("it compiles")
}

fn check(change: impl FnOnce(&mut Function), expected: &str) {
    let mut program = program();
    change(&mut program.functions[0]);
    let Err(problem) = verify(&program) else {
        panic!("nobody found: {expected}\n{program}");
    };
    assert!(problem.contains(expected), "{problem}, not: {expected}");
}

/// The place of the first instruction of a kind.
fn find(function: &Function, is: impl Fn(&Instruction) -> bool) -> usize {
    function.code.iter().position(is).expect("there is one")
}

#[test]
fn good_bytecode_passes() {
    assert_eq!(verify(&program()), Ok(()));
}

#[test]
fn registers_are_checked() {
    let binary = |instruction: &Instruction| matches!(instruction, Instruction::Binary { .. });
    check(
        |function| {
            let at = find(function, binary);
            if let Instruction::Binary { right, .. } = &mut function.code[at] {
                *right = 999;
            }
        },
        "register 999 does not exist",
    );
    check(
        |function| {
            let at = find(function, binary);
            if let Instruction::Binary { left, right, .. } = &mut function.code[at] {
                *right = *left;
            }
        },
        "%0 is read and holds nothing",
    );
    check(
        |function| {
            let at = find(function, binary);
            function.code[at] = Instruction::Statement { cost: 1 };
        },
        "alive at a statement",
    );
    check(
        |function| {
            let at = find(function, binary);
            let (dst, constant) = (function.locals, 0);
            function.code[at] = Instruction::Constant { dst, constant };
        },
        "%0 is written over",
    );
    check(
        |function| {
            let at = find(function, |each| {
                matches!(each, Instruction::ForRange { .. })
            });
            if let Instruction::ForRange { state, .. } = &mut function.code[at] {
                *state = function.locals - 3;
            }
        },
        "is no local",
    );
    check(
        |function| {
            let at = find(function, |each| {
                matches!(each, Instruction::JumpIfUndefined { .. })
            });
            function.code[at] = Instruction::Statement { cost: 1 };
        },
        "alive at a statement",
    );
    check(
        |function| {
            let at = find(function, |each| {
                matches!(each, Instruction::JumpIfUndefined { .. })
            });
            function.code[at] = Instruction::Jump {
                target: at as u32 + 1,
            };
        },
        "%0 is read and may hold nothing",
    );
}

#[test]
fn jumps_and_tables_are_checked() {
    let jump = |instruction: &Instruction| matches!(instruction, Instruction::Jump { .. });
    check(
        |function| {
            let at = find(function, jump);
            function.code[at] = Instruction::Jump { target: 9999 };
        },
        "there is no instruction 9999",
    );
    check(
        |function| {
            function.code.pop();
            function.spans.pop();
        },
        "runs past its end",
    );
    check(
        |function| {
            let last = function.code.len() - 1;
            function.code[last] = Instruction::Statement { cost: 1 };
        },
        "runs past its end",
    );
    check(
        |function| {
            // Into the middle of `1 + 2`.
            let last = function.code.len() - 1;
            function.code[last] = Instruction::Jump { target: 2 };
        },
        "different temporaries",
    );
    check(
        |function| {
            let at = find(function, |each| matches!(each, Instruction::ForNext { .. }));
            function.code[at + 1] = Instruction::Statement { cost: 1 };
        },
        "no jump out of the loop",
    );
    check(
        |function| {
            if let Instruction::Constant { constant, .. } = &mut function.code[1] {
                *constant = 999;
            }
        },
        "there is no constant 999",
    );
    check(
        |function| function.handlers[0].target = function.handlers[0].start,
        "its own target",
    );
    check(
        |function| {
            let Handler { start, end, .. } = function.handlers[0];
            function.handlers.push(Handler {
                start: start + 1,
                end: end + 1,
                target: 0,
                kind: HandlerKind::Catch(None),
            });
        },
        "neither contains it nor is apart",
    );
    check(
        |function| function.cleanups[0].end -= 1,
        "does not end with its END_CLEANUP",
    );
    check(
        |function| {
            function.names.pop();
        },
        "not every local has a name",
    );
}

#[test]
fn callees_are_checked() {
    check(
        |function| {
            let at = find(function, |each| matches!(each, Instruction::Call { .. }));
            if let Instruction::Call { function, .. } = &mut function.code[at] {
                *function = 2;
            }
        },
        "CALL of a function of kind Async",
    );
    check(
        |function| {
            let at = find(function, |each| {
                matches!(each, Instruction::AsyncCreate { .. })
            });
            if let Instruction::AsyncCreate { function, .. } = &mut function.code[at] {
                *function = 1;
            }
        },
        "ASYNC_CREATE of a plain function",
    );
    let mut changed = program();
    changed.functions[0].kind = FunctionKind::Plain;
    assert_eq!(verify(&changed), Err("function 0 is not the script".into()));
    changed = program();
    let create = Instruction::Await {
        base: changed.functions[1].locals,
        count: 0,
        outputs: 0,
    };
    changed.functions[1].code[0] = create;
    let problem = verify(&changed).unwrap_err();
    assert!(problem.contains("AWAIT outside of async code"), "{problem}");
}
