//! What the engine asks of a device that computes on arrays. Commands are queued in order and return
//! at once; only reading back waits, and that is an operation of the host's table.

use tourbillon_value::{Dims, Result};

/// Number of a device buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufferId(pub u64);

/// Elementwise operations of two arrays of the same size, or of an array and a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceBinary {
    /// `a + b`
    Add,
    /// `a - b`
    Subtract,
    /// `a .* b`
    Multiply,
    /// `a ./ b`
    Divide,
}

/// Elementwise functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceUnary {
    /// `-a`
    Negate,
    /// `abs(a)`
    Absolute,
    /// `sqrt(a)`
    SquareRoot,
}

/// Reductions of all elements to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceReduce {
    /// The sum.
    Sum,
    /// The largest.
    Maximum,
    /// The smallest.
    Minimum,
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceInfo {
    /// Its name.
    pub name: String,
    /// Whether it computes in 64 bits; otherwise doubles are computed in single precision.
    pub has_double: bool,
    /// Its memory, in bytes.
    pub memory_bytes: u64,
}

/// A device with one queue. Errors carry the `gpu:` identifiers.
pub trait Device {
    /// What it is.
    fn info(&self) -> DeviceInfo;

    /// Copies numbers to a new buffer.
    fn upload(&self, dims: &Dims, data: &[f64]) -> Result<BufferId>;

    /// Queues an elementwise operation into a new buffer.
    fn binary(&self, operation: DeviceBinary, left: BufferId, right: BufferId) -> Result<BufferId>;

    /// Queues an elementwise function into a new buffer.
    fn unary(&self, operation: DeviceUnary, operand: BufferId) -> Result<BufferId>;

    /// Queues a reduction of all elements into a new 1 × 1 buffer.
    fn reduce(&self, operation: DeviceReduce, operand: BufferId) -> Result<BufferId>;

    /// Queues the product of an m × k and a k × n matrix into a new buffer.
    fn multiply(&self, left: BufferId, right: BufferId) -> Result<BufferId>;

    /// Lets a buffer go; one that an operation in flight still needs goes when that has ended.
    ///
    /// # Errors
    /// `gpu:InvalidHandle` for a buffer that is not there any more.
    fn release(&self, buffer: BufferId) -> Result<()>;

    /// The size of a buffer.
    fn dims(&self, buffer: BufferId) -> Result<Dims>;

    /// Number of live buffers.
    fn live_buffers(&self) -> usize;
}
