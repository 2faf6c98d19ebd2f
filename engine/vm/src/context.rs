//! What library functions see of the machine.

use crate::machine::Machine;
use std::cell::RefCell;
use std::rc::Rc;
use tourbillon_builtins::{CleanupQueue, Context, RandomStream};
use tourbillon_host::{Access, Device, Event, Nanoseconds, Object, Stream, Watch};
use tourbillon_value::{
    Callee, FunctionHandle, Namespace, ObjectId, ObjectRef, Result, RuntimeError,
};

impl Machine {
    /// Adds a remark to the diagnostics of the execution.
    pub(crate) fn report(&self, diagnostic: RuntimeError) {
        self.touch(Object::Diagnostics, Access::Write);
        self.diagnostics
            .borrow_mut()
            .push(diagnostic.in_namespace(self.options.namespace));
    }
}

impl Context for Machine {
    fn write(&self, text: &str) {
        self.print(text);
    }

    fn write_error(&self, text: &str) {
        self.touch(Object::Console(Stream::Error), Access::Write);
        self.note_in_diary(text);
        self.host.console().write(Stream::Error, text);
    }

    fn state(&self) -> &tourbillon_builtins::LibraryState {
        &self.library
    }

    fn warn(&self, warning: RuntimeError) {
        self.write_error(&format!("Warning: {}\n", warning.message()));
        self.report(warning);
    }

    fn namespace(&self) -> Namespace {
        self.options.namespace
    }

    fn new_object_id(&self) -> ObjectId {
        self.make_object_id()
    }

    fn adopt(&self, object: &ObjectRef) {
        self.registry.adopt(object);
    }

    fn access(&self, object: Object<'_>, access: Access) {
        self.touch(object, access);
    }

    fn event(&self, event: &Event<'_>) {
        self.watch.event(event);
    }

    fn watch(&self) -> Watch {
        self.watch.clone()
    }

    fn task_hash(&self) -> u64 {
        let current = self.current.borrow();
        current.as_ref().map_or(0, |record| record.label.hash())
    }

    fn resolve(&self, name: &str) -> Option<FunctionHandle> {
        let callee = self.resolve_name(name)?;
        Some(FunctionHandle {
            name: name.into(),
            callee,
            captures: Vec::new(),
            is_anonymous: false,
        })
    }

    fn compile_function(&self, text: &str) -> Result<FunctionHandle> {
        crate::text_function::compile(self, text)
    }

    fn now(&self) -> Nanoseconds {
        self.host.now()
    }

    fn random(&self) -> Rc<RefCell<RandomStream>> {
        let record = self.current();
        // The root task's stream is the session's: it goes on in the next execution.
        if record.label.parent().is_none() {
            return self.random.clone();
        }
        record.random(|| RandomStream::of_task(self.host.seed(), record.label.hash()))
    }

    fn session_seed(&self) -> u64 {
        self.host.seed()
    }

    fn device(&self) -> Option<Rc<dyn Device>> {
        self.host.device()
    }

    fn workers(&self) -> Option<std::num::NonZeroUsize> {
        self.host.workers()
    }

    fn last_error(&self) -> Option<RuntimeError> {
        match &*self.current.borrow() {
            Some(record) => record.last_error(),
            None => self.last_error.borrow().clone(),
        }
    }

    fn set_last_error(&self, error: Option<RuntimeError>) {
        match &*self.current.borrow() {
            Some(record) => record.set_last_error(error),
            None => *self.last_error.borrow_mut() = error,
        }
    }

    fn cleanup_queue(&self) -> Rc<CleanupQueue> {
        self.cleanups.clone()
    }
}

impl Machine {
    /// What a name stands for at run time: a function of the newest program that has it, else one of
    /// the library. `await` is syntax and has no value.
    pub(crate) fn resolve_name(&self, name: &str) -> Option<Callee> {
        let programs = self.programs.borrow();
        for loaded in programs.iter().rev() {
            let found = loaded.program.functions.iter().position(|function| {
                matches!(
                    function.kind,
                    tourbillon_compiler::FunctionKind::Plain
                        | tourbillon_compiler::FunctionKind::Async
                ) && &*function.name == name
            });
            if let Some(function) = found {
                return Some(Callee::Program {
                    program: loaded.number,
                    function: function as u32,
                });
            }
        }
        if name == "await" {
            return None;
        }
        tourbillon_builtins::lookup(name).map(|id| Callee::Builtin(id.0))
    }
}
