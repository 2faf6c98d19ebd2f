//! The timeline of a run, for a person: what ran at each step, why it could, what it did, and where
//! the run left production's order.

use std::fmt::Write;

use rustc_hash::FxHashMap;

use crate::campaign::{self, Body, Witness};
use crate::choice::{Action, Kind};
use crate::divergence::deed;
use crate::label::{Label, Labels};
use crate::run::{Deviation, Run, SharedRun};
use crate::strategy::Tape;
use crate::trace::KeptEvent;

/// A timeline has about so many lines at most; what is farthest from any deviation is left out.
const LINES: usize = 60;

/// So many steps before and after each deviation are shown before anything else.
const NEAR: usize = 2;

/// So many steps of the end are shown before anything else: there the failure shows.
const END: usize = 8;

/// Of a run with more events than this, which as a rule has no end, only the beginning is told.
const MANY: usize = 200_000;

/// So many events of it.
const FEW: usize = 20_000;

/// More tasks than this have no lanes: nobody could follow them.
const LANES: usize = 24;

/// The run that has just ended as text, one line for each step.
///
/// [`Run::set_keep_events`] must have been on, and [`Run::set_recording`] for the marks (`*`) where the
/// run left the default. In the lanes, one column for each task in the order of their first steps, `●`
/// is the one that runs, `○` is ready, `│` waits.
///
/// ```text
///      step     time
///         1      0 s  ●    main: spawns main/a#1, main/b#1; waits
///   *     2      0 s  │○●  main/b#1 (new), not main/a#1: ends
/// ```
#[must_use]
pub fn timeline(run: &Run) -> String {
    let mut teller = Teller {
        labels: &run.labels,
        deviations: run.deviations(),
        next: 0,
        lanes: Lanes::default(),
        why: FxHashMap::default(),
        rows: Vec::new(),
    };
    let events = run.events();
    let told = if events.len() > MANY {
        FEW
    } else {
        events.len()
    };
    for kept in &events[..told] {
        teller.event(kept);
    }
    let Some(last) = events[told..].last() else {
        teller.finish();
        return teller.text();
    };
    let mut text = teller.text();
    // Writing to a string does not fail.
    let _ = writeln!(text, "          … and so on to step {} …", last.step);
    text
}

/// Makes the run of `witness` again and gives its [`timeline`].
pub fn timeline_of(run: &SharedRun, witness: &Witness, body: &mut Body<'_>) -> String {
    run.borrow_mut().set_keep_events(true);
    run.borrow_mut().set_recording(true);
    campaign::once(run, witness.run, Box::new(Tape::of(witness)), body);
    let text = timeline(&run.borrow());
    run.borrow_mut().set_recording(false);
    run.borrow_mut().set_keep_events(false);
    text
}

/// One step, or trouble that struck in one.
struct Row {
    is_deviation: bool,
    step: Option<u64>,
    nanoseconds: u64,
    cause: Cause,
    lanes: String,
    head: String,
    /// Verbs, each with what it was done to, if anything.
    effects: Vec<(&'static str, String)>,
}

/// Whose doing a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    Task(Label),
    Completion(Label),
    Time,
    Trouble,
}

struct Teller<'r> {
    labels: &'r Labels,
    deviations: &'r [Deviation],
    /// The next deviation that no row shows.
    next: usize,
    lanes: Lanes,
    /// Why each task that is ready is so.
    why: FxHashMap<u64, String>,
    rows: Vec<Row>,
}

/// What each task does.
#[derive(Default)]
struct Lanes {
    of: FxHashMap<u64, usize>,
    marks: Vec<char>,
}

impl Lanes {
    fn set(&mut self, label: Label, mark: char) {
        let fresh = self.of.len();
        let lane = *self.of.entry(label.0).or_insert(fresh);
        if lane == self.marks.len() {
            self.marks.push(' ');
        }
        self.marks[lane] = mark;
    }

    fn get(&self, label: Label) -> Option<char> {
        self.of.get(&label.0).map(|lane| self.marks[*lane])
    }
}

impl Teller<'_> {
    fn event(&mut self, kept: &KeptEvent) {
        let event = kept.event;
        let label = event.label;
        let name = self.labels.text(label);
        match event.what.name() {
            "poll" | "step" => {
                let why = self.why.remove(&label.0);
                let why = why.map_or(String::new(), |why| format!(" ({why})"));
                let head = match (event.what.name(), event.value) {
                    ("poll", 1) => format!("{name} is polled for nothing"),
                    _ => format!("{name}{why}"),
                };
                self.rest();
                self.lanes.set(label, '●');
                self.row(kept, Cause::Task(label), head);
            }
            "deliver" => {
                let head = format!("{name} is delivered");
                self.row(kept, Cause::Completion(label), head);
            }
            "fire" => self.row(kept, Cause::Time, format!("{name} is due")),
            "host cancel" => self.row(kept, Cause::Trouble, "the host cancels".to_string()),
            "advance" => {
                let head = format!("time passes to {}", seconds(event.value));
                self.row(kept, Cause::Time, head);
            }
            // Of the engine it is told that a cancel reached its task, in a step of that.
            "cancel" if self.is_chosen(kept, label) => {
                self.row(kept, Cause::Trouble, format!("{name} is cancelled"));
            }
            "cancel" => self.effect("cancels", name),
            "drop" => self.row(kept, Cause::Trouble, format!("{name} is dropped")),
            "spawn" => {
                self.lanes.set(label, '○');
                self.why.insert(label.0, "new".to_string());
                // The first task is there from the beginning, and nobody's deed.
                if !self.rows.is_empty() {
                    self.effect("spawns", name);
                }
            }
            "ready" => self.ready(label, name),
            "done" => {
                self.effect("ends", String::new());
                self.lanes.set(label, ' ');
            }
            "submit" => self.effect("asks for", name),
            "give up" => self.effect("gives up", name),
            "cleanup" => self.effect("cleans up", String::new()),
            "callback" => self.effect("calls back", String::new()),
            "deadlock" => self.effect("is told of the deadlock", String::new()),
            _ => {}
        }
    }

    fn ready(&mut self, label: Label, name: String) {
        if self.lanes.get(label) != Some('●') {
            self.lanes.set(label, '○');
        }
        // What has just been spawned is ready for that.
        if self.why.contains_key(&label.0) {
            return;
        }
        let why = match self.rows.last().map(|row| row.cause) {
            Some(Cause::Task(task)) if task == label => {
                self.why.insert(label.0, "gave way".to_string());
                return self.effect("gives way", String::new());
            }
            Some(Cause::Task(task)) => format!("woken by {}", self.labels.text(task)),
            Some(Cause::Completion(operation)) => {
                format!("{} is there", self.labels.text(operation))
            }
            Some(Cause::Time) => "its time has come".to_string(),
            Some(Cause::Trouble) | None => "woken".to_string(),
        };
        self.why.insert(label.0, why);
        self.effect("wakes", name);
    }

    /// Whether this event is the one that a deviation chose.
    fn is_chosen(&self, kept: &KeptEvent, label: Label) -> bool {
        let next = self.deviations.get(self.next..).unwrap_or_default();
        let mut passed = next.iter().take_while(|deviation| deviation.at < kept.at);
        passed.any(|deviation| {
            deviation.candidate.action == Action::Cancel && deviation.candidate.label == label
        })
    }

    /// The task that has run waits now, unless something else is known of it.
    fn rest(&mut self) {
        let Lanes { of, marks } = &mut self.lanes;
        for (task, lane) in of.iter() {
            if marks[*lane] == '●' {
                let is_ready = self.why.contains_key(task);
                marks[*lane] = if is_ready { '○' } else { '│' };
            }
        }
    }

    fn row(&mut self, kept: &KeptEvent, cause: Cause, mut head: String) {
        if !matches!(cause, Cause::Task(_)) {
            self.rest();
        }
        self.trouble(kept.at.saturating_sub(1), kept);
        let mut is_deviation = false;
        if let Some(deviation) = self.deviations.get(self.next)
            && deviation.kind == Kind::Run
            && deviation.at < kept.at
        {
            self.next += 1;
            is_deviation = true;
            if let Some(default) = deviation.of.first() {
                let _ = write!(head, ", not {}", self.labels.text(default.label));
            }
        }
        self.push(Some(kept.step), kept.time, cause, is_deviation, head);
    }

    /// Rows for the trouble that struck before choice point `at`, and was no step.
    fn trouble(&mut self, at: u64, kept: &KeptEvent) {
        while let Some(deviation) = self.deviations.get(self.next)
            && (deviation.at < at || (deviation.kind != Kind::Run && deviation.at < kept.at))
        {
            self.next += 1;
            self.trouble_row(deviation);
        }
    }

    /// It struck in the step before.
    fn trouble_row(&mut self, deviation: &Deviation) {
        let head = format!("the run {}", deed(self.labels, deviation.candidate));
        let time = self.rows.last().map_or(0, |row| row.nanoseconds);
        self.push(None, time, Cause::Trouble, true, head);
    }

    fn push(
        &mut self,
        step: Option<u64>,
        nanoseconds: u64,
        cause: Cause,
        is_deviation: bool,
        head: String,
    ) {
        self.rows.push(Row {
            is_deviation,
            step,
            nanoseconds,
            cause,
            lanes: self.lanes.marks.iter().collect(),
            head,
            effects: Vec::new(),
        });
    }

    fn effect(&mut self, verb: &'static str, object: String) {
        if let Some(row) = self.rows.iter_mut().rev().find(|row| row.step.is_some()) {
            row.effects.push((verb, object));
        }
    }

    /// What struck after the last step.
    fn finish(&mut self) {
        let rest = self.deviations.get(self.next..).unwrap_or_default();
        rest.iter()
            .for_each(|deviation| self.trouble_row(deviation));
    }

    fn text(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let shown = shown(&self.rows);
        let lanes = self.lanes.marks.len();
        let lanes = if lanes <= LANES { lanes } else { 0 };
        let times: Vec<String> = self
            .rows
            .iter()
            .map(|row| seconds(row.nanoseconds))
            .collect();
        let wide = times.iter().map(String::len).max().unwrap_or(0).max(4);
        let mut text = format!("  {:>5}  {:>wide$}\n", "step", "time");
        let mut left_out = 0;
        for ((row, time), is_shown) in self.rows.iter().zip(&times).zip(shown) {
            if !is_shown {
                left_out += 1;
                continue;
            }
            flush(&mut text, &mut left_out);
            let mark = if row.is_deviation { '*' } else { ' ' };
            let step = row.step.map_or(String::new(), |step| step.to_string());
            // Writing to a string does not fail.
            let _ = write!(text, "{mark} {step:>5}  {time:>wide$}");
            if lanes > 0 {
                let _ = write!(text, "  {:<lanes$}", row.lanes);
            }
            let effects = match row.effects.is_empty() {
                true => String::new(),
                false => format!(": {}", joined(&row.effects)),
            };
            let _ = writeln!(text, "  {}{effects}", row.head);
        }
        flush(&mut text, &mut left_out);
        text
    }
}

/// Effects as a list, each verb once for what follows each other; of many things the first and their
/// number.
fn joined(effects: &[(&'static str, String)]) -> String {
    const MANY: usize = 6;
    let mut text = String::new();
    for group in effects.chunk_by(|(one, _), (other, _)| one == other) {
        let objects: Vec<&str> = group.iter().map(|(_, object)| object.as_str()).collect();
        let (first, more) = objects.split_at(objects.len().min(MANY));
        let part = format!("{} {}", group[0].0, first.join(", "));
        text.push_str(if text.is_empty() { "" } else { "; " });
        text.push_str(part.trim_end());
        if !more.is_empty() {
            let _ = write!(text, " and {} more", more.len());
        }
    }
    text
}

fn flush(text: &mut String, left_out: &mut usize) {
    if *left_out > 0 {
        let plural = if *left_out == 1 { "" } else { "s" };
        let _ = writeln!(text, "          … {left_out} step{plural} …");
        *left_out = 0;
    }
}

/// Which rows are shown: all, when they are few; else those near a deviation, the first and the last.
fn shown(rows: &[Row]) -> Vec<bool> {
    if rows.len() <= LINES {
        return vec![true; rows.len()];
    }
    let mut shown = vec![false; rows.len()];
    let mut left = LINES - END - NEAR;
    let last = rows.len() - 1;
    for index in (0..NEAR).chain(rows.len() - END..rows.len()) {
        shown[index] = true;
    }
    // The deviations themselves before what is around them.
    for distance in 0..=NEAR {
        for index in (0..rows.len()).filter(|index| rows[*index].is_deviation) {
            for near in [index.saturating_sub(distance), (index + distance).min(last)] {
                if left > 0 && !shown[near] {
                    shown[near] = true;
                    left -= 1;
                }
            }
        }
    }
    // The line that says how much is left out is as long as a step: a single one is shown itself.
    for index in 1..last {
        shown[index] |= shown[index - 1] && shown[index + 1];
    }
    shown
}

fn seconds(nanoseconds: u64) -> String {
    let text = format!("{:.6}", nanoseconds as f64 / 1e9);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} s")
}
