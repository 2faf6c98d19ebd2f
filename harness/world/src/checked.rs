//! Deserializing helpers whose errors keep the position of the mapping they are about.
//!
//! A check that runs after a mapping was read would be reported at its parent: YAML positions are
//! attached while the error travels outwards. So the checks run inside the visitor of the mapping.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Between a message and the sentence that mends it, inside one serde error text.
pub const HELP: &str = "\u{1}help: ";

/// Joins a message and the sentence that mends it; the loader takes them apart again.
pub fn with_help(message: impl fmt::Display, help: impl fmt::Display) -> String {
    format!("{message}{HELP}{help}")
}

/// Reads a mapping as `Raw` and turns it into `T`; a refusal is reported where the mapping starts.
pub fn from_mapping<'de, D, Raw, T>(
    deserializer: D,
    what: &'static str,
    convert: fn(Raw) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    Raw: Deserialize<'de>,
{
    struct MappingVisitor<Raw, T> {
        what: &'static str,
        convert: fn(Raw) -> Result<T, String>,
        marker: PhantomData<Raw>,
    }

    impl<'de, Raw: Deserialize<'de>, T> Visitor<'de> for MappingVisitor<Raw, T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.what)
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            let raw = Raw::deserialize(MapAccessDeserializer::new(map))?;
            (self.convert)(raw).map_err(A::Error::custom)
        }
    }

    deserializer.deserialize_map(MappingVisitor {
        what,
        convert,
        marker: PhantomData,
    })
}

/// Reads a scalar text and turns it into `T`; a refusal is reported at the scalar.
pub fn from_text<'de, D, T>(
    deserializer: D,
    what: &'static str,
    convert: fn(&str) -> Result<T, String>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct TextVisitor<T> {
        what: &'static str,
        convert: fn(&str) -> Result<T, String>,
    }

    impl<T> Visitor<'_> for TextVisitor<T> {
        type Value = T;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.what)
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            (self.convert)(text).map_err(E::custom)
        }
    }

    // Not `deserialize_str`: that would take the number 5 for the text "5".
    deserializer.deserialize_any(TextVisitor { what, convert })
}

/// A text that was written as one: a YAML number or boolean is refused, not spelled out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a text (put it in quotes)", |text| {
            Ok(Text(text.into()))
        })
    }
}

/// The one of `known` that is written most like `word`, if any is near enough to be meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = word.chars().count().div_ceil(3).max(1);
    known
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Damerau's distance with adjacent swaps (optimal string alignment), over characters.
fn edit_distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut rows: Vec<Vec<usize>> = vec![(0..=right.len()).collect()];
    for i in 1..=left.len() {
        let mut row = vec![i; right.len() + 1];
        for j in 1..=right.len() {
            let differs = usize::from(left[i - 1] != right[j - 1]);
            let mut best = (rows[i - 1][j - 1] + differs)
                .min(rows[i - 1][j] + 1)
                .min(row[j - 1] + 1);
            if i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row[j] = best;
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_typos_and_nothing_else() {
        let known = ["id", "title", "requires", "program", "expect"];
        let table = [
            ("titel", Some("title")),
            ("require", Some("requires")),
            ("Program", Some("program")),
            ("expects", Some("expect")),
            ("colour", None),
        ];
        for (word, expected) in table {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
