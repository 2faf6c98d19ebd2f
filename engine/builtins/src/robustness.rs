//! Every function with arguments that nobody thought of: an error is fine, a panic is not.

use crate::testing::Session;
use crate::{Body, entry, lookup, names};
use tourbillon_value::{Array, Dims, Value};

/// One value of each kind, and the numbers that break things.
fn values(session: &Session) -> Vec<Value> {
    let mut values: Vec<Value> = [0.0, -1.0, 2.0, 1.5, 1e10, -1e300, f64::NAN, f64::INFINITY]
        .map(Value::Double)
        .to_vec();
    let literals = [
        "true",
        "[1 2; 3 4]",
        "[3 1 NaN]",
        "[1; 2]",
        "[true false]",
        "'a'",
        "'%d:%s|'",
        "''",
        "char([1 2; 3 1])",
        "{}",
        "{1 'a'; [] {2}}",
        "{'a' 'b'}",
        "struct('a', 1)",
        "struct('a', {1 2 3})",
        "@sin",
        "containers.Map({'a' 'b'}, {1 2})",
        "MException('a:b', 'm')",
        "zeros(0, 3)",
        "ones(2, 1, 2)",
        "[]",
    ];
    for literal in literals {
        values.push(session.evaluate(literal, 1).unwrap().swap_remove(0));
    }
    values.push(Value::chars(Array::new(
        Dims::new(2, 1),
        vec![0xd800, 0xffff],
    )));
    values
}

/// Those that only the machine can drive, or that would ask for more than a test may take.
fn is_left_out(name: &str) -> bool {
    let is_machines = matches!(entry(lookup(name).unwrap()).body, Body::Intrinsic(_));
    // 1e10 as a size is refused; as a limit of these it would only take long.
    is_machines || matches!(name, "primes" | "isprime" | "factor")
}

fn call(session: &Session, name: &str, arguments: &[Value]) {
    let function = entry(lookup(name).unwrap());
    let count = arguments.len();
    if count < usize::from(function.min_inputs)
        || function.max_inputs != u8::MAX && count > usize::from(function.max_inputs)
    {
        return;
    }
    for outputs in 0..=usize::from(function.max_outputs.min(3)) {
        // What comes out is looked at, so that no broken array gets away.
        if let Ok(crate::testing::Called::Values(values)) = session.start(name, arguments, outputs)
        {
            for value in values.iter().filter(|value| !value.is_undefined()) {
                assert!(value.dims().checked_count().is_some());
            }
        }
    }
}

#[test]
fn no_function_panics() {
    let session = Session::default();
    let all = values(&session);
    for name in names().filter(|name| !is_left_out(name)) {
        call(&session, name, &[]);
        for first in &all {
            call(&session, name, std::slice::from_ref(first));
            for second in &all {
                call(&session, name, &[first.clone(), second.clone()]);
            }
        }
    }
}

#[test]
fn no_function_panics_with_three_arguments() {
    let session = Session::default();
    let all = values(&session);
    let few: Vec<&Value> = all.iter().step_by(3).collect();
    for name in names().filter(|name| !is_left_out(name)) {
        for first in &all {
            for second in &few {
                for third in &few {
                    call(
                        &session,
                        name,
                        &[first.clone(), (*second).clone(), (*third).clone()],
                    );
                }
            }
        }
    }
}
