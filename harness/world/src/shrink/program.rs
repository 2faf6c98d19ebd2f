//! The search for a smaller scene: one change after another, each with a schedule that fails in it.

use std::hash::{Hash, Hasher};
use std::mem;
use std::ops::ControlFlow;

use rustc_hash::{FxHashSet, FxHasher};
use tourbillon_sim::campaign::{self, Body};
use tourbillon_sim::recording::Recording;
use tourbillon_sim::run::Budgets;
use tourbillon_sim::shrink::{self, Limits, Minimal, Signature, record_minimal, shrink_tape};
use tourbillon_sim::strategy::{Fifo, Lenient, Random, Strategy};
use tourbillon_sim::{SharedRun, Verdict, Witness, timeline_of};

use super::judging::Judging;
use super::scene::{Measure, Scene};
use super::source::{apply, changes};
use super::{Extent, Progress, ShrinkError, ShrinkOptions, Shrunk, Watch};
use crate::explore::describe;
use crate::simulation::Simulation;

/// The choices of a program that was just changed are made small enough to go on with.
const QUICK: Limits = Limits {
    runs: 400,
    steps: 2_000_000,
    search_runs: 0,
};

/// The seed of the random schedules: any, but always the same.
const SEED: u64 = 0x5eed;

pub(super) struct Shrinker<'a, 'b, 'w> {
    run: SharedRun,
    scene: Scene,
    measure: Measure,
    signature: Signature,
    judging: Judging<'a, 'b>,
    options: &'a ShrinkOptions,
    watch: &'a mut Watch<'w>,
    counter: Counter,
    /// How production's order fails, if it does.
    calm: Option<Signature>,
    tried: FxHashSet<u64>,
    program_runs: u64,
}

/// What the watch is told, and what it said.
#[derive(Default)]
struct Counter {
    runs: u64,
    extent: Extent,
    is_stopped: bool,
}

/// The smallest run of the scene so far.
struct State {
    minimal: Minimal,
    recording: Recording,
}

impl<'a, 'b, 'w> Shrinker<'a, 'b, 'w> {
    pub fn new(
        run: SharedRun,
        scene: Scene,
        signature: Signature,
        judging: Judging<'a, 'b>,
        options: &'a ShrinkOptions,
        watch: &'a mut Watch<'w>,
    ) -> Shrinker<'a, 'b, 'w> {
        let measure = scene.measure();
        Shrinker {
            run,
            scene,
            measure,
            signature,
            judging,
            options,
            watch,
            counter: Counter::default(),
            calm: None,
            tried: FxHashSet::default(),
            program_runs: 0,
        }
    }

    pub fn shrink(mut self, witness: &Witness) -> Result<Shrunk, ShrinkError> {
        self.counter.extent = self.extent_of_scene();
        let first = self.tape(witness, &self.options.limits.clone())?;
        let before = extent(&self.extent_of_scene(), &first.before);
        let mut state = self.state(first)?;
        if !self.options.tape_only {
            self.note_calm()?;
            loop {
                let has_changed = self.pass(&mut state);
                if !has_changed || self.is_over() {
                    break;
                }
                let witness = state.minimal.witness.clone();
                let minimal = self.tape(&witness, &self.options.limits.clone())?;
                state = self.state(minimal)?;
            }
        }
        let after = extent(&self.extent_of_scene(), &state.minimal.after);
        let timeline = {
            let mut simulation = self.simulation()?;
            let mut body = body(&mut simulation, &mut self.judging);
            timeline_of(&self.run, &state.minimal.witness, &mut body)
        };
        let is_finished = !self.is_over() && state.minimal.proof.is_some();
        Ok(Shrunk {
            recording: state.recording,
            failure: state.minimal.failure,
            timeline,
            before,
            after,
            runs: self.counter.runs,
            proof: state.minimal.proof,
            is_finished,
        })
    }

    /// One pass over everything that can go. True when something went.
    fn pass(&mut self, state: &mut State) -> bool {
        let before = self.measure;
        self.each(state, Scene::without_files);
        for name in self.scene.names() {
            let name = name.as_deref();
            self.each(state, |scene| {
                let text = scene.source(name);
                let changed = changes(text).into_iter();
                let texts = changed.filter_map(|change| apply(text, &change));
                texts.map(|text| scene.with_source(name, text)).collect()
            });
        }
        self.each(state, Scene::with_less_around);
        self.measure < before
    }

    /// Tries the variants of the scene one by one; after one that fails as well, the variants of that
    /// one from the same place on.
    fn each(&mut self, state: &mut State, variants: impl Fn(&Scene) -> Vec<Scene>) {
        let mut candidates = variants(&self.scene);
        let mut index = 0;
        while index < candidates.len() && !self.is_over() {
            let candidate = mem::take(&mut candidates[index]);
            index += 1;
            if self.attempt(candidate, state) {
                candidates = variants(&self.scene);
                index -= 1;
            }
        }
    }

    fn attempt(&mut self, scene: Scene, state: &mut State) -> bool {
        let measure = scene.measure();
        if measure >= self.measure || !self.tried.insert(key(&scene, state)) {
            return false;
        }
        let Some(mut simulation) = scene.simulation(&self.run) else {
            return false;
        };
        let own = self.run.borrow().budgets();
        let steps = state.minimal.after.steps.saturating_mul(4) + 1_000;
        self.run.borrow_mut().set_budgets(Budgets {
            steps: own.steps.min(steps),
            ..own
        });
        self.run
            .borrow_mut()
            .set_injections(state.minimal.witness.injections);
        let witness = self.failing_run(&mut simulation, state);
        self.run.borrow_mut().set_budgets(own);
        let Some(witness) = witness else {
            return false;
        };
        let outer = mem::replace(&mut self.scene, scene);
        let outer_measure = mem::replace(&mut self.measure, measure);
        let smaller = self.tape(&witness, &QUICK).ok().filter(|minimal| {
            let (new, old) = (&minimal.after, &state.minimal.after);
            (new.strikes, new.choices) <= (old.strikes, old.choices)
        });
        if let Some(minimal) = smaller
            && let Ok(new) = self.state(minimal)
        {
            *state = new;
            return true;
        }
        self.scene = outer;
        self.measure = outer_measure;
        false
    }

    /// A schedule of a changed program that fails in the recorded way.
    fn failing_run(&mut self, simulation: &mut Simulation, state: &State) -> Option<Witness> {
        if state.minimal.after.choices > 0 {
            let calm = self.once(simulation, Box::new(Fifo::new()));
            if calm != self.calm {
                return None;
            }
        }
        let script = state
            .recording
            .script(&mut self.run.borrow_mut().labels)
            .ok()?;
        let lenient = Box::new(Lenient::new(script));
        if self.once(simulation, lenient).as_ref() == Some(&self.signature) {
            return Some(self.witness());
        }
        if state.minimal.after.choices == 0 {
            return None;
        }
        for number in 0..self.options.random_runs {
            if self.is_over() {
                return None;
            }
            let random = Box::new(Random::new(SEED.wrapping_add(number)));
            if self.once(simulation, random).as_ref() == Some(&self.signature) {
                return Some(self.witness());
            }
        }
        None
    }

    /// Runs a changed program once; how it failed, if it did.
    fn once(
        &mut self,
        simulation: &mut Simulation,
        strategy: Box<dyn Strategy>,
    ) -> Option<Signature> {
        self.program_runs += 1;
        self.counter.count(self.watch, 1, None);
        let mut body = body(simulation, &mut self.judging);
        let replayed = campaign::replay(&self.run, strategy, &mut body);
        replayed.verdict.failure.as_ref().map(Signature::of)
    }

    /// How the last run is made again.
    fn witness(&self) -> Witness {
        let run = self.run.borrow();
        Witness {
            run: 0,
            tape: run.tape().to_vec(),
            hash: run.hash(),
            injections: *run.injections(),
        }
    }

    fn note_calm(&mut self) -> Result<(), ShrinkError> {
        let mut simulation = self.simulation()?;
        self.calm = self.once(&mut simulation, Box::new(Fifo::new()));
        Ok(())
    }

    fn simulation(&self) -> Result<Simulation, ShrinkError> {
        let simulation = self.scene.simulation(&self.run);
        simulation.ok_or_else(|| super::unreplayable(&"the program does not compile"))
    }

    /// Shrinks the choices of the scene as it is.
    fn tape(&mut self, witness: &Witness, limits: &Limits) -> Result<Minimal, ShrinkError> {
        let mut simulation = self.simulation()?;
        let (counter, watch) = (&mut self.counter, &mut *self.watch);
        let mut last = 0;
        let mut watch = |progress: &shrink::Progress| {
            let made = progress.runs - last;
            last = progress.runs;
            counter.count(watch, made, Some(&progress.size));
            match counter.is_stopped {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let mut body = body(&mut simulation, &mut self.judging);
        let minimal = shrink_tape(
            &self.run,
            witness,
            &self.signature,
            limits,
            &mut body,
            &mut watch,
        )?;
        Ok(minimal)
    }

    /// The smallest run with its recording.
    fn state(&mut self, minimal: Minimal) -> Result<State, ShrinkError> {
        let mut simulation = self.simulation()?;
        let mut recording = {
            let mut body = body(&mut simulation, &mut self.judging);
            record_minimal(&self.run, &minimal, &mut body).map_err(ShrinkError::Diverged)?
        };
        describe(&mut recording, &simulation).map_err(|error| super::unreplayable(&error))?;
        self.counter.extent = extent(&self.extent_of_scene(), &minimal.after);
        Ok(State { minimal, recording })
    }

    fn extent_of_scene(&self) -> Extent {
        Extent {
            statements: self.measure.statements,
            entries: self.measure.entries,
            lines: self.scene.lines(),
            ..Extent::default()
        }
    }

    fn is_over(&self) -> bool {
        self.counter.is_stopped || self.program_runs >= self.options.program_runs
    }
}

impl Counter {
    fn count(&mut self, watch: &mut Watch<'_>, runs: u64, size: Option<&shrink::Size>) {
        self.runs += runs;
        if let Some(size) = size {
            self.extent = extent(&self.extent, size);
        }
        let progress = Progress {
            runs: self.runs,
            extent: self.extent,
        };
        self.is_stopped |= watch(&progress).is_break();
    }
}

/// The scene's extent with that of a run of it.
fn extent(scene: &Extent, size: &shrink::Size) -> Extent {
    Extent {
        points: size.points,
        choices: size.choices,
        strikes: size.strikes,
        injections: size.injections,
        steps: size.steps,
        ..*scene
    }
}

fn body<'s>(simulation: &'s mut Simulation, judging: &'s mut Judging<'_, '_>) -> Box<Body<'s>> {
    Box::new(move |key: &mut String| -> Verdict {
        let result = simulation.run_once();
        result.outcome.write_key(key);
        crate::explore::verdict(&result, &mut |result| judging.failure(result))
    })
}

fn key(scene: &Scene, state: &State) -> u64 {
    let mut hasher = FxHasher::default();
    scene.text.source.hash(&mut hasher);
    scene.text.files.hash(&mut hasher);
    let around = (&scene.session, &scene.world);
    serde_yaml::to_string(&around)
        .unwrap_or_default()
        .hash(&mut hasher);
    state.minimal.witness.tape.hash(&mut hasher);
    hasher.finish()
}
