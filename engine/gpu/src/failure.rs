//! The errors that providers give, with their identifiers.

use std::error::Error;
use std::fmt;
use tourbillon_host::BufferId;
use tourbillon_value::{Dims, RuntimeError, build_runtime_error, codes};

/// What a provider says of its own when it fails; the `source` of the error that programs see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProviderError {
    /// There is no such buffer any more.
    InvalidHandle(BufferId),
    /// Bytes wanted, and bytes that were free.
    OutOfMemory { wanted: u64, free: u64 },
    /// The arguments of a call contradict each other.
    Validation(String),
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProviderError::InvalidHandle(BufferId(number)) => {
                write!(f, "buffer {number} is not on the device")
            }
            ProviderError::OutOfMemory { wanted, free } => {
                write!(f, "{wanted} bytes wanted, {free} bytes free")
            }
            ProviderError::Validation(reason) => f.write_str(reason),
        }
    }
}

impl Error for ProviderError {}

impl From<ProviderError> for RuntimeError {
    fn from(error: ProviderError) -> RuntimeError {
        let (identifier, message) = match &error {
            ProviderError::InvalidHandle(_) => (
                "gpu:InvalidHandle",
                "The data of this gpuArray is no longer on the device.".to_owned(),
            ),
            ProviderError::OutOfMemory { .. } => (
                "gpu:OutOfMemory",
                format!("Out of memory on device: {error}."),
            ),
            ProviderError::Validation(reason) => (
                "gpu:Validation",
                format!("The device rejected a call: {reason}."),
            ),
        };
        build_runtime_error(message)
            .identifier(identifier)
            .source(error)
            .build()
    }
}

/// Two arrays that an elementwise operation cannot pair.
pub(crate) fn incompatible_sizes(left: &Dims, right: &Dims) -> RuntimeError {
    build_runtime_error("Arrays have incompatible sizes for this operation.")
        .code(&codes::SIZE_MISMATCH)
        .source(ProviderError::Validation(format!(
            "sizes {left} and {right} differ"
        )))
        .build()
}

/// Two arrays that have no matrix product.
pub(crate) fn inner_dimensions(left: &Dims, right: &Dims) -> RuntimeError {
    build_runtime_error(
        "Incorrect dimensions for matrix multiplication. Check that the number of columns in the \
         first matrix matches the number of rows in the second matrix.",
    )
    .code(&codes::INNER_DIMENSIONS)
    .source(ProviderError::Validation(format!(
        "{left} times {right} has no product"
    )))
    .build()
}
