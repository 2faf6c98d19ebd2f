//! `containers.Map`: a handle object with sorted keys.

use crate::inputs::{as_numbers, coded, failure, is_text, split_options, text, unsupported};
use crate::table::plain;
use crate::{Call, Context, Entry, Outputs, codes, note_escape, one};
use smallvec::SmallVec;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use tourbillon_host::{Access, Watch};
use tourbillon_value::{
    Array, Dims, Object, ObjectId, ObjectParts, ObjectRef, Result, RuntimeError, Value, ops,
    text_of, units_of,
};

pub(crate) static TABLE: &[Entry] = &[
    plain(
        "containers.Map",
        0,
        u8::MAX,
        1,
        new,
        "m = containers.Map(keys, values), containers.Map('KeyType', k, 'ValueType', v): a map",
    ),
    plain(
        "isKey",
        2,
        2,
        1,
        is_key,
        "tf = isKey(m, key), isKey(m, cell): whether there is such a key",
    ),
    plain("keys", 1, 1, 1, keys, "c = keys(m): all keys, sorted"),
    plain(
        "remove",
        2,
        2,
        1,
        remove,
        "m = remove(m, key), remove(m, cell): takes keys out",
    ),
    plain(
        "values",
        1,
        2,
        1,
        values,
        "c = values(m), values(m, keys): the values, in order of the keys",
    ),
];

/// The units of a key: most are short, and to look one up is no reason to allocate.
type Units = SmallVec<[u16; 8]>;

/// A key; numbers and texts never meet in one map.
#[derive(Clone, Debug)]
enum Key {
    Number(f64),
    Text(Units),
}

impl Key {
    fn value(&self) -> Value {
        match self {
            Key::Number(number) => Value::Double(*number),
            Key::Text(units) => Value::text(&text_of(units)),
        }
    }

    /// The key in a report of what the map holds.
    fn shown(&self) -> String {
        match self {
            Key::Number(number) => number.to_string(),
            Key::Text(units) => text_of(units),
        }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        match (self, other) {
            (Key::Number(a), Key::Number(b)) => a.total_cmp(b),
            (Key::Text(a), Key::Text(b)) => a.cmp(b),
            (Key::Number(_), Key::Text(_)) => Ordering::Less,
            (Key::Text(_), Key::Number(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Key {}

/// The object of `containers.Map`.
pub struct MapObject {
    id: ObjectId,
    watch: Watch,
    key_type: &'static str,
    value_type: &'static str,
    entries: RefCell<BTreeMap<Key, Value>>,
}

impl MapObject {
    /// Number of keys.
    pub fn count(&self) -> usize {
        self.looked_at();
        self.entries.borrow().len()
    }

    /// Keys and values, in the order of the keys.
    pub fn entries(&self) -> Vec<(Value, Value)> {
        self.looked_at();
        let entries = self.entries.borrow();
        let pairs = entries.iter();
        pairs
            .map(|(key, value)| (key.value(), value.clone()))
            .collect()
    }

    /// Shows every entry in the order of the keys, its key as text.
    pub fn visit_entries(&self, mut visit: impl FnMut(String, &Value)) {
        self.looked_at();
        for (key, value) in &*self.entries.borrow() {
            visit(key.shown(), value);
        }
    }

    /// What it is made with, and what it holds: keys and values in turn.
    pub fn take_apart(&self) -> ObjectParts {
        let entries = self.entries().into_iter();
        ObjectParts {
            settings: vec![self.key_type.to_owned(), self.value_type.to_owned()],
            held: entries.flat_map(|(key, value)| [key, value]).collect(),
        }
    }

    /// A map made with what another was made with; it holds nothing yet.
    pub fn remake(context: &dyn Context, settings: &[String]) -> ObjectRef {
        let setting = |at: usize, kinds: &[&'static str]| {
            let known = |setting: &String| kinds.iter().find(|kind| *kind == setting);
            settings.get(at).and_then(known).copied()
        };
        let map = ObjectRef::new(MapObject {
            id: context.new_object_id(),
            watch: context.watch(),
            key_type: setting(0, KEY_TYPES).unwrap_or("char"),
            value_type: setting(1, VALUE_TYPES).unwrap_or("any"),
            entries: RefCell::default(),
        });
        context.adopt(&map);
        map
    }

    /// Takes what another map held.
    pub fn refill(&self, held: Vec<Value>) {
        let mut held = held.into_iter();
        while let (Some(key), Some(value)) = (held.next(), held.next()) {
            if let Ok(key) = self.key(&key) {
                self.entries.borrow_mut().insert(key, value);
            }
        }
    }

    /// The map itself says what is done with it: it may be reached on many ways.
    fn looked_at(&self) {
        self.watch.handle(self.id, Access::Read);
    }

    fn key(&self, value: &Value) -> Result<Key> {
        let key = match (self.key_type == "char", value) {
            // A row as it stands, unless it has surrogates that may lack their partners.
            (true, Value::Char(array))
                if array.dims().rows() == 1 && !array.data().iter().any(is_surrogate) =>
            {
                Some(Key::Text(Units::from_slice(array.data())))
            }
            (true, Value::Char(_)) => {
                let units = |text: String| Units::from_vec(units_of(&text));
                value.as_text().map(|text| Key::Text(units(text)))
            }
            // The sum makes one key of the two zeros.
            (false, Value::Double(_) | Value::Bool(_)) => {
                value.as_number().map(|number| Key::Number(number + 0.0))
            }
            _ => None,
        };
        key.ok_or_else(|| {
            failure("Specified key type does not match the type expected for this container.")
        })
    }

    fn get(&self, key: &Value) -> Result<Value> {
        self.looked_at();
        let key = self.key(key)?;
        let value = self.entries.borrow().get(&key).cloned();
        value.ok_or_else(no_key)
    }

    fn set(&self, key: &Value, value: Value) -> Result<()> {
        self.watch.handle(self.id, Access::Write);
        note_escape(&self.watch, [&value]);
        let key = self.key(key)?;
        let fits = match self.value_type {
            "any" => true,
            "char" => value.as_text().is_some(),
            "logical" => matches!(value, Value::Bool(_) | Value::Double(_)),
            _ => matches!(value, Value::Double(_) | Value::Bool(_)),
        };
        if !fits {
            return Err(failure(
                "Specified value type does not match the type expected for this container.",
            ));
        }
        let value = match self.value_type {
            "logical" => Value::Bool(ops::is_true(&value)?),
            "any" | "char" => value,
            _ => value.as_number().map_or(value, Value::Double),
        };
        // The old value goes when nothing is borrowed any more: its end may do anything.
        let old = self.entries.borrow_mut().insert(key, value);
        drop(old);
        Ok(())
    }
}

fn is_surrogate(unit: &u16) -> bool {
    (0xd800..0xe000).contains(unit)
}

fn no_key() -> RuntimeError {
    coded(
        &codes::MAP_NO_KEY,
        "The specified key is not present in this container.",
    )
}

impl Drop for MapObject {
    fn drop(&mut self) {
        let is_flat = |value: &Value| matches!(value, Value::Double(_) | Value::Bool(_));
        if self.entries.get_mut().values().all(is_flat) {
            return;
        }
        let mut values = Vec::new();
        self.give_up(&mut values);
        tourbillon_value::release(&mut values);
    }
}

impl Object for MapObject {
    fn class_name(&self) -> &str {
        "containers.Map"
    }

    fn id(&self) -> ObjectId {
        self.id
    }

    fn dims(&self) -> Dims {
        Dims::new(self.count(), 1)
    }

    fn index(&self, arguments: &[Value]) -> Option<Result<Value>> {
        Some(match arguments {
            [key] => self.get(key),
            _ => Err(failure("Only one key can be given.")),
        })
    }

    fn assign_index(&self, arguments: &[Value], value: Value) -> Option<Result<()>> {
        Some(match arguments {
            [key] => self.set(key, value),
            _ => Err(failure("Only one key can be given.")),
        })
    }

    fn property(&self, name: &str) -> Option<Result<Value>> {
        match name {
            "Count" => Some(Ok(Value::Double(self.count() as f64))),
            "KeyType" => Some(Ok(Value::text(self.key_type))),
            "ValueType" => Some(Ok(Value::text(self.value_type))),
            _ => None,
        }
    }

    fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.entries.borrow().values().for_each(visit);
    }

    fn clear(&self) {
        let entries = self.entries.take();
        drop(entries);
    }

    fn give_up(&self, values: &mut Vec<Value>) {
        values.extend(self.entries.take().into_values());
    }

    fn display(&self) -> String {
        format!(
            "  Map with properties:\n\n        Count: {}\n      KeyType: {}\n    ValueType: {}\n",
            self.count(),
            self.key_type,
            self.value_type
        )
    }
}

const KEY_TYPES: &[&str] = &[
    "char", "double", "single", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64",
    "uint64",
];

const VALUE_TYPES: &[&str] = &[
    "any", "char", "logical", "double", "single", "int8", "uint8", "int16", "uint16", "int32",
    "uint32", "int64", "uint64",
];

/// The type that a text names, if it is one of those.
fn kind(name: &str, value: &Value, kinds: &[&'static str], unknown: &str) -> Result<&'static str> {
    match kinds.iter().find(|kind| is_text(value, kind)) {
        Some(kind) => Ok(kind),
        None => Err(text(name, value).map_or_else(|error| error, |_| failure(unknown))),
    }
}

fn new(call: &mut Call<'_>) -> Result<Outputs> {
    let (given, options) = match &*call.arguments {
        // A first argument with the name of an option is an option.
        all if all.len() % 2 == 0 || all.len() == 1 => {
            let (rest, options) = split_options(all, &["KeyType", "ValueType", "UniformValues"])?;
            (rest, options)
        }
        _ => {
            return Err(failure(
                "The number of keys and values must match, and options come in pairs.",
            ));
        }
    };
    let mut key_type = "char";
    let mut value_type = "any";
    for (name, value) in options {
        match name {
            "UniformValues" => {
                ops::is_true(value)?;
            }
            "KeyType" => {
                key_type = kind(call.name, value, KEY_TYPES, "Unsupported KeyType.")?;
            }
            _ => {
                value_type = kind(call.name, value, VALUE_TYPES, "Unsupported ValueType.")?;
            }
        }
    }
    let pairs: Vec<(Value, Value)> = match given {
        [] => Vec::new(),
        [keys, values] => {
            let (keys, is_list) = list(keys);
            let values = match values {
                Value::Cell(cell) if is_list => cell.data().to_vec(),
                values if is_list && keys.len() != 1 => {
                    // Numbers given as an array are held as numbers.
                    match list(values).0.first() {
                        Some(Value::Double(_)) => value_type = "double",
                        Some(Value::Bool(_)) => value_type = "logical",
                        Some(_) | None => {}
                    }
                    list(values).0
                }
                single => vec![single.clone()],
            };
            if keys.len() != values.len() {
                return Err(failure("The number of keys and values must match."));
            }
            if !keys.iter().all(|key| matches!(key, Value::Char(_))) {
                if keys.iter().any(|key| matches!(key, Value::Char(_))) {
                    return Err(failure("All keys must be of one type."));
                }
                key_type = "double";
            }
            keys.into_iter().zip(values).collect()
        }
        _ => {
            return Err(failure(
                "containers.Map: the arguments are keys and values.",
            ));
        }
    };
    let map = MapObject {
        id: call.context.new_object_id(),
        watch: call.context.watch(),
        key_type,
        value_type,
        entries: RefCell::default(),
    };
    for (key, value) in pairs {
        map.set(&key, value)?;
    }
    let map = ObjectRef::new(map);
    call.context.adopt(&map);
    Ok(one(Value::Object(map)))
}

/// What is in a cell or a numeric array, and whether it was one at all; a text is one key.
fn list(value: &Value) -> (Vec<Value>, bool) {
    match value {
        Value::Cell(cell) => (cell.data().to_vec(), true),
        Value::DoubleArray(array) => (
            array.data().iter().map(|x| Value::Double(*x)).collect(),
            true,
        ),
        Value::BoolArray(array) => (array.data().iter().map(|x| Value::Bool(*x)).collect(), true),
        other => (vec![other.clone()], false),
    }
}

/// The map that is the first argument, to be looked at or changed.
fn map<'a>(call: &'a Call<'_>, access: Access) -> Result<&'a MapObject> {
    let value = &call.arguments[0];
    let map = value
        .as_object::<MapObject>()
        .ok_or_else(|| unsupported(call.name, value))?;
    map.watch.handle(map.id, access);
    Ok(map)
}

fn is_key(call: &mut Call<'_>) -> Result<Outputs> {
    let map = map(call, Access::Read)?;
    // A key of another type is not there; that is no error.
    let has = |key: &Value| {
        map.key(key)
            .is_ok_and(|key| map.entries.borrow().contains_key(&key))
    };
    Ok(one(match &call.arguments[1] {
        Value::Cell(cell) => Value::bools(Array::new(
            cell.dims().clone(),
            cell.data().iter().map(has).collect(),
        )),
        key => Value::Bool(has(key)),
    }))
}

fn row(values: Vec<Value>) -> Value {
    // An empty map has a row of no keys, 1 × 0.
    Value::cell(Array::row(values))
}

fn keys(call: &mut Call<'_>) -> Result<Outputs> {
    let map = map(call, Access::Read)?;
    let keys = map.entries.borrow().keys().map(Key::value).collect();
    Ok(one(row(keys)))
}

fn values(call: &mut Call<'_>) -> Result<Outputs> {
    let map = map(call, Access::Read)?;
    let values = match call.arguments.get(1) {
        None => map.entries.borrow().values().cloned().collect(),
        Some(Value::Cell(wanted)) => wanted
            .data()
            .iter()
            .map(|key| map.get(key))
            .collect::<Result<_>>()?,
        Some(other) => {
            let wanted = as_numbers(other).map(|_| list(other).0).unwrap_or_default();
            if wanted.is_empty() || matches!(other, Value::Char(_)) {
                return Err(failure("Specified keys must be given as a cell array."));
            }
            wanted
                .iter()
                .map(|key| map.get(key))
                .collect::<Result<_>>()?
        }
    };
    Ok(one(row(values)))
}

fn remove(call: &mut Call<'_>) -> Result<Outputs> {
    let map = map(call, Access::Write)?;
    let gone = list(&call.arguments[1]).0;
    let gone = gone
        .iter()
        .map(|key| map.key(key))
        .collect::<Result<Vec<_>>>()?;
    // All or nothing: a key that is missing leaves the map as it was.
    if gone
        .iter()
        .any(|key| !map.entries.borrow().contains_key(key))
    {
        return Err(no_key());
    }
    for key in gone {
        let old = map.entries.borrow_mut().remove(&key);
        drop(old);
    }
    Ok(one(call.arguments[0].clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Session, check, show};

    #[test]
    fn maps_are_made_in_several_ways() {
        check(&[
            ("keys(containers.Map({'b' 'a'}, {1 2}))", "{'a' 'b'}"),
            ("values(containers.Map({'b' 'a'}, {1 2}))", "{2 1}"),
            ("values(containers.Map({'b' 'a'}, [1 2]))", "{2 1}"),
            ("keys(containers.Map([3 1 2], {'x' 'y' 'z'}))", "{1 2 3}"),
            ("keys(containers.Map('k', 5))", "{'k'}"),
            ("values(containers.Map('k', {1 2}))", "{{1 2}}"),
            ("keys(containers.Map())", "{1x0}"),
            ("numel(containers.Map({'b' 'a'}, {1 2}))", "2"),
            ("size(containers.Map({'b' 'a'}, {1 2}))", "[2 1]"),
            ("isKey(containers.Map({'b' 'a'}, {1 2}), 'a')", "true"),
            (
                "isKey(containers.Map({'b' 'a'}, {1 2}), {'a' 'z' 3})",
                "[true false false]",
            ),
            ("values(containers.Map({'b' 'a'}, {1 2}), {'b'})", "{1}"),
            (
                "keys(remove(containers.Map({'b' 'a'}, {1 2}), 'a'))",
                "{'b'}",
            ),
            (
                "remove(containers.Map(), 'a')",
                "error: MATLAB:Containers:Map:NoKey: The specified key is not present in this container.",
            ),
            (
                "values(containers.Map(), {'a'})",
                "error: MATLAB:Containers:Map:NoKey: The specified key is not present in this container.",
            ),
            (
                "containers.Map({'b' 'a'}, {1})",
                "error: The number of keys and values must match.",
            ),
            (
                "containers.Map('KeyType', 'nix', 'ValueType', 'any')",
                "error: Unsupported KeyType.",
            ),
            (
                "keys(5)",
                "error: MATLAB:UndefinedFunction: Undefined function 'keys' for input arguments of type 'double'.",
            ),
        ]);
    }

    #[test]
    fn a_map_is_read_written_and_watched() {
        let session = Session::default();
        let value = session
            .evaluate(
                "containers.Map('KeyType', 'double', 'ValueType', 'double')",
                1,
            )
            .unwrap()
            .swap_remove(0);
        let Value::Object(object) = &value else {
            panic!("an object")
        };
        let set = |key: Value, new: Value| object.assign_index(&[key], new).unwrap();
        set(3.0.into(), 7.0.into()).unwrap();
        set((-0.0).into(), true.into()).unwrap();
        assert_eq!(show(&object.index(&[0.0.into()]).unwrap().unwrap()), "1");
        assert_eq!(
            object
                .index(&[4.0.into()])
                .unwrap()
                .unwrap_err()
                .identifier(),
            "MATLAB:Containers:Map:NoKey"
        );
        assert!(set("a".into(), 1.0.into()).is_err());
        assert!(set(1.0.into(), "a".into()).is_err());
        assert_eq!(show(&object.property("Count").unwrap().unwrap()), "2");
        assert_eq!(
            show(&object.property("KeyType").unwrap().unwrap()),
            "'double'"
        );
        assert!(object.property("Nope").is_none());

        session
            .call("keys", std::slice::from_ref(&value), 1)
            .unwrap();
        session
            .call("remove", &[value.clone(), 3.0.into()], 1)
            .unwrap();
        // Made, two stores, two looks, two stores of the wrong type, `Count`, `keys`, `remove`.
        let accesses = session.seen.accesses.borrow().join(" ");
        let accesses = accesses.replace(" Handle(ObjectId(1))", "");
        assert_eq!(
            accesses,
            "Create Write Write Read Read Write Write Read Read Write"
        );

        let mut seen = 0;
        object.trace(&mut |_| seen += 1);
        assert_eq!(seen, 1);
        object.clear();
        assert_eq!(object.dims(), Dims::new(0, 1));
    }
}
