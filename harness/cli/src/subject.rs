//! What TARGET names: a program or a case, ready to be simulated.

use crate::complaint::Complaint;
use crate::input;
use crate::show_again::quoted;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use tourbillon_conformance::known::Known;
use tourbillon_conformance::{Case, load_corpus, load_suite};
use tourbillon_sim::{Injections, SharedRun};
use tourbillon_syntax::Source;
use tourbillon_world::{ProgramText, SessionConfig, Simulation, Target, WorldConfig};

/// A program in its world, and what is known of what it should do.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The target that names this one and no other.
    pub target: String,
    /// The file that it was read from.
    path: PathBuf,
    /// The beginning of the names of its recordings.
    pub stem: String,
    text: ProgramText,
    session: SessionConfig,
    world: WorldConfig,
    /// The case, when it is one.
    pub case: Option<Case>,
    /// Whether the target is this case's own id.
    pub is_by_id: bool,
    /// Why it fails, when that is known and it was not asked for by its id.
    pub known: Option<String>,
}

/// Why targets cannot be read: one text for each mistake.
pub type Refusal = Vec<String>;

/// Why a subject cannot be run.
#[derive(Debug)]
pub enum Obstacle {
    /// There are mistakes in it.
    Refused(Refusal),
    /// It is beyond this version.
    Unsupported(String),
}

impl From<Obstacle> for Refusal {
    fn from(obstacle: Obstacle) -> Refusal {
        match obstacle {
            Obstacle::Refused(refusal) => refusal,
            Obstacle::Unsupported(text) => vec![text],
        }
    }
}

impl Subject {
    fn of_program(path: &Path) -> Result<Subject, Refusal> {
        let source = input::read_program(path).map_err(one)?;
        let name = match path.file_name() {
            Some(name) if path != Path::new(input::STANDARD_INPUT) => {
                name.to_string_lossy().into_owned()
            }
            Some(_) | None => "stdin.m".to_string(),
        };
        let stem = Path::new(&name).with_extension("");
        Ok(Subject {
            target: path.display().to_string(),
            path: path.to_path_buf(),
            stem: stem.display().to_string(),
            text: ProgramText {
                name,
                source,
                files: BTreeMap::new(),
            },
            session: SessionConfig::default(),
            world: WorldConfig::default(),
            case: None,
            is_by_id: false,
            known: None,
        })
    }

    fn of_case(path: &Path, case: Case) -> Subject {
        Subject {
            target: format!("{}#{}", path.display(), case.id),
            path: path.to_path_buf(),
            stem: case.id.clone(),
            text: ProgramText {
                name: "main.m".to_string(),
                source: case.program.clone(),
                files: case.files.clone(),
            },
            session: case.session.clone(),
            world: case.world.clone(),
            case: Some(case),
            is_by_id: false,
            known: None,
        }
    }

    /// The world it runs in.
    pub fn world(&self) -> &WorldConfig {
        &self.world
    }

    /// What its case injects; the default of programs otherwise.
    ///
    /// # Errors
    /// When the case asks for an injection that this version has not.
    pub fn injections(&self) -> Result<Injections, Obstacle> {
        let Some(case) = &self.case else {
            return Ok(Injections::DEFAULT);
        };
        let entries: Vec<String> = case.explore.inject.iter().map(|i| i.entry()).collect();
        Injections::from_names(entries.iter().map(String::as_str))
            .map_err(|error| self.unsupported(&error))
    }

    /// The injections, unless they are those that are on when nothing else is said.
    pub fn unlike_own(&self, injections: Injections) -> Option<Injections> {
        let own = self.injections().ok();
        Some(injections).filter(|injections| own != Some(*injections))
    }

    /// The simulation of it under the choices of `run`.
    ///
    /// # Errors
    /// When the program does not compile, unless a case judges that, and when its world is beyond this
    /// version.
    pub fn simulation(&self, run: &SharedRun) -> Result<Simulation, Obstacle> {
        let target = Target::compile(self.text.clone(), &self.session);
        if self.case.is_none()
            && let Target::Refused { .. } = target
        {
            return Err(Obstacle::Refused(self.compile_errors()));
        }
        Simulation::new(target, self.session.clone(), self.world.clone(), run)
            .map_err(|error| self.unsupported(&error))
    }

    fn unsupported(&self, error: &dyn std::fmt::Display) -> Obstacle {
        Obstacle::Unsupported(format!("{}: error: {error}", self.target))
    }

    /// What is wrong with the program, with the path by which the user knows it.
    fn compile_errors(&self) -> Refusal {
        let sources = [Source::new(
            input::shown_name(&self.path),
            &*self.text.source,
        )];
        let options = self.session.options("main");
        match tourbillon_session::compile(&sources, &options, Vec::new()) {
            Ok(_) => Vec::new(),
            Err(errors) => {
                let namespace = self.session.namespace.of_engine();
                let texts = errors.iter();
                texts
                    .map(|error| error.format_diagnostic(namespace))
                    .collect()
            }
        }
    }
}

/// The subjects that the targets name, in their order; files of a folder by name.
///
/// # Errors
/// Everything that is wrong with any of them.
pub fn subjects(targets: &[String]) -> Result<Vec<Subject>, Refusal> {
    let mut found = Vec::new();
    let mut refused = Refusal::new();
    for target in targets {
        match subjects_of(target) {
            Ok(subjects) => found.extend(subjects),
            Err(errors) => refused.extend(errors),
        }
    }
    mark_known(&mut found);
    match refused.is_empty() {
        true => Ok(found),
        false => Err(refused),
    }
}

/// The one subject that a target names.
///
/// # Errors
/// When it cannot be read, and when it names several.
pub fn subject(target: &str) -> Result<Subject, Refusal> {
    let mut found = subjects_of(target)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        count => {
            let example = found.first().map_or("FILE.m", |first| &first.target);
            let complaint = Complaint::about(
                Path::new(target),
                format!("this names {count} programs, and one is wanted"),
            );
            Err(one(complaint.with_help(format!(
                "name one, such as {}",
                quoted(example)
            ))))
        }
    }
}

/// Notes which subjects are known to fail: those of a corpus with a list of them beside it. Whoever
/// names a case by its id wants to see it fail.
fn mark_known(subjects: &mut [Subject]) {
    let mut lists: BTreeMap<PathBuf, Known> = BTreeMap::new();
    for subject in subjects.iter_mut().filter(|subject| !subject.is_by_id) {
        let Some(case) = &subject.case else { continue };
        let is_corpus = |folder: &&Path| folder.file_name().is_some_and(|name| name == "corpus");
        let Some(corpus) = subject.path.ancestors().find(is_corpus) else {
            continue;
        };
        let known = lists.entry(corpus.to_path_buf()).or_insert_with(|| {
            let list = corpus.with_file_name("known").join("self.yaml");
            // What is wrong with other files of the corpus is no matter of the targets.
            load_corpus(corpus)
                .and_then(|corpus| Known::load(&list, &corpus))
                .unwrap_or_default()
        });
        subject.known = known.reason(&case.full_id()).map(Into::into);
    }
}

fn subjects_of(target: &str) -> Result<Vec<Subject>, Refusal> {
    let path = Path::new(target);
    if let Some((file, id)) = target.rsplit_once('#')
        && !path.exists()
    {
        return Ok(vec![case_of(Path::new(file), id)?]);
    }
    if path.is_dir() {
        let mut files = Vec::new();
        collect(path, &mut files).map_err(one)?;
        let files: Vec<String> = files
            .iter()
            .map(|file| file.display().to_string())
            .collect();
        if files.is_empty() {
            let complaint = Complaint::about(path, "there is nothing to run in this folder");
            return Err(one(
                complaint.with_help("programs end in `.m`, cases in `.yaml`")
            ));
        }
        return subjects(&files);
    }
    if path.extension() == Some(OsStr::new("yaml")) {
        let suite = load_suite(path).map_err(|errors| many(&errors))?;
        let cases = suite.cases.into_iter();
        return Ok(cases.map(|case| Subject::of_case(path, case)).collect());
    }
    if path == Path::new(input::STANDARD_INPUT) || path.extension() == Some(OsStr::new("m")) {
        return Ok(vec![Subject::of_program(path)?]);
    }
    let complaint = Complaint::about(path, "this is neither a program nor a case");
    Err(one(complaint.with_help(
        "name a program (`FILE.m`), a suite (`FILE.yaml`), a case (`FILE.yaml#id`) or a folder",
    )))
}

fn case_of(path: &Path, id: &str) -> Result<Subject, Refusal> {
    let suite = load_suite(path).map_err(|errors| many(&errors))?;
    let ids: Vec<String> = suite.cases.iter().map(|case| case.id.clone()).collect();
    match suite.cases.into_iter().find(|case| case.id == id) {
        Some(case) => Ok(Subject {
            is_by_id: true,
            ..Subject::of_case(path, case)
        }),
        None => {
            let complaint =
                Complaint::about(path, format!("there is no case `{id}` in this suite"));
            Err(one(
                complaint.with_help(format!("it has `{}`", ids.join("`, `")))
            ))
        }
    }
}

/// Programs and suites below a folder, in name order: the order of the disk would leak into reports.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Complaint> {
    let entries = std::fs::read_dir(folder).and_then(|entries| {
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<Result<Vec<_>, _>>()
    });
    let mut entries = entries
        .map_err(|error| Complaint::about(folder, format!("cannot read this folder: {error}")))?;
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let extension = path.extension().unwrap_or_default();
        if path.is_dir() {
            collect(&path, found)?;
        } else if extension == "m" || extension == "yaml" {
            found.push(path);
        }
    }
    Ok(())
}

fn one(error: impl std::fmt::Display) -> Refusal {
    vec![error.to_string()]
}

fn many<E: std::fmt::Display>(errors: &[E]) -> Refusal {
    errors.iter().map(ToString::to_string).collect()
}
