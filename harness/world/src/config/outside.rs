//! What a world states of the web, the GPU, faults and the host's cancel.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use tourbillon_host::{HttpMethod, HttpRequest, WebAddress};
use tourbillon_value::{RuntimeError, build_runtime_error};

use crate::checked::{from_mapping, nearest, with_help};
use crate::config::{FileContent, Seconds};

/// What one address of the web answers.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRoute {
    /// The method, in capitals.
    pub method: HttpMethod,
    /// The whole address, as it was written.
    pub url: String,
    /// The address.
    pub address: WebAddress,
    /// Only requests with this body are answered.
    pub body: Option<FileContent>,
    /// Only requests with these header lines are answered, among others that they may have.
    pub headers: BTreeMap<String, String>,
    /// The replies in order; the last one repeats.
    pub replies: Vec<HttpReply>,
}

impl HttpRoute {
    /// Whether it answers such a request.
    pub fn answers(&self, request: &HttpRequest) -> bool {
        let has_header = |(name, value): (&String, &String)| {
            let mut lines = request.headers.iter();
            lines.any(|(own, text)| own.eq_ignore_ascii_case(name) && text == value)
        };
        let body = self.body.as_ref();
        self.method == request.method
            && self.address.asks_same(&request.address)
            && body.is_none_or(|body| body.as_bytes() == request.body)
            && self.headers.iter().all(has_header)
    }
}

/// Why nobody answers a request that no route fits: whoever wrote the world is told what it lacks.
pub fn no_route(routes: &[HttpRoute], request: &HttpRequest) -> RuntimeError {
    let (method, address) = (request.method, &request.address);
    let is_known = routes
        .iter()
        .any(|route| route.method == method && route.address.asks_same(address));
    let rest = match is_known {
        true => " with this body and these headers",
        false => "",
    };
    let message = format!("The simulated web has no route for {method} '{address}'{rest}.");
    build_runtime_error(message).build()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoute {
    method: String,
    url: String,
    body: Option<FileContent>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    replies: Vec<HttpReply>,
}

impl<'de> Deserialize<'de> for HttpRoute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(
            deserializer,
            "a route {method, url, replies}",
            |raw: RawRoute| {
                let names = HttpMethod::ALL.map(HttpMethod::name);
                let Some(method) = HttpMethod::from_name(&raw.method) else {
                    let mend = match nearest(&raw.method, names) {
                        Some(method) => format!("did you mean `{method}`?"),
                        None => format!("one of {}", names.join(", ")),
                    };
                    return Err(with_help(format!("unknown method `{}`", raw.method), mend));
                };
                if raw.replies.is_empty() {
                    return Err(with_help(
                        "a route needs a reply",
                        "for example `replies: [{status: 200}]`",
                    ));
                }
                let address = WebAddress::parse(&raw.url).map_err(|wrong| {
                    with_help(
                        format!("`{}` is no address of the web: {wrong}", raw.url),
                        "write it whole, for example `http://server/path`",
                    )
                })?;
                Ok(HttpRoute {
                    method,
                    url: raw.url,
                    address,
                    body: raw.body,
                    headers: raw.headers,
                    replies: raw.replies,
                })
            },
        )
    }
}

impl Serialize for HttpRoute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("method", self.method.name())?;
        map.serialize_entry("url", &self.url)?;
        if let Some(body) = &self.body {
            map.serialize_entry("body", body)?;
        }
        if !self.headers.is_empty() {
            map.serialize_entry("headers", &self.headers)?;
        }
        map.serialize_entry("replies", &self.replies)?;
        map.end()
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
        body: FileContent,
        /// The header lines by name.
        headers: BTreeMap<String, String>,
        /// How long after the request; the latency of the web when it is not said.
        after: Option<Seconds>,
    },
    /// No connection is made: the server says so.
    Refuse {
        /// How long after the request.
        after: Option<Seconds>,
    },
    /// The connection breaks.
    Reset {
        /// How long after the request.
        after: Option<Seconds>,
    },
    /// The connection is made, and nothing ever comes.
    Hang,
    /// No connection is made, and nobody says so.
    Unreachable,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReply {
    status: Option<u16>,
    body: Option<FileContent>,
    headers: Option<BTreeMap<String, String>>,
    after: Option<Seconds>,
    #[serde(default)]
    refuse: bool,
    #[serde(default)]
    reset: bool,
    #[serde(default)]
    hang: bool,
    #[serde(default)]
    unreachable: bool,
}

impl<'de> Deserialize<'de> for HttpReply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_mapping(
            deserializer,
            "a reply, for example {status: 200, body: ok}",
            |raw: RawReply| {
                let answers = raw.status.is_some();
                let kinds = [answers, raw.refuse, raw.reset, raw.hang, raw.unreachable];
                let has_content = raw.body.is_some() || raw.headers.is_some();
                let never_comes = raw.hang || raw.unreachable;
                if kinds.into_iter().filter(|kind| *kind).count() != 1
                    || (has_content && !answers)
                    || (raw.after.is_some() && never_comes)
                {
                    return Err(with_help(
                        "a reply is either {status, body, headers, after} or one of refuse, reset, \
                         hang and unreachable; the first two have a time `after` as well",
                        "for example `{status: 200, body: ok}` or `{refuse: true}`",
                    ));
                }
                let after = raw.after;
                Ok(match raw.status {
                    Some(status) if (200..=599).contains(&status) => HttpReply::Response {
                        status,
                        body: raw.body.unwrap_or_else(|| String::new().into()),
                        headers: raw.headers.unwrap_or_default(),
                        after,
                    },
                    Some(status) => {
                        return Err(with_help(
                            format!("{status} is no status code of an answer"),
                            "200 to 599",
                        ));
                    }
                    None if raw.refuse => HttpReply::Refuse { after },
                    None if raw.reset => HttpReply::Reset { after },
                    None if raw.hang => HttpReply::Hang,
                    None => HttpReply::Unreachable,
                })
            },
        )
    }
}

impl Serialize for HttpReply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let after = match self {
            Self::Response {
                status,
                body,
                headers,
                after,
            } => {
                map.serialize_entry("status", status)?;
                if !body.as_bytes().is_empty() {
                    map.serialize_entry("body", body)?;
                }
                if !headers.is_empty() {
                    map.serialize_entry("headers", headers)?;
                }
                after
            }
            Self::Refuse { after } => {
                map.serialize_entry("refuse", &true)?;
                after
            }
            Self::Reset { after } => {
                map.serialize_entry("reset", &true)?;
                after
            }
            Self::Hang => {
                map.serialize_entry("hang", &true)?;
                &None
            }
            Self::Unreachable => {
                map.serialize_entry("unreachable", &true)?;
                &None
            }
        };
        if let Some(after) = after {
            map.serialize_entry("after", after)?;
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
    /// How many bytes a write leaves in the file all the same; when absent the file stays as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    op: FaultOp,
    #[serde(default = "first")]
    nth: u32,
    error: String,
    partial: Option<u64>,
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
            if raw.partial.is_some() && raw.op != FaultOp::Write {
                return Err(with_help(
                    "only a write can be `partial`",
                    "leave it out, or strike `op: write`",
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
                partial: raw.partial,
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
