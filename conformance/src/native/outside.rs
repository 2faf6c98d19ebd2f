//! The native host in a case's own folder, with the latencies that the case states.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;
use std::task::{Context, Poll};

use tourbillon_host::{
    Console, Device, FileFailure, Host, Nanoseconds, OperationId, OperationLabel, Outcome, Request,
};
use tourbillon_host_native::NativeHost;

use crate::world::{LatencyOp, WorldConfig};

/// A native host that keeps programs in a folder of theirs and lets what they ask for take its time.
pub struct Outside {
    native: Rc<NativeHost>,
    folder: PathBuf,
    latencies: BTreeMap<LatencyOp, Nanoseconds>,
    operations: RefCell<BTreeMap<OperationId, Stage>>,
    last: Cell<u64>,
}

/// How far an operation is.
enum Stage {
    /// Its time has not come: it is done then, as in the simulated world.
    Delayed {
        timer: OperationId,
        request: Request,
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
            operations: RefCell::default(),
            last: Cell::new(0),
        }
    }

    /// Operations that have neither given their outcome nor been cancelled.
    pub fn outstanding(&self) -> usize {
        self.operations.borrow().len()
    }

    fn latency(&self, request: &Request) -> Option<Nanoseconds> {
        let name = match request {
            Request::Timer { .. } | Request::Input { .. } => return None,
            Request::ReadFile { .. } => LatencyOp::Read,
            Request::WriteFile { .. } => LatencyOp::Write,
            Request::FileExists { .. } => LatencyOp::Exists,
            Request::DeleteFile { .. } => LatencyOp::Delete,
            Request::Readback { .. } => LatencyOp::Readback,
            Request::Http(_) => LatencyOp::Http,
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
            | Request::Http(_)) => (request.clone(), request),
        }
    }

    fn begin(&self, request: Request, label: &OperationLabel) -> Stage {
        let (there, request) = self.translated(request);
        Stage::Started {
            operation: self.native.submit(there, label),
            request,
        }
    }

    fn timer(&self, latency: Nanoseconds, label: &OperationLabel) -> OperationId {
        let deadline = self.native.now() + latency;
        self.native.submit(Request::Timer { deadline }, label)
    }
}

/// The words of a failure name the path that the program knows.
fn retold(outcome: Outcome, request: &Request) -> Outcome {
    outcome.map_err(
        |error| match FileFailure::from_identifier(error.identifier()) {
            Some(failure) => failure.error(request).build(),
            None => error,
        },
    )
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
            | Request::Http(_) => None,
        }
    }

    fn submit(&self, request: Request, label: &OperationLabel) -> OperationId {
        let id = OperationId(self.last.get() + 1);
        self.last.set(id.0);
        let stage = match (self.latency(&request), &request) {
            // The buffer is held on to from now on.
            (Some(latency), Request::Readback { .. }) => Stage::Held {
                timer: self.timer(latency, label),
                operation: self.native.submit(request, label),
            },
            (Some(latency), _) => Stage::Delayed {
                timer: self.timer(latency, label),
                request,
                label: label.clone(),
            },
            (None, _) => self.begin(request, label),
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
                    label,
                } => {
                    if self.native.poll(timer, context).is_ready() {
                        self.begin(request, &label)
                    } else {
                        stage = Stage::Delayed {
                            timer,
                            request,
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
                        Poll::Ready(outcome) => return Poll::Ready(retold(outcome, &request)),
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
