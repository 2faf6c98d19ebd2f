//! The identifiers that the library throws: the engine's, and some of its own.

use tourbillon_value::Code;
pub(crate) use tourbillon_value::codes::*;

/// A file number that no file has.
pub(crate) static BAD_FILE: Code = Code {
    matlab: "MATLAB:FileIO:InvalidFid",
    octave: "",
    runmat: "RunMat:InvalidFileIdentifier",
};

/// A text that is none of the choices.
pub(crate) static STRING_CHOICE: Code = Code {
    matlab: "MATLAB:unrecognizedStringChoice",
    octave: "",
    runmat: "RunMat:UnrecognizedStringChoice",
};
