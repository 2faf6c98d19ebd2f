//! What a case expects: a closed set of outcomes, each of which states something.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use regex::Regex;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::checked::{Text, from_mapping, from_text, nearest, with_help};
use crate::value::CanonicalValue;
use crate::world::Seconds;

/// The outcomes that a case allows, calls out by name, and wants to see.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    /// The closed set: one or more, named where there are several.
    pub allowed: Vec<OutcomeSpec>,
    /// Outcomes that are not allowed and are called by their name when they happen.
    pub forbidden: Vec<OutcomeSpec>,
    /// Which allowed outcomes an exploration must have seen; the strategy decides when absent.
    pub must_observe: Option<MustObserve>,
}

impl Expect {
    /// Whether an outcome states its virtual time.
    pub fn states_virtual_time(&self) -> bool {
        self.allowed
            .iter()
            .chain(&self.forbidden)
            .any(|outcome| outcome.virtual_time.is_some())
    }
}

/// Which allowed outcomes an exploration must have seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MustObserve {
    /// Every one.
    All,
    /// None in particular.
    None,
    /// The ones named.
    Named(Vec<String>),
}

/// One outcome: what is absent is unchecked or none, as the fields say.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OutcomeSpec {
    /// The name by which reports call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The whole output; unchecked when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout: Option<String>,
    /// Variables of the workspace; others are unchecked.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, CanonicalValue>,
    /// The uncaught error; none when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorSpec>,
    /// The identifiers of all diagnostics, sorted; none when empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<String>,
    /// The virtual time at the end; unchecked when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub virtual_time: Option<Seconds>,
    /// Whether the run ends in an uncaught deadlock.
    #[serde(skip_serializing_if = "is_false")]
    pub deadlock: bool,
    /// Whether the run spends its budget of steps.
    #[serde(skip_serializing_if = "is_false")]
    pub budget: bool,
    /// Whether the future of the execution is dropped: what it showed until then is the outcome.
    #[serde(skip_serializing_if = "is_false")]
    pub dropped: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// An error as a case states it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ErrorSpec {
    /// Its identifier; unchecked when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    /// Its whole message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A regular expression that its message contains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_matches: Option<Pattern>,
    /// All its causes, in order; unchecked when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Vec<ErrorSpec>>,
    /// The whole stack as `name:line`, innermost first; unchecked when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<Vec<String>>,
    /// Whether it came from compiling or from running; unchecked when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
}

impl ErrorSpec {
    /// Whether the stack of this error or of one of its causes is stated.
    pub fn states_stack(&self) -> bool {
        self.stack.is_some() || self.cause.iter().flatten().any(Self::states_stack)
    }
}

/// Where an error comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before anything ran.
    Compile,
    /// While the program ran.
    Run,
}

/// A regular expression that is known to be one.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

impl Pattern {
    /// Whether the expression is found in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a regular expression", |text| {
            let regex = Regex::new(text).map_err(|error| {
                let last = error.to_string();
                let reason = last
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim()
                    .trim_start_matches("error: ");
                with_help(
                    format!("invalid regular expression `{text}`: {reason}"),
                    "escape characters that mean themselves with a backslash",
                )
            })?;
            if regex.is_match("") {
                return Err(with_help(
                    format!("`{text}` matches the empty text, so it accepts any message"),
                    "name a word that the message must have",
                ));
            }
            Ok(Pattern(regex))
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOutcome {
    name: Option<Text>,
    stdout: Option<Text>,
    #[serde(default)]
    values: BTreeMap<String, CanonicalValue>,
    error: Option<ErrorSpec>,
    #[serde(default)]
    diagnostics: Vec<Text>,
    virtual_time: Option<Seconds>,
    #[serde(default)]
    deadlock: bool,
    #[serde(default)]
    budget: bool,
    #[serde(default)]
    dropped: bool,
}

impl RawOutcome {
    fn states_something(&self) -> bool {
        self.stdout.is_some()
            || !self.values.is_empty()
            || self.error.is_some()
            || !self.diagnostics.is_empty()
            || self.virtual_time.is_some()
            || self.deadlock
            || self.budget
            || self.dropped
    }

    fn check(mut self) -> Result<OutcomeSpec, String> {
        if !self.states_something() {
            return Err(with_help(
                "this outcome states nothing that can be checked",
                "state `stdout`, `values`, `error`, `diagnostics`, `virtual_time` or `deadlock: true`",
            ));
        }
        if self.name.as_ref().is_some_and(|name| name.0.is_empty()) {
            return Err(with_help(
                "the name of an outcome is never empty",
                "name it or leave `name` out",
            ));
        }
        if let Some(bad) = self.diagnostics.iter().find(|id| !is_identifier(&id.0)) {
            return Err(not_an_identifier(&bad.0));
        }
        self.diagnostics.sort();
        Ok(OutcomeSpec {
            name: self.name.map(|text| text.0),
            stdout: self.stdout.map(|text| text.0),
            values: self.values,
            error: self.error,
            diagnostics: self.diagnostics.into_iter().map(|text| text.0).collect(),
            virtual_time: self.virtual_time,
            deadlock: self.deadlock,
            budget: self.budget,
            dropped: self.dropped,
        })
    }
}

impl<'de> Deserialize<'de> for OutcomeSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(deserializer, "an outcome", RawOutcome::check)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawError {
    identifier: Option<Text>,
    message: Option<Text>,
    message_matches: Option<Pattern>,
    cause: Option<Vec<ErrorSpec>>,
    stack: Option<Vec<Text>>,
    phase: Option<Phase>,
}

impl<'de> Deserialize<'de> for ErrorSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(
            deserializer,
            "an error, for example {identifier: a:b}",
            |raw: RawError| {
                if raw.identifier.is_none()
                    && raw.message.is_none()
                    && raw.message_matches.is_none()
                {
                    return Err(with_help(
                        "this error accepts any error",
                        "state `identifier`, `message` or `message_matches`",
                    ));
                }
                if raw.message.is_some() && raw.message_matches.is_some() {
                    return Err(with_help(
                        "`message` and `message_matches` exclude each other",
                        "keep `message` where it is known whole",
                    ));
                }
                // The empty identifier is a statement: the error has none.
                let bad = |id: &&Text| !id.0.is_empty() && !is_identifier(&id.0);
                if let Some(bad) = raw.identifier.as_ref().filter(bad) {
                    return Err(not_an_identifier(&bad.0));
                }
                if let Some(bad) = raw.stack.iter().flatten().find(|frame| !is_frame(&frame.0)) {
                    return Err(with_help(
                        format!("`{}` is no frame of a stack", bad.0),
                        "write `name:line`, for example `bump:3`",
                    ));
                }
                Ok(ErrorSpec {
                    identifier: raw.identifier.map(|text| text.0),
                    message: raw.message.map(|text| text.0),
                    message_matches: raw.message_matches,
                    cause: raw.cause,
                    stack: raw
                        .stack
                        .map(|frames| frames.into_iter().map(|text| text.0).collect()),
                    phase: raw.phase,
                })
            },
        )
    }
}

fn is_identifier(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    parts.len() >= 2
        && parts.iter().all(|part| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        })
}

fn not_an_identifier(text: &str) -> String {
    with_help(
        format!("`{text}` is no error identifier"),
        "words joined by colons, for example `async:Timeout`",
    )
}

fn is_frame(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(name, line)| {
        !name.is_empty() && line.parse::<u32>().is_ok_and(|line| line > 0)
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpect {
    allowed: Option<Vec<OutcomeSpec>>,
    #[serde(default)]
    forbidden: Vec<OutcomeSpec>,
    must_observe: Option<MustObserve>,
    // The keys of a single outcome, which can stand directly under `expect`.
    name: Option<Text>,
    stdout: Option<Text>,
    #[serde(default)]
    values: BTreeMap<String, CanonicalValue>,
    error: Option<ErrorSpec>,
    #[serde(default)]
    diagnostics: Vec<Text>,
    virtual_time: Option<Seconds>,
    #[serde(default)]
    deadlock: bool,
    #[serde(default)]
    budget: bool,
    #[serde(default)]
    dropped: bool,
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(deserializer, "an expectation", check_expect)
    }
}

fn check_expect(raw: RawExpect) -> Result<Expect, String> {
    let single = RawOutcome {
        name: raw.name,
        stdout: raw.stdout,
        values: raw.values,
        error: raw.error,
        diagnostics: raw.diagnostics,
        virtual_time: raw.virtual_time,
        deadlock: raw.deadlock,
        budget: raw.budget,
        dropped: raw.dropped,
    };
    let allowed = match raw.allowed {
        None => vec![single.check()?],
        Some(allowed) => {
            if single.name.is_some() || single.states_something() {
                return Err(with_help(
                    "`expect` has both `allowed` and an outcome of its own",
                    "move the outcome into `allowed`",
                ));
            }
            allowed
        }
    };
    if allowed.is_empty() {
        return Err(with_help(
            "`allowed` is empty: nothing could pass",
            "state an outcome",
        ));
    }
    if let Some(unnamed) = raw.forbidden.iter().find(|outcome| outcome.name.is_none()) {
        let stdout = unnamed.stdout.as_deref().unwrap_or_default();
        return Err(with_help(
            format!("a forbidden outcome (stdout {stdout:?}) has no name"),
            "name it: that is what it is for",
        ));
    }
    if allowed.len() > 1 && allowed.iter().any(|outcome| outcome.name.is_none()) {
        return Err(with_help(
            "one of several outcomes has no name",
            "give each a `name`",
        ));
    }
    let mut names = BTreeSet::new();
    for name in allowed
        .iter()
        .chain(&raw.forbidden)
        .filter_map(|outcome| outcome.name.as_deref())
    {
        if !names.insert(name) {
            return Err(with_help(
                format!("two outcomes are named `{name}`"),
                "give each its own name",
            ));
        }
    }
    let same = |left: &OutcomeSpec, right: &OutcomeSpec| {
        OutcomeSpec {
            name: None,
            ..left.clone()
        } == OutcomeSpec {
            name: None,
            ..right.clone()
        }
    };
    for (place, outcome) in allowed.iter().chain(&raw.forbidden).enumerate() {
        if allowed
            .iter()
            .chain(&raw.forbidden)
            .take(place)
            .any(|earlier| same(earlier, outcome))
        {
            return Err(with_help(
                "two outcomes state the same",
                "a run that matches two fails the case",
            ));
        }
    }
    if let Some(MustObserve::Named(wanted)) = &raw.must_observe {
        let known = || allowed.iter().filter_map(|outcome| outcome.name.as_deref());
        if let Some(unknown) = wanted
            .iter()
            .find(|name| !known().any(|known| known == name.as_str()))
        {
            let mend = match nearest(unknown, known()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!(
                    "the allowed ones are {}",
                    known().collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(with_help(
                format!("`must_observe` names no allowed outcome: `{unknown}`"),
                mend,
            ));
        }
    }
    Ok(Expect {
        allowed,
        forbidden: raw.forbidden,
        must_observe: raw.must_observe,
    })
}

impl<'de> Deserialize<'de> for MustObserve {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MustVisitor;

        impl<'de> Visitor<'de> for MustVisitor {
            type Value = MustObserve;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("all, none or a list of outcome names")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<MustObserve, E> {
                match text {
                    "all" => Ok(MustObserve::All),
                    "none" => Ok(MustObserve::None),
                    _ => Err(E::custom(with_help(
                        format!("unknown must_observe `{text}`"),
                        "write `all`, `none` or a list of outcome names",
                    ))),
                }
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<MustObserve, A::Error> {
                let mut names = Vec::new();
                while let Some(Text(name)) = access.next_element()? {
                    names.push(name);
                }
                if names.is_empty() {
                    return Err(A::Error::custom(with_help(
                        "`must_observe` is empty",
                        "write `none`",
                    )));
                }
                Ok(MustObserve::Named(names))
            }
        }

        deserializer.deserialize_any(MustVisitor)
    }
}

impl Serialize for MustObserve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::None => serializer.serialize_str("none"),
            Self::Named(names) => names.serialize(serializer),
        }
    }
}

impl Serialize for Expect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("allowed", &self.allowed)?;
        if !self.forbidden.is_empty() {
            map.serialize_entry("forbidden", &self.forbidden)?;
        }
        if let Some(must_observe) = &self.must_observe {
            map.serialize_entry("must_observe", must_observe)?;
        }
        map.end()
    }
}
