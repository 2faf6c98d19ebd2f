//! Fibers: an async body with its own frame stack and registers.

use crate::cleanups::PutOff;
use crate::future::Future;
use crate::machine::{Loaded, Machine};
use crate::operation::OperationGuard;
use crate::wait::Pending;
use std::rc::Rc;
use tourbillon_builtins::{NativeFrame, Outputs};
use tourbillon_compiler::Function;
use tourbillon_value::{ObjectId, RuntimeError, Value};

/// Where the results of a frame go when the frame below is code: an absolute register.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Returns {
    base: u32,
    /// How many results are wanted; 0 takes one if there is one.
    pub outputs: u8,
}

/// As a register: none.
const NO_REGISTER: u32 = u32::MAX;

impl Returns {
    /// For frames whose results nobody takes.
    pub(crate) const NOWHERE: Returns = Returns {
        base: NO_REGISTER,
        outputs: 0,
    };

    /// For results that go to consecutive registers, from `base` on.
    pub(crate) fn to(base: usize, outputs: u8) -> Returns {
        Returns {
            base: small(base),
            outputs,
        }
    }

    /// For results of which so many are wanted, and that go to no register.
    pub(crate) fn wanted(outputs: u8) -> Returns {
        Returns {
            base: NO_REGISTER,
            outputs,
        }
    }

    /// The first register that they go to.
    pub(crate) fn register(self) -> Option<usize> {
        (self.base != NO_REGISTER).then_some(self.base as usize)
    }

    /// For the first frame of a body of which so many results are wanted.
    pub(crate) fn of_body(outputs: u8) -> Returns {
        Returns::wanted(outputs)
    }

    /// For the first frame of a body: all outputs that were assigned.
    pub(crate) const BODY: Returns = Returns {
        base: NO_REGISTER,
        outputs: ALL,
    };
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a stack is not that large")
}

/// As a number of wanted outputs: all that the function has, as far as they were assigned.
pub(crate) const ALL: u8 = 252;

/// A call of a function of a program. Numbers are small here: there may be many frames.
pub(crate) struct CodeFrame {
    pub loaded: Rc<Loaded>,
    function: u32,
    pc: u32,
    base: u32,
    inputs: u32,
    returns_to: u32,
    outputs: u8,
    /// How many results the next call of an assignment to a list of targets is asked for.
    pub wanted: u8,
}

impl CodeFrame {
    /// A call that begins, with its first register and the number of its arguments.
    pub(crate) fn new(
        loaded: Rc<Loaded>,
        function: usize,
        base: usize,
        inputs: usize,
        returns: Returns,
    ) -> CodeFrame {
        CodeFrame {
            loaded,
            function: small(function),
            pc: 0,
            base: small(base),
            inputs: small(inputs),
            returns_to: returns.base,
            outputs: returns.outputs,
            wanted: 0,
        }
    }

    /// The number of its function in the program.
    pub(crate) fn function(&self) -> usize {
        self.function as usize
    }

    /// Its function.
    pub(crate) fn code(&self) -> &Function {
        &self.loaded.program.functions[self.function()]
    }

    /// The next instruction.
    pub(crate) fn pc(&self) -> usize {
        self.pc as usize
    }

    /// It goes on with that instruction.
    pub(crate) fn go_to(&mut self, pc: usize) {
        self.pc = pc as u32;
    }

    /// The instruction that is being executed.
    pub(crate) fn at(&self) -> u32 {
        self.pc.saturating_sub(1)
    }

    /// First register of the window.
    pub(crate) fn base(&self) -> usize {
        self.base as usize
    }

    /// How many arguments it was given.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs as usize
    }

    /// Where its results go.
    pub(crate) fn returns(&self) -> Returns {
        Returns {
            base: self.returns_to,
            outputs: self.outputs,
        }
    }
}

/// One entry of a frame stack.
pub(crate) enum Frame {
    Code(CodeFrame),
    /// A library function that calls back into the language.
    Native(Box<NativeCall>),
    /// Cleanup functions to be run one after another; their errors become warnings.
    Cleanup(Box<Cleanups>),
    /// An error on its way down that waits for the cleanups above it.
    Unwind(RuntimeError),
}

/// A call of a library function that calls back.
pub(crate) struct NativeCall {
    pub native: Box<dyn NativeFrame>,
    pub has_started: bool,
    pub name: &'static str,
    pub returns: Returns,
}

/// Cleanup functions that are being run.
pub(crate) struct Cleanups {
    pub queue: std::vec::IntoIter<(ObjectId, Value)>,
    /// Results on their way to the frame below; the cleanups' own calls must not replace them.
    pub kept: Outputs,
    /// What the call of an async function gave: the cleanup is over when its body is.
    pub body: Option<Future>,
}

impl Frame {
    /// The frame of a library function that has not begun.
    pub(crate) fn native(
        native: Box<dyn NativeFrame>,
        name: &'static str,
        returns: Returns,
    ) -> Frame {
        Frame::Native(Box::new(NativeCall {
            native,
            has_started: false,
            name,
            returns,
        }))
    }

    /// The frame of cleanup functions; `kept` are results on their way to the frame below.
    pub(crate) fn cleanups(queue: Vec<(ObjectId, Value)>, kept: Outputs) -> Frame {
        Frame::Cleanup(Box::new(Cleanups {
            queue: queue.into_iter(),
            kept,
            body: None,
        }))
    }
}

/// An async body: what a future runs, or the program itself.
pub(crate) struct Fiber {
    pub future: Future,
    pub frames: Vec<Frame>,
    pub registers: Vec<Value>,
    /// What it waits for.
    pub pending: Option<Pending>,
    /// Frames of the bodies that await this one by transfer, for the recursion limit.
    depth_below: u32,
    /// Whether that patience has ended.
    pub is_cut_off: bool,
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
            depth_below: small(depth_below),
            is_cut_off: false,
            start: Some(start),
            aside: None,
        }
    }

    /// How many frames there are down to that of the task's outermost body, for the recursion limit.
    pub(crate) fn depth(&self) -> usize {
        self.frames.len() + self.depth_below as usize
    }

    /// The frames of the bodies that await this one by transfer.
    pub(crate) fn depth_below(&self) -> usize {
        self.depth_below as usize
    }

    /// So many frames are not below it any more.
    pub(crate) fn rise(&mut self, frames: usize) {
        self.depth_below -= small(frames);
    }

    /// Gives the memory back that its stacks have in advance, and that of the last registers when they hold
    /// nothing: before it goes on, they are to be [restored](Fiber::restore).
    pub(crate) fn trim(&mut self) {
        self.frames.shrink_to_fit();
        let used = self
            .registers
            .iter()
            .rposition(|value| !value.is_undefined());
        self.registers.truncate(used.map_or(0, |last| last + 1));
        self.registers.shrink_to_fit();
    }

    /// Makes the registers of the innermost call as many again as it has.
    pub(crate) fn restore(&mut self) {
        let code = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Code(frame) => Some(frame),
            Frame::Native(_) | Frame::Cleanup(_) | Frame::Unwind(_) => None,
        });
        let end = code.map_or(0, |frame| {
            frame.base() + usize::from(frame.code().registers)
        });
        if self.registers.len() < end {
            self.registers.resize(end, Value::Undefined);
        }
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
                Frame::Code(frame) => frame.code().is_shielded(frame.at()),
                Frame::Cleanup(_) => true,
                Frame::Native(_) | Frame::Unwind(_) => false,
            })
    }
}
