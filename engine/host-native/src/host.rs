//! The native host: the table of operations over the real world.

use crate::console::NativeConsole;
use crate::files::{FileWork, broken_off, file_error, file_work};
use crate::input::{InputHandler, InputQueue, InputRequest};
use crate::jobs::{self, Control};
use crate::runtime::{Runtime, Threads};
use crate::timers::Timers;
use crate::web::{Deadlines, WebClient, WebError, WebResult};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::error::Error;
use std::future::{Future, poll_fn};
use std::num::{NonZeroU32, NonZeroUsize};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::{fmt, io};
use tokio::task::AbortHandle;
use tourbillon_executor::Completions;
use tourbillon_gpu::{CpuDevice, RetainedBuffer};
use tourbillon_host::{
    BufferId, Console, Device, Host, HttpFailure, HttpMethod, JobEnd, Nanoseconds, OperationId,
    OperationLabel, Outcome, Request, Response, WebAddress,
};
use tourbillon_value::{Result, RuntimeError, build_runtime_error};

/// How long the body of an answer may be when nobody says so: 1 GiB.
const USUAL_BODY_LIMIT: u64 = 1 << 30;

/// A host with the real clock, files, web, terminal and device. It stays on its thread.
pub struct NativeHost {
    threads: Threads,
    /// What workers have done for this host.
    completions: Completions<Brought>,
    clock_factor: NonZeroU32,
    /// Whether its session is a background job's, which has none of its own.
    is_within_a_job: bool,
    timers: Timers,
    console: NativeConsole,
    input: InputQueue,
    device: Option<Rc<CpuDevice>>,
    web: WebClient,
    seed: u64,
    operations: RefCell<BTreeMap<OperationId, Operation>>,
    last_id: Cell<u64>,
}

/// Sets up a native host.
pub struct NativeHostBuilder {
    threads: Threads,
    console: NativeConsole,
    input: Option<Rc<dyn InputHandler>>,
    device: Option<Rc<CpuDevice>>,
    web_body_limit: u64,
    trusted: Vec<Vec<u8>>,
    seed: u64,
    clock_factor: NonZeroU32,
    is_within_a_job: bool,
}

/// What is under way. Whatever an operation holds goes with its entry. There may be many timers: what others
/// need more is boxed.
enum Operation {
    Timer {
        deadline: Nanoseconds,
    },
    File {
        described: Box<Request>,
        place: u64,
    },
    Input,
    Readback {
        buffer: RetainedBuffer,
        place: u64,
    },
    Http {
        method: HttpMethod,
        address: Box<WebAddress>,
        place: u64,
        running: AbortHandle,
    },
    Job {
        place: u64,
        control: Control,
    },
    /// It failed when it was submitted.
    Failed(RuntimeError),
}

/// What a worker brings back.
enum Brought {
    File(io::Result<Response>),
    /// The numbers of a buffer may be read.
    Mapped,
    Answer(WebResult),
    Job(JobEnd),
}

impl NativeHost {
    /// A host of the process: its terminal, no input handler, the reference device, seed 0.
    pub fn builder(runtime: &Runtime) -> NativeHostBuilder {
        NativeHost::builder_on(runtime.threads())
    }

    /// The same on a thread that the runtime was taken along to.
    pub fn builder_on(threads: &Threads) -> NativeHostBuilder {
        NativeHostBuilder {
            threads: threads.clone(),
            console: NativeConsole::of_process(),
            input: None,
            device: Some(Rc::default()),
            web_body_limit: USUAL_BODY_LIMIT,
            trusted: Vec::new(),
            seed: 0,
            clock_factor: NonZeroU32::MIN,
            is_within_a_job: false,
        }
    }

    /// Runs a future to its end on this thread. What the program printed is written out whenever the
    /// future waits, and at the end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let flushed = poll_fn(|context| {
            let polled = future.as_mut().poll(context);
            self.console.flush();
            polled
        });
        self.threads.handle.block_on(flushed)
    }

    /// Number of operations that have neither given their outcome nor been cancelled.
    pub fn outstanding(&self) -> usize {
        self.operations.borrow().len()
    }

    /// Who answers requests for input from now on. Requests under way stay with the handler they were
    /// made to.
    pub fn set_input(&self, handler: Option<Rc<dyn InputHandler>>) {
        self.input.set_handler(handler);
    }

    /// The console, to flush it or to ask whether output was lost.
    pub fn native_console(&self) -> &NativeConsole {
        &self.console
    }

    fn start(&self, id: OperationId, request: Request) -> Operation {
        match request {
            Request::Timer { deadline } => {
                self.timers.add(deadline, id);
                Operation::Timer { deadline }
            }
            Request::Input { kind, prompt, echo } => {
                let request = InputRequest { kind, prompt, echo };
                self.input.submit(id, request);
                Operation::Input
            }
            Request::Readback { buffer } => {
                self.read_back(buffer).unwrap_or_else(Operation::Failed)
            }
            Request::Http(request) => {
                let (method, address) = (request.method, Box::new(request.address.clone()));
                let deadlines = Deadlines {
                    connect: self.timers.instant(request.connect_deadline),
                    whole: self.timers.instant(request.deadline),
                };
                let exchange = self.web.clone().exchange(*request, deadlines);
                let (place, completer) = self.completions.open();
                let work = async move { completer.complete(Brought::Answer(exchange.await)) };
                let running = self.threads.handle.spawn(work).abort_handle();
                Operation::Http {
                    method,
                    address,
                    place,
                    running,
                }
            }
            Request::Job { job } => {
                let (place, completer) = self.completions.open();
                let (seed, factor) = (self.seed, self.clock_factor);
                let control =
                    jobs::start(&self.threads, job, seed, factor, completer, Brought::Job);
                Operation::Job { place, control }
            }
            request @ (Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }) => match file_work(request) {
                Ok(FileWork { run, described }) => {
                    let (place, completer) = self.completions.open();
                    self.threads
                        .handle
                        .spawn_blocking(move || completer.complete(Brought::File(run())));
                    let described = Box::new(described);
                    Operation::File { described, place }
                }
                Err(other) => unreachable!("{} is a file operation", other.name()),
            },
        }
    }

    /// The other end of an operation finds nobody there any more.
    fn give_up(&self, id: OperationId, operation: Operation) {
        match operation {
            Operation::Timer { deadline } => self.timers.remove(deadline, id),
            Operation::Input => self.input.cancel(id),
            Operation::File { place, .. } | Operation::Readback { place, .. } => {
                self.completions.give_up(place);
            }
            Operation::Http { place, running, .. } => {
                // Its connection goes with it.
                running.abort();
                self.completions.give_up(place);
            }
            Operation::Job { place, control } => {
                control.stop();
                self.completions.give_up(place);
            }
            Operation::Failed(_) => {}
        }
    }

    /// The numbers stay here; only the word that they may be read goes through the worker.
    fn read_back(&self, buffer: BufferId) -> Result<Operation> {
        let Some(device) = &self.device else {
            return Err(no_device());
        };
        let buffer = device.retain(buffer)?;
        let (place, completer) = self.completions.open();
        self.threads
            .handle
            .spawn(async move { completer.complete(Brought::Mapped) });
        Ok(Operation::Readback { buffer, place })
    }
}

impl Host for NativeHost {
    fn now(&self) -> Nanoseconds {
        self.timers.now()
    }

    fn try_now(&self, request: &Request, _label: &OperationLabel) -> Option<Outcome> {
        match request {
            Request::Timer { deadline } => {
                let is_due = *deadline <= self.timers.now();
                // Those before it fire before it.
                self.timers.fire_due();
                is_due.then_some(Ok(Response::Done))
            }
            Request::Input { kind, prompt, echo } => {
                self.console.flush();
                self.input.try_now(&InputRequest {
                    kind: *kind,
                    prompt: prompt.clone(),
                    echo: *echo,
                })
            }
            // A file may take as long as it likes, and reading back has to wait for the device.
            Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }
            | Request::Readback { .. }
            | Request::Http(_)
            | Request::Job { .. } => None,
        }
    }

    fn submit(&self, request: Request, _label: &OperationLabel) -> OperationId {
        self.console.flush();
        let id = OperationId(self.last_id.get() + 1);
        self.last_id.set(id.0);
        let operation = self.start(id, request);
        self.operations.borrow_mut().insert(id, operation);
        id
    }

    fn poll(&self, operation: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        // Taken out and put back: nothing is borrowed while handlers and wakers are called.
        let Some(mut entry) = self.operations.borrow_mut().remove(&operation) else {
            panic!(
                "operation {} has given its outcome or was cancelled",
                operation.0
            );
        };
        let polled = match &mut entry {
            Operation::Timer { deadline } => self
                .timers
                .poll(*deadline, operation, context)
                .map(|()| Ok(Response::Done)),
            Operation::File { described, place } => {
                let brought = self.completions.poll(*place, context);
                brought.map(|brought| match brought {
                    Some(Brought::File(Ok(response))) => Ok(response),
                    Some(Brought::File(Err(error))) => Err(file_error(described, error)),
                    Some(Brought::Mapped | Brought::Answer(_) | Brought::Job(_)) | None => {
                        Err(broken_off(described))
                    }
                })
            }
            Operation::Input => self.input.poll(operation, context),
            Operation::Readback { buffer, place } => {
                let brought = self.completions.poll(*place, context);
                brought.map(|brought| match brought {
                    Some(Brought::Mapped) => Ok(Response::Numbers(buffer.read())),
                    Some(Brought::File(_) | Brought::Answer(_) | Brought::Job(_)) | None => {
                        Err(map_failed())
                    }
                })
            }
            Operation::Http {
                method,
                address,
                place,
                ..
            } => {
                let brought = self.completions.poll(*place, context);
                brought.map(|brought| match brought {
                    Some(Brought::Answer(Ok(response))) => Ok(Response::Http(Box::new(response))),
                    Some(Brought::Answer(Err(error))) => Err(web_error(error, *method, address)),
                    Some(Brought::File(_) | Brought::Mapped | Brought::Job(_)) | None => {
                        Err(HttpFailure::Reset.error(*method, address).build())
                    }
                })
            }
            Operation::Job { place, .. } => {
                let brought = self.completions.poll(*place, context);
                brought.map(|brought| match brought {
                    Some(Brought::Job(end)) => Ok(Response::Job(end)),
                    Some(Brought::File(_) | Brought::Mapped | Brought::Answer(_)) | None => {
                        Err(job_lost())
                    }
                })
            }
            Operation::Failed(error) => Poll::Ready(Err(error.clone())),
        };
        if polled.is_pending() {
            self.operations.borrow_mut().insert(operation, entry);
        }
        polled
    }

    fn cancel(&self, operation: OperationId) {
        let entry = self.operations.borrow_mut().remove(&operation);
        if let Some(entry) = entry {
            self.give_up(operation, entry);
        }
    }

    fn stop(&self, operation: OperationId) -> bool {
        match self.operations.borrow().get(&operation) {
            Some(Operation::Job { control, .. }) => control.stop(),
            Some(_) | None => false,
        }
    }

    fn has_begun(&self, operation: OperationId) -> bool {
        match self.operations.borrow().get(&operation) {
            Some(Operation::Job { control, .. }) => control.has_begun(),
            Some(_) | None => true,
        }
    }

    fn workers(&self) -> Option<NonZeroUsize> {
        (!self.is_within_a_job).then(|| self.threads.workers())
    }

    fn tick(&self, _in_a_row: u32) {
        self.timers.fire_due();
        self.input.tick();
    }

    fn console(&self) -> &dyn Console {
        &self.console
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        self.device
            .clone()
            .map(|device| -> Rc<dyn Device> { device })
    }

    fn seed(&self) -> u64 {
        self.seed
    }
}

impl Drop for NativeHost {
    fn drop(&mut self) {
        let left = std::mem::take(&mut *self.operations.borrow_mut());
        for (id, operation) in left {
            self.give_up(id, operation);
        }
    }
}

impl fmt::Debug for NativeHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeHost")
            .field("outstanding", &self.outstanding())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl NativeHostBuilder {
    /// Where output goes, instead of the process's own.
    pub fn console(mut self, console: NativeConsole) -> Self {
        self.console = console;
        self
    }

    /// Who answers requests for input; without one they fail with `input:Unavailable`.
    pub fn input(mut self, handler: impl InputHandler + 'static) -> Self {
        self.input = Some(Rc::new(handler));
        self
    }

    /// The device of `gpuArray`, or none.
    pub fn device(mut self, device: Option<Rc<CpuDevice>>) -> Self {
        self.device = device;
        self
    }

    /// How many bytes the body of a web answer may have; 1 GiB when it was not said.
    pub fn web_body_limit(mut self, bytes: u64) -> Self {
        self.web_body_limit = bytes;
        self
    }

    /// A certificate, as DER has it, that is trusted besides those of the system.
    pub fn trusted_certificate(mut self, certificate: Vec<u8>) -> Self {
        self.trusted.push(certificate);
        self
    }

    /// What the session's random numbers derive from.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How many times as fast as the real clock the host's goes, and with it every timer, timeout and
    /// budget: 1 unless a program that sleeps for hours is to be tried out in seconds. Work takes as
    /// long as ever, and the timers of the operating system have a grain of about a millisecond, so that
    /// a program sees more time pass between two steps the faster the clock goes.
    pub fn clock_factor(mut self, factor: NonZeroU32) -> Self {
        self.clock_factor = factor;
        self
    }

    /// A host for the session of a background job.
    pub(crate) fn within_a_job(mut self) -> Self {
        self.is_within_a_job = true;
        self
    }

    /// The host; its clock starts now.
    pub fn build(self) -> NativeHost {
        NativeHost {
            timers: Timers::start(&self.threads.handle, self.clock_factor),
            threads: self.threads,
            completions: Completions::new(),
            clock_factor: self.clock_factor,
            is_within_a_job: self.is_within_a_job,
            console: self.console,
            input: InputQueue::new(self.input),
            device: self.device,
            web: WebClient::new(self.web_body_limit, self.trusted),
            seed: self.seed,
            operations: RefCell::default(),
            last_id: Cell::new(0),
        }
    }
}

impl fmt::Debug for NativeHostBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NativeHostBuilder")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// The error of an exchange that came to nothing; what the system or the protocol said is its source.
fn web_error(error: WebError, method: HttpMethod, address: &WebAddress) -> RuntimeError {
    let failed = error.failure.error(method, address);
    match error.cause {
        Some(cause) => failed.source(Behind(cause)).build(),
        None => failed.build(),
    }
}

/// An error of another thread, as a source: an error of its own, so that errors need not know its type.
#[derive(Debug)]
struct Behind(Box<dyn Error + Send + Sync>);

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Behind {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

fn no_device() -> RuntimeError {
    build_runtime_error("There is no GPU device.")
        .identifier("gpu:NoDevice")
        .build()
}

fn job_lost() -> RuntimeError {
    build_runtime_error("The worker of the background job was lost.")
        .identifier("parallel:fevalqueue:WorkerLost")
        .build()
}

fn map_failed() -> RuntimeError {
    build_runtime_error("The device was closed while its data was being read.")
        .identifier("gpu:MapFailed")
        .build()
}
