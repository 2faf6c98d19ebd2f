//! Background jobs: a call taken apart for another session, that session's life, and what comes back.

use crate::errors;
use crate::machine::{Machine, Options, Tier};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use tourbillon_builtins::{MapObject, Outputs};
use tourbillon_compiler::Program;
use tourbillon_host::{Job, JobEnd, LabelPath, Outside, RunningJob, TaskLabel};
use tourbillon_value::{
    Callee, Namespace, ObjectParts, ObjectRef, Packer, Parcel, Result, RuntimeError, Unpacker,
    Value, build_runtime_error,
};

/// Values, and the programs whose functions they call.
struct Shipment {
    parcel: Parcel,
    /// With whether it was made from a text at run time.
    programs: Vec<(Arc<Program>, bool)>,
}

impl Shipment {
    /// Takes values apart. `takes_all`: functions that the values do not name are looked up by name
    /// where they go, so every program goes along.
    fn pack(machine: &Machine, values: &[Value], takes_all: bool) -> Result<Shipment> {
        let loaded = machine.programs.borrow();
        let all = loaded.iter().filter(|_| takes_all);
        let mut sender = Sender {
            programs: all.map(|one| (one.program.clone(), one.is_text)).collect(),
            machine,
        };
        let parcel = Parcel::pack(values, &mut sender)?;
        let programs = sender.programs;
        Ok(Shipment { parcel, programs })
    }

    fn unpack(&self, machine: &Rc<Machine>) -> Vec<Value> {
        let programs = self.programs.iter();
        let mut receiver = Receiver {
            numbers: programs
                .map(|(program, is_text)| machine.load_as(program, *is_text).number)
                .collect(),
            machine,
        };
        self.parcel.unpack(&mut receiver)
    }
}

struct Sender<'a> {
    machine: &'a Machine,
    programs: Vec<(Arc<Program>, bool)>,
}

impl Packer for Sender<'_> {
    fn take_apart(&self, object: &ObjectRef) -> Result<ObjectParts> {
        match object.downcast_ref::<MapObject>() {
            Some(map) => Ok(map.take_apart()),
            None => Err(build_runtime_error(format!(
                "A value of class '{}' belongs to its session: it cannot be copied to a background \
                 job or from one.",
                object.class_name()
            ))
            .identifier("parallel:fevalqueue:NotTransferable")
            .build()),
        }
    }

    fn callee(&mut self, callee: &Callee) -> Callee {
        let Callee::Program { program, function } = callee else {
            return callee.clone();
        };
        let loaded = self.machine.programs.borrow()[*program as usize].clone();
        let known = |(known, _): &(Arc<Program>, bool)| Arc::ptr_eq(known, &loaded.program);
        let at = self.programs.iter().position(known).unwrap_or_else(|| {
            self.programs.push((loaded.program.clone(), loaded.is_text));
            self.programs.len() - 1
        });
        Callee::Program {
            program: at as u32,
            function: *function,
        }
    }
}

struct Receiver<'a> {
    machine: &'a Rc<Machine>,
    /// The number here of each program that came along.
    numbers: Vec<u32>,
}

impl Unpacker for Receiver<'_> {
    fn make(&mut self, settings: &[String]) -> ObjectRef {
        MapObject::remake(&**self.machine, settings)
    }

    fn fill(&mut self, object: &ObjectRef, held: Vec<Value>) {
        if let Some(map) = object.downcast_ref::<MapObject>() {
            map.refill(held);
        }
    }

    fn callee(&mut self, callee: &Callee) -> Callee {
        match callee {
            Callee::Program { program, function } => Callee::Program {
                program: self.numbers[*program as usize],
                function: *function,
            },
            other => other.clone(),
        }
    }
}

/// A call that any thread can make.
struct CallElsewhere {
    /// The function, then its inputs.
    shipment: Shipment,
    outputs: u8,
    label: LabelPath,
    namespace: Namespace,
    poll_every: u32,
    cleanup_budget_seconds: f64,
    recursion_limit: usize,
    strict: bool,
    tier: Tier,
}

/// What comes back of a job.
struct Ended {
    outcome: Result<Shipment, Shipment>,
    /// Failures that nobody observed, and the like.
    reports: Shipment,
    diary: String,
}

/// A job as its maker sees its end.
pub(crate) struct Returned {
    pub result: Result<Vec<Value>>,
    pub reports: Vec<RuntimeError>,
    pub diary: String,
}

/// Takes a call apart for a job whose root task has that label.
pub(crate) fn call_elsewhere(
    machine: &Machine,
    function: &Value,
    inputs: &[Value],
    outputs: u8,
    label: &TaskLabel,
) -> Result<Arc<dyn Job>> {
    let mut values = vec![function.clone()];
    values.extend_from_slice(inputs);
    let options = &machine.options;
    Ok(Arc::new(CallElsewhere {
        shipment: Shipment::pack(machine, &values, true)?,
        outputs,
        label: label.path(),
        namespace: options.namespace,
        poll_every: options.poll_every,
        cleanup_budget_seconds: options.cleanup_budget_seconds,
        recursion_limit: options.recursion_limit,
        strict: options.strict,
        tier: options.tier,
    }))
}

/// What came back of a job, as values of this session.
pub(crate) fn returned(machine: &Rc<Machine>, end: &JobEnd) -> Returned {
    let Some(ended) = end.0.downcast_ref::<Ended>() else {
        unreachable!("hosts give back what the job gave them")
    };
    let exceptions = |shipment: &Shipment| {
        let values = shipment.unpack(machine).into_iter();
        let errors = values.filter_map(|value| match value {
            Value::Exception(error) => Some(error),
            _ => None,
        });
        errors.collect::<Vec<RuntimeError>>()
    };
    Returned {
        result: match &ended.outcome {
            Ok(values) => Ok(values.unpack(machine)),
            Err(error) => Err(exceptions(error).pop().expect("a job fails with an error")),
        },
        reports: exceptions(&ended.reports),
        diary: ended.diary.clone(),
    }
}

impl Job for CallElsewhere {
    fn begin(self: Arc<Self>, outside: Outside) -> Box<dyn RunningJob> {
        let label = self.label.label();
        let options = Options {
            namespace: self.namespace,
            poll_every: self.poll_every,
            cleanup_budget_seconds: self.cleanup_budget_seconds,
            recursion_limit: self.recursion_limit,
            strict: self.strict,
            tier: self.tier,
            root_label: label.name().clone(),
            capture_output: false,
            ..Options::default()
        };
        let Outside {
            host,
            policy,
            observer,
        } = outside;
        let machine = Machine::of_job(host, policy, observer, options, label);
        let life = Box::pin(live(self, machine.clone()));
        Box::new(Running { machine, life })
    }
}

struct Running {
    machine: Rc<Machine>,
    life: Pin<Box<dyn Future<Output = JobEnd>>>,
}

impl RunningJob for Running {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<JobEnd> {
        self.life.as_mut().poll(context)
    }

    fn stopper(&self) -> Box<dyn Fn() + Send + Sync> {
        let handle = self.machine.cancel_handle();
        Box::new(move || handle.cancel())
    }

    fn ledger(&self) -> BTreeMap<Cow<'static, str>, usize> {
        self.machine.ledger().into_iter().collect()
    }
}

/// The life of a job's session, from the first instruction until it was closed.
async fn live(job: Arc<CallElsewhere>, machine: Rc<Machine>) -> JobEnd {
    let outcome = {
        let mut values = job.shipment.unpack(&machine).into_iter();
        let function = values.next().expect("a job has a function");
        machine.call(function, values.collect(), job.outputs).await
    };
    let mut reports = Vec::new();
    let result = match outcome {
        Ok((execution, outputs)) => {
            reports.extend(execution.diagnostics);
            match execution.error {
                Some(error) => Err(error),
                None => enough(outputs, job.outputs),
            }
        }
        Err(error) => Err(error),
    };
    let outcome = result
        .and_then(|values| Shipment::pack(&machine, &values, false))
        .map_err(|error| error_shipment(&machine, &[error.in_namespace(job.namespace)]));
    match machine.close().await {
        Ok(more) => reports.extend(more),
        Err(error) => reports.push(error),
    }
    // Warnings stand in the diary.
    reports.retain(|report| report.identifier().starts_with("async:"));
    JobEnd(Arc::new(Ended {
        outcome,
        reports: error_shipment(&machine, &reports),
        diary: machine.take_diary(),
    }))
}

/// As many results as were asked for.
fn enough(outputs: Outputs, wanted: u8) -> Result<Vec<Value>> {
    let mut values = outputs.into_vec();
    if values.len() < usize::from(wanted) {
        return Err(errors::too_many_outputs(false));
    }
    values.truncate(usize::from(wanted));
    Ok(values)
}

fn error_shipment(machine: &Machine, errors: &[RuntimeError]) -> Shipment {
    let values: Vec<Value> = errors.iter().cloned().map(Value::Exception).collect();
    Shipment::pack(machine, &values, false).expect("errors hold no objects")
}
