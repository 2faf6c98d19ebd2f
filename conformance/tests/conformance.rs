//! One test for each case of the corpus and engine: `cargo test conformance` runs them all.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use tourbillon_conformance::engine::{Engine, Status};
use tourbillon_conformance::known::Known;
use tourbillon_conformance::native::{Native, not_native};
use tourbillon_conformance::octave::Octave;
use tourbillon_conformance::recorded::check_recording;
use tourbillon_conformance::run::{RunOptions, Simulated};
use tourbillon_conformance::schema::EngineName;
use tourbillon_conformance::{Case, Corpus, LoadError, SimulatedWorld, load_corpus};
use tourbillon_world::session_config::Tier;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let trials = match load_corpus(&root.join("corpus")) {
        Err(errors) => vec![refused("conformance/the corpus loads", errors)],
        Ok(corpus) => trials(root, &Arc::new(corpus)),
    };
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials(root: &Path, corpus: &Arc<Corpus>) -> Vec<Trial> {
    let mut trials = of_engine(root, corpus, EngineName::Own, "conformance", || {
        Simulated::new(SimulatedWorld, RunOptions::default())
    });
    // On the embedded tier fewer random schedules show as much: what differs is the room.
    let options = RunOptions {
        tier: Some(Tier::Embedded),
        schedules: Some(50),
        ..RunOptions::default()
    };
    trials.extend(of_engine(
        root,
        corpus,
        EngineName::Own,
        EMBEDDED,
        move || Simulated::new(SimulatedWorld, options.clone()),
    ));
    let octave = Octave::find();
    // Shown as ignored where the oracle is not installed and says nothing.
    let is_absent = octave.version().is_none();
    let of_octave = of_engine(
        root,
        corpus,
        EngineName::Octave,
        "conformance/octave",
        move || octave.clone(),
    );
    trials.extend(natively(corpus));
    trials.extend(of_recordings(&root.join("recordings")));
    trials.extend(
        of_octave
            .into_iter()
            .map(|trial| trial.with_ignored_flag(is_absent)),
    );
    trials
}

/// How the names of the trials on the embedded tier begin.
const EMBEDDED: &str = "conformance/embedded";

/// The trials of one engine; `make` makes the engine anew in the thread of each trial.
fn of_engine<E: Engine>(
    root: &Path,
    corpus: &Arc<Corpus>,
    name: EngineName,
    prefix: &'static str,
    make: impl Fn() -> E + Clone + Send + 'static,
) -> Vec<Trial> {
    let list = root.join("known").join(format!("{}.yaml", name.as_str()));
    let known = match Known::load(&list, corpus) {
        Ok(known) => Arc::new(known),
        Err(errors) => return vec![refused(&format!("{prefix}/known failures load"), errors)],
    };
    corpus
        .cases()
        .filter(|case| case.engines.contains(&name))
        .map(|case| {
            let (id, corpus, known, make) = (
                case.full_id(),
                Arc::clone(corpus),
                Arc::clone(&known),
                make.clone(),
            );
            Trial::test(format!("{prefix}/{id}"), move || {
                let case = corpus.find(&id).ok_or("the corpus has lost the case")?;
                let report = known.apply(make().run(case));
                match report.status {
                    Status::Pass | Status::Xfail => Ok(()),
                    // It needs more room than there is.
                    Status::Skip if prefix == EMBEDDED => Ok(()),
                    // A case that was chosen for this engine and did not run shows nothing.
                    Status::Skip
                    | Status::Fail
                    | Status::Xpass
                    | Status::Incomplete
                    | Status::Crash
                    | Status::Timeout => Err(Failed::from(format!(
                        "{}: {}\n{}",
                        report.status.as_str(),
                        report.reason.unwrap_or_default(),
                        report
                            .replay
                            .map(|command| format!("see it again: {command}"))
                            .unwrap_or_default()
                    ))),
                }
            })
        })
        .collect()
}

/// One trial for each case that the native host can run. The others are counted, each under the first
/// reason that the rule finds; `tourbillon conformance --engine native` names them.
fn natively(corpus: &Arc<Corpus>) -> Vec<Trial> {
    let (left_out, chosen): (Vec<&Case>, Vec<&Case>) =
        corpus.cases().partition(|case| not_native(case).is_some());
    let mut trials: Vec<Trial> = chosen
        .iter()
        .map(|case| {
            let (id, corpus) = (case.full_id(), Arc::clone(corpus));
            Trial::test(format!("conformance/native/{id}"), move || {
                let case = corpus.find(&id).ok_or("the corpus has lost the case")?;
                let report = Native.run(case);
                match report.status {
                    Status::Pass => Ok(()),
                    Status::Skip
                    | Status::Fail
                    | Status::Xfail
                    | Status::Xpass
                    | Status::Incomplete
                    | Status::Crash
                    | Status::Timeout => Err(Failed::from(format!(
                        "{}: {}",
                        report.status.as_str(),
                        report.reason.unwrap_or_default()
                    ))),
                }
            })
        })
        .collect();
    let (chosen, left_out) = (chosen.len(), left_out.len());
    trials.push(Trial::test(
        "conformance/native/most cases run",
        move || {
            if chosen > left_out {
                Ok(())
            } else {
                Err(Failed::from(format!("only {chosen} do, {left_out} do not")))
            }
        },
    ));
    trials
}

/// One trial for each recording that is kept.
fn of_recordings(folder: &Path) -> Vec<Trial> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    // In name order: the order of the disk would leak into reports.
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            Trial::test(format!("conformance/recordings/{name}"), move || {
                check_recording(&path).map_err(Failed::from)
            })
        })
        .collect()
}

fn refused(name: &str, errors: Vec<LoadError>) -> Trial {
    let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let text = text.join("\n\n");
    Trial::test(name.to_string(), move || Err(Failed::from(text)))
}
