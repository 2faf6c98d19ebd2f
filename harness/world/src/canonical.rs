//! Values as cases state them and as runs are compared: class, size and data, nothing else.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};
use smallvec::{SmallVec, smallvec};

use crate::checked::{nearest, with_help};

/// A value of a workspace in canonical form, as a case expects it or a run left it.
///
/// In YAML a number is a double scalar, a list of numbers a row, a list of lists a matrix, a string
/// a char row, a boolean a logical; everything else is `{class, size, data}`.
#[derive(Clone, Debug, PartialEq)]
pub struct CanonicalValue {
    /// The name that `class(x)` gives.
    pub class: Cow<'static, str>,
    /// The dimensions that `size(x)` gives: two or more.
    pub size: SmallVec<[usize; 2]>,
    /// The elements, in column-major order where there are several.
    pub data: CanonicalData,
}

/// The elements of a [`CanonicalValue`].
#[derive(Clone, Debug)]
pub enum CanonicalData {
    /// Numbers of any numeric class, column-major.
    Numbers(Vec<f64>),
    /// Logicals, column-major.
    Logicals(Vec<bool>),
    /// A char row; a char matrix is its characters column-major.
    Text(Cow<'static, str>),
    /// The elements of a cell array, column-major.
    Cells(Vec<CanonicalValue>),
    /// The fields of a scalar struct in order, the entries of a map in key order, or what a future
    /// shows of itself (`state`, and `value` once it has one).
    Fields(Vec<(Cow<'static, str>, CanonicalValue)>),
    /// The text of a function handle, or of a value that shows nothing more of itself.
    Opaque(Cow<'static, str>),
}

impl PartialEq for CanonicalData {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            // NaN equals itself here: a case that expects NaN expects NaN.
            (Self::Numbers(left), Self::Numbers(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(l, r)| same(*l, *r))
            }
            (Self::Logicals(left), Self::Logicals(right)) => left == right,
            (Self::Text(left), Self::Text(right)) | (Self::Opaque(left), Self::Opaque(right)) => {
                left == right
            }
            (Self::Cells(left), Self::Cells(right)) => left == right,
            (Self::Fields(left), Self::Fields(right)) => left == right,
            (
                Self::Numbers(_)
                | Self::Logicals(_)
                | Self::Text(_)
                | Self::Cells(_)
                | Self::Fields(_)
                | Self::Opaque(_),
                _,
            ) => false,
        }
    }
}

impl CanonicalValue {
    /// Whether both are written alike, bit by bit: this tells 0 from -0, which are equal.
    pub(crate) fn is_identical(&self, other: &CanonicalValue) -> bool {
        self.class == other.class && self.size == other.size && self.data.is_identical(&other.data)
    }
}

impl CanonicalData {
    fn is_identical(&self, other: &CanonicalData) -> bool {
        match (self, other) {
            (Self::Numbers(left), Self::Numbers(right)) => {
                let bits = |number: &f64| number.to_bits();
                left.iter().map(bits).eq(right.iter().map(bits))
            }
            (Self::Cells(left), Self::Cells(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(l, r)| l.is_identical(r))
            }
            (Self::Fields(left), Self::Fields(right)) => {
                let mut pairs = left.iter().zip(right);
                left.len() == right.len()
                    && pairs.all(|(left, right)| left.0 == right.0 && left.1.is_identical(&right.1))
            }
            (Self::Logicals(_) | Self::Text(_) | Self::Opaque(_), _) => self == other,
            (Self::Numbers(_) | Self::Cells(_) | Self::Fields(_), _) => false,
        }
    }
}

fn same(left: f64, right: f64) -> bool {
    left == right || (left.is_nan() && right.is_nan())
}

const NUMERIC_CLASSES: [&str; 10] = [
    "double", "single", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
];
const OTHER_CLASSES: [&str; 7] = [
    "logical",
    "char",
    "cell",
    "struct",
    "future",
    "function_handle",
    "containers.Map",
];

impl CanonicalValue {
    /// A double scalar.
    pub fn number(value: f64) -> Self {
        Self {
            class: "double".into(),
            size: smallvec![1, 1],
            data: CanonicalData::Numbers(vec![value]),
        }
    }

    /// A logical scalar.
    pub fn logical(value: bool) -> Self {
        Self {
            class: "logical".into(),
            size: smallvec![1, 1],
            data: CanonicalData::Logicals(vec![value]),
        }
    }

    /// A char row; the empty text is 0-by-0, as `''` is.
    pub fn text(value: impl Into<Cow<'static, str>>) -> Self {
        let value = value.into();
        let length = value.encode_utf16().count();
        let size = if length == 0 {
            smallvec![0, 0]
        } else {
            smallvec![1, length]
        };
        Self {
            class: "char".into(),
            size,
            data: CanonicalData::Text(value),
        }
    }

    fn from_node(node: Node) -> Result<Self, String> {
        match node {
            Node::Number(value) => Ok(Self::number(value)),
            Node::Logical(value) => Ok(Self::logical(value)),
            Node::Text(value) => Ok(Self::text(value)),
            Node::List(items) => Self::from_list(items),
            Node::Map(entries) => Self::from_entries(entries),
        }
    }

    fn from_list(items: Vec<Node>) -> Result<Self, String> {
        if items.is_empty() {
            return Ok(Self {
                class: "double".into(),
                size: smallvec![0, 0],
                data: CanonicalData::Numbers(Vec::new()),
            });
        }
        if items.iter().all(|item| matches!(item, Node::List(_))) {
            return matrix(items);
        }
        let columns = items.len();
        let data = numbers(items, "a list of numbers is a row")?;
        Ok(Self {
            class: "double".into(),
            size: smallvec![1, columns],
            data: CanonicalData::Numbers(data),
        })
    }

    fn from_entries(entries: Vec<(String, Node)>) -> Result<Self, String> {
        let (mut class, mut size, mut data) = (None, None, None);
        for (key, node) in entries {
            let slot = match key.as_str() {
                "class" => &mut class,
                "size" => &mut size,
                "data" => &mut data,
                _ => {
                    let mend = match nearest(&key, ["class", "size", "data"]) {
                        Some(known) => format!("did you mean `{known}`?"),
                        None => "a value is written {class, size, data}".into(),
                    };
                    return Err(with_help(format!("unknown key `{key}` in a value"), mend));
                }
            };
            *slot = Some(node);
        }
        let Some(Node::Text(class)) = class else {
            return Err(with_help(
                "a value needs `class`, a text",
                "for example `class: int8`",
            ));
        };
        let data =
            data.ok_or_else(|| with_help("a value needs `data`", "for example `data: [1, 2]`"))?;
        let size = size.map(dimensions).transpose()?;
        typed(class, size, data)
    }
}

fn dimensions(node: Node) -> Result<SmallVec<[usize; 2]>, String> {
    let mend = "two or more whole numbers, for example `size: [2, 3]`";
    let Node::List(items) = node else {
        return Err(with_help("`size` must be a list", mend));
    };
    let size: Option<SmallVec<[usize; 2]>> = items
        .iter()
        .map(|item| match item {
            Node::Number(value) if *value >= 0.0 && value.fract() == 0.0 && *value < 1e9 => {
                Some(*value as usize)
            }
            Node::Number(_) | Node::Logical(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => {
                None
            }
        })
        .collect();
    size.filter(|size| size.len() >= 2)
        .ok_or_else(|| with_help("`size` is no size of an array", mend))
}

fn typed(
    class: String,
    size: Option<SmallVec<[usize; 2]>>,
    data: Node,
) -> Result<CanonicalValue, String> {
    let (data, count) = match class.as_str() {
        "logical" => {
            let data = flat(data)
                .into_iter()
                .map(|node| match node {
                    Node::Logical(value) => Ok(value),
                    Node::Number(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => Err(
                        with_help("the data of a logical are booleans", "write true or false"),
                    ),
                })
                .collect::<Result<Vec<bool>, String>>()?;
            let count = data.len();
            (CanonicalData::Logicals(data), count)
        }
        "char" => match data {
            Node::Text(text) => {
                let count = text.encode_utf16().count();
                (CanonicalData::Text(text.into()), count)
            }
            Node::Number(_) | Node::Logical(_) | Node::List(_) | Node::Map(_) => {
                return Err(with_help(
                    "the data of a char array are one text",
                    "column by column",
                ));
            }
        },
        "cell" => {
            let cells = match data {
                Node::List(items) => items,
                Node::Number(_) | Node::Logical(_) | Node::Text(_) | Node::Map(_) => {
                    return Err(with_help(
                        "the data of a cell array are a list",
                        "column by column",
                    ));
                }
            };
            let cells = cells
                .into_iter()
                .map(CanonicalValue::from_node)
                .collect::<Result<Vec<_>, _>>()?;
            let count = cells.len();
            (CanonicalData::Cells(cells), count)
        }
        "struct" | "future" => (CanonicalData::Fields(fields(&class, data)?), 1),
        "containers.Map" => {
            let entries = fields(&class, data)?;
            let count = entries.len();
            (CanonicalData::Fields(entries), count)
        }
        "function_handle" => match data {
            Node::Text(text) => (CanonicalData::Opaque(text.into()), 1),
            Node::Number(_) | Node::Logical(_) | Node::List(_) | Node::Map(_) => {
                return Err(with_help(
                    "the data of a function handle are its text",
                    "as func2str gives it",
                ));
            }
        },
        numeric if NUMERIC_CLASSES.contains(&numeric) => {
            let data = numbers(flat(data), "the data of a numeric array are numbers")?;
            let count = data.len();
            (CanonicalData::Numbers(data), count)
        }
        unknown => {
            let known = NUMERIC_CLASSES.iter().chain(&OTHER_CLASSES).copied();
            let mend = match nearest(unknown, known) {
                Some(class) => format!("did you mean `{class}`?"),
                None => format!(
                    "one of {}, {}",
                    NUMERIC_CLASSES.join(", "),
                    OTHER_CLASSES.join(", ")
                ),
            };
            return Err(with_help(format!("unknown class `{unknown}`"), mend));
        }
    };
    let size = match size {
        Some(size) => size,
        None if class == "containers.Map" => smallvec![count, 1],
        None if class == "char" && count == 0 => smallvec![0, 0],
        None => smallvec![1, count],
    };
    if size.iter().product::<usize>() != count {
        return Err(with_help(
            format!("the size {size:?} and {count} elements do not agree"),
            "data are listed column by column",
        ));
    }
    let class = class.into();
    Ok(CanonicalValue { class, size, data })
}

fn fields(class: &str, data: Node) -> Result<Vec<(Cow<'static, str>, CanonicalValue)>, String> {
    let Node::Map(entries) = data else {
        return Err(with_help(
            format!("the data of a {class} are a mapping"),
            match class {
                "future" => "for example `data: {state: success, value: 1}`",
                _ => "for example `data: {name: 1}`",
            },
        ));
    };
    entries
        .into_iter()
        .map(|(name, node)| Ok((name.into(), CanonicalValue::from_node(node)?)))
        .collect()
}

fn flat(node: Node) -> Vec<Node> {
    match node {
        Node::List(items) => items,
        Node::Number(_) | Node::Logical(_) | Node::Text(_) | Node::Map(_) => vec![node],
    }
}

fn numbers(items: Vec<Node>, rule: &str) -> Result<Vec<f64>, String> {
    items
        .into_iter()
        .map(|item| match item {
            Node::Number(value) => Ok(value),
            Node::Text(text) if special(&text).is_some() => Ok(special(&text).unwrap_or(f64::NAN)),
            Node::Logical(_) | Node::Text(_) | Node::List(_) | Node::Map(_) => Err(with_help(
                rule,
                "anything else is written {class, size, data}",
            )),
        })
        .collect()
}

fn special(text: &str) -> Option<f64> {
    let found = SPECIAL.iter().find(|(known, _)| *known == text);
    found.map(|(_, value)| *value)
}

fn matrix(rows: Vec<Node>) -> Result<CanonicalValue, String> {
    let rows = rows
        .into_iter()
        .map(|row| numbers(flat(row), "a list of lists of numbers is a matrix"))
        .collect::<Result<Vec<_>, _>>()?;
    let columns = rows[0].len();
    if rows.iter().any(|row| row.len() != columns) {
        return Err(with_help(
            "the rows of a matrix are equally long",
            format!("the first has {columns}"),
        ));
    }
    let data = (0..columns)
        .flat_map(|j| rows.iter().map(move |row| row[j]))
        .collect();
    Ok(CanonicalValue {
        class: "double".into(),
        size: smallvec![rows.len(), columns],
        data: CanonicalData::Numbers(data),
    })
}

/// YAML as it stands, before it means a value.
enum Node {
    Number(f64),
    Logical(bool),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, a text, a boolean, a list or {class, size, data}")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Logical(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

impl<'de> Deserialize<'de> for CanonicalValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CanonicalValue::from_node(Node::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for CanonicalValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("class", &self.class)?;
        map.serialize_entry("size", &self.size[..])?;
        match &self.data {
            CanonicalData::Numbers(data) => {
                let numbers: Vec<Element> = data.iter().map(|number| Element(*number)).collect();
                map.serialize_entry("data", &numbers)?;
            }
            CanonicalData::Logicals(data) => map.serialize_entry("data", data)?,
            CanonicalData::Text(data) | CanonicalData::Opaque(data) => {
                map.serialize_entry("data", data)?;
            }
            CanonicalData::Cells(data) => map.serialize_entry("data", data)?,
            CanonicalData::Fields(data) => map.serialize_entry("data", &InOrder(data))?,
        }
        map.end()
    }
}

/// A number that formats without infinities, such as JSON, do not lose: those are written as YAML
/// spells them, in quotes.
struct Element(f64);

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match SPECIAL.iter().find(|(_, value)| same(self.0, *value)) {
            Some((text, _)) => serializer.serialize_str(text),
            None => serializer.serialize_f64(self.0),
        }
    }
}

/// The numbers that only text can spell everywhere.
const SPECIAL: [(&str, f64); 3] = [
    (".nan", f64::NAN),
    (".inf", f64::INFINITY),
    ("-.inf", f64::NEG_INFINITY),
];

/// Writes the fields of a struct as a mapping in their own order.
struct InOrder<'a>(&'a [(Cow<'static, str>, CanonicalValue)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl fmt::Display for CanonicalValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size: Vec<String> = self.size.iter().map(usize::to_string).collect();
        write!(formatter, "{} {} ", size.join("x"), self.class)?;
        match &self.data {
            CanonicalData::Numbers(data) => write!(formatter, "{data:?}"),
            CanonicalData::Logicals(data) => write!(formatter, "{data:?}"),
            CanonicalData::Text(data) | CanonicalData::Opaque(data) => {
                write!(formatter, "{data:?}")
            }
            CanonicalData::Cells(data) => {
                let items: Vec<String> = data.iter().map(ToString::to_string).collect();
                write!(formatter, "{{{}}}", items.join(", "))
            }
            CanonicalData::Fields(data) => {
                let items: Vec<String> = data
                    .iter()
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                write!(formatter, "{{{}}}", items.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(yaml: &str, expected: &str) {
        let shown = match serde_yaml::from_str::<CanonicalValue>(yaml) {
            Ok(value) => value.to_string(),
            Err(error) => format!("error: {}", error.to_string().replace('\u{1}', "; ")),
        };
        assert!(shown.starts_with(expected), "{yaml}: {shown}");
    }

    #[test]
    fn yaml_means_values() {
        check("3", "1x1 double [3.0]");
        check(".nan", "1x1 double [NaN]");
        check("true", "1x1 logical [true]");
        check("abc", "1x3 char \"abc\"");
        check("''", "0x0 char \"\"");
        check("[1, 2]", "1x2 double [1.0, 2.0]");
        check("[[1, 2], [3, 4]]", "2x2 double [1.0, 3.0, 2.0, 4.0]");
        check("[]", "0x0 double []");
        check("{class: int8, data: 5}", "1x1 int8 [5.0]");
        check(
            "{class: logical, size: [2, 1], data: [true, false]}",
            "2x1 logical [true, false]",
        );
        check(
            "{class: cell, data: [1, x]}",
            "1x2 cell {1x1 double [1.0], 1x1 char \"x\"}",
        );
        check(
            "{class: struct, data: {a: 1}}",
            "1x1 struct {a: 1x1 double [1.0]}",
        );
        check(
            "{class: future, data: {state: pending}}",
            "1x1 future {state: 1x7 char \"pending\"}",
        );
    }

    #[test]
    fn numbers_that_are_not_finite_survive() {
        let value = CanonicalValue {
            class: "double".into(),
            size: smallvec![1, 4],
            data: CanonicalData::Numbers(vec![1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        };
        let text = serde_yaml::to_string(&value).expect("it is written");
        let back: CanonicalValue = serde_yaml::from_str(&text).expect("it is read");
        assert_eq!(back, value, "{text}");
        assert!(text.contains("'.nan'"), "{text}");
    }

    #[test]
    fn nonsense_is_refused_with_its_mend() {
        check(
            "[[1, 2], [3]]",
            "error: the rows of a matrix are equally long; help: the first has 2",
        );
        check(
            "[1, x]",
            "error: a list of numbers is a row; help: anything else",
        );
        check(
            "{class: doubel, data: 1}",
            "error: unknown class `doubel`; help: did you mean `double`?",
        );
        check(
            "{klass: double}",
            "error: unknown key `klass` in a value; help: did you mean `class`?",
        );
        check(
            "{class: int8, size: [2, 2], data: [1]}",
            "error: the size [2, 2] and 1 elements",
        );
    }
}
