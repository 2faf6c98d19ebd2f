//! Dropping the future of an execution, and what the session has to be good for afterwards.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use tourbillon_compiler::Program;

use crate::session_config::SessionConfig;
use crate::simulation::{AtEnd, Bench, Life, panic_message};
use crate::target::Target;

/// A program that shows whether a session is usable: it runs in the one whose execution was dropped.
pub(crate) struct Probe {
    program: Arc<Program>,
}

/// A task that gives way; where the async forms are refused, a value.
const ASYNC: &str = "spawn(async @() yield_now());";
const STRICT: &str = "feval(@() 1);";

impl Probe {
    /// The one for such a session.
    pub fn new(session: &SessionConfig) -> Probe {
        let source = if session.strict { STRICT } else { ASYNC };
        let Target::Compiled { program, .. } = Target::script(source, session) else {
            unreachable!("the probe compiles in every session")
        };
        Probe { program }
    }

    /// Drops the future of an execution halfway. Operations go with it, tasks become cancelled, no
    /// cleanup runs; what the program has shown until then goes to `at_end`. Gives what is left to be
    /// done with the session: to use it once more, and to close it; the message, when the drop panicked.
    pub fn drop_execution(
        &self,
        bench: &Bench,
        life: Life,
        at_end: &Rc<RefCell<AtEnd>>,
    ) -> Result<Life, String> {
        let (world, observer) = (&bench.world, &bench.observer);
        world.count(|injected| injected.drop += 1);
        observer.execution_dropped();
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(life))) {
            return Err(panic_message(&*payload));
        }
        world.disarm();
        observer.execution_is_gone(world.outstanding());
        let machine = bench.session.machine().clone();
        at_end.replace(AtEnd {
            is_dropped: true,
            ..AtEnd::of(world, &machine)
        });
        let (observer, program) = (observer.clone(), self.program.clone());
        Ok(Box::pin(async move {
            let execution = machine.execute(&program).await?;
            if let Some(error) = &execution.error {
                observer.complain(format!(
                    "the session is not usable after its execution was dropped: {}",
                    error.message()
                ));
            }
            let late = machine.close().await?;
            Ok((execution, late))
        }))
    }
}
