//! Reading device buffers back.

use crate::{run, runtime, submit, try_now, wait};
use std::rc::Rc;
use tourbillon_gpu::CpuDevice;
use tourbillon_host::{BufferId, Device, Host, Request, Response};
use tourbillon_host_native::NativeHost;
use tourbillon_value::Dims;

#[test]
fn numbers_come_back_and_the_buffer_goes_when_they_have() {
    let runtime = runtime();
    let device = Rc::new(CpuDevice::default());
    let host = NativeHost::builder(&runtime)
        .device(Some(Rc::clone(&device)))
        .build();
    let buffer = device
        .upload(&Dims::new(1, 3), &[1.0, 2.0, 3.0])
        .expect("three numbers fit");
    let readback = Request::Readback { buffer };
    assert_eq!(try_now(&host, &readback), None);
    let (first, second) = (
        submit(&host, readback.clone()),
        submit(&host, readback.clone()),
    );
    assert!(device.release(buffer).is_ok());
    assert_eq!(device.live_buffers(), 1);
    let numbers = Response::Numbers(vec![1.0, 2.0, 3.0]);
    assert_eq!(wait(&host, first), Ok(numbers));
    host.cancel(second);
    assert_eq!((host.outstanding(), device.live_buffers()), (0, 0));

    let error = run(&host, readback).expect_err("the buffer was released");
    assert_eq!(error.identifier, "gpu:InvalidHandle");
}

#[test]
fn without_a_device_there_is_nothing_to_read() {
    let runtime = runtime();
    let host = NativeHost::builder(&runtime).device(None).build();
    let buffer = BufferId(1);
    let error = run(&host, Request::Readback { buffer }).expect_err("there is no device");
    assert_eq!(error.identifier, "gpu:NoDevice");
    assert_eq!(host.outstanding(), 0);
}
