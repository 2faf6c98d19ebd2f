//! Arrays: dimensions and column-major data.

use crate::release::release;
use crate::{Result, RuntimeError, Value, build_runtime_error, codes};
use smallvec::SmallVec;
use std::fmt;
use std::rc::Rc;

/// The most elements that an array may have: a program that asks for more gets an error, where the
/// process would otherwise run out of memory.
pub const MAX_ELEMENTS: usize = 1 << 28;

/// The size of an array: at least two dimensions, without trailing ones beyond the second.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Dims(SmallVec<[usize; 2]>);

impl Dims {
    /// `rows` × `columns`.
    pub fn new(rows: usize, columns: usize) -> Dims {
        Dims(SmallVec::from_buf([rows, columns]))
    }

    /// Any number of sizes; missing ones count as 1 and trailing ones are dropped.
    pub fn from_slice(sizes: &[usize]) -> Dims {
        let mut sizes = SmallVec::from_slice(sizes);
        while sizes.len() < 2 {
            sizes.push(1);
        }
        while sizes.len() > 2 && sizes.last() == Some(&1) {
            sizes.pop();
        }
        Dims(sizes)
    }

    /// 1 × 1.
    pub fn scalar() -> Dims {
        Dims::new(1, 1)
    }

    /// The sizes that a program asked for, when an array of that size may exist.
    pub fn checked(sizes: &[usize]) -> Result<Dims> {
        let dims = Dims::from_slice(sizes);
        match dims.checked_count() {
            Some(count) if count <= MAX_ELEMENTS => Ok(dims),
            Some(_) | None => Err(dims.too_large()),
        }
    }

    fn too_large(&self) -> RuntimeError {
        const GIGABYTE: f64 = (1u64 << 30) as f64;
        let bytes = 8.0 * self.0.iter().map(|size| *size as f64).product::<f64>();
        build_runtime_error(format!(
            "Requested {self} ({:.1}GB) array exceeds maximum array size preference ({:.1}GB).",
            bytes / GIGABYTE,
            8.0 * MAX_ELEMENTS as f64 / GIGABYTE
        ))
        .code(&codes::SIZE_LIMIT)
        .build()
    }

    /// Number of elements.
    ///
    /// # Panics
    /// When it does not fit `usize`; sizes from programs are checked with [`Dims::checked_count`].
    pub fn count(&self) -> usize {
        self.checked_count()
            .expect("the sizes of an existing array multiply without overflow")
    }

    /// Number of elements, or `None` on overflow.
    pub fn checked_count(&self) -> Option<usize> {
        self.0
            .iter()
            .try_fold(1usize, |count, size| count.checked_mul(*size))
    }

    /// The first size.
    pub fn rows(&self) -> usize {
        self.0[0]
    }

    /// The second size.
    pub fn columns(&self) -> usize {
        self.0[1]
    }

    /// Number of dimensions, at least 2.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// The size along dimension `at`, counted from 0; 1 beyond the last.
    pub fn get(&self, at: usize) -> usize {
        self.0.get(at).copied().unwrap_or(1)
    }

    /// All sizes.
    pub fn as_slice(&self) -> &[usize] {
        &self.0
    }

    /// Whether it is 1 × 1.
    pub fn is_scalar(&self) -> bool {
        self.0[..] == [1, 1]
    }

    /// Whether it has two dimensions and one row or one column.
    pub fn is_vector(&self) -> bool {
        self.rank() == 2 && (self.0[0] == 1 || self.0[1] == 1)
    }
}

impl fmt::Debug for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As in messages: `2x3`.
impl fmt::Display for Dims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, size) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("x")?;
            }
            write!(f, "{size}")?;
        }
        Ok(())
    }
}

/// Elements in column-major order with their dimensions.
#[derive(Clone)]
pub struct Array<T> {
    dims: Dims,
    data: Vec<T>,
    /// How elements that may nest are dropped without a deep stack.
    release: Option<fn(&mut Vec<T>)>,
}

impl<T: PartialEq> PartialEq for Array<T> {
    fn eq(&self, other: &Array<T>) -> bool {
        self.dims == other.dims && self.data == other.data
    }
}

impl<T: fmt::Debug> fmt::Debug for Array<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Array")
            .field("dims", &self.dims)
            .field("data", &self.data)
            .finish()
    }
}

impl<T> Drop for Array<T> {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            release(&mut self.data);
        }
    }
}

impl Array<Value> {
    /// The same array, which drops cells within cells to any depth.
    pub(crate) fn of_cells(mut self) -> Array<Value> {
        self.release = Some(release);
        self
    }

    /// Takes the elements out of an array that is about to be dropped.
    pub(crate) fn take_elements(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.data)
    }
}

impl<T> Array<T> {
    /// Takes dimensions and as many elements.
    ///
    /// # Panics
    /// When the number of elements is not that of the dimensions.
    pub fn new(dims: Dims, data: Vec<T>) -> Array<T> {
        assert_eq!(
            dims.count(),
            data.len(),
            "array data must fill its dimensions {dims}"
        );
        Array {
            dims,
            data,
            release: None,
        }
    }

    /// 0 × 0.
    pub fn empty() -> Array<T> {
        Array::new(Dims::new(0, 0), Vec::new())
    }

    /// 1 × n.
    pub fn row(data: Vec<T>) -> Array<T> {
        Array::new(Dims::new(1, data.len()), data)
    }

    /// n × 1.
    pub fn column(data: Vec<T>) -> Array<T> {
        Array::new(Dims::new(data.len(), 1), data)
    }

    /// The dimensions.
    pub fn dims(&self) -> &Dims {
        &self.dims
    }

    /// The elements, column by column.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// The elements, to be changed in place.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Gives up the array for its parts.
    pub fn into_parts(mut self) -> (Dims, Vec<T>) {
        (self.dims.clone(), std::mem::take(&mut self.data))
    }

    /// Number of elements.
    pub fn count(&self) -> usize {
        self.data.len()
    }

    /// The same elements under other dimensions of the same count.
    ///
    /// # Panics
    /// When the counts differ.
    pub fn reshaped(self, dims: Dims) -> Array<T> {
        Array::new(dims, self.into_parts().1)
    }

    /// Appends one element to a row or to a 0 × 0 array: the amortised fast path of `a(end+1) = x`.
    ///
    /// # Panics
    /// When the array is neither.
    pub fn push_to_row(&mut self, element: T) {
        assert!(self.data.is_empty() || self.dims.rows() == 1 && self.dims.rank() == 2);
        self.data.push(element);
        self.dims = Dims::new(1, self.data.len());
    }
}

impl<T: Clone> Array<T> {
    /// Grows to dimensions that are nowhere smaller; new elements are copies of `fill`. Growth at the
    /// end of the data is amortised, as for a vector.
    ///
    /// # Panics
    /// When a dimension shrinks and there are elements.
    pub fn grow(&mut self, dims: Dims, fill: T) {
        grow_data(&self.dims, &dims, &mut self.data, fill);
        self.dims = dims;
    }
}

/// Moves the elements to where the grown dimensions have them.
fn grow_data<T: Clone>(old: &Dims, new: &Dims, data: &mut Vec<T>, fill: T) {
    let rank = old.rank().max(new.rank());
    let count = new.count();
    let grows = (0..rank).all(|at| old.get(at) <= new.get(at));
    assert!(data.is_empty() || grows, "{old} does not grow to {new}");
    let first_change = (0..rank)
        .find(|at| old.get(*at) != new.get(*at))
        .unwrap_or(rank);
    let stays = data.is_empty() || (first_change + 1..rank).all(|at| old.get(at) == 1);
    if stays {
        data.resize(count, fill);
        return;
    }
    let mut grown = vec![fill; count];
    let rows = old.rows();
    let mut at = vec![0usize; rank];
    let mut elements = std::mem::take(data).into_iter();
    while elements.len() > 0 {
        let mut offset = 0;
        let mut stride = 1;
        for (dimension, counter) in at.iter().enumerate() {
            offset += counter * stride;
            stride *= new.get(dimension);
        }
        for (place, element) in grown[offset..offset + rows].iter_mut().zip(&mut elements) {
            *place = element;
        }
        for (dimension, counter) in at.iter_mut().enumerate().skip(1) {
            *counter += 1;
            if *counter < old.get(dimension) {
                break;
            }
            *counter = 0;
        }
    }
    *data = grown;
}

/// Names and columns of values, in field order.
pub type StructFields = Vec<(Rc<str>, Vec<Value>)>;

/// A struct array: every element has the same fields, in order of their first assignment.
#[derive(Clone, Debug)]
pub struct StructArray {
    dims: Dims,
    fields: Vec<(Rc<str>, Vec<Value>)>,
}

impl Drop for StructArray {
    fn drop(&mut self) {
        for (_, values) in &mut self.fields {
            release(values);
        }
    }
}

impl StructArray {
    /// 1 × 1 without fields.
    pub fn scalar() -> StructArray {
        StructArray {
            dims: Dims::scalar(),
            fields: Vec::new(),
        }
    }

    /// A struct array of the given size from its columns of values.
    ///
    /// # Panics
    /// When a field has not one value for each element.
    pub fn new(dims: Dims, fields: Vec<(Rc<str>, Vec<Value>)>) -> StructArray {
        let count = dims.count();
        assert!(fields.iter().all(|(_, values)| values.len() == count));
        StructArray { dims, fields }
    }

    /// The dimensions.
    pub fn dims(&self) -> &Dims {
        &self.dims
    }

    /// Number of elements.
    pub fn count(&self) -> usize {
        self.dims.count()
    }

    /// Names and values, in field order.
    pub fn fields(&self) -> &[(Rc<str>, Vec<Value>)] {
        &self.fields
    }

    /// The values of a field, one for each element.
    pub fn get(&self, name: &str) -> Option<&[Value]> {
        self.fields
            .iter()
            .find(|(field, _)| &**field == name)
            .map(|(_, values)| values.as_slice())
    }

    /// The values of a field, to be changed in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Vec<Value>> {
        self.fields
            .iter_mut()
            .find(|(field, _)| &**field == name)
            .map(|(_, values)| values)
    }

    /// Sets a field of a 1 × 1 struct, new or old.
    ///
    /// # Panics
    /// When the array is not 1 × 1.
    pub fn set(&mut self, name: &str, value: Value) {
        assert!(self.dims.is_scalar(), "set is for scalar structs");
        match self.get_mut(name) {
            Some(values) => values[0] = value,
            None => self.fields.push((name.into(), vec![value])),
        }
    }

    /// Sets one field of one element; a new field is `[]` in the others.
    ///
    /// # Panics
    /// When there is no such element.
    pub fn set_at(&mut self, at: usize, name: &str, value: Value) {
        if let Some(values) = self.get_mut(name) {
            values[at] = value;
        } else {
            let mut values = vec![Value::empty(); self.count()];
            values[at] = value;
            self.fields.push((name.into(), values));
        }
    }

    /// Grows to dimensions that are nowhere smaller; the fields of new elements are `[]`.
    ///
    /// # Panics
    /// When a dimension shrinks and there are elements.
    pub fn grow(&mut self, dims: Dims) {
        for (_, values) in &mut self.fields {
            grow_data(&self.dims, &dims, values, Value::empty());
        }
        self.dims = dims;
    }

    /// Gives up the array for its parts.
    pub fn into_parts(mut self) -> (Dims, StructFields) {
        (self.dims.clone(), std::mem::take(&mut self.fields))
    }

    /// Takes the values out of an array that is about to be dropped.
    pub(crate) fn take_values(&mut self) -> Vec<Value> {
        let fields = std::mem::take(&mut self.fields);
        fields.into_iter().flat_map(|(_, values)| values).collect()
    }
}
