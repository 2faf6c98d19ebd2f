//! World and session made smaller: entries left out, options back at their defaults.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_yaml::Value;

/// Every variant of a configuration with one entry less or one number smaller, that still reads as
/// one.
pub(super) fn reductions<C: Serialize + DeserializeOwned + PartialEq>(config: &C) -> Vec<C> {
    let Ok(value) = serde_yaml::to_value(config) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for candidate in smaller(&value) {
        // What cannot be left out comes back as its default, or is refused here.
        if let Ok(candidate) = serde_yaml::from_value::<C>(candidate)
            && candidate != *config
            && !found.contains(&candidate)
        {
            found.push(candidate);
        }
    }
    found
}

/// How much a configuration says: its entries that are not those of the default, and their text.
pub(super) fn measure<C: Serialize + Default>(config: &C) -> (u64, u64) {
    let (Ok(value), Ok(default)) = (
        serde_yaml::to_value(config),
        serde_yaml::to_value(C::default()),
    ) else {
        return (0, 0);
    };
    let (Value::Mapping(entries), Value::Mapping(usual)) = (&value, &default) else {
        return (0, 0);
    };
    let own = entries
        .iter()
        .filter(|(key, value)| usual.get(*key) != Some(*value));
    let (mut leaves, mut weight) = (0, 0);
    for (_, value) in own {
        weigh(value, &mut leaves, &mut weight);
    }
    (leaves, weight)
}

fn weigh(value: &Value, leaves: &mut u64, weight: &mut u64) {
    match value {
        Value::Mapping(entries) => {
            *leaves += 1;
            entries
                .values()
                .for_each(|value| weigh(value, leaves, weight));
        }
        Value::Sequence(items) => {
            *leaves += 1;
            items.iter().for_each(|item| weigh(item, leaves, weight));
        }
        Value::String(text) => {
            *leaves += 1;
            *weight += 1 + text.len() as u64;
        }
        Value::Number(number) => {
            *leaves += 1;
            // Whole numbers before others, small before large.
            let number = number.as_f64().unwrap_or(0.0).abs();
            let fraction = if number.fract() == 0.0 { 0 } else { 1_000 };
            *weight += fraction + (number.min(1e9) * 8.0) as u64;
        }
        Value::Null | Value::Bool(_) | Value::Tagged(_) => *leaves += 1,
    }
}

/// A value without each of its parts, whole parts first.
fn smaller(value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Mapping(entries) => {
            for key in entries.keys() {
                let mut fewer = entries.clone();
                fewer.shift_remove(key);
                found.push(Value::Mapping(fewer));
            }
            for (key, inner) in entries {
                for inner in smaller(inner) {
                    let mut changed = entries.clone();
                    changed.insert(key.clone(), inner);
                    found.push(Value::Mapping(changed));
                }
            }
        }
        Value::Sequence(items) => {
            for index in (0..items.len()).rev() {
                let mut fewer = items.clone();
                fewer.remove(index);
                found.push(Value::Sequence(fewer));
            }
            for (index, inner) in items.iter().enumerate() {
                for inner in smaller(inner) {
                    let mut changed = items.clone();
                    changed[index] = inner;
                    found.push(Value::Sequence(changed));
                }
            }
        }
        Value::String(text) if !text.is_empty() => {
            found.push(Value::String(String::new()));
            let half = text.chars().count() / 2;
            if half > 0 {
                found.push(Value::String(text.chars().take(half).collect()));
            }
        }
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or(0.0);
            for less in [0.0, 1.0, (number / 2.0).floor()] {
                if less < number {
                    found.push(Value::Number((less as u64).into()));
                }
            }
        }
        Value::Bool(_) | Value::Null | Value::String(_) | Value::Tagged(_) => {}
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SessionConfig, WorldConfig};

    #[test]
    fn the_web_is_made_smaller() {
        let read = |text: &str| serde_yaml::from_str::<WorldConfig>(text).expect("a world");
        let world = read(
            "http: [{method: GET, url: 'http://s/a', replies: [{refuse: true}, {status: 200, body: long, after: 3}]},\
             {method: POST, url: 'http://s/b', headers: {A: b}, replies: [{hang: true}]}]",
        );
        let found = reductions(&world);
        let whole = measure(&world);
        for one in &found {
            assert!(measure(one) <= whole, "{one:?}");
        }
        for less in [
            "http: [{method: GET, url: 'http://s/a', replies: [{refuse: true}, {status: 200, body: long, after: 3}]}]",
            "http: [{method: GET, url: 'http://s/a', replies: [{refuse: true}]},\
             {method: POST, url: 'http://s/b', headers: {A: b}, replies: [{hang: true}]}]",
            "http: [{method: GET, url: 'http://s/a', replies: [{refuse: true}, {status: 200, after: 3}]},\
             {method: POST, url: 'http://s/b', headers: {A: b}, replies: [{hang: true}]}]",
            "http: [{method: GET, url: 'http://s/a', replies: [{refuse: true}, {status: 200, body: long, after: 3}]},\
             {method: POST, url: 'http://s/b', replies: [{hang: true}]}]",
        ] {
            assert!(found.contains(&read(less)), "{less}");
        }
    }

    #[test]
    fn every_reduction_says_less() {
        let world: WorldConfig = serde_yaml::from_str(
            "disk: {a.txt: 'some text', b.txt: x}\nlatency: {read: 3, write: 0.5}\n\
             input: [{line: one, after: 2}, {end: true}]\nfaults: [{op: read, nth: 4, error: 'io:NotFound'}]\n",
        )
        .expect("a world");
        let found = reductions(&world);
        let whole = measure(&world);
        for one in &found {
            assert!(measure(one) <= whole, "{one:?}");
        }
        let has = |text: &str| {
            let wanted: WorldConfig = serde_yaml::from_str(text).expect("a world");
            assert!(found.contains(&wanted), "{text}");
        };
        let rest = "latency: {read: 3, write: 0.5}\ninput: [{line: one, after: 2}, {end: true}]\n\
                    faults: [{op: read, nth: 4, error: 'io:NotFound'}]\n";
        has(&format!("disk: {{a.txt: 'some text'}}\n{rest}"));
        has(rest);
        let session = SessionConfig {
            strict: true,
            poll_every: 5,
            ..SessionConfig::default()
        };
        assert_eq!(measure(&session).0, 2);
        let found = reductions(&session);
        assert!(found.iter().any(|one| !one.strict && one.poll_every == 5));
        assert_eq!(measure(&SessionConfig::default()), (0, 0));
    }
}
