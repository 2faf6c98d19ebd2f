//! What a world states of the web, the GPU, faults and the host's cancel.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::checked::{Text, from_mapping, nearest, with_help};
use crate::config::Seconds;

/// What one address of the web answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HttpRoute {
    /// The method, in capitals.
    pub method: String,
    /// The whole address.
    pub url: String,
    /// The replies in order; the last one repeats.
    pub replies: Vec<HttpReply>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    method: String,
    url: String,
    replies: Vec<HttpReply>,
}

impl<'de> Deserialize<'de> for HttpRoute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(
            deserializer,
            "a route {method, url, replies}",
            |raw: RawRoute| {
                const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"];
                if !METHODS.contains(&raw.method.as_str()) {
                    let mend = match nearest(&raw.method, METHODS) {
                        Some(method) => format!("did you mean `{method}`?"),
                        None => format!("one of {}", METHODS.join(", ")),
                    };
                    return Err(with_help(format!("unknown method `{}`", raw.method), mend));
                }
                if raw.url.is_empty() || raw.replies.is_empty() {
                    return Err(with_help(
                        "a route needs a url and a reply",
                        "for example `replies: [{status: 200}]`",
                    ));
                }
                Ok(HttpRoute {
                    method: raw.method,
                    url: raw.url,
                    replies: raw.replies,
                })
            },
        )
    }
}

/// What a web request gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpReply {
    /// An answer.
    Response {
        /// The status code.
        status: u16,
        /// The body.
        body: String,
        /// The header lines by name.
        headers: BTreeMap<String, String>,
        /// How long after the request.
        after: Seconds,
    },
    /// No connection is made.
    Refuse,
    /// Nothing ever comes.
    Hang,
    /// The connection breaks.
    Reset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReply {
    status: Option<u16>,
    body: Option<Text>,
    headers: Option<BTreeMap<String, String>>,
    after: Option<Seconds>,
    #[serde(default)]
    refuse: bool,
    #[serde(default)]
    hang: bool,
    #[serde(default)]
    reset: bool,
}

impl<'de> Deserialize<'de> for HttpReply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(
            deserializer,
            "a reply, for example {status: 200, body: ok}",
            |raw: RawReply| {
                let answers = raw.status.is_some();
                let extras = raw.body.is_some() || raw.headers.is_some() || raw.after.is_some();
                let kinds = [answers, raw.refuse, raw.hang, raw.reset];
                if kinds.into_iter().filter(|kind| *kind).count() != 1 || (extras && !answers) {
                    return Err(with_help(
                        "a reply is either {status, body, headers, after} or one of refuse, hang and reset",
                        "for example `{status: 200, body: ok}` or `{refuse: true}`",
                    ));
                }
                Ok(match raw.status {
                    Some(status) if (100..=599).contains(&status) => HttpReply::Response {
                        status,
                        body: raw.body.map(|text| text.0).unwrap_or_default(),
                        headers: raw.headers.unwrap_or_default(),
                        after: raw.after.unwrap_or_default(),
                    },
                    Some(status) => {
                        return Err(with_help(
                            format!("{status} is no status code"),
                            "100 to 599",
                        ));
                    }
                    None if raw.refuse => HttpReply::Refuse,
                    None if raw.hang => HttpReply::Hang,
                    None => HttpReply::Reset,
                })
            },
        )
    }
}

impl Serialize for HttpReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Self::Response {
                status,
                body,
                headers,
                after,
            } => {
                map.serialize_entry("status", status)?;
                map.serialize_entry("body", body)?;
                if !headers.is_empty() {
                    map.serialize_entry("headers", headers)?;
                }
                map.serialize_entry("after", after)?;
            }
            Self::Refuse => map.serialize_entry("refuse", &true)?,
            Self::Hang => map.serialize_entry("hang", &true)?,
            Self::Reset => map.serialize_entry("reset", &true)?,
        }
        map.end()
    }
}

/// Which GPU a case has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GpuDevice {
    /// The reference provider on the CPU.
    #[default]
    Simulated,
    /// A real adapter.
    Wgpu,
    /// None: `gpu:NoDevice`.
    None,
}

/// The GPU of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gpu {
    /// Which device.
    pub device: GpuDevice,
    /// Its memory; 4 GiB when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// How many polls a readback stays pending.
    pub readback_pending: u32,
}

/// An operation that a stated fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultOp {
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
    /// An input request.
    Input,
    /// An upload to the GPU.
    #[serde(rename = "gpu.upload")]
    GpuUpload,
    /// A computation on the GPU.
    #[serde(rename = "gpu.compute")]
    GpuCompute,
    /// Mapping a staging buffer for a readback.
    #[serde(rename = "gpu.map")]
    GpuMap,
}

impl FaultOp {
    /// The first part of the identifiers that this operation can fail with.
    fn family(self) -> &'static str {
        match self {
            Self::Read | Self::Write | Self::Exists | Self::Delete => "io",
            Self::Http => "http",
            Self::Input => "input",
            Self::GpuUpload | Self::GpuCompute | Self::GpuMap => "gpu",
        }
    }
}

/// The errors that the outside can give, whole identifiers.
const OUTSIDE_ERRORS: [&str; 19] = [
    "input:Unavailable",
    "input:HandlerFailed",
    "input:WrongKind",
    "input:EndOfInput",
    "io:NotFound",
    "io:PermissionDenied",
    "io:Interrupted",
    "io:Failed",
    "http:Timeout",
    "http:ConnectFailed",
    "http:Status",
    "http:Failed",
    "gpu:DeviceLost",
    "gpu:OutOfMemory",
    "gpu:MapFailed",
    "gpu:Validation",
    "gpu:LimitExceeded",
    "gpu:InvalidHandle",
    "gpu:NoDevice",
];

/// A fault that strikes the n-th operation of its kind, for certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Which kind of operation.
    pub op: FaultOp,
    /// Which one of them, counted from 1.
    pub nth: u32,
    /// The identifier of the error that it gives.
    pub error: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    op: FaultOp,
    #[serde(default = "first")]
    nth: u32,
    error: String,
}

fn first() -> u32 {
    1
}

impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(deserializer, "a fault {op, nth, error}", |raw: RawFault| {
            if raw.nth == 0 {
                return Err(with_help(
                    "`nth` counts from 1",
                    "1 is the first operation of its kind",
                ));
            }
            let family = raw.op.family();
            let of_family = || {
                OUTSIDE_ERRORS
                    .into_iter()
                    .filter(|id| id.split(':').next() == Some(family))
            };
            if !of_family().any(|id| id == raw.error) {
                let mend = match nearest(&raw.error, of_family()) {
                    Some(id) => format!("did you mean `{id}`?"),
                    None => format!("one of {}", of_family().collect::<Vec<_>>().join(", ")),
                };
                return Err(with_help(
                    format!("this operation cannot fail with `{}`", raw.error),
                    mend,
                ));
            }
            Ok(Fault {
                op: raw.op,
                nth: raw.nth,
                error: raw.error,
            })
        })
    }
}

/// When the host cancels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CancelPlan {
    /// At a virtual time.
    AtTime(Seconds),
    /// At a step of the run.
    AtStep(u64),
    /// One run for each suspension point.
    EverySuspension,
}

impl<'de> Deserialize<'de> for CancelPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            at_time: Option<Seconds>,
            at_step: Option<u64>,
        }

        struct CancelVisitor;

        impl<'de> Visitor<'de> for CancelVisitor {
            type Value = CancelPlan;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("{at_time: seconds}, {at_step: number} or every_suspension")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<CancelPlan, E> {
                match text {
                    "every_suspension" => Ok(CancelPlan::EverySuspension),
                    _ => Err(E::custom(with_help(
                        format!("unknown cancel `{text}`"),
                        "write `every_suspension`, `{at_time: s}` or `{at_step: n}`",
                    ))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<CancelPlan, A::Error> {
                let raw = Raw::deserialize(MapAccessDeserializer::new(map))?;
                match (raw.at_time, raw.at_step) {
                    (Some(time), None) => Ok(CancelPlan::AtTime(time)),
                    (None, Some(step)) => Ok(CancelPlan::AtStep(step)),
                    (Some(_), Some(_)) | (None, None) => Err(A::Error::custom(with_help(
                        "a cancel has exactly one of `at_time` and `at_step`",
                        "for example `cancel: {at_time: 0.5}`",
                    ))),
                }
            }
        }

        deserializer.deserialize_any(CancelVisitor)
    }
}

impl Serialize for CancelPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = match self {
            Self::EverySuspension => return serializer.serialize_str("every_suspension"),
            Self::AtTime(_) | Self::AtStep(_) => serializer.serialize_map(Some(1))?,
        };
        match self {
            Self::AtTime(time) => map.serialize_entry("at_time", time)?,
            Self::AtStep(step) => map.serialize_entry("at_step", step)?,
            Self::EverySuspension => {}
        }
        map.end()
    }
}
