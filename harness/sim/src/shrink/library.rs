//! Shrinking of plain Rust futures: of a recording, and of what a check found.

use std::fmt::Debug;
use std::future::Future;
use std::ops::ControlFlow;

use super::quiet::QuietPanics;
use super::{Limits, Minimal, Progress, ShrinkError, Signature, Size, record_minimal, shrink_tape};
use crate::campaign::{self, Body, Failure, Witness};
use crate::executor::Executor;
use crate::explore::Explorer;
use crate::recording::Recording;
use crate::run::SharedRun;
use crate::sim::Sim;
use crate::strategy::{Description, Strict};
use crate::timeline::timeline_of;

/// What is left of a recording after [`shrink`].
#[derive(Clone, Debug, PartialEq)]
pub struct Shrunk {
    /// The smaller recording.
    pub recording: Recording,
    /// How small, in how many runs, and that no single choice can go.
    pub minimal: Minimal,
    /// Its run for a person.
    pub timeline: String,
}

/// Makes a recording smaller while `program` fails in the same way, and proves that no single choice
/// of what is left can go.
///
/// ```
/// use std::{cell::Cell, rc::Rc};
/// use tourbillon_sim::{Explorer, Sim, join_all, replay, shrink};
///
/// async fn program(sim: Sim) {
///     let first = Rc::new(Cell::new(0));
///     let tasks = [1, 2, 3, 4].map(|number| {
///         let first = Rc::clone(&first);
///         sim.spawn_named("task", async move {
///             if first.get() == 0 {
///                 first.set(number);
///             }
///         })
///     });
///     join_all(tasks).await;
///     assert_eq!(first.get(), 1, "another was first");
/// }
///
/// let report = Explorer::random(7).explore(program);
/// let stats = report.failures.values().next().expect("it fails under some schedule");
/// let recording = Explorer::random(7).record(&report, &stats.witness, program)?;
/// let small = shrink(&recording, program)?;
/// assert_eq!(small.recording.choices.len(), 1);
/// assert!(replay(&small.recording, program)?.verdict.failure.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// When the program leaves the recording, or does not fail in its run.
pub fn shrink<F, M>(recording: &Recording, program: M) -> Result<Shrunk, ShrinkError>
where
    M: Fn(Sim) -> F,
    F: Future + 'static,
    F::Output: Debug,
{
    let (bench, _, _) = Explorer::default().bench();
    let run = bench.run.clone();
    run.borrow_mut().prepare_for(recording);
    let unrepeatable = |divergence: String| ShrinkError::Unrepeatable { divergence };
    let script = recording.script(&mut run.borrow_mut().labels);
    let script = script.map_err(|error| unrepeatable(error.to_string()))?;
    let mut executor = Executor::new(&run);
    let mut body = |outcome: &mut String| bench.judge(&mut executor, &program, outcome);
    let quiet = QuietPanics::begin();
    let replayed = campaign::replay(&run, Box::new(Strict::new(script)), &mut body);
    if let Some(divergence) = replayed.divergence {
        return Err(unrepeatable(divergence));
    }
    let recorded = recording.failure.as_ref().and_then(|note| note.failure());
    let is_same = |found: &Failure| {
        let signature = recorded.as_ref().map(Signature::of);
        signature.is_none_or(|signature| signature.matches(found))
    };
    let found = replayed.verdict.failure;
    let Some(failure) = found.clone().filter(is_same) else {
        return Err(ShrinkError::FailsOtherwise { found });
    };
    let witness = {
        let run = run.borrow();
        Witness {
            run: 0,
            tape: run.tape().to_vec(),
            hash: run.hash(),
            injections: *run.injections(),
        }
    };
    let signature = Signature::of(&failure);
    let minimal = quietly(&run, &witness, &signature, &mut body)?;
    let small = record_minimal(&run, &minimal, &mut body).map_err(unrepeatable)?;
    let timeline = timeline_of(&run, &minimal.witness, &mut body);
    drop(quiet);
    let small = Recording {
        program: recording.program.clone(),
        case: recording.case.clone(),
        ..small
    };
    Ok(Shrunk {
        recording: small,
        minimal,
        timeline,
    })
}

fn quietly(
    run: &SharedRun,
    witness: &Witness,
    signature: &Signature,
    body: &mut Body<'_>,
) -> Result<Minimal, ShrinkError> {
    let mut go_on = |_: &Progress| ControlFlow::Continue(());
    shrink_tape(
        run,
        witness,
        signature,
        &Limits::default(),
        body,
        &mut go_on,
    )
}

/// Tells all there is to tell of a failing run: what failed, what shrinking left of it, its timeline,
/// and how to make it again. `detail` is asked for what else is known of the run that is
/// told of.
pub(crate) fn tell(
    run: &SharedRun,
    failure: &Failure,
    witness: &Witness,
    found: &str,
    body: &mut Body<'_>,
    detail: impl FnOnce(&Failure, &Witness, &mut Body<'_>) -> String,
) -> String {
    let quiet = QuietPanics::begin();
    let minimal = quietly(run, witness, &Signature::of(failure), body);
    let (failure, witness, shrinking) = match &minimal {
        Ok(minimal) => (&minimal.failure, &minimal.witness, said(minimal)),
        Err(error) => (failure, witness, format!("not shrunk: {error}")),
    };
    let timeline = timeline_of(run, witness, body);
    let recorded = campaign::record(run, &Description::named("shrink"), witness, body);
    let detail = detail(failure, witness, body);
    drop(quiet);
    let again = match recorded {
        Ok(recording) => format!(
            "replay it with `tourbillon_sim::replay(&LINE.parse()?, program)`, where LINE is\n\n{}\n",
            recording.to_line()
        ),
        Err(divergence) => format!("no recording: {divergence}\n"),
    };
    format!("{failure}\n{detail}found in {found}; {shrinking}\n\n{timeline}\n{again}")
}

/// What shrinking did, in a sentence.
fn said(minimal: &Minimal) -> String {
    let Minimal {
        before,
        after,
        runs,
        proof,
        ..
    } = minimal;
    let choices = |size: &Size| match size.choices {
        0 => "production's order".to_string(),
        1 => "1 choice".to_string(),
        number => format!("{number} choices"),
    };
    let (before, after) = (choices(before), choices(after));
    let proof = proof.map_or(String::new(), |proof| format!("\n{proof}"));
    let shrunk = match before == after {
        true => "nothing to shrink".to_string(),
        false => format!("shrunk from {before} to {after}"),
    };
    format!("{shrunk} ({runs} runs){proof}")
}
