//! Suites and cases: the contract of the corpus, as types that cannot hold an unchecked case.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::checked::{from_mapping, from_text, with_help};
use crate::expect::Expect;
use crate::requirements::RequirementId;
use crate::world::{CancelPlan, InputHandler, WorldConfig};
use tourbillon_world::SessionConfig;

/// The cases of one YAML file.
#[derive(Clone, Debug, PartialEq)]
pub struct Suite {
    /// The path below the corpus without its ending, for example `await/ordering`.
    pub name: String,
    /// The cases in the order of the file.
    pub cases: Vec<Case>,
}

/// One program, the world it runs in, and the closed set of outcomes it may have.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    /// The suite that the case belongs to; the loader fills it in.
    #[serde(skip)]
    pub suite: String,
    /// Its name within the corpus; never reused.
    pub id: String,
    /// What holds, in one line.
    pub title: String,
    /// The requirements that the case checks: one or more.
    pub requires: Vec<RequirementId>,
    /// Source of the main script, local functions after it.
    pub program: String,
    /// Further program files: name to source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// How the session is set up.
    pub session: SessionConfig,
    /// What the outside is like.
    pub world: WorldConfig,
    /// Which schedules are run.
    pub explore: Explore,
    /// The engines that the case has a meaning for.
    pub engines: Vec<EngineName>,
    /// What may come out.
    pub expect: Expect,
}

impl Case {
    /// The id by which commands name the case: `suite/id`.
    pub fn full_id(&self) -> String {
        format!("{}/{}", self.suite, self.id)
    }
}

/// The document: a mapping with the one key `cases`.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a suite, which is a mapping with the key `cases`"
)]
pub(crate) struct SuiteFile {
    pub(crate) cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCase {
    id: CaseId,
    title: NonEmpty,
    requires: Vec<RequirementId>,
    program: NonEmpty,
    #[serde(default)]
    files: BTreeMap<NonEmpty, String>,
    #[serde(default)]
    session: SessionConfig,
    #[serde(default)]
    world: WorldConfig,
    #[serde(default)]
    explore: Explore,
    #[serde(default = "only_self")]
    engines: Vec<EngineName>,
    expect: Expect,
}

impl<'de> Deserialize<'de> for Case {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(deserializer, "a case", check_case)
    }
}

fn check_case(raw: RawCase) -> Result<Case, String> {
    let named = |message: String| format!("case `{}`: {message}", raw.id.0);
    if raw.requires.is_empty() {
        return Err(with_help(
            named("`requires` is empty".into()),
            "cite what the case checks",
        ));
    }
    if let Some(id) = repeated(&raw.requires) {
        return Err(with_help(
            named(format!("`requires` names {id} twice")),
            "name it once",
        ));
    }
    if raw.engines.is_empty() {
        return Err(with_help(
            named("`engines` is empty".into()),
            "leave it out for `[self]`",
        ));
    }
    if let Some(engine) = repeated(&raw.engines) {
        let message = named(format!("`engines` names {} twice", engine.as_str()));
        return Err(with_help(message, "name it once"));
    }
    let injects = |kind: Injection| raw.explore.inject.iter().any(|inject| inject.kind == kind);
    if injects(Injection::Delay) && raw.expect.states_virtual_time() {
        return Err(with_help(
            named("`inject: delay` in a case that states `virtual_time`".into()),
            "leave out one of the two: delays move virtual time",
        ));
    }
    let outcomes = || raw.expect.allowed.iter().chain(&raw.expect.forbidden);
    if outcomes().any(|outcome| outcome.dropped) && !injects(Injection::Drop) {
        return Err(with_help(
            named("an outcome is `dropped`, and nothing drops".into()),
            "add `drop` to `inject`",
        ));
    }
    if raw.world.input_handler == InputHandler::None && !raw.world.input.is_empty() {
        return Err(with_help(
            named("`input` has answers and `input_handler` is none".into()),
            "nobody would give the answers: leave out one of the two",
        ));
    }
    if raw.world.cancel == Some(CancelPlan::EverySuspension) && injects(Injection::Cancel) {
        return Err(with_help(
            named("`cancel: every_suspension` and `inject: cancel` exclude each other".into()),
            "leave out one of the two",
        ));
    }
    Ok(Case {
        suite: String::new(),
        id: raw.id.0,
        title: raw.title.0,
        requires: raw.requires,
        program: raw.program.0,
        files: raw
            .files
            .into_iter()
            .map(|(name, source)| (name.0, source))
            .collect(),
        session: raw.session,
        world: raw.world,
        explore: raw.explore,
        engines: raw.engines,
        expect: raw.expect,
    })
}

fn repeated<T: PartialEq>(items: &[T]) -> Option<&T> {
    items
        .iter()
        .enumerate()
        .find(|(place, item)| items[..*place].contains(item))
        .map(|(_, item)| item)
}

struct CaseId(String);

impl<'de> Deserialize<'de> for CaseId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a case id", |text| {
            let word = |part: &str| {
                !part.is_empty()
                    && part
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            };
            if text.split('-').all(word) {
                return Ok(CaseId(text.into()));
            }
            let message = if text.is_empty() {
                "an id is never empty".to_string()
            } else {
                format!("`{text}` is no case id")
            };
            Err(with_help(
                message,
                "lower-case words and digits joined by `-`, for example `order-is-kept`",
            ))
        })
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct NonEmpty(String);

impl<'de> Deserialize<'de> for NonEmpty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a text", |text| {
            if text.trim().is_empty() {
                return Err(with_help(
                    "this text must not be empty",
                    "write it or leave the case out",
                ));
            }
            Ok(NonEmpty(text.into()))
        })
    }
}

/// How schedules are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// The production order, once.
    Fifo,
    /// A random walk per seed.
    #[default]
    Random,
    /// Every schedule there is.
    Exhaustive,
}

/// What may be put in the way of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Injection {
    /// What is ready at once suspends first.
    Pending,
    /// The outside takes longer.
    Delay,
    /// A suspended task is polled for nothing.
    Spurious,
    /// A completion arrives while the poll that asked for it runs.
    Early,
    /// An operation does not complete until something else ends the wait.
    Never,
    /// The last handle goes while the operation is under way.
    Drop,
    /// An operation fails.
    Fault,
    /// A task or the execution is cancelled at a suspension point.
    Cancel,
}

impl Injection {
    /// The name as it is written in cases and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delay => "delay",
            Self::Spurious => "spurious",
            Self::Early => "early",
            Self::Never => "never",
            Self::Drop => "drop",
            Self::Fault => "fault",
            Self::Cancel => "cancel",
        }
    }
}

/// An injection that is on, with its number where one is given: `pending` or `{pending: 3}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Inject {
    /// The kind.
    pub kind: Injection,
    /// How many polls, multiples or times; the kind's usual number when absent.
    pub number: Option<u32>,
}

impl Inject {
    /// The entry as the command line writes it: `pending` or `pending=3`.
    pub fn entry(self) -> String {
        match self.number {
            None => self.kind.as_str().into(),
            Some(number) => format!("{}={number}", self.kind.as_str()),
        }
    }
}

impl<'de> Deserialize<'de> for Inject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InjectVisitor;

        impl<'de> Visitor<'de> for InjectVisitor {
            type Value = Inject;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an injection, for example `pending` or {pending: 3}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Inject, E> {
                let kind = Injection::deserialize(text.into_deserializer())?;
                Ok(Inject { kind, number: None })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Inject, A::Error> {
                let one = || {
                    A::Error::custom(with_help(
                        "an injection has one key",
                        "for example {pending: 3}",
                    ))
                };
                let (kind, number): (Injection, u32) = map.next_entry()?.ok_or_else(one)?;
                if map.next_key::<Injection>()?.is_some() {
                    return Err(one());
                }
                if number == 0 {
                    return Err(A::Error::custom(with_help(
                        format!("`{}: {number}` is no injection", kind.as_str()),
                        "the number is from 1; what is off is left out",
                    )));
                }
                Ok(Inject {
                    kind,
                    number: Some(number),
                })
            }
        }

        deserializer.deserialize_any(InjectVisitor)
    }
}

impl Serialize for Inject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.number {
            None => self.kind.serialize(serializer),
            Some(number) => serializer.collect_map([(self.kind, number)]),
        }
    }
}

/// Which schedules of a case are run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explore {
    /// How schedules are chosen.
    pub strategy: Strategy,
    /// How many random schedules.
    pub schedules: u32,
    /// What may be put in the way.
    pub inject: Vec<Inject>,
    /// After how many schedules an exhaustive search is cut short, and the case incomplete.
    pub max_schedules: u32,
    /// After how many steps the trouble stops; the run must then come to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chaos: Option<u64>,
}

impl Default for Explore {
    fn default() -> Self {
        Self {
            strategy: Strategy::Random,
            schedules: 1_000,
            inject: vec![Inject {
                kind: Injection::Pending,
                number: None,
            }],
            max_schedules: 20_000,
            chaos: None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExplore {
    #[serde(default)]
    strategy: Strategy,
    schedules: Option<u32>,
    inject: Option<Vec<Inject>>,
    max_schedules: Option<u32>,
    chaos: Option<u64>,
}

impl<'de> Deserialize<'de> for Explore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(
            deserializer,
            "a mapping with `strategy`",
            |raw: RawExplore| {
                let default = Explore::default();
                if raw.schedules.is_some() && raw.strategy != Strategy::Random {
                    return Err(with_help(
                        "`schedules` counts random schedules only",
                        "leave it out, or use `max_schedules` with `strategy: exhaustive`",
                    ));
                }
                if raw.max_schedules.is_some() && raw.strategy != Strategy::Exhaustive {
                    return Err(with_help(
                        "`max_schedules` bounds an exhaustive search only",
                        "use `schedules` with `strategy: random`",
                    ));
                }
                if raw.schedules == Some(0) || raw.max_schedules == Some(0) {
                    return Err(with_help("no schedule would be run", "ask for one or more"));
                }
                if raw
                    .inject
                    .as_deref()
                    .is_some_and(|kinds| repeated(kinds).is_some())
                {
                    return Err(with_help("`inject` names a kind twice", "name it once"));
                }
                if raw.chaos == Some(0) {
                    return Err(with_help(
                        "`chaos: 0` lets no trouble happen at all",
                        "say after how many steps it stops, or leave out `inject`",
                    ));
                }
                if raw.chaos.is_some() && raw.strategy == Strategy::Fifo {
                    return Err(with_help(
                        "`chaos` ends the trouble of a schedule, and `strategy: fifo` has none",
                        "leave it out, or use `strategy: random` or `exhaustive`",
                    ));
                }
                Ok(Explore {
                    strategy: raw.strategy,
                    schedules: raw.schedules.unwrap_or(default.schedules),
                    inject: raw.inject.unwrap_or(default.inject),
                    max_schedules: raw.max_schedules.unwrap_or(default.max_schedules),
                    chaos: raw.chaos,
                })
            },
        )
    }
}

/// An engine that can run cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// The engine of this repository, under simulation.
    #[serde(rename = "self")]
    Own,
    /// GNU Octave's command line.
    Octave,
    /// RunMat's command line.
    Runmat,
}

impl EngineName {
    /// The name as it is written in cases and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "self",
            Self::Octave => "octave",
            Self::Runmat => "runmat",
        }
    }
}

fn only_self() -> Vec<EngineName> {
    vec![EngineName::Own]
}
