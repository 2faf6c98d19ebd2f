//! Many elements to one: sums, extremes, averages, truths. Each works along one dimension.

use crate::inputs::{Numbers, coded, dimension, failure, numbers};
use crate::shape::{Axis, broadcast, first_dimension, with_size};
use crate::table::plain;
use crate::{Body, Call, Entry, Outputs, Scalar, codes, gpu, one};
use tourbillon_host::DeviceReduce;
use tourbillon_value::{Array, Dims, Result, Value};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "all",
        1,
        2,
        1,
        |call| truths(call, |mut lane| lane.all(|x| x != 0.0)),
        "tf = all(x, dim): none is zero",
    ),
    plain(
        "any",
        1,
        2,
        1,
        |call| truths(call, |mut lane| lane.any(|x| x != 0.0 && !x.is_nan())),
        "tf = any(x, dim): some is not zero",
    ),
    plain(
        "cross",
        2,
        2,
        1,
        cross,
        "c = cross(a, b): the cross product of two vectors of three",
    ),
    plain(
        "cummax",
        1,
        2,
        1,
        |call| running(call, |a, b| if a >= b || b.is_nan() { a } else { b }),
        "y = cummax(x, dim): the largest so far",
    ),
    plain(
        "cummin",
        1,
        2,
        1,
        |call| running(call, |a, b| if a <= b || b.is_nan() { a } else { b }),
        "y = cummin(x, dim): the smallest so far",
    ),
    plain(
        "cumprod",
        1,
        2,
        1,
        |call| running(call, |a, b| a * b),
        "y = cumprod(x, dim): the product so far",
    ),
    plain(
        "cumsum",
        1,
        2,
        1,
        |call| running(call, |a, b| a + b),
        "y = cumsum(x, dim): the sum so far",
    ),
    plain(
        "diff",
        1,
        3,
        1,
        diff,
        "d = diff(x, n, dim): differences of neighbours",
    ),
    plain("dot", 2, 2, 1, dot, "d = dot(a, b): the scalar product"),
    Entry {
        name: "max",
        min_inputs: 1,
        max_inputs: 3,
        max_outputs: 2,
        body: Body::Plain(|call| extreme(call, DeviceReduce::Maximum)),
        scalar: Scalar::Two(|a, b| if a.is_nan() || b > a { b } else { a }),
        help: "[m, i] = max(x, [], dim), m = max(a, b): the largest",
    },
    plain(
        "mean",
        1,
        2,
        1,
        |call| reduce(call, f64::NAN, |lane| mean(lane)),
        "m = mean(x, dim): the average",
    ),
    plain(
        "median",
        1,
        2,
        1,
        |call| reduce(call, f64::NAN, |lane| median(lane)),
        "m = median(x, dim): the middle value",
    ),
    Entry {
        name: "min",
        min_inputs: 1,
        max_inputs: 3,
        max_outputs: 2,
        body: Body::Plain(|call| extreme(call, DeviceReduce::Minimum)),
        scalar: Scalar::Two(|a, b| if a.is_nan() || b < a { b } else { a }),
        help: "[m, i] = min(x, [], dim), m = min(a, b): the smallest",
    },
    plain(
        "mode",
        1,
        2,
        1,
        |call| reduce(call, f64::NAN, mode),
        "m = mode(x, dim): the most frequent value",
    ),
    plain(
        "norm",
        1,
        2,
        1,
        norm,
        "n = norm(x, p): the length of a vector",
    ),
    plain(
        "prod",
        1,
        2,
        1,
        |call| reduce(call, 1.0, |lane| lane.iter().product()),
        "p = prod(x, dim): the product",
    ),
    plain(
        "std",
        1,
        3,
        1,
        |call| spread(call, f64::sqrt),
        "s = std(x, weight, dim): the standard deviation",
    ),
    plain(
        "sum",
        1,
        2,
        1,
        sum,
        "s = sum(x, dim), sum(x, 'all'): the sum",
    ),
    plain(
        "var",
        1,
        3,
        1,
        |call| spread(call, |variance| variance),
        "v = var(x, weight, dim): the variance",
    ),
];

/// What a reduction goes along.
enum Along {
    /// One dimension, counted from 0.
    Dimension(usize),
    /// Everything.
    All,
}

fn along(argument: Option<&Value>, dims: &Dims) -> Result<Along> {
    match argument {
        None => Ok(Along::Dimension(first_dimension(dims))),
        Some(all) if all.as_text().as_deref() == Some("all") => Ok(Along::All),
        Some(at) => Ok(Along::Dimension(dimension(at)?)),
    }
}

/// One result for each lane. Without a dimension, 0 × 0 is one empty lane: `sum([])` is 0.
fn lanes<T>(
    numbers: &Numbers<'_>,
    along: &Along,
    is_default: bool,
    mut function: impl FnMut(&mut Vec<f64>) -> T,
) -> (Dims, Vec<T>) {
    let mut lane = Vec::new();
    match along {
        Along::All => {
            lane.extend_from_slice(&numbers.data);
            (Dims::scalar(), vec![function(&mut lane)])
        }
        Along::Dimension(_) if is_default && numbers.dims.as_slice() == [0, 0] => {
            (Dims::scalar(), vec![function(&mut lane)])
        }
        Along::Dimension(at) => {
            let axis = Axis::new(&numbers.dims, *at);
            let results = (0..axis.lanes())
                .map(|number| {
                    lane.clear();
                    lane.extend(
                        (0..axis.length).map(|index| numbers.data[axis.place(number, index)]),
                    );
                    function(&mut lane)
                })
                .collect();
            (with_size(&numbers.dims, *at, 1), results)
        }
    }
}

fn reduce(
    call: &mut Call<'_>,
    of_nothing: f64,
    function: fn(&mut Vec<f64>) -> f64,
) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let along = along(call.arguments.get(1), &numbers.dims)?;
    let (dims, data) = lanes(&numbers, &along, call.arguments.len() == 1, |lane| {
        if lane.is_empty() {
            of_nothing
        } else {
            function(lane)
        }
    });
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn sum(call: &mut Call<'_>) -> Result<Outputs> {
    let of_all = call.arguments.get(1).is_some();
    if let Some(result) = gpu::reduce(call.context, DeviceReduce::Sum, &call.arguments[0], of_all) {
        return Ok(one(result?));
    }
    // From +0: a sum of nothing, and of negative zeros, is 0.
    reduce(call, 0.0, |lane| lane.iter().fold(0.0, |sum, x| sum + x))
}

fn truths(
    call: &mut Call<'_>,
    test: fn(std::iter::Copied<std::slice::Iter<'_, f64>>) -> bool,
) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let along = along(call.arguments.get(1), &numbers.dims)?;
    let (dims, data) = lanes(&numbers, &along, call.arguments.len() == 1, |lane| {
        test(lane.iter().copied())
    });
    Ok(one(Value::bools(Array::new(dims, data))))
}

fn mean(lane: &mut [f64]) -> f64 {
    lane.iter().sum::<f64>() / lane.len() as f64
}

fn median(lane: &mut [f64]) -> f64 {
    if lane.iter().any(|number| number.is_nan()) {
        return f64::NAN;
    }
    lane.sort_by(super::order::ascending);
    let middle = lane.len() / 2;
    if lane.len() % 2 == 1 {
        lane[middle]
    } else {
        let (a, b) = (lane[middle - 1], lane[middle]);
        if a == b { a } else { a + (b - a) / 2.0 }
    }
}

fn mode(lane: &mut Vec<f64>) -> f64 {
    lane.retain(|number| !number.is_nan());
    lane.sort_by(super::order::ascending);
    let mut best = (0, f64::NAN);
    let mut at = 0;
    while at < lane.len() {
        let run = lane[at..]
            .iter()
            .take_while(|number| **number == lane[at])
            .count();
        if run > best.0 {
            best = (run, lane[at]);
        }
        at += run;
    }
    best.1
}

fn spread(call: &mut Call<'_>, of_variance: fn(f64) -> f64) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let by_count = match call.arguments.get(1) {
        None => false,
        Some(weight) if weight.is_empty() => false,
        Some(weight) => match weight.as_number() {
            Some(0.0) => false,
            Some(1.0) => true,
            _ => {
                return Err(failure(format!(
                    "{}: the weight must be 0 or 1.",
                    call.name
                )));
            }
        },
    };
    let along = along(call.arguments.get(2), &numbers.dims)?;
    let (dims, data) = lanes(&numbers, &along, call.arguments.len() < 3, |lane| {
        let count = lane.len() as f64;
        if lane.is_empty() {
            return f64::NAN;
        }
        let middle = mean(lane);
        let squares: f64 = lane.iter().map(|x| (x - middle) * (x - middle)).sum();
        let divisor = if by_count {
            count
        } else {
            (count - 1.0).max(1.0)
        };
        of_variance(squares / divisor)
    });
    Ok(one(Value::doubles(Array::new(dims, data))))
}

/// Whether `new` is to replace `best`; NaN loses to everything.
fn beats(operation: DeviceReduce, new: f64, best: f64) -> bool {
    match operation {
        DeviceReduce::Minimum => new < best,
        DeviceReduce::Maximum | DeviceReduce::Sum => new > best,
    }
}

fn extreme(call: &mut Call<'_>, operation: DeviceReduce) -> Result<Outputs> {
    if call.arguments.len() == 2 {
        if call.outputs > 1 {
            return Err(coded(&codes::MAX_OUTPUTS, "Too many output arguments."));
        }
        let left = numbers(call.name, &call.arguments[0])?;
        let right = numbers(call.name, &call.arguments[1])?;
        let larger = broadcast(&left, &right, |a, b| {
            if a.is_nan() || beats(operation, b, a) {
                b
            } else {
                a
            }
        })?;
        return Ok(one(Value::doubles(larger)));
    }
    if let Some(second) = call.arguments.get(1)
        && !second.is_empty()
    {
        return Err(failure(format!(
            "{}: with a dimension the second argument must be [].",
            call.name
        )));
    }
    let of_all = call.arguments.len() == 3;
    if let Some(result) = gpu::reduce(call.context, operation, &call.arguments[0], of_all) {
        return Ok(one(result?));
    }
    let numbers = numbers(call.name, &call.arguments[0])?;
    if let Along::Dimension(at) = along(call.arguments.get(2), &numbers.dims)?
        && numbers.data.is_empty()
    {
        // Of nothing there is no largest: what is empty along the dimension stays so.
        let dims = match numbers.dims.get(at) {
            0 => numbers.dims.clone(),
            _ => with_size(&numbers.dims, at, 1),
        };
        let empty = || Value::doubles(Array::new(dims.clone(), Vec::new()));
        return Ok([empty(), empty()]
            .into_iter()
            .take(call.outputs.max(1))
            .collect());
    }
    let along = along(call.arguments.get(2), &numbers.dims)?;
    let (dims, found) = lanes(&numbers, &along, !of_all, |lane| {
        let mut best = (f64::NAN, 0);
        for (index, number) in lane.iter().enumerate() {
            if best.0.is_nan() && !number.is_nan() || beats(operation, *number, best.0) {
                best = (*number, index);
            }
        }
        best
    });
    // The extreme of logicals and chars is a double, as the sum is.
    let mut outputs = one(Value::doubles(Array::new(
        dims.clone(),
        found.iter().map(|(best, _)| *best).collect(),
    )));
    if call.outputs > 1 {
        let indices = found.iter().map(|(_, index)| (index + 1) as f64).collect();
        outputs.push(Value::doubles(Array::new(dims, indices)));
    }
    Ok(outputs)
}

fn running(call: &mut Call<'_>, combine: fn(f64, f64) -> f64) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let at = match call.arguments.get(1) {
        Some(at) => dimension(at)?,
        None => first_dimension(&numbers.dims),
    };
    let axis = Axis::new(&numbers.dims, at);
    let mut data = numbers.data.to_vec();
    for lane in 0..axis.lanes() {
        for index in 1..axis.length {
            let place = axis.place(lane, index);
            data[place] = combine(data[axis.place(lane, index - 1)], data[place]);
        }
    }
    Ok(one(Value::doubles(Array::new(numbers.dims, data))))
}

fn diff(call: &mut Call<'_>) -> Result<Outputs> {
    let times = match call.arguments.get(1) {
        Some(times) if !times.is_empty() => crate::inputs::whole(call.name, times, 0.0)?,
        _ => 1,
    };
    let first = numbers(call.name, &call.arguments[0])?;
    let mut dims = first.dims.clone();
    let mut data = first.data.to_vec();
    for _ in 0..times {
        let at = match call.arguments.get(2) {
            Some(at) => dimension(at)?,
            None => first_dimension(&dims),
        };
        let axis = Axis::new(&dims, at);
        let shorter = with_size(&dims, at, axis.length.saturating_sub(1));
        if data.is_empty() || shorter.count() == 0 {
            dims = if dims.is_scalar() {
                Dims::new(0, 0)
            } else {
                shorter
            };
            data = Vec::new();
            break;
        }
        let to = Axis::new(&shorter, at);
        let mut next = vec![0.0; shorter.count()];
        for lane in 0..to.lanes() {
            for index in 0..to.length {
                next[to.place(lane, index)] =
                    data[axis.place(lane, index + 1)] - data[axis.place(lane, index)];
            }
        }
        (dims, data) = (shorter, next);
    }
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn dot(call: &mut Call<'_>) -> Result<Outputs> {
    let a = numbers(call.name, &call.arguments[0])?;
    let b = numbers(call.name, &call.arguments[1])?;
    if a.dims.is_vector() && b.dims.is_vector() && a.data.len() == b.data.len() {
        let sum: f64 = a.data.iter().zip(b.data.iter()).map(|(a, b)| a * b).sum();
        return Ok(one(sum));
    }
    if a.dims != b.dims {
        return Err(failure("A and B must be same size."));
    }
    let products = broadcast(&a, &b, |a, b| a * b)?;
    let numbers = Numbers {
        dims: products.dims().clone(),
        data: products.data().into(),
    };
    let along = Along::Dimension(first_dimension(&numbers.dims));
    let (dims, data) = lanes(&numbers, &along, true, |lane| lane.iter().sum());
    Ok(one(Value::doubles(Array::new(dims, data))))
}

fn cross(call: &mut Call<'_>) -> Result<Outputs> {
    let a = numbers(call.name, &call.arguments[0])?;
    let b = numbers(call.name, &call.arguments[1])?;
    let ([a0, a1, a2], [b0, b1, b2]) = (&*a.data, &*b.data) else {
        return Err(failure("A and B must have three elements each."));
    };
    let data = vec![a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0];
    Ok(one(Value::doubles(Array::new(a.dims.clone(), data))))
}

fn norm(call: &mut Call<'_>) -> Result<Outputs> {
    let numbers = numbers(call.name, &call.arguments[0])?;
    let sizes = || numbers.data.iter().map(|number| number.abs());
    let kind = call.arguments.get(1);
    let is_vector = numbers.dims.is_vector() || numbers.data.is_empty();
    // Scaled by the largest, so that squares neither overflow nor vanish.
    let length = || {
        let largest = sizes().fold(0.0, f64::max);
        if largest == 0.0 || !largest.is_finite() {
            largest + sizes().filter(|size| size.is_nan()).sum::<f64>()
        } else {
            largest
                * sizes()
                    .map(|size| (size / largest) * (size / largest))
                    .sum::<f64>()
                    .sqrt()
        }
    };
    let norm = match (
        kind.and_then(Value::as_text),
        kind.and_then(Value::as_number),
    ) {
        (Some(name), _) if name == "fro" => length(),
        _ if !is_vector => {
            return Err(failure(
                "norm: of a matrix only the Frobenius norm, norm(x, 'fro'), is supported.",
            ));
        }
        (Some(name), _) if name.eq_ignore_ascii_case("inf") => sizes().fold(0.0, f64::max),
        (Some(_), _) => return Err(failure("The norm must be a number, 'fro' or 'inf'.")),
        (None, None) if kind.is_some() => {
            return Err(failure("The norm must be a number, 'fro' or 'inf'."));
        }
        (None, None | Some(2.0)) => length(),
        (None, Some(1.0)) => sizes().sum(),
        (None, Some(p)) if p == f64::INFINITY => sizes().fold(0.0, f64::max),
        (None, Some(p)) if p == f64::NEG_INFINITY => sizes().fold(f64::INFINITY, f64::min),
        (None, Some(p)) => libm::pow(sizes().map(|size| libm::pow(size, p)).sum(), 1.0 / p),
    };
    Ok(one(norm))
}

#[cfg(test)]
mod tests {
    use crate::testing::check;

    #[test]
    fn sums_and_truths_go_along_a_dimension() {
        check(&[
            ("sum([1 2; 3 4])", "[4 6]"),
            ("sum([1 2; 3 4], 2)", "[3; 7]"),
            ("sum([1 2; 3 4], 'all')", "10"),
            ("sum([])", "0"),
            ("sum(zeros(0, 3))", "[0 0 0]"),
            ("sum(zeros(3, 0))", "[1x0]"),
            ("sum([true true])", "2"),
            ("sum(5, 3)", "5"),
            ("prod([1 2 3])", "6"),
            ("prod([])", "1"),
            ("mean([1 2; 3 4])", "[2 3]"),
            ("mean([])", "NaN"),
            ("median([3 1 2])", "2"),
            ("median([4 1 2 3])", "2.5"),
            ("mode([1 2 2 3 3])", "2"),
            ("std([1 2 3 4])", "1.29099444873581"),
            ("var([1 2 3 4], 1)", "1.25"),
            ("any([0 0; 0 1])", "[false true]"),
            ("any([0 0; 0 1], 2)", "[false; true]"),
            ("any([])", "false"),
            ("all([])", "true"),
            ("all([1 1 0])", "false"),
            ("cumsum([1 2 3])", "[1 3 6]"),
            ("cumsum([1 2; 3 4], 2)", "[1 3; 3 7]"),
            ("cumprod([1 2 3])", "[1 2 6]"),
            ("diff([1 4 9])", "[3 5]"),
            ("diff([1 4 9], 2)", "2"),
            ("diff(5)", "[0x0]"),
            ("dot([1 2 3], [4 5 6])", "32"),
            ("cross([1 0 0], [0 1 0])", "[0 0 1]"),
            ("norm([3 4])", "5"),
            ("norm([1 -2], 1)", "3"),
            (
                "sum({1})",
                "error: MATLAB:UndefinedFunction: Undefined function 'sum' for input arguments of type 'cell'.",
            ),
        ]);
    }

    #[test]
    fn extremes_pass_over_nan() {
        check(&[
            ("max([3 9 2])", "9 | 2"),
            ("min([3 9 2])", "2 | 3"),
            ("max([1 5; 7 2])", "[7 5] | [2 1]"),
            ("max([1 5; 7 2], [], 2)", "[5; 7] | [2; 1]"),
            ("max([1 5; 7 2], [], 'all')", "7"),
            ("max(3, [1 5])", "[3 5]"),
            ("max([NaN 2])", "2 | 2"),
            ("max([NaN NaN])", "NaN | 1"),
            ("max(NaN, 1)", "1"),
            ("max([])", "[0x0]"),
            ("max(zeros(0, 3))", "[0x3]"),
            ("max(zeros(3, 0))", "[1x0]"),
            ("max(zeros(0, 3), [], 2)", "[0x1]"),
            ("max(-1, -2)", "-1"),
            ("min([-Inf 3])", "-Inf"),
            ("max([2 2])", "2 | 1"),
            ("max('a', 1)", "97"),
            (
                "max(1, 2, 3)",
                "error: max: with a dimension the second argument must be [].",
            ),
        ]);
    }
}
