//! The fixed situations, searched with reduction and without: the same outcomes.

use tourbillon_generate::{Litmus, Local, Program, Statement, pseudorandom};
use tourbillon_sim::Injections;
use tourbillon_world::audit::Subject;

/// Plain schedules of each situation.
const SCHEDULES: u64 = if cfg!(debug_assertions) {
    2_000
} else {
    200_000
};

#[test]
fn litmus_outcomes_are_those_of_the_plain_search() {
    for litmus in Litmus::ALL {
        let to = Local::A;
        let program = Program {
            functions: Vec::new(),
            main: vec![Statement::Litmus { litmus, to }],
        };
        let subject = Subject::script(&program.to_string(), Injections::DEFAULT);
        let audit = subject.audit(SCHEDULES).expect("nothing unsupported");
        if let Some(difference) = audit.difference() {
            panic!("{litmus:?}: {difference}\n{program}");
        }
    }
}

/// Programs made from bytes: those that are small enough are searched both ways.
#[test]
fn made_programs_have_the_outcomes_of_the_plain_search() {
    let (programs, schedules) = if cfg!(debug_assertions) {
        (40, 300)
    } else {
        (3_000, 20_000)
    };
    let mut proven = 0;
    for seed in 0..programs {
        let bytes = pseudorandom(seed, 60 + seed as usize % 200);
        let program = Program::from_bytes(&bytes);
        let subject = Subject::script(&program.to_string(), Injections::DEFAULT);
        let audit = subject.audit(schedules).expect("nothing unsupported");
        proven += usize::from(audit.plain.report.exhausted && audit.reduced.report.exhausted);
        if let Some(difference) = audit.difference() {
            panic!("seed {seed}: {audit}: {difference}\n{program}");
        }
    }
    assert!(proven > programs as usize / 4, "{proven} of {programs}");
}

/// What a task of a racy program may do. `m` is a map, `p` and `q` are promises, `f` is a future that
/// another task runs; all of them are shared.
const STATEMENTS: [&str; 32] = [
    "m('n') = m('n') + 1;",
    "m('n') = m('n') * 2;",
    "x = m('n');",
    "m('n') = x + 1;",
    "m('k') = x;",
    "yield_now();",
    "yield_now();",
    "yield_now();",
    "fprintf('%d', id);",
    "fprintf('%d', x);",
    "global g; g = g + 1;",
    "global g; x = g;",
    "global g; g = 10 * g + id;",
    "complete(p, id);",
    "complete(q, x);",
    "x = await(p);",
    "x = await(q);",
    "x = await(f);",
    "cancel(f);",
    "cancel(p);",
    "x = x + 10 * strcmp(p.State, 'pending');",
    "x = x + 10 * strcmp(f.State, 'success');",
    "await(sleep(1));",
    "await(sleep(0));",
    "h = sleep(1); x = race(h, q);",
    "on_complete(p, @(r) note(m, id));",
    "on_success(f, @(r) note(m, 7 * id));",
    "s = spawn(child(m, id)); await(s);",
    "s = spawn(child(m, id));",
    "x = await_any(p, q);",
    "error('t:Failed', 'failed');",
    "await(f, 1);",
];

/// A program of two or three tasks that race for whatever they share.
fn racy(seed: u64) -> String {
    let mut bytes = pseudorandom(seed ^ 0x7261_6379, 64).into_iter();
    let mut draw = |below: usize| usize::from(bytes.next().expect("enough bytes")) % below;
    let tasks = 2 + usize::from(draw(4) == 0);
    let mut text = String::from(
        "global g; g = 0;\nm = containers.Map('KeyType', 'char', 'ValueType', 'double');\nm('n') = 1;\n\
         p = promise(); q = promise();\nf = spawn(middle(m));\n",
    );
    let mut bodies = String::new();
    for id in 1..=tasks {
        let priority = ["", "", "", ", 'Priority', 'high'"][draw(4)];
        text += &format!("t{id} = spawn(@() body{id}(m, p, q, f){priority});\n");
        bodies += &format!("async function body{id}(m, p, q, f)\n  id = {id}; x = 0;\n  try\n");
        for _ in 0..1 + draw(if tasks == 2 { 4 } else { 3 }) {
            bodies += &format!("    {}\n", STATEMENTS[draw(STATEMENTS.len())]);
        }
        bodies += "  catch e\n    fprintf('%d:%s ', id, e.identifier);\n  end\n  m('n') = 3 * m('n') + x;\nend\n";
    }
    if draw(3) == 0 {
        text += "complete(p, 5);\n";
    }
    for id in 1..=tasks {
        text += &format!("await(t{id});\n");
    }
    text += "fprintf('%d %d\\n', m('n'), g);\n";
    text += &bodies;
    text += "async function middle(m)\n  yield_now();\n  m('n') = m('n') + 5;\nend\n\
             async function child(m, id)\n  m('n') = 2 * m('n') + id;\n  yield_now();\n  m('c') = id;\nend\n\
             function note(m, id)\n  m('n') = 7 * m('n') + id;\nend\n";
    text
}

#[test]
fn racy_programs_have_the_outcomes_of_the_plain_search() {
    let (programs, schedules) = if cfg!(debug_assertions) {
        (150, 1_000)
    } else {
        (10_000, 20_000)
    };
    let (mut proven, mut outcomes) = (0, 0);
    for seed in 0..programs {
        let program = racy(seed);
        // One in four each: with polls for nothing, and with cancels.
        let inject = ["pending", "pending,spurious=1", "pending", "pending,cancel"];
        let inject = inject[seed as usize % inject.len()];
        let injections = Injections::parse(inject).expect("these are injections");
        let subject = Subject::script(&program, injections);
        let audit = subject.audit(schedules).expect("nothing unsupported");
        proven += usize::from(audit.plain.report.exhausted && audit.reduced.report.exhausted);
        outcomes += audit.reduced.outcomes.len();
        if let Some(difference) = audit.difference() {
            panic!("seed {seed}: {inject}: {audit}: {difference}\n{program}");
        }
    }
    let found = format!("{proven} of {programs} programs exhausted, {outcomes} outcomes");
    assert!(proven > programs as usize / 4, "{found}");
    assert!(outcomes > 2 * programs as usize, "{found}");
}
