//! Values as JSON texts.

use crate::inputs::failure;
use crate::map::MapObject;
use crate::strings::number::general;
use tourbillon_value::convert::char_rows;
use tourbillon_value::{Dims, Result, StructArray, Value};

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Numbers that JSON has no word for become `null`; else `NaN`, `Infinity` and `-Infinity`.
    pub(crate) converts_special: bool,
    /// On several lines.
    pub(crate) is_pretty: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            converts_special: true,
            is_pretty: false,
        }
    }
}

/// The text of a value.
pub(crate) fn encode(value: &Value, style: Style) -> Result<String> {
    let mut writer = Writer {
        text: String::new(),
        style,
        depth: 0,
    };
    writer.value(value)?;
    Ok(writer.text)
}

/// Values nest as deep as a program likes; what is written has to end somewhere.
const DEEPEST: usize = 500;

struct Writer {
    text: String,
    style: Style,
    depth: usize,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<()> {
        match value {
            Value::Double(number) => self.number(*number),
            Value::Bool(truth) => self.truth(*truth),
            Value::DoubleArray(array) => {
                let data = array.data();
                self.array(array.dims(), &mut |writer, at| writer.number(data[at]))?;
            }
            Value::BoolArray(array) => {
                let data = array.data();
                self.array(array.dims(), &mut |writer, at| writer.truth(data[at]))?;
            }
            Value::Char(array) => match value.as_text() {
                Some(text) => self.string(&text),
                None => {
                    let rows = char_rows(array);
                    self.list(rows.len(), &mut |writer, at| {
                        writer.string(&rows[at]);
                        Ok(())
                    })?;
                }
            },
            Value::Cell(array) => {
                let data = array.data();
                self.list(data.len(), &mut |writer, at| writer.value(&data[at]))?;
            }
            Value::Struct(array) if array.dims().is_scalar() => self.element(array, 0)?,
            Value::Struct(array) => {
                self.list(array.count(), &mut |writer, at| writer.element(array, at))?;
            }
            Value::Object(object) => match object.downcast_ref::<MapObject>() {
                Some(map) => self.map(map)?,
                None => return Err(unable(value)),
            },
            Value::Function(_) | Value::Exception(_) => return Err(unable(value)),
            Value::Undefined | Value::Colon | Value::List(_) => {
                unreachable!("internal values are no arguments")
            }
        }
        Ok(())
    }

    /// Fifteen digits when they say it all, else seventeen, as MATLAB writes numbers here.
    fn number(&mut self, number: f64) {
        if !number.is_finite() {
            self.text
                .push_str(match (self.style.converts_special, number) {
                    (true, _) => "null",
                    (false, number) if number.is_nan() => "NaN",
                    (false, number) if number > 0.0 => "Infinity",
                    (false, _) => "-Infinity",
                });
            return;
        }
        let short = general(number, 15, false);
        if short.parse() == Ok(number) {
            self.text.push_str(&short);
        } else {
            self.text.push_str(&general(number, 17, false));
        }
    }

    fn truth(&mut self, truth: bool) {
        self.text.push_str(if truth { "true" } else { "false" });
    }

    fn string(&mut self, text: &str) {
        self.text
            .push_str(&serde_json::Value::from(text).to_string());
    }

    fn element(&mut self, array: &StructArray, at: usize) -> Result<()> {
        let fields = array.fields();
        self.nested('{', '}', fields.len(), &mut |writer, field| {
            let (name, values) = &fields[field];
            writer.key(name);
            writer.value(&values[at])
        })
    }

    fn map(&mut self, map: &MapObject) -> Result<()> {
        let entries = map.entries();
        self.nested('{', '}', entries.len(), &mut |writer, at| {
            let (key, value) = &entries[at];
            match key.as_text() {
                Some(key) => writer.key(&key),
                None => writer.key(&general(key.as_number().unwrap_or(f64::NAN), 15, false)),
            }
            writer.value(value)
        })
    }

    fn key(&mut self, key: &str) {
        self.string(key);
        self.text
            .push_str(if self.style.is_pretty { ": " } else { ":" });
    }

    /// An array of numbers: a vector is a list, everything else lists of lists, the first dimension
    /// outermost.
    fn array(&mut self, dims: &Dims, element: &mut dyn FnMut(&mut Writer, usize)) -> Result<()> {
        if dims.is_vector() || dims.as_slice() == [0, 0] {
            return self.list(dims.count(), &mut |writer, at| {
                element(writer, at);
                Ok(())
            });
        }
        self.slices(dims.as_slice(), 0, 1, element)
    }

    fn slices(
        &mut self,
        sizes: &[usize],
        from: usize,
        stride: usize,
        element: &mut dyn FnMut(&mut Writer, usize),
    ) -> Result<()> {
        let Some((size, rest)) = sizes.split_first() else {
            element(self, from);
            return Ok(());
        };
        self.list(*size, &mut |writer, at| {
            writer.slices(rest, from + at * stride, stride * size, element)
        })
    }

    fn list(
        &mut self,
        count: usize,
        item: &mut dyn FnMut(&mut Writer, usize) -> Result<()>,
    ) -> Result<()> {
        self.nested('[', ']', count, item)
    }

    fn nested(
        &mut self,
        open: char,
        close: char,
        count: usize,
        item: &mut dyn FnMut(&mut Writer, usize) -> Result<()>,
    ) -> Result<()> {
        if self.depth == DEEPEST {
            return Err(failure(format!(
                "jsonencode: the value nests deeper than {DEEPEST}."
            )));
        }
        self.text.push(open);
        self.depth += 1;
        for at in 0..count {
            if at > 0 {
                self.text.push(',');
            }
            self.new_line();
            item(self, at)?;
        }
        self.depth -= 1;
        if count > 0 {
            self.new_line();
        }
        self.text.push(close);
        Ok(())
    }

    fn new_line(&mut self) {
        if self.style.is_pretty {
            self.text.push('\n');
            (0..self.depth).for_each(|_| self.text.push_str("  "));
        }
    }
}

fn unable(value: &Value) -> tourbillon_value::RuntimeError {
    failure(format!(
        "Unable to encode objects of class '{}' as JSON-formatted text.",
        value.class_name()
    ))
}
