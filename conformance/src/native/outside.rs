//! The native host in a case's own folder, with the latencies that the case states.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::task::{Context, Poll};

use tourbillon_host::{
    Console, Device, FileFailure, Host, HttpFailure, Nanoseconds, OperationId, OperationLabel,
    Outcome, Request, web_error,
};
use tourbillon_host_native::NativeHost;

use super::servers::Servers;
use crate::world::{HttpRoute, LatencyOp, WorldConfig, no_route};

/// A native host that keeps programs in a folder of theirs and lets what they ask for take its time.
pub struct Outside {
    native: Rc<NativeHost>,
    folder: PathBuf,
    latencies: BTreeMap<LatencyOp, Nanoseconds>,
    servers: RefCell<Option<Servers>>,
    routes: Vec<HttpRoute>,
    operations: RefCell<BTreeMap<OperationId, Stage>>,
    last: Cell<u64>,
}

/// How far an operation is.
enum Stage {
    /// Its time has not come: it is done then, as in the simulated world.
    Delayed {
        timer: OperationId,
        request: Request,
        /// What goes to the native host, where it is not the same with its paths inside the folder.
        there: Option<Request>,
        label: OperationLabel,
    },
    /// The native host is at it.
    Started {
        operation: OperationId,
        /// As the program wrote it, for the words of its failure.
        request: Request,
    },
    /// It has ended and may not be told yet.
    Held {
        timer: OperationId,
        operation: OperationId,
    },
}

/// A path of a program, in the folder.
pub(super) fn inside(folder: &Path, path: &str) -> PathBuf {
    let kept = Path::new(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => {
            None
        }
    });
    folder.join(kept.collect::<PathBuf>())
}

impl Outside {
    /// The host over a native one: paths count from the folder, and of the world its latencies hold.
    pub fn new(native: &Rc<NativeHost>, folder: &Path, world: &WorldConfig) -> Outside {
        let latencies = world.latency.iter();
        Outside {
            native: native.clone(),
            folder: folder.to_path_buf(),
            latencies: latencies
                .map(|(operation, time)| (*operation, Nanoseconds(time.nanoseconds())))
                .collect(),
            servers: RefCell::default(),
            routes: world.http.clone(),
            operations: RefCell::default(),
            last: Cell::new(0),
        }
    }

    /// The same, with servers that answer for those of the world.
    pub(super) fn with_servers(self, servers: Option<Servers>) -> Outside {
        self.servers.replace(servers);
        self
    }

    /// Operations that have neither given their outcome nor been cancelled.
    pub fn outstanding(&self) -> usize {
        self.operations.borrow().len()
    }

    fn latency(&self, request: &Request) -> Option<Nanoseconds> {
        let name = match request {
            Request::Timer { .. }
            | Request::Input { .. }
            | Request::Http(_)
            | Request::Job { .. } => return None,
            Request::ReadFile { .. } => LatencyOp::Read,
            Request::WriteFile { .. } => LatencyOp::Write,
            Request::FileExists { .. } => LatencyOp::Exists,
            Request::DeleteFile { .. } => LatencyOp::Delete,
            Request::Readback { .. } => LatencyOp::Readback,
        };
        self.latencies.get(&name).copied()
    }

    /// The request in the folder, and as the program wrote it, without its content.
    fn translated(&self, request: Request) -> (Request, Request) {
        let inside = |path: &str| inside(&self.folder, path).display().to_string();
        match request {
            Request::ReadFile { path } => (
                Request::ReadFile {
                    path: inside(&path),
                },
                Request::ReadFile { path },
            ),
            Request::WriteFile { path, bytes } => (
                Request::WriteFile {
                    path: inside(&path),
                    bytes,
                },
                Request::WriteFile {
                    path,
                    bytes: Vec::new(),
                },
            ),
            Request::FileExists { path } => (
                Request::FileExists {
                    path: inside(&path),
                },
                Request::FileExists { path },
            ),
            Request::DeleteFile { path } => (
                Request::DeleteFile {
                    path: inside(&path),
                },
                Request::DeleteFile { path },
            ),
            request @ (Request::Timer { .. }
            | Request::Input { .. }
            | Request::Readback { .. }
            | Request::Http(_)
            | Request::Job { .. }) => (request.clone(), request),
        }
    }

    /// The operation of the native host, when it is at it.
    fn started(&self, id: OperationId) -> Option<OperationId> {
        match self.operations.borrow().get(&id) {
            Some(Stage::Started { operation, .. }) => Some(*operation),
            Some(Stage::Delayed { .. } | Stage::Held { .. }) | None => None,
        }
    }

    fn begin(&self, request: Request, there: Option<Request>, label: &OperationLabel) -> Stage {
        let (there, request) = match there {
            Some(there) => (there, request),
            None => self.translated(request),
        };
        Stage::Started {
            operation: self.native.submit(there, label),
            request,
        }
    }

    /// The words of a failure name the path or the address that the program knows, and nothing of what is
    /// behind it here.
    fn retold(&self, outcome: Outcome, request: &Request) -> Outcome {
        let error = match outcome {
            Ok(response) => return Ok(response),
            Err(error) => error,
        };
        let Request::Http(request) = request else {
            let failure = FileFailure::from_identifier(error.identifier());
            return Err(failure.map_or(error, |failure| failure.error(request).build()));
        };
        let (_, reason) = error.message().split_once("': ").unwrap_or_default();
        let identifier = HttpFailure::from_identifier(error.identifier());
        let identifier = identifier.unwrap_or(HttpFailure::Malformed).identifier();
        let (method, address) = (request.method, &request.address);
        let reason = reason.trim_end_matches('.');
        let told = web_error(identifier, method, address, reason).build();
        Err(
            match self.routes.iter().any(|route| route.answers(request)) {
                true => told,
                false => told.with_cause(no_route(&self.routes, request)),
            },
        )
    }

    fn timer(&self, latency: Nanoseconds, label: &OperationLabel) -> OperationId {
        let deadline = self.native.now() + latency;
        self.native.submit(Request::Timer { deadline }, label)
    }
}

impl Host for Outside {
    fn now(&self) -> Nanoseconds {
        self.native.now()
    }

    fn try_now(&self, request: &Request, label: &OperationLabel) -> Option<Outcome> {
        match request {
            Request::Timer { .. } | Request::Input { .. } => self.native.try_now(request, label),
            Request::ReadFile { .. }
            | Request::WriteFile { .. }
            | Request::FileExists { .. }
            | Request::DeleteFile { .. }
            | Request::Readback { .. }
            | Request::Http(_)
            | Request::Job { .. } => None,
        }
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        let id = OperationId(self.last.get() + 1);
        self.last.set(id.0);
        let sent = match (&request, &mut *self.servers.borrow_mut()) {
            (Request::Http(request), Some(servers)) => Some(servers.send(request)),
            _ => None,
        };
        let (latency, there) = match sent {
            Some(sent) => {
                let there = Request::Http(Box::new(sent.request));
                let latency = Nanoseconds(sent.latency_nanoseconds);
                (
                    (latency > Nanoseconds::ZERO).then_some(latency),
                    Some(there),
                )
            }
            None => (self.latency(&request), None),
        };
        let stage = match (latency, &request) {
            // The buffer is held on to from now on.
            (Some(latency), Request::Readback { .. }) => Stage::Held {
                timer: self.timer(latency, label),
                operation: self.native.submit(request, label),
            },
            (Some(latency), _) => Stage::Delayed {
                timer: self.timer(latency, label),
                request,
                there,
                label: label.clone(),
            },
            (None, _) => self.begin(request, there, label),
        };
        self.operations.borrow_mut().insert(id, stage);
        id
    }

    fn poll(&self, id: OperationId, context: &mut Context<'_>) -> Poll<Outcome> {
        let mut stage = (self.operations.borrow_mut().remove(&id))
            .expect("an operation is polled until it has ended");
        loop {
            stage = match stage {
                Stage::Delayed {
                    timer,
                    request,
                    there,
                    label,
                } => {
                    if self.native.poll(timer, context).is_ready() {
                        self.begin(request, there, &label)
                    } else {
                        stage = Stage::Delayed {
                            timer,
                            request,
                            there,
                            label,
                        };
                        break;
                    }
                }
                Stage::Held { timer, operation } => {
                    if self.native.poll(timer, context).is_ready() {
                        let request = Request::Timer {
                            deadline: Nanoseconds::ZERO,
                        };
                        Stage::Started { operation, request }
                    } else {
                        stage = Stage::Held { timer, operation };
                        break;
                    }
                }
                Stage::Started { operation, request } => {
                    match self.native.poll(operation, context) {
                        Poll::Ready(outcome) => {
                            return Poll::Ready(self.retold(outcome, &request));
                        }
                        Poll::Pending => {
                            stage = Stage::Started { operation, request };
                            break;
                        }
                    }
                }
            };
        }
        self.operations.borrow_mut().insert(id, stage);
        Poll::Pending
    }

    fn cancel(&self, id: OperationId) {
        let stage = self.operations.borrow_mut().remove(&id);
        match stage {
            Some(Stage::Delayed { timer, .. }) => self.native.cancel(timer),
            Some(Stage::Started { operation, .. }) => self.native.cancel(operation),
            Some(Stage::Held { timer, operation }) => {
                self.native.cancel(timer);
                self.native.cancel(operation);
            }
            None => {}
        }
    }

    fn stop(&self, id: OperationId) -> bool {
        self.started(id)
            .is_some_and(|started| self.native.stop(started))
    }

    fn has_begun(&self, id: OperationId) -> bool {
        self.started(id)
            .is_none_or(|started| self.native.has_begun(started))
    }

    fn workers(&self) -> Option<NonZeroUsize> {
        self.native.workers()
    }

    fn tick(&self, in_a_row: u32) {
        self.native.tick(in_a_row);
    }

    fn console(&self) -> &dyn Console {
        self.native.console()
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        self.native.device()
    }

    fn seed(&self) -> u64 {
        self.native.seed()
    }
}
