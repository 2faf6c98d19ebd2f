//! Registers while a function is being compiled: named locals, hidden locals, a stack of temporaries.
//!
//! The number of hidden locals is known only at the end, so temporaries carry a mark until then.

use crate::bytecode::Register;

/// The mark of a temporary.
const TEMPORARY: Register = 0x8000;
/// The most locals, and the most temporaries, that a function can have.
pub(crate) const MAX_REGISTERS: usize = 0x7fff;

/// How many registers of each kind are in use and were in use at most.
#[derive(Debug)]
pub(crate) struct Registers {
    named: usize,
    hidden: usize,
    most_hidden: usize,
    temporaries: usize,
    most_temporaries: usize,
}

impl Registers {
    /// For a function with so many named locals.
    pub fn new(named: usize) -> Registers {
        Registers {
            named,
            hidden: 0,
            most_hidden: 0,
            temporaries: 0,
            most_temporaries: 0,
        }
    }

    /// Whether a limit was passed; then the numbers mean nothing.
    pub fn overflowed(&self) -> bool {
        self.locals() > MAX_REGISTERS || self.most_temporaries > MAX_REGISTERS
    }

    /// Number of locals, hidden ones included.
    pub fn locals(&self) -> usize {
        self.named + self.most_hidden
    }

    /// Size of the window.
    pub fn window(&self) -> usize {
        self.locals() + self.most_temporaries
    }

    /// Takes consecutive hidden locals.
    pub fn take_hidden(&mut self, count: usize) -> Register {
        let first = self.named + self.hidden;
        self.hidden += count;
        self.most_hidden = self.most_hidden.max(self.hidden);
        first.min(MAX_REGISTERS) as Register
    }

    /// Gives back the hidden locals that were taken last.
    pub fn give_hidden(&mut self, count: usize) {
        self.hidden -= count;
    }

    /// How high the stack of temporaries is.
    pub fn mark(&self) -> usize {
        self.temporaries
    }

    /// Takes the next temporary.
    pub fn push(&mut self) -> Register {
        self.set(self.temporaries + 1);
        temporary(self.temporaries - 1)
    }

    /// Makes the stack of temporaries so high.
    pub fn set(&mut self, height: usize) {
        self.temporaries = height;
        self.most_temporaries = self.most_temporaries.max(height);
    }

    /// The number of a register in the finished function.
    pub fn finished(&self, register: Register) -> Register {
        if is_temporary(register) {
            (register & !TEMPORARY) + self.locals() as Register
        } else {
            register
        }
    }
}

/// The temporary at that height of the stack.
pub(crate) fn temporary(height: usize) -> Register {
    TEMPORARY | height.min(MAX_REGISTERS) as Register
}

/// Whether a register of an unfinished function is a temporary.
pub(crate) fn is_temporary(register: Register) -> bool {
    register & TEMPORARY != 0
}

/// The height of a temporary.
pub(crate) fn height(register: Register) -> usize {
    debug_assert!(is_temporary(register));
    usize::from(register & !TEMPORARY)
}
