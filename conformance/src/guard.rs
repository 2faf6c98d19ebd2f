//! A first walk over a YAML text that bounds what it can grow to and finds repeated keys.
//!
//! The YAML reader gives positions only with errors, so a place is found by failing there on
//! purpose: the walk stops at a node and the reader says where that was.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::checked::with_help;

/// Nodes that a document may have after its aliases were followed.
const MAX_NODES: usize = 200_000;
/// Bytes of text that a document may have after its aliases were followed.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// Walks a document; gives its first fault in size or keys, and where the reader had no position
/// of its own, the place of the last node that was reached.
pub(crate) fn walk(text: &str) -> Result<(), (serde_yaml::Error, (usize, usize))> {
    let counter = Counter {
        nodes: Cell::new(0),
        text_bytes: Cell::new(0),
        stop_at: None,
    };
    let Err(error) = Walk(&counter).deserialize(serde_yaml::Deserializer::from_str(text)) else {
        return Ok(());
    };
    let mut place = (1, 1);
    if error.location().is_none() {
        let stopper = Counter {
            nodes: Cell::new(0),
            text_bytes: Cell::new(0),
            stop_at: Some(counter.nodes.get()),
        };
        let stopped = Walk(&stopper).deserialize(serde_yaml::Deserializer::from_str(text));
        if let Some(location) = stopped.err().and_then(|error| error.location()) {
            place = (location.line().max(1), location.column().max(1));
        }
    }
    Err((error, place))
}

/// The line of the marker that begins a second document, if the reader complained about one.
pub(crate) fn second_document(text: &str, error: &serde_yaml::Error) -> Option<usize> {
    // The reader has one error without a kind for it, and no position with it.
    if error.location().is_some() || !error.to_string().contains("more than one document") {
        return None;
    }
    let is_content = |line: &str| !line.trim().is_empty() && !line.starts_with(['#', '%']);
    let first = text.lines().position(is_content)?;
    let second = text
        .lines()
        .skip(first + 1)
        .position(|line| line.starts_with("---"))?;
    Some(first + 1 + second + 1)
}

/// Where `key` of the item `index` of the list `list` of a document has its value.
pub(crate) fn locate(text: &str, list: &str, index: usize, key: &str) -> Option<(usize, usize)> {
    let path = [Step::Key(list), Step::Index(index), Step::Key(key)];
    let found = Locate(&path).deserialize(serde_yaml::Deserializer::from_str(text));
    let location = found.err()?.location()?;
    Some((location.line(), location.column()))
}

struct Counter {
    nodes: Cell<usize>,
    text_bytes: Cell<usize>,
    stop_at: Option<usize>,
}

impl Counter {
    fn count<E: Error>(&self, text_bytes: usize) -> Result<(), E> {
        self.nodes.set(self.nodes.get() + 1);
        self.text_bytes.set(self.text_bytes.get() + text_bytes);
        if self.stop_at == Some(self.nodes.get()) {
            return Err(E::custom("stopped here"));
        }
        if self.nodes.get() > MAX_NODES || self.text_bytes.get() > MAX_TEXT_BYTES {
            return Err(E::custom(with_help(
                "this file grows too large when its aliases are followed",
                "write out what the aliases stand for, or split the suite",
            )));
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Walk<'a>(&'a Counter);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    /// The text of a scalar, by which keys are compared; empty for anything else.
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("plain YAML without tags")
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        self.0.count(0)?;
        Ok(String::new())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        self.0.count(1)?;
        Ok(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        self.0.count(8)?;
        Ok(value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        self.0.count(8)?;
        Ok(value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        self.0.count(8)?;
        Ok(value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        self.0.count(text.len())?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<String, A::Error> {
        self.0.count(0)?;
        while access.next_element_seed(self)?.is_some() {}
        Ok(String::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<String, A::Error> {
        self.0.count(0)?;
        let mut keys = BTreeSet::new();
        while access
            .next_key_seed(NewKey {
                walk: self,
                keys: &mut keys,
            })?
            .is_some()
        {
            access.next_value_seed(self)?;
        }
        Ok(String::new())
    }
}

/// A key of a mapping, refused at its place when the mapping has it already.
struct NewKey<'a, 'b> {
    walk: Walk<'a>,
    keys: &'b mut BTreeSet<String>,
}

impl<'de> DeserializeSeed<'de> for NewKey<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NewKey<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key that is a text")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.walk.0.count(text.len())?;
        if !self.keys.insert(text.into()) {
            return Err(E::custom(with_help(
                format!("the key `{text}` stands twice"),
                "keep one of them",
            )));
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

/// Goes down a path and fails at its end.
#[derive(Clone, Copy)]
struct Locate<'a>(&'a [Step<'a>]);

impl<'de> DeserializeSeed<'de> for Locate<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Locate<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the place that is looked for")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let [Step::Index(wanted), rest @ ..] = self.0 else {
            return Err(A::Error::custom("here"));
        };
        for _ in 0..*wanted {
            access.next_element::<serde::de::IgnoredAny>()?;
        }
        access.next_element_seed(Locate(rest))?;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        let [Step::Key(wanted), rest @ ..] = self.0 else {
            return Err(A::Error::custom("here"));
        };
        while let Some(key) = access.next_key::<String>()? {
            if key == *wanted {
                return access.next_value_seed(Locate(rest));
            }
            access.next_value::<serde::de::IgnoredAny>()?;
        }
        Ok(())
    }
}
