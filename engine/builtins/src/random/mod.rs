//! Random numbers. Each task draws from a stream of its own, so that no draw depends on the schedule.

mod stream;

pub use stream::RandomStream;

use crate::inputs::{failure, numbers, scalar, sizes, text, whole};
use crate::table::plain;
use crate::{Call, Entry, Outputs, one};
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "rand",
        0,
        u8::MAX,
        1,
        rand,
        "x = rand(n), rand(m, n, …), rand([m n]): uniform random numbers between 0 and 1",
    ),
    plain(
        "randi",
        1,
        u8::MAX,
        1,
        randi,
        "x = randi(max, m, n), randi([min max], …): uniform random whole numbers",
    ),
    plain(
        "randn",
        0,
        u8::MAX,
        1,
        randn,
        "x = randn(m, n): normal random numbers, by the polar method (not MATLAB's sequence)",
    ),
    plain(
        "randperm",
        1,
        2,
        1,
        randperm,
        "p = randperm(n), randperm(n, k): whole numbers up to n in random order",
    ),
    plain(
        "rng",
        0,
        2,
        1,
        rng,
        "s = rng, rng(seed), rng('default'), rng('shuffle'), rng(s): the task's random stream",
    ),
];

/// Fills an array of the size that the arguments say, in the order of its elements.
fn fill(
    call: &mut Call<'_>,
    from: usize,
    mut draw: impl FnMut(&mut RandomStream) -> f64,
) -> Result<Outputs> {
    let mut arguments = &call.arguments[from..];
    if let Some((last, rest)) = arguments.split_last()
        && let Some(class) = last.as_text()
    {
        if class != "double" {
            return Err(failure(format!(
                "{}: '{class}' is not supported; the numbers are of class double.",
                call.name
            )));
        }
        arguments = rest;
    }
    let dims = sizes(call.name, arguments)?;
    let stream = call.context.random();
    let mut stream = stream.borrow_mut();
    if dims.is_scalar() {
        return Ok(one(draw(&mut stream)));
    }
    let data = (0..dims.count()).map(|_| draw(&mut stream)).collect();
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn rand(call: &mut Call<'_>) -> Result<Outputs> {
    fill(call, 0, RandomStream::uniform)
}

fn randn(call: &mut Call<'_>) -> Result<Outputs> {
    fill(call, 0, RandomStream::normal)
}

fn randi(call: &mut Call<'_>) -> Result<Outputs> {
    let limits = numbers(call.name, &call.arguments[0])?;
    let (least, most) = match *limits.data {
        [most] => (1.0, most),
        [least, most] => (least, most),
        _ => {
            return Err(failure(
                "randi: the first input must be a maximum or a minimum and a maximum.",
            ));
        }
    };
    // Beyond 2^53 there are whole numbers that no double is.
    let is_whole = |number: f64| number.fract() == 0.0 && number.abs() < 9e15;
    if !is_whole(least) || !is_whole(most) || most < least {
        return Err(failure(
            "randi: the limits must be whole numbers, and the maximum at least the minimum.",
        ));
    }
    drop(limits);
    fill(call, 1, |stream| least + stream.below(most - least + 1.0))
}

fn randperm(call: &mut Call<'_>) -> Result<Outputs> {
    let count = whole(call.name, &call.arguments[0], 0.0)?;
    let wanted = match call.arguments.get(1) {
        Some(wanted) => whole(call.name, wanted, 0.0)?,
        None => count,
    };
    if wanted > count {
        return Err(failure("randperm: k must not be greater than n."));
    }
    crate::inputs::checked(Dims::new(1, count))?;
    let stream = call.context.random();
    let mut stream = stream.borrow_mut();
    let order: Vec<f64> = if call.arguments.len() == 1 {
        // As MATLAB does it: the order of so many uniform numbers.
        let keys: Vec<f64> = (0..count).map(|_| stream.uniform()).collect();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by(|a, b| keys[*a].total_cmp(&keys[*b]));
        order.iter().map(|place| (place + 1) as f64).collect()
    } else {
        // The beginning of a shuffle.
        let mut all: Vec<f64> = (1..=count).map(|number| number as f64).collect();
        for at in 0..wanted {
            let other = at + stream.below((count - at) as f64) as usize;
            all.swap(at, other);
        }
        all.truncate(wanted);
        all
    };
    Ok(one(Value::doubles(Array::new(
        Dims::new(1, order.len()),
        order,
    ))))
}

fn rng(call: &mut Call<'_>) -> Result<Outputs> {
    let stream = call.context.random();
    let before = (call.outputs > 0 || call.arguments.is_empty()).then(|| {
        let stream = stream.borrow();
        let state = stream.state();
        Value::structure(&[
            ("Type", Value::text("twister")),
            ("Seed", Value::Double(f64::from(stream.seed()))),
            (
                "State",
                Value::doubles(Array::new(Dims::new(state.len(), 1), state)),
            ),
        ])
    });
    if let Some(generator) = call.arguments.get(1) {
        let generator = text(call.name, generator)?;
        if generator != "twister" {
            return Err(failure(format!(
                "rng: the generator '{generator}' is not supported; there is 'twister'."
            )));
        }
    }
    if let Some(given) = call.arguments.first() {
        let new = seeded(call, given)?;
        *stream.borrow_mut() = new;
    }
    Ok(before.map_or_else(Outputs::new, one))
}

/// The stream that the argument of `rng` asks for.
fn seeded(call: &Call<'_>, given: &Value) -> Result<RandomStream> {
    if let Some(word) = given.as_text() {
        return match &*word {
            "default" | "twister" => Ok(RandomStream::default()),
            // The clock and the seed are the host's, so that a simulated run can be repeated.
            "shuffle" => {
                let now = call.context.now().0;
                let mixed = (now ^ call.context.session_seed()).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                Ok(RandomStream::new((mixed >> 32) as u32))
            }
            _ => Err(failure(format!(
                "rng: '{word}' is neither 'default' nor 'shuffle'."
            ))),
        };
    }
    if let Value::Struct(settings) = given {
        let field = |name: &str| {
            let (_, values) = settings
                .fields()
                .iter()
                .find(|(field, _)| &**field == name)?;
            values.first()
        };
        let state = field("State").and_then(|state| numbers("rng", state).ok());
        let seed = field("Seed").and_then(Value::as_number);
        return seed
            .zip(state)
            .and_then(|(seed, state)| RandomStream::with_state(seed as u32, &state.data))
            .ok_or_else(|| failure("rng: the settings must come from an earlier call of rng."));
    }
    let seed = scalar("rng", given)?;
    if seed.fract() != 0.0 || !(0.0..=f64::from(u32::MAX)).contains(&seed) {
        return Err(failure(
            "rng: the seed must be a nonnegative integer less than 2^32.",
        ));
    }
    Ok(RandomStream::new(seed as u32))
}

#[cfg(test)]
mod tests {
    use crate::testing::{Session, check, check_in};

    #[test]
    fn numbers_are_those_of_matlab() {
        check(&[
            ("round(times(rand(1, 3), 10000))", "[8147 9058 1270]"),
            ("round(times(rand(2), 10000))", "[8147 1270; 9058 9134]"),
            ("round(times(rand([1 2]), 10000))", "[8147 9058]"),
            ("round(times(rand(1, 2, 'double'), 10000))", "[8147 9058]"),
            ("size(rand(0, 3))", "[0 3]"),
            ("randi(10, 1, 5)", "[9 10 2 10 7]"),
            ("randi([-5 5])", "3"),
            ("randi([7 7], 1, 2)", "[7 7]"),
            ("randperm(6)", "[6 3 5 1 2 4]"),
            ("numel(unique(randperm(20, 7)))", "7"),
            ("randperm(0)", "[1x0]"),
            ("size(randn(2, 3))", "[2 3]"),
            (
                "rand('single')",
                "error: rand: 'single' is not supported; the numbers are of class double.",
            ),
            (
                "randi([3 1])",
                "error: randi: the limits must be whole numbers, and the maximum at least the minimum.",
            ),
            (
                "randperm(2, 3)",
                "error: randperm: k must not be greater than n.",
            ),
            (
                "rng(-1)",
                "error: rng: the seed must be a nonnegative integer less than 2^32.",
            ),
            (
                "rng(1, 'philox')",
                "error: rng: the generator 'philox' is not supported; there is 'twister'.",
            ),
            (
                "rng(struct('Seed', 1))",
                "error: rng: the settings must come from an earlier call of rng.",
            ),
        ]);
    }

    #[test]
    fn a_stream_is_seeded_and_put_back() {
        let session = Session::default();
        for (source, wanted) in [
            ("rng(42)", ""),
            ("round(times(rand(), 10000))", "3745"),
            ("rng('default')", ""),
            ("round(times(rand(), 10000))", "8147"),
            ("rng(rng())", ""),
            ("round(times(rand(), 10000))", "9058"),
            ("rng('shuffle')", ""),
            ("lt(rand(), 1)", "true"),
        ] {
            check_in(&session, source, wanted);
        }
    }
}
