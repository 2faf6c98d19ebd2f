//! One compilation: its files, its functions, and the errors found so far.

use crate::CompileOptions;
use crate::bytecode::{Function, Program};
use crate::lower;
use rustc_hash::FxHashMap;
use std::collections::BTreeSet;
use std::rc::Rc;
use tourbillon_builtins::{Body, BuiltinId, Intrinsic, entry, lookup};
use tourbillon_syntax::ast::{self, File};
use tourbillon_syntax::{Severity, Source, Span, parse, parse_with_variables};
use tourbillon_value::{Phase, RuntimeError, RuntimeErrorBuilder, build_runtime_error};

/// A function of the program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FunctionRef {
    /// Its number.
    pub index: u16,
    /// Whether it was declared `async`.
    pub is_async: bool,
    /// How many workspaces of the functions around it it is given before its arguments.
    pub workspaces: u8,
}

/// What a name means that is no variable.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// A function of the program.
    Function(FunctionRef),
    /// A library function.
    Builtin(BuiltinId),
    /// Nothing known.
    Unknown,
}

/// What all functions of a compilation share.
pub(crate) struct Unit<'a> {
    pub options: &'a CompileOptions,
    pub sources: &'a [Source],
    /// The functions of each file, by name.
    files: Vec<FxHashMap<Rc<str>, FunctionRef>>,
    /// The first functions of the function files.
    shared: FxHashMap<Rc<str>, FunctionRef>,
    /// The names of marks.
    pub marks: BTreeSet<String>,
    /// Functions by number; `None` while one is being compiled.
    functions: Vec<Option<Function>>,
    errors: Vec<(u16, Span, RuntimeError)>,
    /// Places and identifiers of the errors, so that code that is compiled twice complains once.
    reported: BTreeSet<(u16, u32, u32, String)>,
}

/// Compiles all files.
pub(crate) fn compile_unit(
    sources: &[Source],
    options: &CompileOptions,
) -> Result<Program, Vec<RuntimeError>> {
    let mut unit = Unit {
        options,
        sources,
        files: Vec::new(),
        shared: FxHashMap::default(),
        marks: BTreeSet::new(),
        functions: vec![None],
        errors: Vec::new(),
        reported: BTreeSet::new(),
    };
    let files = unit.parse();
    unit.finish_if_failed()?;
    for (source, file) in files.iter().enumerate() {
        unit.declare(source as u16, file);
    }
    unit.finish_if_failed()?;
    lower::script(&mut unit, &files[0].body);
    let mut next = 1;
    for (source, file) in files.iter().enumerate() {
        for function in &file.functions {
            lower::function(&mut unit, source as u16, next, function);
            next += 1;
        }
    }
    unit.finish_if_failed()?;
    let functions = unit
        .functions
        .into_iter()
        .map(|function| function.expect("every function was compiled, or there were errors"));
    Ok(Program {
        sources: sources.to_vec(),
        functions: functions.collect(),
        marks: unit.marks.into_iter().collect(),
    })
}

impl<'a> Unit<'a> {
    fn parse(&mut self) -> Vec<File> {
        let mut files = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            let parsed = if at == 0 {
                let workspace: Vec<&str> =
                    self.options.workspace.iter().map(|name| &**name).collect();
                parse_with_variables(source.text(), &workspace)
            } else {
                parse(source.text())
            };
            for diagnostic in parsed.diagnostics {
                match diagnostic.severity {
                    Severity::Error => {
                        let mut message = diagnostic.message;
                        if let Some(help) = diagnostic.help {
                            message.push('\n');
                            message.push_str(&help);
                        }
                        let error = build_runtime_error(message).identifier(diagnostic.identifier);
                        self.report(at as u16, diagnostic.span, error);
                    }
                    Severity::Warning => {}
                }
            }
            files.push(parsed.file);
        }
        files
    }

    fn declare(&mut self, source: u16, file: &File) {
        let mut names: FxHashMap<Rc<str>, FunctionRef> = FxHashMap::default();
        if source > 0
            && let Some(statement) = file.body.statements.first()
        {
            let error = build_runtime_error(
                "A program file beside the main script holds functions and no other code.",
            )
            .identifier("MATLAB:m_script_in_function_file");
            self.report(source, statement.span, error);
        }
        for (at, function) in file.functions.iter().enumerate() {
            let declared = FunctionRef {
                index: self.reserve(source, function.span),
                is_async: function.is_async,
                workspaces: 0,
            };
            let name = &function.name.name;
            if names.insert(name.clone(), declared).is_some() {
                self.declared_twice(source, function);
            }
            if source > 0 && at == 0 && self.shared.insert(name.clone(), declared).is_some() {
                self.declared_twice(source, function);
            }
        }
        self.files.push(names);
    }

    /// Reports a function whose name another one of its place has.
    pub fn declared_twice(&mut self, source: u16, function: &ast::Function) {
        let message = format!("The function '{}' is declared twice.", function.name.name);
        let error = build_runtime_error(message).identifier("MATLAB:m_duplicate_function");
        self.report(source, function.name.span, error);
    }

    /// Reserves the number of a function that will be compiled.
    pub fn reserve(&mut self, source: u16, span: Span) -> u16 {
        let Ok(index) = u16::try_from(self.functions.len()) else {
            self.too_large(source, span, "it has more than 65,535 functions");
            return u16::MAX;
        };
        self.functions.push(None);
        index
    }

    /// Takes a compiled function.
    pub fn define(&mut self, index: u16, function: Function) {
        if let Some(slot) = self.functions.get_mut(usize::from(index)) {
            *slot = Some(function);
        }
    }

    /// What a name means in a file, when it is no variable.
    pub fn meaning(&self, source: u16, name: &str) -> Meaning {
        if let Some(function) = self.files[usize::from(source)]
            .get(name)
            .or_else(|| self.shared.get(name))
        {
            return Meaning::Function(*function);
        }
        match lookup(name) {
            Some(builtin) => Meaning::Builtin(builtin),
            None => Meaning::Unknown,
        }
    }

    /// Notes an error; the phase and the place are added here.
    pub fn report(&mut self, source: u16, span: Span, error: RuntimeErrorBuilder) {
        let error = error
            .phase(Phase::Compile)
            .span(&self.sources[usize::from(source)], span)
            .build();
        let key = (source, span.start, span.end, error.identifier().to_string());
        if self.reported.insert(key) {
            self.errors.push((source, span, error));
        }
    }

    /// Notes that a limit of the bytecode was passed.
    pub fn too_large(&mut self, source: u16, span: Span, which: &str) {
        let error = build_runtime_error(format!("The program is too large: {which}."))
            .identifier("MATLAB:m_program_too_large");
        self.report(source, span, error);
    }

    /// Notes an extension of the language where strict mode forbids it.
    pub fn extension(&mut self, source: u16, span: Span, what: &str) {
        if self.options.strict {
            let message = format!("{what} is an extension; strict compatibility mode rejects it.");
            let error = build_runtime_error(message).identifier("async:ExtensionDisabled");
            self.report(source, span, error);
        }
    }

    fn finish_if_failed(&mut self) -> Result<(), Vec<RuntimeError>> {
        if self.errors.is_empty() {
            return Ok(());
        }
        let mut errors = std::mem::take(&mut self.errors);
        errors.sort_by_key(|(source, span, _)| (*source, span.start, span.end));
        Err(errors.into_iter().map(|(_, _, error)| error).collect())
    }
}

/// The machine's own function behind a library function, if it is one.
pub(crate) fn intrinsic(builtin: BuiltinId) -> Option<Intrinsic> {
    match entry(builtin).body {
        Body::Intrinsic(intrinsic) => Some(intrinsic),
        Body::Plain(_) | Body::Frame(_) | Body::Waits(_) | Body::Starts(_) => None,
    }
}

/// Whether strict mode rejects a library function.
pub(crate) fn is_extension(builtin: BuiltinId) -> bool {
    match entry(builtin).body {
        // Of the machine, but MATLAB's own.
        Body::Intrinsic(
            Intrinsic::InputCheck
            | Intrinsic::OutputCheck
            | Intrinsic::InputsOf
            | Intrinsic::OutputsOf
            | Intrinsic::Parfeval
            | Intrinsic::FetchOutputs
            | Intrinsic::FetchNext
            | Intrinsic::Wait
            | Intrinsic::Cancel
            | Intrinsic::AfterEach
            | Intrinsic::AfterAll
            | Intrinsic::FevalFuture,
        ) => false,
        Body::Intrinsic(_) | Body::Starts(_) => true,
        Body::Plain(_) | Body::Frame(_) | Body::Waits(_) => false,
    }
}
