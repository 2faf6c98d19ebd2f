//! The host: a table of operations and the only way out of the engine; the scheduling policy; the
//! observer. Everything here is an interface: `host-native` and the simulated world implement it.

mod console;
mod device;
mod failure;
mod job;
mod label;
mod observer;
mod operation;
mod policy;
mod time;
mod watch;
mod web;

pub use console::{Console, Stream};
pub use device::{BufferId, Device, DeviceBinary, DeviceInfo, DeviceReduce, DeviceUnary};
pub use failure::{FileFailure, InputFailure};
pub use job::{Job, JobEnd, Outside, RunningJob};
pub use label::{LabelPath, OperationLabel, TaskLabel, path_hash};
pub use observer::{Access, CallbackTrigger, Entangled, Event, EventState, Object, Observer};
pub use operation::{Host, InputKind, OperationId, Outcome, Request, Response};
pub use policy::{Decision, Fifo, Policy, ReadyQueue, ReadyTask, ReadyTasks};
pub use time::Nanoseconds;
pub use tourbillon_executor::{Priority, Resource, TaskId};
pub use watch::Watch;
pub use web::{
    HttpFailure, HttpMethod, HttpRequest, HttpResponse, WebAddress, WrongAddress, encode_form,
    web_error,
};
