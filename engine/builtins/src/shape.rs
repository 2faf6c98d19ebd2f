//! Moving elements: picking by place, walking along a dimension, matching sizes.

use crate::codes;
use crate::inputs::{Numbers, coded, failure};
use std::rc::Rc;
use tourbillon_value::{Array, Dims, Result, StructArray, Value};

/// A new value of that size from the elements of `value` at `places`, in order.
pub(crate) fn pick(value: &Value, dims: Dims, places: &[usize]) -> Result<Value> {
    Ok(match value {
        Value::Double(number) => Value::doubles(Array::new(dims, vec![*number; places.len()])),
        Value::Bool(truth) => Value::bools(Array::new(dims, vec![*truth; places.len()])),
        Value::DoubleArray(array) => Value::doubles(picked(array, dims, places)),
        Value::BoolArray(array) => Value::bools(picked(array, dims, places)),
        Value::Char(array) => Value::chars(picked(array, dims, places)),
        Value::Cell(array) => Value::cell(picked(array, dims, places)),
        Value::Struct(array) => {
            let fields = array
                .fields()
                .iter()
                .map(|(name, values)| {
                    let values = places.iter().map(|place| values[*place].clone()).collect();
                    (name.clone(), values)
                })
                .collect();
            Value::Struct(Rc::new(StructArray::new(dims, fields)))
        }
        Value::Function(_) | Value::Exception(_) | Value::Object(_) if places.len() == 1 => {
            value.clone()
        }
        Value::Function(_) => {
            return Err(failure(
                "Nonscalar arrays of function handles are not allowed; use cell arrays instead.",
            ));
        }
        Value::Exception(_) | Value::Object(_) => {
            return Err(failure(format!(
                "Arrays of objects of class '{}' are not allowed; use cell arrays instead.",
                value.class_name()
            )));
        }
        Value::Undefined | Value::Colon | Value::List(_) => {
            unreachable!("internal values do not reach the library")
        }
    })
}

fn picked<T: Clone>(array: &Array<T>, dims: Dims, places: &[usize]) -> Array<T> {
    let data = array.data();
    Array::new(
        dims,
        places.iter().map(|place| data[*place].clone()).collect(),
    )
}

/// The element at a place of an array, as `value(place)` gives it.
pub(crate) fn element(value: &Value, place: usize) -> Result<Value> {
    match value {
        Value::DoubleArray(array) => Ok(Value::Double(array.data()[place])),
        Value::BoolArray(array) => Ok(Value::Bool(array.data()[place])),
        _ => pick(value, Dims::scalar(), &[place]),
    }
}

/// How the elements along one dimension lie in memory.
pub(crate) struct Axis {
    /// Distance of neighbours.
    pub(crate) stride: usize,
    /// Number of elements along the dimension.
    pub(crate) length: usize,
    outer: usize,
}

impl Axis {
    /// The dimension `at`, counted from 0, of an array of that size.
    pub(crate) fn new(dims: &Dims, at: usize) -> Axis {
        let sizes = dims.as_slice();
        let stride = sizes.iter().take(at).product();
        Axis {
            stride,
            length: dims.get(at),
            outer: sizes.iter().skip(at + 1).product(),
        }
    }

    /// Number of lanes.
    pub(crate) fn lanes(&self) -> usize {
        self.stride * self.outer
    }

    /// The place of the `index`-th element of a lane.
    pub(crate) fn place(&self, lane: usize, index: usize) -> usize {
        let outer = lane / self.stride;
        let inner = lane % self.stride;
        outer * self.stride * self.length + index * self.stride + inner
    }
}

/// The first dimension that is not 1, counted from 0; 0 when all are.
pub(crate) fn first_dimension(dims: &Dims) -> usize {
    dims.as_slice()
        .iter()
        .position(|size| *size != 1)
        .unwrap_or(0)
}

/// The size with dimension `at` replaced.
pub(crate) fn with_size(dims: &Dims, at: usize, size: usize) -> Dims {
    let mut sizes = dims.as_slice().to_vec();
    while sizes.len() <= at {
        sizes.push(1);
    }
    sizes[at] = size;
    Dims::from_slice(&sizes)
}

/// Applies a function elementwise to two arrays of matching sizes; dimensions of size 1 stretch.
pub(crate) fn broadcast<T: Clone>(
    left: &Numbers<'_>,
    right: &Numbers<'_>,
    apply: impl Fn(f64, f64) -> T,
) -> Result<Array<T>> {
    if left.dims == right.dims {
        let data = left.data.iter().zip(right.data.iter());
        return Ok(Array::new(
            left.dims.clone(),
            data.map(|(left, right)| apply(*left, *right)).collect(),
        ));
    }
    let rank = left.dims.rank().max(right.dims.rank());
    let mut sizes = Vec::with_capacity(rank);
    for at in 0..rank {
        sizes.push(match (left.dims.get(at), right.dims.get(at)) {
            (a, b) if a == b => a,
            (1, size) | (size, 1) => size,
            _ => {
                return Err(coded(
                    &codes::SIZE_MISMATCH,
                    "Arrays have incompatible sizes for this operation.",
                ));
            }
        });
    }
    let dims = crate::inputs::checked(Dims::from_slice(&sizes))?;
    let count = dims.count();
    let mut data = Vec::with_capacity(count);
    let mut at = vec![0usize; rank];
    for _ in 0..count {
        let place = |of: &Dims| {
            let mut stride = 1;
            let mut place = 0;
            for (dimension, index) in at.iter().enumerate() {
                let size = of.get(dimension);
                if size != 1 {
                    place += index * stride;
                }
                stride *= size;
            }
            place
        };
        data.push(apply(
            left.data[place(&left.dims)],
            right.data[place(&right.dims)],
        ));
        for (index, size) in at.iter_mut().zip(&sizes) {
            *index += 1;
            if *index < *size {
                break;
            }
            *index = 0;
        }
    }
    Ok(Array::new(dims, data))
}
