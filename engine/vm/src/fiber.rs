//! Fibers: an async body with its own frame stack and registers.

use crate::cleanups::PutOff;
use crate::future::Future;
use crate::machine::{Loaded, Machine};
use crate::operation::OperationGuard;
use crate::wait::Pending;
use std::rc::Rc;
use tourbillon_builtins::{NativeFrame, Outputs};
use tourbillon_value::{ObjectId, RuntimeError, Value};

/// Where the results of a frame go when the frame below is code: an absolute register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returns {
    pub base: usize,
    /// How many results are wanted; 0 takes one if there is one.
    pub outputs: u8,
}

impl Returns {
    /// For frames whose results nobody takes.
    pub(crate) const NOWHERE: Returns = Returns {
        base: usize::MAX,
        outputs: 0,
    };
    /// For the first frame of a body of which so many results are wanted.
    pub(crate) fn of_body(outputs: u8) -> Returns {
        Returns {
            outputs,
            ..Returns::BODY
        }
    }

    /// For the first frame of a body: all outputs that were assigned.
    pub(crate) const BODY: Returns = Returns {
        base: usize::MAX,
        outputs: ALL,
    };
}

/// As a number of wanted outputs: all that the function has, as far as they were assigned.
pub(crate) const ALL: u8 = 252;

/// A call of a function of a program.
pub(crate) struct CodeFrame {
    pub loaded: Rc<Loaded>,
    pub function: usize,
    /// The next instruction.
    pub pc: usize,
    /// First register of the window.
    pub base: usize,
    pub inputs: usize,
    pub returns: Returns,
    /// How many results the next call of an assignment to a list of targets is asked for.
    pub wanted: u8,
}

/// One entry of a frame stack.
pub(crate) enum Frame {
    Code(CodeFrame),
    /// A library function that calls back into the language.
    Native {
        native: Box<dyn NativeFrame>,
        has_started: bool,
        name: &'static str,
        returns: Returns,
    },
    /// Cleanup functions to be run one after another; their errors become warnings.
    Cleanup {
        queue: std::vec::IntoIter<(ObjectId, Value)>,
        /// Results on their way to the frame below; the cleanups' own calls must not replace them.
        kept: Outputs,
        /// What the call of an async function gave: the cleanup is over when its body is.
        body: Option<Future>,
    },
    /// An error on its way down that waits for the cleanups above it.
    Unwind(RuntimeError),
}

/// An async body: what a future runs, or the program itself.
pub(crate) struct Fiber {
    pub future: Future,
    pub frames: Vec<Frame>,
    pub registers: Vec<Value>,
    /// What it waits for.
    pub pending: Option<Pending>,
    /// Frames of the bodies that await this one by transfer, for the recursion limit.
    pub depth_below: usize,
    /// Whether that patience has ended.
    pub is_cut_off: bool,
    /// The results of a first frame that is not code.
    pub results: Outputs,
    /// What it began with and has not yet begun.
    pub start: Option<Box<Start>>,
    /// Boxed: few bodies have any of it.
    pub aside: Option<Box<Aside>>,
}

/// What only few bodies have.
#[derive(Default)]
pub(crate) struct Aside {
    /// The timer that ends the patience with its cleanup after a cancellation.
    pub cleanup_budget: Option<Rc<OperationGuard>>,
    /// Cleanups that wait for the end of a statement, the innermost statement last.
    pub put_off: Vec<PutOff>,
    /// The function that gave no value last, or fewer than it declares.
    pub gave_few: Option<Shortfall>,
}

/// A function that has not assigned all of its outputs.
#[derive(Clone)]
pub(crate) struct Shortfall {
    pub loaded: Rc<Loaded>,
    pub function: usize,
}

impl Shortfall {
    /// What is wrong when more values are wanted than it gave.
    pub(crate) fn error(&self, given: usize) -> RuntimeError {
        let code = &self.loaded.program.functions[self.function];
        let output = match code.outputs.get(given) {
            Some(register) => &*code.names[usize::from(*register)],
            None => "varargout",
        };
        crate::errors::unassigned_output(output, &code.name)
    }
}

/// How a body begins.
pub(crate) enum Start {
    /// A call of a function value.
    Call {
        function: Value,
        arguments: Vec<Value>,
        /// How many results are wanted, or all.
        outputs: u8,
    },
    /// A function of a program.
    Function {
        loaded: Rc<Loaded>,
        function: usize,
        arguments: Vec<Value>,
    },
    /// The machine's own code.
    Native {
        native: Box<dyn NativeFrame>,
        name: &'static str,
    },
    /// Cleanup functions only.
    Cleanups(Vec<(ObjectId, Value)>),
}

impl Start {
    /// Shows every value that it holds.
    pub(crate) fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        match self {
            Start::Call {
                function,
                arguments,
                ..
            } => {
                visit(function);
                arguments.iter().for_each(visit);
            }
            Start::Function { arguments, .. } => arguments.iter().for_each(visit),
            Start::Cleanups(queue) => queue.iter().for_each(|(_, function)| visit(function)),
            Start::Native { native, .. } => native.trace(visit),
        }
    }
}

impl Fiber {
    pub(crate) fn new(
        machine: &Machine,
        future: Future,
        start: Box<Start>,
        depth_below: usize,
    ) -> Fiber {
        let (frames, registers) = machine.spare_stacks();
        Fiber {
            future,
            frames,
            registers,
            pending: None,
            depth_below,
            is_cut_off: false,
            results: Outputs::new(),
            start: Some(start),
            aside: None,
        }
    }

    /// Gives the memory back that its stacks have in advance.
    pub(crate) fn trim(&mut self) {
        self.frames.shrink_to_fit();
        self.registers.shrink_to_fit();
    }

    /// Bytes of its own, of its frames and of its registers; not of what they refer to.
    pub(crate) fn stack_bytes(&self) -> u64 {
        let frames = self.frames.capacity() * size_of::<Frame>();
        let registers = self.registers.capacity() * size_of::<Value>();
        (size_of::<Fiber>() + frames + registers) as u64
    }

    /// Whether it is in cleanup code, where cancellation does not reach.
    pub(crate) fn is_shielded(&self) -> bool {
        !self.is_cut_off
            && self.frames.iter().any(|frame| match frame {
                Frame::Code(code) => {
                    let at = code.pc.saturating_sub(1) as u32;
                    code.loaded.program.functions[code.function].is_shielded(at)
                }
                Frame::Cleanup { .. } => true,
                Frame::Native { .. } | Frame::Unwind(_) => false,
            })
    }
}
