//! The background pool. What waits for its jobs is the machine's own.

use crate::table::{ANY, intrinsic, plain};
use crate::{Call, Context, Entry, Intrinsic, Outputs, one};
use tourbillon_value::{Object, ObjectId, ObjectRef, Result, Value, build_runtime_error};

pub(crate) static TABLE: &[Entry] = &[
    intrinsic(
        "afterAll",
        3,
        5,
        1,
        Intrinsic::AfterAll,
        "g = afterAll(F, fcn, n, 'PassFuture', tf): calls fcn once with the outputs of all jobs",
    ),
    intrinsic(
        "afterEach",
        3,
        5,
        1,
        Intrinsic::AfterEach,
        "g = afterEach(F, fcn, n, 'PassFuture', tf): calls fcn with the outputs of each job",
    ),
    plain(
        "backgroundPool",
        0,
        0,
        1,
        background_pool,
        "p = backgroundPool: where parfeval runs functions",
    ),
    intrinsic(
        "fetchNext",
        1,
        2,
        ANY,
        Intrinsic::FetchNext,
        "[i, …] = fetchNext(F, seconds): the outputs of the next job to end",
    ),
    intrinsic(
        "fetchOutputs",
        1,
        3,
        ANY,
        Intrinsic::FetchOutputs,
        "[…] = fetchOutputs(F, 'UniformOutput', tf): the outputs of all jobs",
    ),
    intrinsic(
        "parallel.FevalFuture",
        0,
        0,
        1,
        Intrinsic::FevalFuture,
        "F(1:n) = parallel.FevalFuture: a future of no job, to make room in an array",
    ),
    intrinsic(
        "parfeval",
        2,
        ANY,
        1,
        Intrinsic::Parfeval,
        "f = parfeval(backgroundPool, fcn, n, …): runs fcn(…) for n outputs in a session of its own",
    ),
    plain(
        "parfevalOnAll",
        0,
        ANY,
        1,
        parfeval_on_all,
        "parfevalOnAll: refused, since no state stays in the workers of the pool",
    ),
    intrinsic(
        "wait",
        1,
        3,
        1,
        Intrinsic::Wait,
        "tf = wait(F, 'finished' or 'running', seconds): waits until all jobs have ended or begun",
    ),
];

/// The object of `backgroundPool`.
pub struct PoolObject {
    id: ObjectId,
    workers: usize,
}

impl Object for PoolObject {
    fn class_name(&self) -> &str {
        "parallel.BackgroundPool"
    }

    fn id(&self) -> ObjectId {
        self.id
    }

    fn property(&self, name: &str) -> Option<Result<Value>> {
        (name == "NumWorkers").then_some(Ok(Value::Double(self.workers as f64)))
    }

    fn display(&self) -> String {
        format!("  BackgroundPool with NumWorkers: {}", self.workers)
    }
}

fn background_pool(call: &mut Call<'_>) -> Result<Outputs> {
    let context: &dyn Context = call.context;
    let pool = ObjectRef::new(PoolObject {
        id: context.new_object_id(),
        workers: context.workers().map_or(0, usize::from),
    });
    context.adopt(&pool);
    Ok(one(Value::Object(pool)))
}

fn parfeval_on_all(_: &mut Call<'_>) -> Result<Outputs> {
    Err(build_runtime_error(
        "parfevalOnAll is not supported: every job runs in a session of its own, so that there is no \
         state of a worker to set up.",
    )
    .identifier("parallel:fevalqueue:NotSupported")
    .build())
}
