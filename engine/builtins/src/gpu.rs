//! Arrays on a device: they stay there until `gather` reads them back.

use crate::inputs::{as_numbers, failure, unsupported};
use crate::table::{plain, starts, waits};
use crate::{Call, Context, Entry, Operation, Outputs, Start, codes, one};
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
    // The array may be gone with this call's arguments before the host gets the request: the
    // operation keeps its buffer.
    let held = call.arguments[0].clone();
    Ok(Start::Operation(Operation {
        request: Request::Readback {
            buffer: array.buffer,
        },
        finish: Box::new(move |response| {
            drop(held);
            match response {
                Response::Numbers(data) if data.len() == dims.count() => {
                    Ok(Value::doubles(Array::new(dims, data)))
                }
                _ => Err(
                    build_runtime_error("The host gave a wrong answer to a readback.")
                        .identifier("gpu:MapFailed")
                        .build(),
                ),
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Called, Session, show};
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use tourbillon_host::DeviceInfo;

    /// A device that computes at once and keeps count of its buffers.
    #[derive(Default)]
    struct Desk {
        buffers: RefCell<BTreeMap<u64, (Dims, Vec<f64>)>>,
        made: RefCell<u64>,
    }

    impl Desk {
        fn put(&self, dims: Dims, data: Vec<f64>) -> Result<BufferId> {
            *self.made.borrow_mut() += 1;
            let number = *self.made.borrow();
            self.buffers.borrow_mut().insert(number, (dims, data));
            Ok(BufferId(number))
        }

        fn get(&self, buffer: BufferId) -> Result<(Dims, Vec<f64>)> {
            self.buffers
                .borrow()
                .get(&buffer.0)
                .cloned()
                .ok_or_else(|| {
                    build_runtime_error("no such buffer")
                        .identifier("gpu:InvalidHandle")
                        .build()
                })
        }
    }

    impl Device for Desk {
        fn info(&self) -> DeviceInfo {
            DeviceInfo {
                name: "desk".to_owned(),
                has_double: true,
                memory_bytes: 64,
            }
        }

        fn upload(&self, dims: &Dims, data: &[f64]) -> Result<BufferId> {
            self.put(dims.clone(), data.to_vec())
        }

        fn binary(
            &self,
            operation: DeviceBinary,
            left: BufferId,
            right: BufferId,
        ) -> Result<BufferId> {
            let ((a_dims, a), (b_dims, b)) = (self.get(left)?, self.get(right)?);
            let apply = |x: f64, y: f64| match operation {
                DeviceBinary::Add => x + y,
                DeviceBinary::Subtract => x - y,
                DeviceBinary::Multiply => x * y,
                DeviceBinary::Divide => x / y,
            };
            let dims = if a_dims.is_scalar() { b_dims } else { a_dims };
            let data = (0..dims.count())
                .map(|at| apply(*a.get(at).unwrap_or(&a[0]), *b.get(at).unwrap_or(&b[0])))
                .collect();
            self.put(dims, data)
        }

        fn unary(&self, operation: DeviceUnary, operand: BufferId) -> Result<BufferId> {
            let (dims, data) = self.get(operand)?;
            let apply = |x: f64| match operation {
                DeviceUnary::Negate => -x,
                DeviceUnary::Absolute => x.abs(),
                DeviceUnary::SquareRoot => x.sqrt(),
            };
            self.put(dims, data.into_iter().map(apply).collect())
        }

        fn reduce(&self, operation: DeviceReduce, operand: BufferId) -> Result<BufferId> {
            let (_, data) = self.get(operand)?;
            let result = match operation {
                DeviceReduce::Sum => data.iter().sum(),
                DeviceReduce::Maximum => data.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                DeviceReduce::Minimum => data.iter().copied().fold(f64::INFINITY, f64::min),
            };
            self.put(Dims::scalar(), vec![result])
        }

        fn multiply(&self, left: BufferId, right: BufferId) -> Result<BufferId> {
            let ((a_dims, a), (b_dims, b)) = (self.get(left)?, self.get(right)?);
            let (rows, inner, columns) = (a_dims.rows(), a_dims.columns(), b_dims.columns());
            let mut data = Vec::new();
            for column in 0..columns {
                for row in 0..rows {
                    data.push(
                        (0..inner)
                            .map(|at| a[at * rows + row] * b[column * inner + at])
                            .sum(),
                    );
                }
            }
            self.put(Dims::new(rows, columns), data)
        }

        fn release(&self, buffer: BufferId) -> Result<()> {
            self.get(buffer)?;
            self.buffers.borrow_mut().remove(&buffer.0);
            Ok(())
        }

        fn dims(&self, buffer: BufferId) -> Result<Dims> {
            Ok(self.get(buffer)?.0)
        }

        fn live_buffers(&self) -> usize {
            self.buffers.borrow().len()
        }
    }

    /// Evaluates on the device, reads back, and checks that nothing is left there.
    fn gathered(source: &str) -> String {
        let desk = Rc::new(Desk::default());
        let session = Session::default();
        session.device.replace(Some(desk.clone()));
        let value = match session.evaluate(source, 1) {
            Ok(mut values) => values.swap_remove(0),
            Err(error) => {
                assert_eq!(desk.live_buffers(), 0, "{source}");
                return error.message().to_owned();
            }
        };
        assert_eq!(value.class_name(), "gpuArray", "{source}");
        let Ok(Called::Starts(Start::Operation(operation))) = session.start("gather", &[value], 1)
        else {
            panic!("a device array is read back");
        };
        // The array is gone with the call's arguments, its buffer only with the operation.
        assert_eq!(desk.live_buffers(), 1, "{source}");
        let Request::Readback { buffer } = operation.request else {
            panic!("a readback");
        };
        assert!(buffer.0 > 0);
        drop(operation.finish);
        assert_eq!(desk.live_buffers(), 0, "{source}");
        source.to_owned()
    }

    #[test]
    fn arithmetic_stays_on_the_device_and_leaves_nothing_there() {
        for source in [
            "gpuArray([1 2 3])",
            "plus(gpuArray([1 2]), 1)",
            "minus(1, gpuArray([1 2]))",
            "times(gpuArray([1 2]), gpuArray([3 4]))",
            "mtimes(gpuArray([1 2; 3 4]), [1; 1])",
            "rdivide(gpuArray([1 2]), 2)",
            "uminus(gpuArray([1 2]))",
            "abs(gpuArray([1 -2]))",
            "sqrt(gpuArray([1 4]))",
            "sum(gpuArray([1 2]))",
            "max(gpuArray([1 2]))",
            "min(gpuArray([1 2; 3 4]), [], 'all')",
        ] {
            assert_eq!(gathered(source), source);
        }
        assert_eq!(
            gathered("plus(gpuArray([1 2]), [1 2 3])"),
            "Arrays have incompatible sizes for this operation."
        );
        assert_eq!(
            gathered("lt(gpuArray([1 2]), 3)"),
            "Operator '<' is not supported for operands of type 'gpuArray'."
        );
        assert_eq!(
            gathered("sum(gpuArray([1 2; 3 4]))"),
            "On the device only vectors are reduced; use 'all', or gather the array first."
        );
    }

    #[test]
    fn gather_gives_numbers_back_in_their_size() {
        let desk = Rc::new(Desk::default());
        let session = Session::default();
        session.device.replace(Some(desk.clone()));
        let array = session
            .evaluate("mtimes(gpuArray([1 2; 3 4]), [1; 1])", 1)
            .unwrap()
            .swap_remove(0);
        let Ok(Called::Starts(Start::Operation(operation))) =
            session.start("gather", std::slice::from_ref(&array), 1)
        else {
            panic!("a device array is read back");
        };
        let Request::Readback { buffer } = operation.request else {
            panic!("a readback");
        };
        let (_, numbers) = desk.get(buffer).unwrap();
        assert_eq!(
            show(&(operation.finish)(Response::Numbers(numbers)).unwrap()),
            "[3; 7]"
        );
        drop(array);
        assert_eq!(desk.live_buffers(), 0);
        crate::testing::check_in(&session, "gather(5)", "5");
        crate::testing::check_in(&session, "isgpuarray(gpuArray(1))", "true");
        crate::testing::check_in(&session, "size(gpuArray([1 2 3]))", "[1 3]");
        crate::testing::check_in(
            &session,
            "gpuDevice()",
            "<Name='desk',SupportsDouble=true,TotalMemory=64>",
        );
    }

    #[test]
    fn without_a_device_there_are_no_device_arrays() {
        crate::testing::check(&[
            (
                "gpuArray(1)",
                "error: gpu:NoDevice: No supported GPU device was found.",
            ),
            (
                "gpuDevice()",
                "error: gpu:NoDevice: No supported GPU device was found.",
            ),
        ]);
    }
}
