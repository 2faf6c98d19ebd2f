//! Reading recordings: everything is checked, and every complaint says where and what to do.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::Value;

use super::{
    Deed, FORMAT, FailureNote, Program, RecordedChoice, Recording, StrategyNote, parse_candidate,
};
use crate::inject::Injections;
use crate::label::Labels;

impl Recording {
    /// Reads a recording, as a document or on one line; `file` is its name for messages.
    pub fn parse(file: &str, text: &str) -> Result<Recording, LoadError> {
        if super::line::is_line(text) {
            return Recording::parse(file, &super::line::unpack(file, text)?);
        }
        let raw: RawRecording =
            serde_yaml::from_str(text).map_err(|error| LoadError::of_yaml(file, text, &error))?;
        let at_key = |key: &str, message: String, mend: &str| {
            let (line, column) = locate(text, key);
            LoadError {
                file: file.to_string(),
                line,
                column,
                message,
                mend: mend.to_string(),
            }
        };
        if let (Some(hash), Some(length)) = (&raw.trace_hash, raw.length) {
            let Some((&last, check)) = raw.checkpoints.iter().next_back() else {
                return Err(at_key(
                    "",
                    "the recording ends before its `checkpoints`: it was cut off".to_string(),
                    "get the whole file, or delete `trace_hash` to replay without that check",
                ));
            };
            if last != length {
                return Err(at_key(
                    "checkpoints",
                    format!("the last checkpoint is at {last}, but `length` is {length}"),
                    "give the checkpoint of the end, or delete `trace_hash` and `checkpoints`",
                ));
            }
            if u64::from(check.0) != hash.0 >> 32 {
                return Err(at_key(
                    "trace_hash",
                    "`trace_hash` does not begin with the last checkpoint".to_string(),
                    "one of the two was changed: delete both `trace_hash` and `checkpoints`",
                ));
            }
        }
        if let Some(length) = raw.length
            && let Some(last) = raw.choices.0.last().filter(|last| last.at >= length)
        {
            return Err(at_key(
                "choices",
                format!("there is a choice at {}, but `length` is {length}", last.at),
                "choices are counted from 0; make `length` larger, or delete it",
            ));
        }
        Ok(raw.into())
    }
}

impl std::str::FromStr for Recording {
    type Err = LoadError;

    fn from_str(text: &str) -> Result<Recording, LoadError> {
        Recording::parse("recording", text)
    }
}

/// Why a file is not a recording, and what would make it one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub mend: String,
}

impl LoadError {
    fn of_yaml(file: &str, text: &str, error: &serde_yaml::Error) -> LoadError {
        let (line, column) = match error.location() {
            Some(location) => (location.line().max(1), location.column().max(1)),
            None => locate(text, ""),
        };
        let full = error.to_string();
        // The location is stated once, by us.
        let message = full.split(" at line ").next().unwrap_or(&full).to_string();
        let begins = text.lines().any(|line| line.starts_with("format:"));
        if !begins {
            return LoadError {
                file: file.to_string(),
                line,
                column,
                message: "this is no recording".into(),
                mend: "recordings begin with `format: tourbillon-recording/1`".into(),
            };
        }
        let mend = if message.contains("unknown field") {
            "correct or delete the key; the format is described in the book under recordings"
        } else if message.contains("missing field") || message.contains("EndOfStream") {
            "a part is missing: was the file cut off?"
        } else if message.contains("invalid type") || message.contains("invalid value") {
            "give a value of the kind that is expected"
        } else if message.contains(MEND) {
            ""
        } else {
            "this is not well-formed YAML: was the file cut off or damaged?"
        };
        let (message, mend) = match message.split_once(MEND) {
            Some((message, mend)) => (message.to_string(), mend.to_string()),
            None => (message, mend.to_string()),
        };
        LoadError {
            file: file.to_string(),
            line,
            column,
            message,
            mend,
        }
    }
}

/// Parts a complaint of ours from its mend inside a message that passes through the YAML reader.
const MEND: &str = " -- mend: ";

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LoadError {
            file,
            line,
            column,
            message,
            mend,
        } = self;
        write!(out, "{file}:{line}:{column}: {message}\n  mend: {mend}")
    }
}

impl std::error::Error for LoadError {}

/// Line and column of a top-level key; of the end of the text when there is none.
fn locate(text: &str, key: &str) -> (usize, usize) {
    let found = text.lines().position(|line| {
        !key.is_empty()
            && line
                .strip_prefix(key)
                .is_some_and(|rest| rest.starts_with(':'))
    });
    match found {
        Some(index) => (index + 1, 1),
        None => {
            let lines = text.split('\n').count();
            (
                lines,
                text.len() - text.rfind('\n').map_or(0, |at| at + 1) + 1,
            )
        }
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecording {
    #[serde(rename = "format")]
    _format: Format,
    made_by: String,
    program: Option<RawProgram>,
    case: Option<String>,
    session: Option<Value>,
    world: Option<Value>,
    strategy: RawStrategy,
    failure: Option<RawFailure>,
    trace_hash: Option<Hex64>,
    length: Option<u64>,
    choices: Choices,
    #[serde(default)]
    checkpoints: BTreeMap<u64, Hex32>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProgram {
    name: String,
    sha256: Option<String>,
    source: Option<String>,
    #[serde(default)]
    files: BTreeMap<String, String>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStrategy {
    name: String,
    seed: Option<u64>,
    run: Option<u64>,
    depth: Option<u32>,
    steps: Option<u64>,
    chaos: Option<u64>,
    #[serde(default)]
    inject: Inject,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFailure {
    kind: String,
    summary: String,
    step: Option<u64>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChoice {
    at: u64,
    run: Option<String>,
    deliver: Option<String>,
    spurious: Option<String>,
    delay: Option<String>,
    by: Option<u32>,
    fault: Option<String>,
    error: Option<String>,
    cancel: Option<String>,
    early: Option<String>,
    never: Option<String>,
    drop: Option<String>,
    pick: Option<String>,
    value: Option<u32>,
    #[serde(default)]
    of: Vec<String>,
    #[serde(default)]
    nth: u32,
}

impl From<RawRecording> for Recording {
    fn from(raw: RawRecording) -> Recording {
        Recording {
            made_by: raw.made_by,
            program: raw.program.map(|program| Program {
                name: program.name,
                sha256: program.sha256,
                source: program.source,
                files: program.files,
            }),
            case: raw.case,
            session: raw.session,
            world: raw.world,
            strategy: StrategyNote {
                name: raw.strategy.name,
                seed: raw.strategy.seed,
                run: raw.strategy.run,
                depth: raw.strategy.depth,
                steps: raw.strategy.steps,
                chaos: raw.strategy.chaos,
                inject: raw.strategy.inject.0,
            },
            failure: raw.failure.map(|failure| FailureNote {
                kind: failure.kind,
                summary: failure.summary,
                step: failure.step,
            }),
            trace_hash: raw.trace_hash.map(|hash| hash.0),
            length: raw.length,
            choices: raw.choices.0,
            checkpoints: raw
                .checkpoints
                .into_iter()
                .map(|(at, hash)| (at, hash.0))
                .collect(),
        }
    }
}

impl RawChoice {
    fn check(self) -> Result<RecordedChoice, String> {
        let at = self.at;
        let mut deeds = [
            ("run", self.run),
            ("deliver", self.deliver),
            ("spurious", self.spurious),
            ("delay", self.delay),
            ("fault", self.fault),
            ("cancel", self.cancel),
            ("early", self.early),
            ("never", self.never),
            ("drop", self.drop),
            ("pick", self.pick),
        ]
        .into_iter()
        .filter_map(|(name, label)| label.map(|label| (name, label)));
        let Some((name, label)) = deeds.next() else {
            return Err(format!(
                "choice {at} does nothing{MEND}give one of `run`, `deliver`, `spurious`, `delay`, \
                 `fault`, `cancel`, `early`, `never`, `drop`, `pick` with a label"
            ));
        };
        if let Some((other, _)) = deeds.next() {
            return Err(format!(
                "choice {at} does both `{name}` and `{other}`{MEND}keep one"
            ));
        }
        drop(deeds);
        let need = |key: &str| format!("choice {at}: `{name}` needs `{key}`{MEND}add `{key}`");
        for (key, present, owner) in [
            ("by", self.by.is_some(), "delay"),
            ("error", self.error.is_some(), "fault"),
            ("value", self.value.is_some(), "pick"),
        ] {
            if present && name != owner {
                return Err(format!(
                    "choice {at}: `{key}` belongs to `{owner}`, not to `{name}`{MEND}delete `{key}`"
                ));
            }
        }
        let deed = match name {
            "run" => Deed::Run,
            "deliver" => Deed::Deliver,
            "spurious" => Deed::Spurious,
            "delay" => Deed::Delay(self.by.ok_or_else(|| need("by"))?),
            "fault" => Deed::Fault(self.error.ok_or_else(|| need("error"))?),
            "cancel" => Deed::Cancel,
            "early" => Deed::Early,
            "never" => Deed::Never,
            "drop" => Deed::Drop,
            _ => Deed::Pick(self.value.ok_or_else(|| need("value"))?),
        };
        let mut labels = Labels::new();
        let bad = |error| format!("choice {at}: {error}{MEND}write the label as runs print it");
        labels.parse(&label).map_err(bad)?;
        for text in &self.of {
            parse_candidate(&mut labels, text).map_err(bad)?;
        }
        Ok(RecordedChoice {
            at,
            deed,
            label,
            of: self.of,
            nth: self.nth,
        })
    }
}

/// The choices, in order of `at`.
struct Choices(Vec<RecordedChoice>);

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Choices, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Choices;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of choices")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Choices, A::Error> {
                let mut choices: Vec<RecordedChoice> = Vec::new();
                let mut before = None;
                while let Some(choice) = items.next_element_seed(After(before))? {
                    before = Some(choice.at);
                    choices.push(choice);
                }
                Ok(Choices(choices))
            }
        }

        deserializer.deserialize_seq(InOrder)
    }
}

/// Reads one choice that must stand after the given position. All checks are made while its mapping
/// is visited, so that complaints carry the place of that mapping.
struct After(Option<u64>);

impl<'de> de::DeserializeSeed<'de> for After {
    type Value = RecordedChoice;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<RecordedChoice, D::Error> {
        source.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for After {
    type Value = RecordedChoice;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a choice such as `{at: 12, run: main/bump#2}`")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RecordedChoice, A::Error> {
        let raw = RawChoice::deserialize(de::value::MapAccessDeserializer::new(map))?;
        let choice = raw.check().map_err(de::Error::custom)?;
        match self.0 {
            Some(before) if before >= choice.at => Err(de::Error::custom(format!(
                "the choice at {} stands after the one at {before}{MEND}order the choices by `at`, \
                 one for each",
                choice.at
            ))),
            Some(_) | None => Ok(choice),
        }
    }
}

struct Format;

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Format, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == FORMAT {
            return Ok(Format);
        }
        Err(de::Error::custom(
            match text.strip_prefix("tourbillon-recording/") {
                Some(version) => format!(
                    "this program reads recordings of format 1, not {version}{MEND}use a newer \
                 tourbillon"
                ),
                None => format!(
                    "`{text}` is no recording{MEND}recordings begin with `format: {FORMAT}`"
                ),
            },
        ))
    }
}

/// Injections as recordings list them, checked.
#[derive(Default)]
struct Inject(Vec<String>);

impl<'de> Deserialize<'de> for Inject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Inject, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        match Injections::from_names(names.iter().map(String::as_str)) {
            Ok(_) => Ok(Inject(names)),
            Err(error) => Err(de::Error::custom(format!(
                "{error}{MEND}correct the list `inject`"
            ))),
        }
    }
}

struct Hex64(u64);
struct Hex32(u32);

impl<'de> Deserialize<'de> for Hex64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex64, D::Error> {
        hex(deserializer, 16).map(Hex64)
    }
}

impl<'de> Deserialize<'de> for Hex32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Hex32, D::Error> {
        hex(deserializer, 8).map(|hash| Hex32(hash as u32))
    }
}

fn hex<'de, D: Deserializer<'de>>(deserializer: D, digits: usize) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let right = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = u64::from_str_radix(&text, 16).ok().filter(|_| right);
    number.ok_or_else(|| {
        de::Error::custom(format!(
            "`{text}` is no hash{MEND}a hash has {digits} hexadecimal digits; delete `trace_hash` \
             and `checkpoints` to replay without them"
        ))
    })
}
