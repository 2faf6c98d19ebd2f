//! What cases may ask for and this version cannot do yet: it is said, never passed over.

use std::fmt;

use crate::config::{FaultOp, GpuDevice, LatencyOp, WorldConfig};

/// A world asks for something that is not part of this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    what: &'static str,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is not part of this version", self.what)
    }
}

impl std::error::Error for Unsupported {}

/// Refuses what this version cannot do.
pub(crate) fn unsupported(world: &WorldConfig) -> Result<(), Unsupported> {
    let gpu = world.gpu.as_ref().map(|gpu| gpu.device);
    let refused = [
        (asks_for_fault(world), "a fault of the device itself"),
        (gpu == Some(GpuDevice::Wgpu), "`world.gpu.device: wgpu`"),
        (
            world.latency.contains_key(&LatencyOp::Upload),
            "`world.latency.upload`",
        ),
    ];
    match refused.into_iter().find(|(is_asked, _)| *is_asked) {
        Some((_, what)) => Err(Unsupported { what }),
        None => Ok(()),
    }
}

/// Whether a fault is stated that strikes what no request stands for yet.
fn asks_for_fault(world: &WorldConfig) -> bool {
    world.faults.iter().any(|fault| match fault.op {
        FaultOp::GpuUpload | FaultOp::GpuCompute => true,
        // Losing the device is more than one readback that fails.
        FaultOp::GpuMap => fault.error == "gpu:DeviceLost",
        FaultOp::Read
        | FaultOp::Write
        | FaultOp::Exists
        | FaultOp::Delete
        | FaultOp::Http
        | FaultOp::Input => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(world: &str, expected: Option<&str>) {
        let world: WorldConfig = serde_yaml::from_str(world).expect(world);
        let reason = unsupported(&world).err();
        let reason = reason.map(|reason| reason.to_string());
        assert_eq!(reason.as_deref(), expected);
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        check("{gpu: {device: none}, latency: {read: 1}}", None);
        check(
            "{latency: {http: 1}, faults: [{op: http, error: 'http:Status'}]}",
            None,
        );
        check(
            "{faults: [{op: gpu.map, error: 'gpu:DeviceLost'}]}",
            Some("a fault of the device itself is not part of this version"),
        );
        check(
            "{gpu: {device: wgpu}}",
            Some("`world.gpu.device: wgpu` is not part of this version"),
        );
        check(
            "{latency: {upload: 1}}",
            Some("`world.latency.upload` is not part of this version"),
        );
    }
}
