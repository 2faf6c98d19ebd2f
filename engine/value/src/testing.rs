//! Values as short texts, for the tables of the unit tests: `[1 2;3 4]`, `L[1 0]`, `'ab'`,
//! `{1,'a';[],{}}`, `<a=1,b='x'>`, `0x3` for an array without elements, `:`, `-`.

use crate::{Array, Dims, StructArray, Value};
use std::rc::Rc;

/// Reads a value.
pub(crate) fn v(text: &str) -> Value {
    let mut reader = Reader {
        rest: text.trim_start(),
    };
    let value = reader.value();
    assert!(reader.rest.is_empty(), "left over: {}", reader.rest);
    value
}

/// Reads values that are separated by blanks.
pub(crate) fn all(text: &str) -> Vec<Value> {
    let mut reader = Reader {
        rest: text.trim_start(),
    };
    let mut values = Vec::new();
    while !reader.rest.is_empty() {
        values.push(reader.value());
    }
    values
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn until(&mut self, stop: &[char]) -> String {
        let end = self.rest.find(stop).unwrap_or(self.rest.len());
        let word = self.rest[..end].to_owned();
        self.rest = self.rest[end..].trim_start();
        word
    }

    fn value(&mut self) -> Value {
        if self.eat("L[") {
            let (dims, data) = self.numbers();
            return Value::bools(Array::new(dims, data.iter().map(|x| *x != 0.0).collect()));
        }
        if self.eat("[") {
            let (dims, data) = self.numbers();
            return Value::doubles(Array::new(dims, data));
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            let end = rest.find('\'').expect("a text ends");
            let value = Value::text(&rest[..end]);
            self.rest = rest[end + 1..].trim_start();
            return value;
        }
        if self.eat("{") {
            let mut rows = vec![Vec::new()];
            while !self.eat("}") {
                if self.eat(";") {
                    rows.push(Vec::new());
                } else if !self.eat(",") {
                    let value = self.value();
                    rows.last_mut().expect("there is a row").push(value);
                }
            }
            let (dims, data) = columns(rows);
            return Value::cell(Array::new(dims, data));
        }
        if self.eat("<") {
            let mut array = StructArray::scalar();
            while !self.eat(">") {
                let name = self.until(&['=']);
                self.eat("=");
                let value = self.value();
                array.set(&name, value);
                self.eat(",");
            }
            return Value::Struct(Rc::new(array));
        }
        let word = self.until(&[' ', ',', ';', '}', '>']);
        match word.as_str() {
            ":" => Value::Colon,
            "-" => Value::Undefined,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => match word.split_once('x') {
                Some(_) => {
                    let sizes: Vec<usize> = word
                        .split('x')
                        .map(|size| size.parse().expect("a size"))
                        .collect();
                    Value::doubles(Array::new(Dims::from_slice(&sizes), Vec::new()))
                }
                None => Value::Double(word.parse().expect("a number")),
            },
        }
    }

    fn numbers(&mut self) -> (Dims, Vec<f64>) {
        let text = self.until(&[']']);
        self.eat("]");
        let rows: Vec<Vec<f64>> = text
            .split(';')
            .map(|row| {
                row.split_whitespace()
                    .map(|word| word.parse().expect("a number"))
                    .collect()
            })
            .collect();
        columns(rows)
    }
}

fn columns<T: Clone>(rows: Vec<Vec<T>>) -> (Dims, Vec<T>) {
    let width = rows[0].len();
    if width == 0 {
        return (Dims::new(0, 0), Vec::new());
    }
    let mut data = Vec::new();
    for column in 0..width {
        data.extend(rows.iter().map(|row| row[column].clone()));
    }
    (Dims::new(rows.len(), width), data)
}

/// Writes a value so that its class, size and elements show.
pub(crate) fn show(value: &Value) -> String {
    match value {
        Value::Undefined => "-".to_owned(),
        Value::Colon => ":".to_owned(),
        Value::Double(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::DoubleArray(array) => {
            assert!(!array.dims().is_scalar(), "1 x 1 doubles are scalars");
            bracketed("[", "]", " ", array.dims(), array.data(), f64::to_string)
        }
        Value::BoolArray(array) => {
            assert!(!array.dims().is_scalar(), "1 x 1 logicals are scalars");
            bracketed("L[", "]", " ", array.dims(), array.data(), |x| {
                u8::from(*x).to_string()
            })
        }
        Value::Char(array) => {
            if array.dims().rank() == 2 && array.count() > 0 {
                let rows: Vec<String> = crate::convert::char_rows(array)
                    .iter()
                    .map(|row| format!("'{row}'"))
                    .collect();
                return rows.join(";");
            }
            if *array.dims() == Dims::new(0, 0) {
                return "''".to_owned();
            }
            format!("C{}", array.dims())
        }
        Value::Cell(array) => bracketed("{", "}", ",", array.dims(), array.data(), show),
        Value::Struct(array) => {
            let element = |at: usize| {
                let fields: Vec<String> = array
                    .fields()
                    .iter()
                    .map(|(name, values)| format!("{name}={}", show(&values[at])))
                    .collect();
                format!("<{}>", fields.join(","))
            };
            if array.dims().is_scalar() {
                return element(0);
            }
            let elements: Vec<usize> = (0..array.count()).collect();
            bracketed("S[", "]", " ", array.dims(), &elements, |at| element(*at))
        }
        Value::Function(function) => function.name.to_string(),
        Value::Exception(error) => format!("error {}", error.message()),
        Value::Object(object) => format!("{object:?}"),
        Value::List(values) => format!("list {}", values.len()),
    }
}

fn bracketed<T>(
    open: &str,
    close: &str,
    separator: &str,
    dims: &Dims,
    data: &[T],
    text: impl Fn(&T) -> String,
) -> String {
    if data.is_empty() || dims.rank() > 2 {
        let texts: Vec<String> = data.iter().map(text).collect();
        if *dims == Dims::new(0, 0) {
            return format!("{open}{close}");
        }
        let kind = open.trim_end_matches('[');
        return format!(
            "{kind}{dims}{}",
            texts.iter().map(|t| format!(" {t}")).collect::<String>()
        );
    }
    let rows: Vec<String> = (0..dims.rows())
        .map(|row| {
            let texts: Vec<String> = (0..dims.columns())
                .map(|column| text(&data[column * dims.rows() + row]))
                .collect();
            texts.join(separator)
        })
        .collect();
    format!("{open}{}{close}", rows.join(";"))
}

/// What came out: the value, or identifier and message of the error.
pub(crate) fn outcome(result: crate::Result<Value>) -> String {
    match result {
        Ok(value) => show(&value),
        Err(error) => format!("{}: {}", error.identifier(), error.message()),
    }
}

/// A handle object with one numbered slot: `o(k)`, `o(k) = v` and `o.Inner`.
pub(crate) struct Slot {
    /// What `o(k)` gives.
    pub content: std::cell::RefCell<Value>,
}

impl crate::Object for Slot {
    fn class_name(&self) -> &str {
        "slot"
    }

    fn id(&self) -> crate::ObjectId {
        crate::ObjectId(1)
    }

    fn index(&self, arguments: &[Value]) -> Option<crate::Result<Value>> {
        (arguments.len() == 1).then(|| Ok(self.content.borrow().clone()))
    }

    fn assign_index(&self, arguments: &[Value], value: Value) -> Option<crate::Result<()>> {
        (arguments.len() == 1).then(|| {
            self.content.replace(value);
            Ok(())
        })
    }

    fn property(&self, name: &str) -> Option<crate::Result<Value>> {
        (name == "Inner").then(|| Ok(self.content.borrow().clone()))
    }
}

/// A slot with that content.
pub(crate) fn slot(content: Value) -> Value {
    Value::Object(crate::ObjectRef::new(Slot {
        content: content.into(),
    }))
}
