//! Deserializing helpers whose errors keep the position of the mapping they are about.

use serde::de::{Deserialize, Deserializer};

pub(crate) use tourbillon_world::checked::{HELP, from_mapping, from_text, nearest, with_help};

/// A text that was written as one: a YAML number or boolean is refused, not spelled out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a text (put it in quotes)", |text| {
            Ok(Text(text.into()))
        })
    }
}
