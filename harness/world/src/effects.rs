//! What operations do to a world, how long they take, and in how many deliveries they come.

use tourbillon_host::{FileFailure, InputFailure, InputKind, Outcome, Request, Response};
use tourbillon_sim::{Access, Action, Candidate, Injections, Kind, Label};
use tourbillon_value::{RuntimeError, build_runtime_error};

use crate::config::{Answer, InputHandler, LatencyOp};
use crate::faults::{Strike, error};
use crate::objects::Single;
use crate::world::World;

/// What an operation without a latency takes once it is delayed by 1.
const DELAY_UNIT_NANOSECONDS: u64 = 1_000_000;

impl World {
    /// What a file operation does.
    pub(crate) fn perform(&self, request: &Request) -> Outcome {
        let not_found = || Err(FileFailure::NotFound.error(request).build());
        self.touch_for(request);
        match request {
            // What ends a job is its own last step.
            Request::Timer { .. } | Request::Job { .. } => Ok(Response::Done),
            Request::ReadFile { path } => match self.disk.borrow().get(path) {
                Some(bytes) => Ok(Response::Bytes(bytes.clone())),
                None => not_found(),
            },
            Request::WriteFile { path, bytes } => {
                self.is_disk_changed.set(true);
                self.disk.borrow_mut().insert(path.clone(), bytes.clone());
                Ok(Response::Done)
            }
            Request::FileExists { path } => {
                Ok(Response::Exists(self.disk.borrow().contains_key(path)))
            }
            Request::DeleteFile { path } => {
                self.is_disk_changed.set(true);
                match self.disk.borrow_mut().remove(path) {
                    Some(_) => Ok(Response::Done),
                    None => not_found(),
                }
            }
            Request::Input { kind, .. } => self.answer(*kind),
            Request::Http(request) => {
                self.exchange(request, None, false, |latency| latency)
                    .outcome
            }
            Request::Readback { buffer } => match self.cpu_device() {
                Some(device) => device.read(*buffer).map(Response::Numbers),
                None => Err(no_device()),
            },
        }
    }

    /// What a fault makes of an operation that is ready at once.
    pub(crate) fn struck(&self, fault: Strike<'_>, request: &Request) -> Outcome {
        if let Some(bytes) = fault.partial {
            self.write_partly(request, bytes);
        }
        Err(error(fault.error, request))
    }

    /// A write that breaks off: so many bytes are in the file.
    pub(crate) fn write_partly(&self, request: &Request, count: u64) {
        let Request::WriteFile { path, bytes } = request else {
            return;
        };
        let count = usize::try_from(count).map_or(bytes.len(), |count| count.min(bytes.len()));
        self.touch_for(request);
        self.is_disk_changed.set(true);
        let written = bytes[..count].to_vec();
        self.disk.borrow_mut().insert(path.clone(), written);
    }

    /// Says what the effect of a request touches.
    fn touch_for(&self, request: &Request) {
        let names = self.disk_names.get();
        match request {
            // A buffer never changes once it is there.
            Request::Timer { .. }
            | Request::Readback { .. }
            | Request::Http(_)
            | Request::Job { .. } => {}
            Request::ReadFile { path } | Request::FileExists { path } => {
                self.access(names.file(path), Access::Read);
            }
            Request::WriteFile { path, .. } | Request::DeleteFile { path } => {
                self.access(names.file(path), Access::Write);
            }
            Request::Input { .. } => self.touch(Single::Input, Access::Write),
        }
    }

    /// How long after its request the next answer to a request for input comes.
    pub(crate) fn input_latency(&self) -> u64 {
        let next = self.config.input.get(self.answered.get());
        next.map_or(0, |answer| answer.after.nanoseconds())
    }

    /// Gives the next answer.
    fn answer(&self, wanted: InputKind) -> Outcome {
        let at = self.answered.get();
        self.answered.set(at + 1);
        let Some(answer) = self.config.input.get(at) else {
            return Err(InputFailure::EndOfInput.into());
        };
        match (&answer.answer, wanted) {
            (Answer::Line(line), InputKind::Line) => Ok(Response::Line(line.clone())),
            (Answer::Key(key), InputKind::Key) => Ok(Response::Key(key.clone())),
            (Answer::Line(_), InputKind::Key) | (Answer::Key(_), InputKind::Line) => {
                Err(InputFailure::WrongKind(wanted).into())
            }
            (Answer::Fail(message), _) => Err(InputFailure::HandlerFailed
                .error()
                .cause(build_runtime_error(message.as_str()).build())
                .build()),
            (Answer::End(_), _) => Err(InputFailure::EndOfInput.into()),
        }
    }

    /// How long a request takes when nothing is injected.
    pub(crate) fn latency(&self, request: &Request) -> u64 {
        let name = match request {
            Request::Timer { .. } | Request::Job { .. } => return 0,
            Request::Input { .. } => return self.input_latency(),
            Request::Http(request) => return self.web_latency(request),
            Request::ReadFile { .. } => LatencyOp::Read,
            Request::WriteFile { .. } => LatencyOp::Write,
            Request::FileExists { .. } => LatencyOp::Exists,
            Request::DeleteFile { .. } => LatencyOp::Delete,
            Request::Readback { .. } => LatencyOp::Readback,
        };
        let latency = self.config.latency.get(&name);
        latency.map_or(0, |latency| latency.nanoseconds())
    }

    /// How many deliveries a request takes; none when it completes by itself.
    pub(crate) fn deliveries(
        &self,
        request: &Request,
        latency: u64,
        injections: &Injections,
    ) -> u32 {
        if matches!(request, Request::Timer { .. } | Request::Job { .. }) {
            return 0;
        }
        // What takes its time is not ready at once: only its order among others is a choice.
        let pending = match latency {
            0 => injections.pending_polls,
            _ => injections.pending_polls.min(1),
        };
        match (request, &self.config.gpu) {
            (Request::Readback { .. }, Some(gpu)) => pending.max(gpu.readback_pending),
            _ => pending,
        }
    }

    /// Whether a request is answered before anything else happens.
    pub(crate) fn is_immediate(&self, request: &Request, injections: &Injections) -> bool {
        match request {
            Request::Input { .. } => self.touch(Single::Input, Access::Read),
            Request::Readback { .. } => self.touch(Single::Readbacks, Access::Read),
            Request::Timer { .. }
            | Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }
            | Request::Http(_)
            | Request::Job { .. } => {}
        }
        let operations = self.operations.borrow();
        let is_undisturbed = injections.delay_multiples == 0
            && injections.early_completions == 0
            && injections.never_completions == 0;
        match request {
            Request::Job { .. } => false,
            Request::Timer { deadline } => deadline.0 <= self.timeline.run.borrow().clock.now(),
            Request::Input { .. } => match self.config.input_handler {
                InputHandler::None => true,
                InputHandler::Sync => operations.inputs.is_empty() && self.input_latency() == 0,
                InputHandler::Async => {
                    operations.inputs.is_empty()
                        && self.input_latency() == 0
                        && is_undisturbed
                        && injections.pending_polls == 0
                }
            },
            Request::Readback { .. } if !operations.readbacks.is_empty() => false,
            // A fault can make it wait for its deadline.
            Request::Http(_)
                if !self.config.faults.is_empty()
                    || self.timeline.run.borrow().faults_left() > 0 =>
            {
                false
            }
            Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }
            | Request::Readback { .. }
            | Request::Http(_) => {
                let latency = self.latency(request);
                latency == 0 && is_undisturbed && self.deliveries(request, latency, injections) == 0
            }
        }
    }

    /// Draws how late an operation with the outside is: a multiple of its latency, 0 for on time.
    pub(crate) fn draw_delay(&self, request: &Request, label: Label) -> u32 {
        let mut run = self.timeline.run.borrow_mut();
        let multiples = run.injections().delay_multiples;
        if multiples == 0 || matches!(request, Request::Timer { .. } | Request::Job { .. }) {
            return 0;
        }
        // 17 candidates at most: the injection allows 16 multiples.
        let mut candidates = [Candidate::keep(label); 17];
        for power in 1..=multiples.min(16) {
            candidates[power as usize].action = Action::Delay(1 << power);
        }
        let count = multiples.min(16) as usize + 1;
        match candidates[run.choose(Kind::Delay, &candidates[..count])].action {
            Action::Delay(multiple) => multiple,
            _ => 0,
        }
    }
}

/// A latency with its delay.
pub(crate) fn delayed(latency: u64, delay: u32) -> u64 {
    match (latency, delay) {
        (_, 0) => latency,
        (0, delay) => DELAY_UNIT_NANOSECONDS * u64::from(delay),
        (_, delay) => latency.saturating_mul(u64::from(delay)),
    }
}

/// There is no device to read from.
pub(crate) fn no_device() -> RuntimeError {
    build_runtime_error("There is no GPU device.")
        .identifier("gpu:NoDevice")
        .build()
}
