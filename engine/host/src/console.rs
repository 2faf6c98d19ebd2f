//! The console: where output goes, in the order it was written.

/// Which of the two streams a text belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// What the program printed.
    Output,
    /// Warnings and reports.
    Error,
}

/// Takes the output of a session.
pub trait Console {
    /// Writes a text; what cannot be written is lost, as with any terminal that went away.
    fn write(&self, stream: Stream, text: &str);
}
