//! From the arguments of an index to the places of elements, with MATLAB's rules about shapes,
//! bounds and growth.

use crate::fail::{by, class_of, fail};
use crate::{Dims, Result, RuntimeError, Value, codes};

/// Beyond this every index is out of bounds; it keeps sums of indices far from overflow.
const FARTHEST: f64 = (1u64 << 48) as f64;

/// One argument of an index; places count from 0.
pub(crate) enum Subscript {
    /// `:`.
    All,
    /// One place.
    One(usize),
    /// Any number of places, with the shape in which they were given.
    Many {
        /// The places.
        list: Vec<usize>,
        /// Their shape.
        dims: Dims,
        /// Whether they are those of a logical mask.
        is_mask: bool,
    },
}

/// The place of a scalar index below `count`; `None` sends the caller to the general path.
#[inline]
pub(crate) fn quick(index: f64, count: usize) -> Option<usize> {
    let at = index as usize;
    (at as f64 == index && at >= 1 && at <= count).then(|| at - 1)
}

impl Subscript {
    /// Reads an argument; `position` is its place among several, from 1, and `None` for the only one.
    pub fn read(argument: &Value, position: Option<usize>) -> Result<Subscript> {
        match argument {
            Value::Colon => Ok(Subscript::All),
            Value::Double(index) => Ok(Subscript::One(place(*index, position)?)),
            Value::DoubleArray(array) => {
                let mut list = Vec::with_capacity(array.count());
                for index in array.data() {
                    list.push(place(*index, position)?);
                }
                Ok(Subscript::Many {
                    list,
                    dims: array.dims().clone(),
                    is_mask: false,
                })
            }
            Value::Bool(true) => Ok(Subscript::Many {
                list: vec![0],
                dims: Dims::scalar(),
                is_mask: true,
            }),
            Value::Bool(false) => Ok(Subscript::Many {
                list: Vec::new(),
                dims: Dims::new(0, 0),
                is_mask: true,
            }),
            Value::BoolArray(array) => {
                let list: Vec<usize> = (0..array.count()).filter(|at| array.data()[*at]).collect();
                let dims = if array.dims().rank() == 2 && array.dims().rows() == 1 {
                    Dims::new(1, list.len())
                } else {
                    Dims::new(list.len(), 1)
                };
                Ok(Subscript::Many {
                    list,
                    dims,
                    is_mask: true,
                })
            }
            // The text ':' is the colon.
            Value::Char(array) if array.data() == [u16::from(b':')] => Ok(Subscript::All),
            Value::Char(array) => {
                let mut list = Vec::with_capacity(array.count());
                for unit in array.data() {
                    list.push(place(f64::from(*unit), position)?);
                }
                Ok(Subscript::Many {
                    list,
                    dims: array.dims().clone(),
                    is_mask: false,
                })
            }
            Value::Undefined
            | Value::Cell(_)
            | Value::Struct(_)
            | Value::Function(_)
            | Value::Exception(_)
            | Value::Object(_)
            | Value::List(_) => Err(fail(
                &codes::INVALID_SUBSCRIPT,
                format!(
                    "Unable to use a value of type {} as an index.",
                    class_of(argument)
                ),
            )),
        }
    }

    /// How many places it names in a dimension of that size.
    pub fn count(&self, size: usize) -> usize {
        match self {
            Subscript::All => size,
            Subscript::One(_) => 1,
            Subscript::Many { list, .. } => list.len(),
        }
    }

    /// One past the farthest place; 0 for none and for the colon.
    pub fn reach(&self) -> usize {
        match self {
            Subscript::All => 0,
            Subscript::One(at) => at + 1,
            Subscript::Many { list, .. } => list.iter().max().map_or(0, |at| at + 1),
        }
    }

    /// Whether it names every place of a dimension of that size.
    pub fn covers(&self, size: usize) -> bool {
        match self {
            Subscript::All => true,
            Subscript::One(at) => size == 1 && *at == 0,
            Subscript::Many { list, .. } => {
                let mut seen = vec![false; size];
                for at in list {
                    if let Some(seen) = seen.get_mut(*at) {
                        *seen = true;
                    }
                }
                seen.iter().all(|seen| *seen)
            }
        }
    }

    fn check(&self, size: usize, position: Option<usize>) -> Result<()> {
        if self.reach() <= size {
            return Ok(());
        }
        let is_mask = matches!(self, Subscript::Many { is_mask: true, .. });
        Err(out_of_bounds(size, position, is_mask))
    }
}

fn place(index: f64, position: Option<usize>) -> Result<usize> {
    if index >= 1.0 && index.floor() == index && index.is_finite() {
        return Ok(index.min(FARTHEST) as usize - 1);
    }
    const WHAT: &str = "Array indices must be positive integers or logical values.";
    let message = match position {
        None => WHAT.to_owned(),
        Some(position) => format!("Index in position {position} is invalid. {WHAT}"),
    };
    Err(fail(&codes::INVALID_SUBSCRIPT, message))
}

fn out_of_bounds(size: usize, position: Option<usize>, is_mask: bool) -> RuntimeError {
    let message = match (position, is_mask) {
        (None, true) => {
            "The logical indices contain a true value outside of the array bounds.".to_owned()
        }
        (Some(position), true) => format!(
            "The logical indices in position {position} contain a true value outside of the array \
             bounds."
        ),
        (None, false) => {
            format!("Index exceeds the number of array elements. Index must not exceed {size}.")
        }
        (Some(position), false) => format!(
            "Index in position {position} exceeds array bounds. Index must not exceed {size}."
        ),
    };
    fail(&codes::BAD_SUBSCRIPT, message)
}

/// The places of elements in column-major data.
pub(crate) enum Places {
    /// A run: first place and length.
    Run(usize, usize),
    /// Any places.
    List(Vec<usize>),
}

impl Places {
    /// How many.
    pub fn count(&self) -> usize {
        match self {
            Places::Run(_, count) => *count,
            Places::List(list) => list.len(),
        }
    }

    /// The place of the element at `at`.
    pub fn get(&self, at: usize) -> usize {
        match self {
            Places::Run(start, _) => start + at,
            Places::List(list) => list[at],
        }
    }

    /// Copies of the elements at these places.
    pub fn pick<T: Clone>(&self, data: &[T]) -> Vec<T> {
        match self {
            Places::Run(start, count) => data[*start..start + count].to_vec(),
            Places::List(list) => list.iter().map(|at| data[*at].clone()).collect(),
        }
    }
}

/// What an index selects: places, and the shape of the result.
pub(crate) struct Selection {
    /// The places.
    pub places: Places,
    /// The shape.
    pub dims: Dims,
}

/// Resolves an index of an array with the given dimensions. There is at least one argument.
pub(crate) fn select(base: &Dims, arguments: &[Value]) -> Result<Selection> {
    if let [argument] = arguments {
        return select_linear(base, argument);
    }
    let sizes = folded(base, arguments.len());
    let mut subscripts = Vec::with_capacity(sizes.len());
    let mut counts = Vec::with_capacity(sizes.len());
    for (at, (argument, size)) in arguments.iter().zip(&sizes).enumerate() {
        let subscript = Subscript::read(argument, Some(at + 1))?;
        subscript.check(*size, Some(at + 1))?;
        counts.push(subscript.count(*size));
        subscripts.push(subscript);
    }
    let dims = Dims::checked(&counts)?;
    Ok(Selection {
        places: places(&sizes, &subscripts),
        dims,
    })
}

fn select_linear(base: &Dims, argument: &Value) -> Result<Selection> {
    let count = base.count();
    let subscript = Subscript::read(argument, None)?;
    subscript.check(count, None)?;
    Ok(match subscript {
        Subscript::All => Selection {
            places: Places::Run(0, count),
            dims: Dims::new(count, 1),
        },
        Subscript::One(at) => Selection {
            places: Places::Run(at, 1),
            dims: Dims::scalar(),
        },
        Subscript::Many { list, dims, .. } => {
            // A vector indexed by a vector keeps its own orientation.
            let dims = if dims.is_vector() && base.is_vector() && !base.is_scalar() {
                if base.rows() == 1 {
                    Dims::new(1, list.len())
                } else {
                    Dims::new(list.len(), 1)
                }
            } else {
                dims
            };
            Selection {
                places: Places::List(list),
                dims,
            }
        }
    })
}

/// The sizes that `count` arguments see: the last one stands for all dimensions that are left.
fn folded(dims: &Dims, count: usize) -> Vec<usize> {
    let mut sizes: Vec<usize> = (0..count).map(|at| dims.get(at)).collect();
    if let Some(last) = sizes.last_mut() {
        *last *= (count..dims.rank())
            .map(|at| dims.get(at))
            .product::<usize>();
    }
    sizes
}

fn places(sizes: &[usize], subscripts: &[Subscript]) -> Places {
    match subscripts {
        [Subscript::One(row), Subscript::One(column)] => {
            return Places::Run(row + column * sizes[0], 1);
        }
        [Subscript::All, Subscript::One(column)] => {
            return Places::Run(column * sizes[0], sizes[0]);
        }
        _ => {}
    }
    // From the last dimension to the first, so that the first one runs fastest.
    let mut list = vec![0];
    let mut stride: usize = sizes.iter().product();
    for (size, subscript) in sizes.iter().zip(subscripts).rev() {
        // A dimension of size 0 leaves nothing to select: the strides before it do not matter.
        stride = stride.checked_div(*size).unwrap_or(0);
        let mut next = Vec::with_capacity(list.len() * subscript.count(*size));
        for offset in list {
            match subscript {
                Subscript::All => next.extend((0..*size).map(|at| offset + at * stride)),
                Subscript::One(at) => next.push(offset + at * stride),
                Subscript::Many { list, .. } => {
                    next.extend(list.iter().map(|at| offset + at * stride));
                }
            }
        }
        list = next;
    }
    Places::List(list)
}

/// What an indexed assignment does: where it writes, and how the array grows before.
pub(crate) struct Plan {
    /// The dimensions before the write, when they change.
    pub grown: Option<Dims>,
    /// Where it writes.
    pub places: Places,
}

/// Resolves `A(arguments) = B` from the sizes of both, with every check before anything changes.
pub(crate) fn plan(base: &Dims, arguments: &[Value], source: &Dims) -> Result<Plan> {
    if let [argument] = arguments {
        return plan_linear(base, argument, source);
    }
    let mut sizes = folded(base, arguments.len());
    let is_new = base.as_slice().iter().all(|size| *size == 0);
    let mut subscripts = Vec::with_capacity(sizes.len());
    for (at, argument) in arguments.iter().enumerate() {
        subscripts.push(Subscript::read(argument, Some(at + 1))?);
    }
    if is_new
        && subscripts
            .iter()
            .any(|subscript| matches!(subscript, Subscript::All))
    {
        size_colons(&mut sizes, &subscripts, source);
    }
    let mut grows = is_new && sizes.iter().any(|size| *size > 0);
    for (size, subscript) in sizes.iter_mut().zip(&subscripts) {
        let reach = subscript.reach();
        if reach > *size {
            *size = reach;
            grows = true;
        }
    }
    let counts: Vec<usize> = subscripts
        .iter()
        .zip(&sizes)
        .map(|(subscript, size)| subscript.count(*size))
        .collect();
    if !source.is_scalar() {
        let left = counts.iter().filter(|count| **count != 1);
        let right = source.as_slice().iter().filter(|count| **count != 1);
        if !left.eq(right) {
            if counts.contains(&0) && source.checked_count() == Some(0) {
                // Nothing to nowhere: the sizes do not matter, and nothing grows.
                return Ok(Plan {
                    grown: None,
                    places: Places::Run(0, 0),
                });
            }
            return Err(fail(
                &codes::ASSIGN_SIZE_MISMATCH,
                format!(
                    "Unable to perform assignment because the size of the left side is {} and the \
                     size of the right side is {}.",
                    by(&Dims::from_slice(&counts)),
                    by(source)
                ),
            ));
        }
    }
    if grows && arguments.len() < base.rank() {
        return Err(ambiguous_growth());
    }
    let grown = if grows {
        Some(Dims::checked(&sizes)?)
    } else {
        None
    };
    Ok(Plan {
        grown,
        places: places(&sizes, &subscripts),
    })
}

/// In an assignment to an array of size zero, the colons take the sizes of the right side in order.
fn size_colons(sizes: &mut [usize], subscripts: &[Subscript], source: &Dims) {
    let is_same_shape = subscripts.len() >= source.rank()
        && subscripts.iter().enumerate().all(|(at, subscript)| {
            matches!(subscript, Subscript::All) || subscript.count(0) == source.get(at)
        });
    let mut left = source
        .as_slice()
        .iter()
        .copied()
        .filter(|size| *size != 1)
        .peekable();
    for (at, (size, subscript)) in sizes.iter_mut().zip(subscripts).enumerate() {
        match subscript {
            Subscript::All if is_same_shape => *size = source.get(at),
            Subscript::All => *size = left.next().unwrap_or(1),
            Subscript::One(_) => {}
            Subscript::Many { list, .. } => {
                left.next_if_eq(&list.len());
            }
        }
    }
}

fn plan_linear(base: &Dims, argument: &Value, source: &Dims) -> Result<Plan> {
    let subscript = Subscript::read(argument, None)?;
    let size = base.count();
    let count = subscript.count(size);
    if !source.is_scalar() && source.checked_count() != Some(count) {
        return Err(fail(
            &codes::NUMEL_MISMATCH,
            "Unable to perform assignment because the left and right sides have a different \
             number of elements.",
        ));
    }
    let reach = subscript.reach();
    let grown = if reach > size {
        Some(grown_linear(base, reach)?)
    } else {
        None
    };
    let places = match subscript {
        Subscript::All => Places::Run(0, size),
        Subscript::One(at) => Places::Run(at, 1),
        Subscript::Many { list, .. } => Places::List(list),
    };
    Ok(Plan { grown, places })
}

/// The dimensions that hold `reach` elements: a column grows down, rows and arrays without rows to the
/// right.
fn grown_linear(base: &Dims, reach: usize) -> Result<Dims> {
    if base.rank() == 2 && base.rows() <= 1 {
        return Dims::checked(&[1, reach]);
    }
    if base.rank() == 2 && base.columns() == 1 {
        return Dims::checked(&[reach, 1]);
    }
    Err(ambiguous_growth())
}

fn ambiguous_growth() -> RuntimeError {
    fail(
        &codes::AMBIGUOUS_GROWTH,
        "Attempt to grow array along ambiguous dimension.",
    )
}

/// What a deletion leaves: the flags of the elements that go, and the dimensions after.
pub(crate) struct Deletion {
    /// For each element whether it goes.
    pub gone: Vec<bool>,
    /// The dimensions after.
    pub dims: Dims,
}

/// Resolves `A(arguments) = []`; `None` when nothing goes.
pub(crate) fn plan_deletion(base: &Dims, arguments: &[Value]) -> Result<Option<Deletion>> {
    if let [argument] = arguments {
        return plan_linear_deletion(base, argument);
    }
    let sizes = folded(base, arguments.len());
    let mut subscripts = Vec::with_capacity(sizes.len());
    for (at, (argument, size)) in arguments.iter().zip(&sizes).enumerate() {
        let subscript = Subscript::read(argument, Some(at + 1))?;
        if subscript.count(*size) == 0 && !matches!(subscript, Subscript::All) {
            return Ok(None);
        }
        subscripts.push(subscript);
    }
    if subscripts
        .iter()
        .zip(&sizes)
        .any(|(subscript, size)| subscript.reach() > *size)
    {
        return Err(delete_range());
    }
    let mut partial = (0..sizes.len()).filter(|at| !subscripts[*at].covers(sizes[*at]));
    let axis = match (partial.next(), partial.next()) {
        (Some(only), None) => only,
        // Everything goes: along the dimension that was spelled out, else along the first.
        (None, _) => (0..sizes.len())
            .find(|at| !matches!(subscripts[*at], Subscript::All))
            .unwrap_or(0),
        (Some(_), Some(_)) => {
            return Err(fail(
                &codes::DELETE_SHAPE,
                "A null assignment can have only one non-colon index.",
            ));
        }
    };
    let mut along = vec![matches!(subscripts[axis], Subscript::All); sizes[axis]];
    match &subscripts[axis] {
        Subscript::All => {}
        Subscript::One(at) => along[*at] = true,
        Subscript::Many { list, .. } => list.iter().for_each(|at| along[*at] = true),
    }
    let stride: usize = sizes[..axis].iter().product();
    let size = sizes[axis];
    let gone = (0..base.count())
        .map(|at| along[at / stride % size])
        .collect();
    // Only the last argument stands for several dimensions.
    let mut left = if axis + 1 < sizes.len() {
        base.as_slice().to_vec()
    } else {
        sizes
    };
    left[axis] = along.iter().filter(|gone| !**gone).count();
    Ok(Some(Deletion {
        gone,
        dims: Dims::from_slice(&left),
    }))
}

fn plan_linear_deletion(base: &Dims, argument: &Value) -> Result<Option<Deletion>> {
    let count = base.count();
    let subscript = Subscript::read(argument, None)?;
    if subscript.reach() > count {
        return Err(delete_range());
    }
    let mut gone = vec![false; count];
    match subscript {
        Subscript::All => {
            gone.fill(true);
            return Ok(Some(Deletion {
                gone,
                dims: Dims::new(0, 0),
            }));
        }
        Subscript::One(at) => gone[at] = true,
        Subscript::Many { list, .. } if list.is_empty() => return Ok(None),
        Subscript::Many { list, .. } => list.iter().for_each(|at| gone[*at] = true),
    }
    let left = gone.iter().filter(|gone| !**gone).count();
    let is_column = base.rank() == 2 && base.columns() == 1 && base.rows() != 1;
    let dims = if is_column {
        Dims::new(left, 1)
    } else {
        Dims::new(1, left)
    };
    Ok(Some(Deletion { gone, dims }))
}

fn delete_range() -> RuntimeError {
    fail(
        &codes::DELETE_RANGE,
        "Matrix index is out of range for deletion.",
    )
}
