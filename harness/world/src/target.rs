//! What is simulated: a program, compiled once and shared by all runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use tourbillon_compiler::Program;
use tourbillon_syntax::Source;
use tourbillon_value::RuntimeError;

use crate::session_config::SessionConfig;

/// The texts of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramText {
    /// The name of the main script, as diagnostics show it.
    pub name: String,
    /// The main script, local functions with it.
    pub source: String,
    /// Further program files: name to source.
    pub files: BTreeMap<String, String>,
}

/// A program to simulate, or why there is none.
#[derive(Clone, Debug)]
pub enum Target {
    /// It compiles.
    Compiled {
        /// Its texts.
        text: ProgramText,
        /// What runs.
        program: Arc<Program>,
    },
    /// It does not compile: every run ends with the first of the errors.
    Refused {
        /// Its texts.
        text: ProgramText,
        /// What is wrong with it.
        errors: Vec<RuntimeError>,
    },
}

impl Target {
    /// Compiles a program as the session's options say.
    pub fn compile(text: ProgramText, session: &SessionConfig) -> Target {
        let mut sources = vec![Source::new(text.name.as_str(), text.source.as_str())];
        let files = text.files.iter();
        sources.extend(files.map(|(name, source)| Source::new(name.as_str(), source.as_str())));
        let options = session.options("main");
        match tourbillon_session::compile(&sources, &options, Vec::new()) {
            Ok(program) => Target::Compiled { text, program },
            Err(errors) => Target::Refused { text, errors },
        }
    }

    /// A script without further files.
    pub fn script(source: &str, session: &SessionConfig) -> Target {
        let text = ProgramText {
            name: "main.m".to_string(),
            source: source.to_string(),
            files: BTreeMap::new(),
        };
        Target::compile(text, session)
    }

    /// Its texts.
    pub fn text(&self) -> &ProgramText {
        match self {
            Target::Compiled { text, .. } | Target::Refused { text, .. } => text,
        }
    }
}
