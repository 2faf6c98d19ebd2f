//! Arrays on a device: they stay there until `gather` reads them back.

use crate::inputs::{as_numbers, failure, unsupported};
use crate::table::{plain, starts, waits};
use crate::{Call, Context, Entry, Operation, Outputs, Start, codes, one};
use std::any::Any;
use std::rc::Rc;
use tourbillon_host::{
    BufferId, Device, DeviceBinary, DeviceReduce, DeviceUnary, Request, Response,
};
use tourbillon_syntax::ast::{BinaryOp, UnaryOp};
use tourbillon_value::{
    Array, Dims, Object, ObjectId, ObjectRef, Result, RuntimeError, Value, build_runtime_error,
};

pub(crate) static TABLE: &[Entry] = &[
    waits(
        "gather",
        1,
        1,
        1,
        gather,
        "x = gather(g): reads a device array back; the task waits",
    ),
    starts(
        "gather_async",
        1,
        1,
        1,
        gather,
        "f = gather_async(g): the future of the numbers",
    ),
    plain(
        "gpuArray",
        1,
        1,
        1,
        gpu_array,
        "g = gpuArray(x): copies numbers to the device",
    ),
    plain(
        "gpuDevice",
        0,
        0,
        1,
        gpu_device,
        "d = gpuDevice(): what the device is",
    ),
    plain(
        "isgpuarray",
        1,
        1,
        1,
        is_gpu_array,
        "tf = isgpuarray(x): whether x is on the device",
    ),
];

/// An array on a device. It owns its buffer: the last reference lets it go.
pub struct GpuArrayObject {
    id: ObjectId,
    device: Rc<dyn Device>,
    buffer: BufferId,
    dims: Dims,
}

impl GpuArrayObject {
    /// The buffer.
    pub fn buffer(&self) -> BufferId {
        self.buffer
    }
}

impl Object for GpuArrayObject {
    fn class_name(&self) -> &str {
        "gpuArray"
    }

    fn id(&self) -> ObjectId {
        self.id
    }

    fn dims(&self) -> Dims {
        self.dims.clone()
    }

    fn display(&self) -> String {
        format!("  {} gpuArray", self.dims)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Drop for GpuArrayObject {
    fn drop(&mut self) {
        // A device that was lost has no buffers to let go any more: then there is nothing to do.
        let _ = self.device.release(self.buffer);
    }
}

fn wrap(context: &dyn Context, device: &Rc<dyn Device>, buffer: BufferId) -> Result<Value> {
    let dims = match device.dims(buffer) {
        Ok(dims) => dims,
        Err(error) => {
            let _ = device.release(buffer);
            return Err(error);
        }
    };
    let object = ObjectRef::new(GpuArrayObject {
        id: context.new_object_id(),
        device: device.clone(),
        buffer,
        dims,
    });
    context.adopt(&object);
    Ok(Value::Object(object))
}

fn no_device() -> RuntimeError {
    build_runtime_error("No supported GPU device was found.")
        .identifier("gpu:NoDevice")
        .build()
}

fn upload(
    context: &dyn Context,
    device: &Rc<dyn Device>,
    name: &str,
    value: &Value,
) -> Result<Value> {
    let numbers = as_numbers(value).ok_or_else(|| unsupported(name, value))?;
    let buffer = device.upload(&numbers.dims, &numbers.data)?;
    wrap(context, device, buffer)
}

/// A binary operator when one of the operands is on a device; `None` when neither is.
pub fn device_binary(
    context: &dyn Context,
    operator: BinaryOp,
    left: &Value,
    right: &Value,
) -> Option<Result<Value>> {
    let array = left
        .as_object::<GpuArrayObject>()
        .or_else(|| right.as_object::<GpuArrayObject>())?;
    Some(binary(context, &array.device, operator, left, right))
}

fn binary(
    context: &dyn Context,
    device: &Rc<dyn Device>,
    operator: BinaryOp,
    left: &Value,
    right: &Value,
) -> Result<Value> {
    // An operand that is not there yet goes there first, and away again after the operation.
    let there = |value: &Value| match value.as_object::<GpuArrayObject>() {
        Some(_) => Ok(value.clone()),
        None => upload(context, device, operator.symbol(), value),
    };
    let (left, right) = (there(left)?, there(right)?);
    let [Some(a), Some(b)] = [&left, &right].map(Value::as_object::<GpuArrayObject>) else {
        unreachable!("both operands were put on the device")
    };
    let has_scalar = a.dims.is_scalar() || b.dims.is_scalar();
    let elementwise = |operation, a: &GpuArrayObject, b: &GpuArrayObject| {
        if !has_scalar && a.dims != b.dims {
            return Err(crate::inputs::coded(
                &codes::SIZE_MISMATCH,
                "Arrays have incompatible sizes for this operation.",
            ));
        }
        device.binary(operation, a.buffer, b.buffer)
    };
    let buffer = match operator {
        BinaryOp::Add => elementwise(DeviceBinary::Add, a, b)?,
        BinaryOp::Subtract => elementwise(DeviceBinary::Subtract, a, b)?,
        BinaryOp::ElementMultiply => elementwise(DeviceBinary::Multiply, a, b)?,
        BinaryOp::Multiply if has_scalar => elementwise(DeviceBinary::Multiply, a, b)?,
        BinaryOp::Multiply if a.dims.columns() == b.dims.rows() => {
            device.multiply(a.buffer, b.buffer)?
        }
        BinaryOp::Multiply => {
            return Err(build_runtime_error(
                "Incorrect dimensions for matrix multiplication. Check that the number of columns in the first matrix matches the number of rows in the second matrix. To operate on each element of the matrix individually, use TIMES (.*) for elementwise multiplication.",
            )
            .identifier("MATLAB:innerdim")
            .build());
        }
        BinaryOp::ElementRightDivide => elementwise(DeviceBinary::Divide, a, b)?,
        BinaryOp::RightDivide if b.dims.is_scalar() => elementwise(DeviceBinary::Divide, a, b)?,
        BinaryOp::ElementLeftDivide => elementwise(DeviceBinary::Divide, b, a)?,
        BinaryOp::LeftDivide if a.dims.is_scalar() => elementwise(DeviceBinary::Divide, b, a)?,
        BinaryOp::RightDivide
        | BinaryOp::LeftDivide
        | BinaryOp::ElementPower
        | BinaryOp::Power
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::And
        | BinaryOp::Or => {
            return Err(crate::inputs::coded(
                &codes::UNDEFINED_FUNCTION,
                format!(
                    "Operator '{}' is not supported for operands of type 'gpuArray'.",
                    operator.symbol()
                ),
            ));
        }
    };
    wrap(context, device, buffer)
}

/// A prefix operator when the operand is on a device; `None` when it is not.
pub fn device_unary(
    context: &dyn Context,
    operator: UnaryOp,
    value: &Value,
) -> Option<Result<Value>> {
    value.as_object::<GpuArrayObject>()?;
    match operator {
        UnaryOp::Plus => Some(Ok(value.clone())),
        UnaryOp::Minus => apply(context, DeviceUnary::Negate, value),
        UnaryOp::Not => Some(Err(crate::inputs::coded(
            &codes::UNDEFINED_FUNCTION,
            "Operator '~' is not supported for operands of type 'gpuArray'.",
        ))),
    }
}

/// An elementwise function of a device array; `None` for anything else.
pub(crate) fn apply(
    context: &dyn Context,
    operation: DeviceUnary,
    value: &Value,
) -> Option<Result<Value>> {
    let array = value.as_object::<GpuArrayObject>()?;
    Some(
        array
            .device
            .unary(operation, array.buffer)
            .and_then(|buffer| wrap(context, &array.device, buffer)),
    )
}

/// A reduction of a device array: of vectors only, since the device reduces everything to one
/// number. `None` for anything else than a device array.
pub(crate) fn reduce(
    context: &dyn Context,
    operation: DeviceReduce,
    value: &Value,
    of_all: bool,
) -> Option<Result<Value>> {
    let array = value.as_object::<GpuArrayObject>()?;
    if !of_all && !array.dims.is_vector() {
        return Some(Err(failure(
            "On the device only vectors are reduced; use 'all', or gather the array first.",
        )));
    }
    Some(
        array
            .device
            .reduce(operation, array.buffer)
            .and_then(|buffer| wrap(context, &array.device, buffer)),
    )
}

fn gather(call: &mut Call<'_>) -> Result<Start> {
    let Some(array) = call.arguments[0].as_object::<GpuArrayObject>() else {
        return Ok(Start::Ready(call.arguments[0].clone()));
    };
    let dims = array.dims.clone();
    // The host keeps the buffer alive from here on, whatever becomes of the array.
    Ok(Start::Operation(Operation {
        request: Request::Readback {
            buffer: array.buffer,
        },
        finish: Box::new(move |response| match response {
            Response::Numbers(data) if data.len() == dims.count() => {
                Ok(Value::doubles(Array::new(dims, data)))
            }
            other => unreachable!("a readback brings the array's numbers, not {other:?}"),
        }),
    }))
}

fn gpu_array(call: &mut Call<'_>) -> Result<Outputs> {
    let value = &call.arguments[0];
    if value.as_object::<GpuArrayObject>().is_some() {
        return Ok(one(value.clone()));
    }
    let device = call.context.device().ok_or_else(no_device)?;
    Ok(one(upload(call.context, &device, call.name, value)?))
}

fn gpu_device(call: &mut Call<'_>) -> Result<Outputs> {
    let info = call.context.device().ok_or_else(no_device)?.info();
    Ok(one(Value::structure(&[
        ("Name", Value::text(&info.name)),
        ("SupportsDouble", info.has_double.into()),
        ("TotalMemory", (info.memory_bytes as f64).into()),
    ])))
}

fn is_gpu_array(call: &mut Call<'_>) -> Result<Outputs> {
    Ok(one(call.arguments[0]
        .as_object::<GpuArrayObject>()
        .is_some()))
}
