//! `MException`: how an error looks to the language.

use std::rc::Rc;
use tourbillon_value::{Array, Dims, Namespace, RuntimeError, StackFrame, StructArray, Value};

/// A property of an exception; `None` when there is no such property.
pub(crate) fn property(error: &RuntimeError, name: &str, namespace: Namespace) -> Option<Value> {
    Some(match name {
        "identifier" => Value::text(error.identifier_in(namespace)),
        "message" => Value::text(error.message()),
        "stack" => stack(&error.context().stack),
        "cause" => {
            let causes: Vec<Value> = error
                .causes()
                .iter()
                .cloned()
                .map(Value::Exception)
                .collect();
            if causes.is_empty() {
                Value::cell(Array::empty())
            } else {
                Value::cell(Array::column(causes))
            }
        }
        _ => return None,
    })
}

/// The call frames, innermost first, as an n × 1 struct array.
fn stack(frames: &[StackFrame]) -> Value {
    let column = |field: fn(&StackFrame) -> Value| frames.iter().map(field).collect::<Vec<_>>();
    let fields: Vec<(Rc<str>, Vec<Value>)> = vec![
        ("file".into(), column(|frame| Value::text(&frame.file))),
        ("name".into(), column(|frame| Value::text(&frame.name))),
        (
            "line".into(),
            column(|frame| Value::Double(f64::from(frame.line))),
        ),
        (
            "column".into(),
            column(|frame| Value::Double(f64::from(frame.column))),
        ),
    ];
    Value::Struct(Rc::new(StructArray::new(
        Dims::new(frames.len(), 1),
        fields,
    )))
}
