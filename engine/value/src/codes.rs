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
    // Names and calls.
    /// A name that is neither a variable nor a function.
    UNDEFINED_FUNCTION = "MATLAB:UndefinedFunction", "Octave:undefined-function", "RunMat:UndefinedFunction";
    /// Too many inputs for a function of a program.
    TOO_MANY_INPUTS = "MATLAB:TooManyInputs", "Octave:invalid-fun-call", "RunMat:TooManyInputs";
    /// Too many outputs wanted from a function of a program.
    TOO_MANY_OUTPUTS = "MATLAB:TooManyOutputs", "Octave:invalid-fun-call", "RunMat:TooManyOutputs";
    /// Too few inputs.
    NOT_ENOUGH_INPUTS = "MATLAB:minrhs", "Octave:invalid-fun-call", "RunMat:NotEnoughInputs";
    /// An input that was not given is used.
    MISSING_INPUT = "MATLAB:minrhs", "Octave:undefined-function", "RunMat:NotEnoughInputs";
    /// Too many inputs for a library function.
    MAX_INPUTS = "MATLAB:maxrhs", "Octave:invalid-fun-call", "RunMat:TooManyInputs";
    /// Too many outputs wanted from a library function.
    MAX_OUTPUTS = "MATLAB:maxlhs", "Octave:invalid-fun-call", "RunMat:TooManyOutputs";
    /// An output that the function did not assign.
    UNASSIGNED_OUTPUT = "MATLAB:unassignedOutputs", "Octave:undefined-function", "RunMat:UnassignedOutput";
    /// Calls nested too deeply.
    RECURSION_LIMIT = "MATLAB:recursionLimit", "", "RunMat:RecursionLimit";
    /// Fewer values on the right of `=` than places on its left.
    NEED_MORE_VALUES = "MATLAB:needMoreRhsOutputs", "", "RunMat:NotEnoughValues";

    // Indices.
    /// An index beyond the array.
    BAD_SUBSCRIPT = "MATLAB:badsubscript", "Octave:index-out-of-bounds", "RunMat:IndexOutOfBounds";
    /// An index that is no positive integer and no logical.
    INVALID_SUBSCRIPT = "MATLAB:badsubscript", "Octave:invalid-index", "RunMat:InvalidIndex";
    /// `x{…}` of something that is no cell.
    BRACE_READ = "MATLAB:cellRefFromNonCell", "", "RunMat:BraceIndexUnsupported";
    /// `x.name` of something without fields.
    DOT_READ = "MATLAB:structRefFromNonStruct", "", "RunMat:DotIndexUnsupported";
    /// A field that the struct does not have.
    NO_FIELD = "MATLAB:nonExistentField", "Octave:invalid-indexing", "RunMat:NoSuchField";
    /// `x{…} = …` for something that is no cell.
    BRACE_WRITE = "MATLAB:cellAssToNonCell", "", "RunMat:BraceIndexUnsupported";
    /// `x.name = …` for something that is no struct.
    DOT_WRITE = "MATLAB:structAssToNonStruct", "", "RunMat:DotIndexUnsupported";
    /// `A(I) = B` with another number of elements in `B`.
    NUMEL_MISMATCH = "MATLAB:matrix:singleSubscriptNumelMismatch", "Octave:nonconformant-args", "RunMat:AssignSizeMismatch";
    /// `A(I, J) = B` with another size of `B`.
    ASSIGN_SIZE_MISMATCH = "MATLAB:subsassigndimmismatch", "Octave:nonconformant-args", "RunMat:AssignSizeMismatch";
    /// `A(n) = x` that would have to grow a matrix nobody knows where.
    AMBIGUOUS_GROWTH = "MATLAB:indexed_matrix_cannot_be_resized", "Octave:invalid-resize", "RunMat:AmbiguousGrowth";
    /// A deletion that would leave no rectangle.
    DELETE_SHAPE = "MATLAB:subsdeldimmismatch", "", "RunMat:DeleteShape";
    /// A deletion beyond the array.
    DELETE_RANGE = "MATLAB:subsdeldimmismatch", "Octave:index-out-of-bounds", "RunMat:IndexOutOfBounds";
    /// A field assignment to a struct array that is not 1 × 1.
    SCALAR_STRUCT_REQUIRED = "MATLAB:scalarStructureRequired", "", "RunMat:ScalarStructRequired";
    /// A struct put into a struct array with other fields.
    DISSIMILAR_STRUCTS = "MATLAB:heterogeneousStrucAssignment", "", "RunMat:DissimilarStructs";
    /// `a(1)(2) = x` and other chains that MATLAB does not have.
    BAD_INDEX_CHAIN = "MATLAB:index:parensMustBeLast", "", "RunMat:BadIndexChain";
    /// A dynamic field name that is no name.
    BAD_FIELD_NAME = "MATLAB:AddField:InvalidFieldName", "", "RunMat:InvalidFieldName";

    // Operators and conversions.
    /// An operator for operands that it does not take.
    UNSUPPORTED_OPERANDS = "MATLAB:UndefinedFunction", "", "RunMat:UnsupportedOperands";
    /// Sizes that do not match, element by element.
    SIZE_MISMATCH = "MATLAB:sizeDimensionsMustMatch", "Octave:nonconformant-args", "RunMat:SizeMismatch";
    /// A matrix product whose inner sizes differ.
    INNER_DIMENSIONS = "MATLAB:innerdim", "Octave:nonconformant-args", "RunMat:SizeMismatch";
    /// A matrix division whose sizes differ.
    DIMENSIONS_DISAGREE = "MATLAB:dimagree", "Octave:nonconformant-args", "RunMat:SizeMismatch";
    /// A power of a matrix that is not square.
    NOT_SQUARE = "MATLAB:square", "", "RunMat:NotSquare";
    /// An operation that would need more dimensions than it takes.
    NOT_A_MATRIX = "MATLAB:NDArraysNotSupported", "", "RunMat:NotAMatrix";
    /// A value that does not convert.
    INVALID_CONVERSION = "MATLAB:invalidConversion", "", "RunMat:InvalidConversion";
    /// NaN where a truth is wanted.
    NAN_TO_LOGICAL = "MATLAB:nologicalnan", "", "RunMat:NaNToLogical";
    /// An operand of `&&` or `||` that is no scalar.
    NOT_LOGICAL_SCALAR = "MATLAB:nonLogicalConditional", "", "RunMat:NotLogicalScalar";
    /// A `switch` over something that is neither scalar nor text.
    BAD_SWITCH = "MATLAB:badSwitchExpression", "", "RunMat:BadSwitch";
    /// An array larger than the engine makes.
    SIZE_LIMIT = "MATLAB:array:SizeLimitExceeded", "Octave:bad-alloc", "RunMat:SizeLimitExceeded";
    /// Something of the language that this engine does not have.
    UNSUPPORTED = "MATLAB:unsupported", "", "RunMat:Unsupported";

    // Concatenation.
    /// Parts whose sizes do not fit together.
    CONCAT_SIZE = "MATLAB:catenate:dimensionMismatch", "", "RunMat:ConcatSizeMismatch";
    /// Structs with different fields.
    CONCAT_FIELDS = "MATLAB:catenate:structFieldBad", "", "RunMat:ConcatFieldMismatch";
    /// Function handles or objects, which make no arrays.
    CONCAT_HANDLES = "MATLAB:catenate:nonscalarHandles", "", "RunMat:ConcatHandles";

    // The library.
    /// An input that is not what the function wants.
    INVALID_INPUT = "MATLAB:invalidType", "Octave:invalid-input-arg", "RunMat:InvalidArgument";
    /// A key that the map does not have.
    MAP_NO_KEY = "MATLAB:Containers:Map:NoKey", "", "RunMat:MapNoKey";
    /// `m(k).x = …`.
    MAP_ONE_LEVEL = "MATLAB:Containers:Map:OnlyOneLevelIndexing", "", "RunMat:MapOneLevel";
    /// `reshape` to another number of elements.
    RESHAPE_COUNT = "MATLAB:getReshapeDims:notSameNumel", "", "RunMat:ReshapeCount";
    /// `cellfun` over something that is no cell.
    CELLFUN_NOT_CELL = "MATLAB:cellfun:NotACell", "", "RunMat:CellfunNotCell";
    /// `cellfun` whose function gave no scalar.
    CELLFUN_NOT_SCALAR = "MATLAB:cellfun:NotAScalarOutput", "", "RunMat:NotScalarOutput";
    /// `cellfun` whose function gave values of several classes.
    CELLFUN_CLASS_MISMATCH = "MATLAB:cellfun:MismatchInOutputTypes", "", "RunMat:OutputClassMismatch";
    /// `cellfun` over cells of different sizes.
    CELLFUN_SIZE_MISMATCH = "MATLAB:cellfun:InputsSizeMismatch", "", "RunMat:InputSizeMismatch";
    /// `arrayfun` whose function gave no scalar.
    ARRAYFUN_NOT_SCALAR = "MATLAB:arrayfun:NotAScalarOutput", "Octave:invalid-fun-call", "RunMat:NotScalarOutput";
    /// `arrayfun` whose function gave values of several classes.
    ARRAYFUN_CLASS_MISMATCH = "MATLAB:arrayfun:MismatchInOutputTypes", "Octave:invalid-fun-call", "RunMat:OutputClassMismatch";
    /// `arrayfun` over arrays of different sizes.
    ARRAYFUN_SIZE_MISMATCH = "MATLAB:arrayfun:InputsSizeMismatch", "Octave:invalid-input-arg", "RunMat:InputSizeMismatch";
    /// `cell2mat` of contents of several classes.
    CELL2MAT_MIXED = "MATLAB:cell2mat:MixedDataTypes", "", "RunMat:Cell2MatMixed";
    /// `cell2mat` of something that is no cell.
    CELL2MAT_NOT_CELL = "MATLAB:cell2mat:InvalidInput", "", "RunMat:Cell2MatNotCell";
    /// `num2str` of something that is no number.
    NUM2STR_INPUT = "MATLAB:num2str:nonNumericInput", "", "RunMat:InvalidArgument";
    /// `deal` with other numbers of inputs and outputs.
    DEAL_MISMATCH = "MATLAB:deal:narginNargoutMismatch", "", "RunMat:DealMismatch";
    /// `struct` with fields of different sizes.
    STRUCT_SIZE_MISMATCH = "MATLAB:structSizeMismatch", "", "RunMat:StructSizeMismatch";
    /// `struct` with an odd number of inputs.
    STRUCT_PAIRS = "MATLAB:structPairs", "", "RunMat:StructPairs";
    /// `rmfield` of a field that is not there.
    RMFIELD_NAME = "MATLAB:rmfield:InvalidFieldname", "", "RunMat:NoSuchField";
    /// `fieldnames` of something without fields.
    FIELDNAMES_INPUT = "MATLAB:fieldnames:InvalidInput", "", "RunMat:InvalidArgument";
    /// `assert` of something false.
    ASSERTION_FAILED = "MATLAB:assertion:failed", "", "RunMat:AssertionFailed";
    /// `narginchk` with too few inputs.
    NARGINCHK_FEW = "MATLAB:narginchk:notEnoughInputs", "", "RunMat:NotEnoughInputs";
    /// `narginchk` with too many inputs.
    NARGINCHK_MANY = "MATLAB:narginchk:tooManyInputs", "", "RunMat:TooManyInputs";
    /// `nargoutchk` with too few outputs.
    NARGOUTCHK_FEW = "MATLAB:nargoutchk:notEnoughOutputs", "", "RunMat:NotEnoughOutputs";
    /// `feval` of something that is no function.
    FEVAL_INPUT = "MATLAB:feval:invalidFunctionName", "", "RunMat:InvalidFunction";
    /// `nargoutchk` with too many outputs.
    NARGOUTCHK_MANY = "MATLAB:nargoutchk:tooManyOutputs", "", "RunMat:TooManyOutputs";
    /// `onCleanup` of something that is no function.
    ON_CLEANUP_INPUT = "MATLAB:onCleanup:invalidInput", "", "RunMat:InvalidArgument";
    /// The warning about an error in an `onCleanup` function.
    CLEANUP_FAILED = "MATLAB:class:DestructorError", "", "RunMat:CleanupFailed";
    /// A text that is no error identifier.
    BAD_IDENTIFIER = "MATLAB:MException:InvalidIdentifier", "", "RunMat:InvalidIdentifier";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_is_named_in_matlab_and_runmat() {
        for code in ALL {
            assert!(code.matlab.starts_with("MATLAB:"), "{code:?}");
            assert!(code.runmat.starts_with("RunMat:"), "{code:?}");
            assert!(
                code.octave.is_empty() || code.octave.starts_with("Octave:"),
                "{code:?}"
            );
        }
    }
}
