//! The engine's own error identifiers, in each namespace. Codes are data: who fails names one, and
//! the session picks the text.

/// Whose identifiers a session uses for MATLAB's own errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Namespace {
    /// `MATLAB:UndefinedFunction`.
    #[default]
    Matlab,
    /// `Octave:undefined-function`.
    Octave,
    /// `RunMat:UndefinedFunction`.
    RunMat,
}

/// One identifier in all namespaces; empty where an error has none there.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// MATLAB's.
    pub matlab: &'static str,
    /// Octave's.
    pub octave: &'static str,
    /// RunMat's.
    pub runmat: &'static str,
}

impl Code {
    /// The identifier in a namespace.
    pub fn in_namespace(&self, namespace: Namespace) -> &'static str {
        match namespace {
            Namespace::Matlab => self.matlab,
            Namespace::Octave => self.octave,
            Namespace::RunMat => self.runmat,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $matlab:literal, $octave:literal, $runmat:literal;)*) => {
        $($(#[$doc])* pub static $name: Code =
            Code { matlab: $matlab, octave: $octave, runmat: $runmat };)*
        /// All of them, for tables and documentation.
        pub static ALL: &[&Code] = &[$(&$name),*];
    };
}

codes! {
    /// A name that is neither a variable nor a function.
    UNDEFINED_FUNCTION = "MATLAB:UndefinedFunction", "Octave:undefined-function", "RunMat:UndefinedFunction";
    /// An index that is no positive integer, or beyond the array.
    BAD_SUBSCRIPT = "MATLAB:badsubscript", "Octave:index-out-of-bounds", "RunMat:IndexOutOfBounds";
    /// Too many inputs for a function of a program.
    TOO_MANY_INPUTS = "MATLAB:TooManyInputs", "Octave:invalid-fun-call", "RunMat:TooManyInputs";
    /// Too many outputs wanted from a function of a program.
    TOO_MANY_OUTPUTS = "MATLAB:TooManyOutputs", "Octave:invalid-fun-call", "RunMat:TooManyOutputs";
    /// Too few inputs.
    NOT_ENOUGH_INPUTS = "MATLAB:minrhs", "Octave:invalid-fun-call", "RunMat:NotEnoughInputs";
    /// Too many inputs for a library function.
    MAX_INPUTS = "MATLAB:maxrhs", "Octave:invalid-fun-call", "RunMat:TooManyInputs";
    /// Too many outputs wanted from a library function.
    MAX_OUTPUTS = "MATLAB:maxlhs", "Octave:invalid-fun-call", "RunMat:TooManyOutputs";
    /// An output that the function did not assign.
    UNASSIGNED_OUTPUT = "MATLAB:unassignedOutputs", "Octave:undefined-function", "RunMat:UnassignedOutput";
    /// An elementwise operation of arrays whose sizes do not fit.
    INCOMPATIBLE_SIZES = "MATLAB:sizeDimensionsMustMatch", "Octave:nonconformant-args", "RunMat:DimensionMismatch";
    /// A matrix product whose inner sizes differ.
    INNER_DIMENSIONS = "MATLAB:innerdim", "Octave:nonconformant-args", "RunMat:DimensionMismatch";
    /// Calls nested too deeply.
    RECURSION_LIMIT = "MATLAB:recursionLimit", "Octave:recursion-limit", "RunMat:RecursionLimit";
}
