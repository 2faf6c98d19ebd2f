//! The outside of a program, as cases and recordings state it: disk, latencies, input and the rest.

mod outside;

pub use outside::{CancelPlan, Fault, FaultOp, Gpu, GpuDevice, HttpReply, HttpRoute, no_route};

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::checked::{Text, from_mapping, with_help};

/// What a program finds outside itself. Everything is absent and instant by default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldConfig {
    /// Files that are there at the start: path to content.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub disk: BTreeMap<String, FileContent>,
    /// How long operations take.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub latency: BTreeMap<LatencyOp, Seconds>,
    /// Answers to input requests, in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<InputAnswer>,
    /// How input requests are handled.
    #[serde(skip_serializing_if = "is_default")]
    pub input_handler: InputHandler,
    /// What the web answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRoute>,
    /// The GPU, if the case says anything about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu: Option<Gpu>,
    /// Faults that strike for certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// The host's cancel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<CancelPlan>,
    /// How many background jobs may run at once.
    #[serde(skip_serializing_if = "is_default")]
    pub workers: Workers,
}

/// The workers of the background pool; 4 unless a world says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Workers(pub NonZeroUsize);

impl Default for Workers {
    fn default() -> Workers {
        Workers(NonZeroUsize::new(4).unwrap_or(NonZeroUsize::MIN))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A span of time: whole nanoseconds inside, seconds in YAML.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds {
    nanoseconds: u64,
}

impl Seconds {
    /// So many whole seconds.
    pub const fn whole(seconds: u32) -> Self {
        Self {
            nanoseconds: seconds as u64 * 1_000_000_000,
        }
    }

    /// So many nanoseconds.
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Self { nanoseconds }
    }

    /// The span in nanoseconds.
    pub const fn nanoseconds(self) -> u64 {
        self.nanoseconds
    }

    /// The span in seconds.
    pub fn seconds(self) -> f64 {
        self.nanoseconds as f64 / 1e9
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} s", self.seconds())
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SecondsVisitor;

        impl Visitor<'_> for SecondsVisitor {
            type Value = Seconds;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of seconds")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Seconds, E> {
                self.visit_f64(value as f64)
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Seconds, E> {
                self.visit_f64(value as f64)
            }

            fn visit_f64<E: Error>(self, value: f64) -> Result<Seconds, E> {
                // Ten thousand years are enough, and keep sums of times far from overflow.
                if !(0.0..=3.2e8).contains(&value) {
                    let message = format!("{value} is no time in seconds");
                    return Err(E::custom(with_help(
                        message,
                        "0 or more, at most 320000000",
                    )));
                }
                Ok(Seconds {
                    nanoseconds: (value * 1e9).round() as u64,
                })
            }
        }

        deserializer.deserialize_any(SecondsVisitor)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.nanoseconds.is_multiple_of(1_000_000_000) {
            return serializer.serialize_u64(self.nanoseconds / 1_000_000_000);
        }
        serializer.serialize_f64(self.seconds())
    }
}

/// What a file of the simulated disk holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileContent {
    /// Text, stored as UTF-8.
    Text(String),
    /// Bytes, in YAML as base64.
    Bytes(Vec<u8>),
}

impl FileContent {
    /// The bytes on the disk.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl<'de> Deserialize<'de> for FileContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            bytes: Text,
        }

        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = FileContent;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or {bytes: base64}")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<FileContent, E> {
                Ok(FileContent::Text(text.into()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FileContent, A::Error> {
                let raw = Raw::deserialize(MapAccessDeserializer::new(map))?;
                STANDARD
                    .decode(&raw.bytes.0)
                    .map(FileContent::Bytes)
                    .map_err(|error| {
                        A::Error::custom(with_help(
                            format!("`bytes` is not base64: {error}"),
                            "the standard alphabet, with padding",
                        ))
                    })
            }
        }

        deserializer.deserialize_any(ContentVisitor)
    }
}

impl Serialize for FileContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("bytes", &STANDARD.encode(bytes))?;
                map.end()
            }
        }
    }
}

impl From<String> for FileContent {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// An operation whose duration a world can state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatencyOp {
    /// Reading a file.
    Read,
    /// Writing a file.
    Write,
    /// Looking whether a file is there.
    Exists,
    /// Deleting a file.
    Delete,
    /// A web request.
    Http,
    /// An upload to the GPU.
    Upload,
    /// A readback from the GPU.
    Readback,
}

/// How input requests reach the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputHandler {
    /// A handler that answers later.
    #[default]
    Async,
    /// A handler that answers at once.
    Sync,
    /// No handler: input is unavailable.
    None,
}

/// One answer to an input request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputAnswer {
    /// What comes.
    #[serde(flatten)]
    pub answer: Answer,
    /// How long after its request.
    pub after: Seconds,
}

/// What an input request gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// A line, without its end.
    Line(String),
    /// A key.
    Key(String),
    /// The handler fails with this message.
    Fail(String),
    /// There is no more input. Always true.
    End(bool),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAnswer {
    line: Option<Text>,
    key: Option<Text>,
    fail: Option<Text>,
    end: Option<bool>,
    #[serde(default)]
    after: Seconds,
}

impl<'de> Deserialize<'de> for InputAnswer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(
            deserializer,
            "an answer, for example {line: text}",
            |raw: RawAnswer| {
                let given = [
                    raw.line.map(|text| Answer::Line(text.0)),
                    raw.key.map(|text| Answer::Key(text.0)),
                    raw.fail.map(|text| Answer::Fail(text.0)),
                    raw.end.map(Answer::End),
                ];
                let mut given = given.into_iter().flatten();
                match (given.next(), given.next()) {
                    (Some(Answer::End(false)), None) => Err(with_help(
                        "`end: false` says nothing",
                        "write `end: true` or leave it out",
                    )),
                    (Some(answer), None) => Ok(InputAnswer {
                        answer,
                        after: raw.after,
                    }),
                    _ => Err(with_help(
                        "an answer has exactly one of `line`, `key`, `fail` and `end`",
                        "one list item for each answer",
                    )),
                }
            },
        )
    }
}
