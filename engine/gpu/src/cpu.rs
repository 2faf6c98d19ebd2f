//! The reference provider: a device that computes on the processor, at once and in double precision.

use crate::failure::{ProviderError, incompatible_sizes, inner_dimensions};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;
use tourbillon_host::{BufferId, Device, DeviceBinary, DeviceInfo, DeviceReduce, DeviceUnary};
use tourbillon_value::{Dims, Result};

const ELEMENT_BYTES: u64 = size_of::<f64>() as u64;

/// A device on the processor. It is the meaning of the other providers: they must agree with it.
///
/// Sums and products add from the first element to the last, so the digits are the same everywhere.
pub struct CpuDevice {
    memory_bytes: u64,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    // Ordered, and with numbers that are never used again: a stale number finds nothing.
    buffers: BTreeMap<BufferId, Buffer>,
    last_id: u64,
    used_bytes: u64,
}

struct Buffer {
    dims: Dims,
    // Shared, so that a command reads its operands while the table is free for the result.
    data: Rc<Vec<f64>>,
    /// Whether a value still refers to it.
    is_owned: bool,
    /// Operations in flight that read it.
    readers: u32,
}

/// A buffer that an operation in flight reads. It outlives its release, and goes when this does.
pub struct RetainedBuffer {
    device: Rc<CpuDevice>,
    buffer: BufferId,
}

impl CpuDevice {
    /// The memory of a device that nobody limited: 4 GiB.
    pub const DEFAULT_MEMORY_BYTES: u64 = 4 << 30;

    /// A device with so much memory.
    pub fn new(memory_bytes: u64) -> CpuDevice {
        CpuDevice {
            memory_bytes,
            state: RefCell::default(),
        }
    }

    /// Bytes in live buffers.
    pub fn used_bytes(&self) -> u64 {
        self.state.borrow().used_bytes
    }

    /// The elements of a buffer, column by column.
    ///
    /// # Errors
    /// `gpu:InvalidHandle` for a buffer that was released.
    pub fn read(&self, buffer: BufferId) -> Result<Vec<f64>> {
        Ok(self.operand(buffer)?.1.to_vec())
    }

    /// Keeps a buffer alive for an operation in flight, until the result is dropped.
    ///
    /// # Errors
    /// `gpu:InvalidHandle` for a buffer that was released.
    pub fn retain(self: &Rc<Self>, buffer: BufferId) -> Result<RetainedBuffer> {
        match self.state.borrow_mut().buffers.get_mut(&buffer) {
            Some(found) if found.is_owned => found.readers += 1,
            _ => return Err(ProviderError::InvalidHandle(buffer).into()),
        }
        Ok(RetainedBuffer {
            device: Rc::clone(self),
            buffer,
        })
    }

    fn operand(&self, buffer: BufferId) -> Result<(Dims, Rc<Vec<f64>>)> {
        match self.state.borrow().buffers.get(&buffer) {
            Some(found) if found.is_owned => Ok((found.dims.clone(), Rc::clone(&found.data))),
            _ => Err(ProviderError::InvalidHandle(buffer).into()),
        }
    }

    /// Room for a result, or `gpu:OutOfMemory`: of the device, or of the machine it stands for.
    fn room(&self, dims: &Dims) -> Result<Vec<f64>> {
        let free = self.memory_bytes - self.state.borrow().used_bytes;
        let count = dims.checked_count();
        let wanted = count
            .and_then(|count| (count as u64).checked_mul(ELEMENT_BYTES))
            .unwrap_or(u64::MAX);
        let out_of_memory = ProviderError::OutOfMemory { wanted, free };
        let mut data = Vec::new();
        match count {
            Some(count) if wanted <= free && data.try_reserve_exact(count).is_ok() => Ok(data),
            _ => Err(out_of_memory.into()),
        }
    }

    fn insert(&self, dims: Dims, data: Vec<f64>) -> BufferId {
        assert_eq!(dims.count(), data.len(), "a command filled its result");
        let mut state = self.state.borrow_mut();
        state.last_id += 1;
        state.used_bytes += byte_count(&data);
        let id = BufferId(state.last_id);
        let buffer = Buffer {
            dims,
            data: Rc::new(data),
            is_owned: true,
            readers: 0,
        };
        state.buffers.insert(id, buffer);
        id
    }
}

impl Default for CpuDevice {
    fn default() -> CpuDevice {
        CpuDevice::new(CpuDevice::DEFAULT_MEMORY_BYTES)
    }
}

impl fmt::Debug for CpuDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CpuDevice")
            .field("memory_bytes", &self.memory_bytes)
            .field("used_bytes", &self.used_bytes())
            .field("live_buffers", &self.live_buffers())
            .finish()
    }
}

impl State {
    /// Removes a buffer that neither a value nor an operation refers to.
    fn collect(&mut self, buffer: BufferId) {
        let is_free = |found: &Buffer| !found.is_owned && found.readers == 0;
        if self.buffers.get(&buffer).is_some_and(is_free)
            && let Some(gone) = self.buffers.remove(&buffer)
        {
            self.used_bytes -= byte_count(&gone.data);
        }
    }
}

impl Device for CpuDevice {
    fn info(&self) -> DeviceInfo {
        DeviceInfo {
            name: "CPU reference device".to_owned(),
            has_double: true,
            memory_bytes: self.memory_bytes,
        }
    }

    fn upload(&self, dims: &Dims, data: &[f64]) -> Result<BufferId> {
        if dims.checked_count() != Some(data.len()) {
            let given = data.len();
            let reason = format!("{given} elements given for a buffer of size {dims}");
            return Err(ProviderError::Validation(reason).into());
        }
        let mut copy = self.room(dims)?;
        copy.extend_from_slice(data);
        Ok(self.insert(dims.clone(), copy))
    }

    fn binary(&self, operation: DeviceBinary, left: BufferId, right: BufferId) -> Result<BufferId> {
        let (left_dims, left) = self.operand(left)?;
        let (right_dims, right) = self.operand(right)?;
        let dims = if left_dims == right_dims || right_dims.is_scalar() {
            left_dims
        } else if left_dims.is_scalar() {
            right_dims
        } else {
            return Err(incompatible_sizes(&left_dims, &right_dims));
        };
        let mut result = self.room(&dims)?;
        let apply = |a: &f64, b: &f64| match operation {
            DeviceBinary::Add => a + b,
            DeviceBinary::Subtract => a - b,
            DeviceBinary::Multiply => a * b,
            DeviceBinary::Divide => a / b,
        };
        match (&left[..], &right[..]) {
            (left, [b]) => result.extend(left.iter().map(|a| apply(a, b))),
            ([a], right) => result.extend(right.iter().map(|b| apply(a, b))),
            (left, right) => result.extend(left.iter().zip(right).map(|(a, b)| apply(a, b))),
        }
        Ok(self.insert(dims, result))
    }

    fn unary(&self, operation: DeviceUnary, operand: BufferId) -> Result<BufferId> {
        let (dims, operand) = self.operand(operand)?;
        let mut result = self.room(&dims)?;
        // A negative number has no square root here: the device has no complex numbers, and says NaN.
        result.extend(operand.iter().map(|a| match operation {
            DeviceUnary::Negate => -a,
            DeviceUnary::Absolute => a.abs(),
            DeviceUnary::SquareRoot => a.sqrt(),
        }));
        Ok(self.insert(dims, result))
    }

    fn reduce(&self, operation: DeviceReduce, operand: BufferId) -> Result<BufferId> {
        let (_, operand) = self.operand(operand)?;
        let mut result = self.room(&Dims::scalar())?;
        // `max` and `min` of the standard library pass over NaN, as the language's do.
        let value = match operation {
            DeviceReduce::Sum => Some(operand.iter().fold(0.0, |sum, a| sum + a)),
            DeviceReduce::Maximum => operand.iter().copied().reduce(f64::max),
            DeviceReduce::Minimum => operand.iter().copied().reduce(f64::min),
        };
        let Some(value) = value else {
            let reason = "an empty buffer has no largest or smallest element".to_owned();
            return Err(ProviderError::Validation(reason).into());
        };
        result.push(value);
        Ok(self.insert(Dims::scalar(), result))
    }

    fn multiply(&self, left: BufferId, right: BufferId) -> Result<BufferId> {
        let (left_dims, left) = self.operand(left)?;
        let (right_dims, right) = self.operand(right)?;
        let (rows, inner, columns) = (left_dims.rows(), left_dims.columns(), right_dims.columns());
        if left_dims.rank() > 2 || right_dims.rank() > 2 || inner != right_dims.rows() {
            return Err(inner_dimensions(&left_dims, &right_dims));
        }
        let dims = Dims::new(rows, columns);
        let mut result = self.room(&dims)?;
        result.resize(dims.count(), 0.0);
        // Column by column of the left factor: memory is read in order, and every element of the
        // result still adds its terms from the first to the last.
        for column in 0..columns {
            let target = &mut result[column * rows..(column + 1) * rows];
            for at in 0..inner {
                let factor = right[column * inner + at];
                let source = &left[at * rows..(at + 1) * rows];
                for (sum, a) in target.iter_mut().zip(source) {
                    *sum += a * factor;
                }
            }
        }
        Ok(self.insert(dims, result))
    }

    fn release(&self, buffer: BufferId) -> Result<()> {
        let mut state = self.state.borrow_mut();
        match state.buffers.get_mut(&buffer) {
            Some(found) if found.is_owned => found.is_owned = false,
            _ => return Err(ProviderError::InvalidHandle(buffer).into()),
        }
        state.collect(buffer);
        Ok(())
    }

    fn dims(&self, buffer: BufferId) -> Result<Dims> {
        Ok(self.operand(buffer)?.0)
    }

    fn live_buffers(&self) -> usize {
        self.state.borrow().buffers.len()
    }
}

impl RetainedBuffer {
    /// Which buffer it is.
    pub fn id(&self) -> BufferId {
        self.buffer
    }

    /// The elements, column by column.
    pub fn read(&self) -> Vec<f64> {
        let state = self.device.state.borrow();
        state.buffers[&self.buffer].data.to_vec()
    }
}

impl Drop for RetainedBuffer {
    fn drop(&mut self) {
        let mut state = self.device.state.borrow_mut();
        if let Some(found) = state.buffers.get_mut(&self.buffer) {
            found.readers -= 1;
        }
        state.collect(self.buffer);
    }
}

impl fmt::Debug for RetainedBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetainedBuffer")
            .field(&self.buffer.0)
            .finish()
    }
}

fn byte_count(data: &[f64]) -> u64 {
    data.len() as u64 * ELEMENT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error;
    use tourbillon_value::RuntimeError;

    const NAN: f64 = f64::NAN;

    fn upload(device: &CpuDevice, rows: usize, columns: usize, data: &[f64]) -> BufferId {
        device
            .upload(&Dims::new(rows, columns), data)
            .expect("the test's array fits")
    }

    /// The size and the bits of a result, or the error's identifier.
    fn shown(device: &CpuDevice, result: Result<BufferId>) -> std::result::Result<String, String> {
        let show = |id| -> Result<String> {
            let numbers = device.read(id)?;
            Ok(format!("{} {numbers:?}", device.dims(id)?))
        };
        result
            .and_then(show)
            .map_err(|error: RuntimeError| error.identifier().to_owned())
    }

    type Matrix<'a> = (usize, usize, &'a [f64]);

    fn check(
        run: impl FnOnce(&CpuDevice, BufferId, BufferId) -> Result<BufferId>,
        left: Matrix<'_>,
        right: Matrix<'_>,
        expected: std::result::Result<&str, &str>,
    ) {
        let device = CpuDevice::default();
        let left = upload(&device, left.0, left.1, left.2);
        let right = upload(&device, right.0, right.1, right.2);
        let result = run(&device, left, right);
        assert_eq!(
            shown(&device, result),
            expected.map(str::to_owned).map_err(str::to_owned)
        );
    }

    #[test]
    fn elementwise_operations_pair_equal_sizes_and_scalars() {
        use DeviceBinary::{Add, Divide, Multiply, Subtract};
        let row: Matrix<'_> = (1, 3, &[1.0, 2.0, 4.0]);
        let other: Matrix<'_> = (1, 3, &[10.0, 20.0, 0.0]);
        let column: Matrix<'_> = (3, 1, &[1.0, 2.0, 3.0]);
        let scalar: Matrix<'_> = (1, 1, &[2.0]);
        let empty: Matrix<'_> = (0, 3, &[]);
        for (operation, left, right, expected) in [
            (Add, row, other, Ok("1x3 [11.0, 22.0, 4.0]")),
            (Subtract, row, scalar, Ok("1x3 [-1.0, 0.0, 2.0]")),
            (Subtract, scalar, row, Ok("1x3 [1.0, 0.0, -2.0]")),
            (Multiply, scalar, scalar, Ok("1x1 [4.0]")),
            (Divide, row, other, Ok("1x3 [0.1, 0.1, inf]")),
            (Add, empty, scalar, Ok("0x3 []")),
            (Add, scalar, empty, Ok("0x3 []")),
            (Add, row, column, Err("MATLAB:sizeDimensionsMustMatch")),
            (Add, empty, row, Err("MATLAB:sizeDimensionsMustMatch")),
        ] {
            check(|d, a, b| d.binary(operation, a, b), left, right, expected);
        }
    }

    #[test]
    fn elementwise_functions_and_reductions() {
        use DeviceReduce::{Maximum, Minimum, Sum};
        use DeviceUnary::{Absolute, Negate, SquareRoot};
        let numbers: Matrix<'_> = (2, 2, &[4.0, -9.0, 0.0, NAN]);
        let finite: Matrix<'_> = (1, 3, &[4.0, -9.0, 1.5]);
        let empty: Matrix<'_> = (0, 0, &[]);
        for (operation, expected) in [
            (Negate, "2x2 [-4.0, 9.0, -0.0, NaN]"),
            (Absolute, "2x2 [4.0, 9.0, 0.0, NaN]"),
            (SquareRoot, "2x2 [2.0, NaN, 0.0, NaN]"),
        ] {
            check(
                |d, a, _| d.unary(operation, a),
                numbers,
                empty,
                Ok(expected),
            );
        }
        for (operation, operand, expected) in [
            (Sum, finite, Ok("1x1 [-3.5]")),
            (Sum, empty, Ok("1x1 [0.0]")),
            (Sum, numbers, Ok("1x1 [NaN]")),
            (Maximum, numbers, Ok("1x1 [4.0]")),
            (Minimum, numbers, Ok("1x1 [-9.0]")),
            (Maximum, empty, Err("gpu:Validation")),
        ] {
            check(|d, a, _| d.reduce(operation, a), operand, empty, expected);
        }
    }

    #[test]
    fn the_matrix_product_is_that_of_columns() {
        let left: Matrix<'_> = (2, 3, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let right: Matrix<'_> = (3, 2, &[1.0, 0.0, 2.0, 0.0, 1.0, -1.0]);
        let no_rows: Matrix<'_> = (0, 2, &[]);
        let thin: Matrix<'_> = (2, 0, &[]);
        for (left, right, expected) in [
            (left, right, Ok("2x2 [7.0, 16.0, -1.0, -1.0]")),
            (thin, no_rows, Ok("2x2 [0.0, 0.0, 0.0, 0.0]")),
            (left, left, Err("MATLAB:innerdim")),
        ] {
            check(|d, a, b| d.multiply(a, b), left, right, expected);
        }
    }

    #[test]
    fn a_released_buffer_is_not_there_any_more() {
        let device = CpuDevice::default();
        let first = upload(&device, 1, 1, &[1.0]);
        let invalid = Err("gpu:InvalidHandle".to_owned());
        assert!(device.release(first).is_ok());
        assert_eq!(device.live_buffers(), 0);
        let second = upload(&device, 1, 1, &[2.0]);
        assert_ne!(first, second, "numbers are not used again");
        let freed_twice = device.release(first).map(|()| second);
        assert_eq!(shown(&device, freed_twice), invalid);
        assert_eq!(
            shown(&device, device.unary(DeviceUnary::Negate, first)),
            invalid
        );
        assert_eq!(shown(&device, device.multiply(second, first)), invalid);
        assert_eq!(shown(&device, Ok(first)), invalid);
        let error = device.dims(first).expect_err("the buffer was released");
        let source = error
            .source()
            .expect("the provider's own error is behind it");
        assert_eq!(source.to_string(), "buffer 1 is not on the device");
        assert_eq!(device.live_buffers(), 1);
    }

    #[test]
    fn a_reader_in_flight_keeps_a_released_buffer() {
        let device = Rc::new(CpuDevice::default());
        let buffer = upload(&device, 1, 2, &[1.0, 2.0]);
        let reader = device.retain(buffer).expect("the buffer is live");
        let other = device.retain(buffer).expect("the buffer is live");
        assert!(device.release(buffer).is_ok());
        let freed_twice = device.release(buffer).expect_err("it was released");
        assert_eq!(freed_twice.identifier(), "gpu:InvalidHandle");
        assert!(
            device.retain(buffer).is_err(),
            "no new reader after the release"
        );
        drop(other);
        assert_eq!((device.live_buffers(), device.used_bytes()), (1, 16));
        assert_eq!(reader.read(), [1.0, 2.0]);
        drop(reader);
        assert_eq!((device.live_buffers(), device.used_bytes()), (0, 0));
    }

    #[test]
    fn a_reader_that_ends_first_leaves_the_buffer_to_its_value() {
        let device = Rc::new(CpuDevice::default());
        let buffer = upload(&device, 1, 1, &[3.0]);
        drop(device.retain(buffer).expect("the buffer is live"));
        assert_eq!(device.read(buffer).expect("the buffer is live"), [3.0]);
        assert!(device.release(buffer).is_ok());
        assert_eq!(device.live_buffers(), 0);
    }

    #[test]
    fn memory_is_limited_and_comes_back() {
        let device = CpuDevice::new(32);
        let full = Err("gpu:OutOfMemory".to_owned());
        let buffer = upload(&device, 1, 3, &[1.0, 2.0, 3.0]);
        assert_eq!(
            shown(&device, device.unary(DeviceUnary::Negate, buffer)),
            full
        );
        let sum = device
            .reduce(DeviceReduce::Sum, buffer)
            .expect("8 bytes are free");
        assert_eq!(device.used_bytes(), 32);
        assert!(device.release(buffer).is_ok());
        let grown = device.binary(DeviceBinary::Add, sum, sum);
        assert_eq!(shown(&device, grown), Ok("1x1 [12.0]".to_owned()));
        let column = upload(&device, 1, 1, &[1.0]);
        assert_eq!(
            shown(&device, device.upload(&Dims::new(1, 2), &[0.0; 2])),
            full
        );
        assert!(device.release(column).is_ok());
        assert_eq!(device.used_bytes(), 16);
    }

    #[test]
    fn an_upload_has_as_many_elements_as_its_size_says() {
        let device = CpuDevice::default();
        let wrong = device.upload(&Dims::new(2, 2), &[1.0; 3]);
        assert_eq!(shown(&device, wrong), Err("gpu:Validation".to_owned()));
        let overflowing = device.upload(&Dims::new(usize::MAX, 2), &[1.0; 2]);
        assert_eq!(
            shown(&device, overflowing),
            Err("gpu:Validation".to_owned())
        );
    }
}
