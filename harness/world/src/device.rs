//! The device of a world, watched: what its memory holds is shared by all tasks.

use std::rc::Rc;

use tourbillon_gpu::CpuDevice;
use tourbillon_host::{BufferId, Device, DeviceBinary, DeviceInfo, DeviceReduce, DeviceUnary};
use tourbillon_sim::{Access, Object, SharedRun};
use tourbillon_value::{Dims, Result};

/// A device that says when a step takes or gives back its memory. Buffers never change once they are
/// there, so that nothing else of it depends on the order of steps.
pub(crate) struct WatchedDevice {
    device: Rc<CpuDevice>,
    run: SharedRun,
    memory: Object,
}

impl WatchedDevice {
    pub fn new(device: Rc<CpuDevice>, run: &SharedRun, memory: Object) -> WatchedDevice {
        WatchedDevice {
            device,
            run: run.clone(),
            memory,
        }
    }

    /// Memory is taken or given back.
    fn touched(&self) -> &CpuDevice {
        self.run.borrow_mut().access(self.memory, Access::Write);
        &self.device
    }
}

impl Device for WatchedDevice {
    fn info(&self) -> DeviceInfo {
        self.device.info()
    }

    fn upload(&self, dims: &Dims, data: &[f64]) -> Result<BufferId> {
        self.touched().upload(dims, data)
    }

    fn binary(&self, operation: DeviceBinary, left: BufferId, right: BufferId) -> Result<BufferId> {
        self.touched().binary(operation, left, right)
    }

    fn unary(&self, operation: DeviceUnary, operand: BufferId) -> Result<BufferId> {
        self.touched().unary(operation, operand)
    }

    fn reduce(&self, operation: DeviceReduce, operand: BufferId) -> Result<BufferId> {
        self.touched().reduce(operation, operand)
    }

    fn multiply(&self, left: BufferId, right: BufferId) -> Result<BufferId> {
        self.touched().multiply(left, right)
    }

    fn release(&self, buffer: BufferId) -> Result<()> {
        self.touched().release(buffer)
    }

    fn dims(&self, buffer: BufferId) -> Result<Dims> {
        self.device.dims(buffer)
    }

    fn live_buffers(&self) -> usize {
        self.device.live_buffers()
    }
}
