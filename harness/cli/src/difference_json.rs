//! Where a run and its repetition part, in reports that other commands read.

use serde_json::{Value, json};
use tourbillon_sim::Difference;

/// The difference as reports say it.
pub fn write(difference: &Difference) -> Value {
    let Difference {
        run,
        before,
        one,
        other,
    } = difference;
    json!({"run": run, "before": before, "one": one, "other": other})
}

/// The other way round; none when it is no difference.
pub fn read(value: &Value) -> Option<Difference> {
    let text = |value: &Value| value.as_str().map(str::to_string);
    let before = value["before"].as_array()?;
    Some(Difference {
        run: value["run"].as_u64()?,
        before: before.iter().filter_map(text).collect(),
        one: text(&value["one"]),
        other: text(&value["other"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let difference = Difference {
            run: 7,
            before: vec!["  spawn main/a#1".to_string()],
            one: Some("  step main".to_string()),
            other: None,
        };
        assert_eq!(read(&write(&difference)), Some(difference));
        assert_eq!(read(&Value::Null), None);
    }
}
