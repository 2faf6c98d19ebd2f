//! The table of all functions, in the order of their names.

use crate::{Body, Call, Entry, Intrinsic, NativeFrame, Outputs, Scalar, Start};
use tourbillon_value::Result;

/// Number of a function in the table. Numbers hold for one build only; names are for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BuiltinId(pub u16);

/// The function of that number.
///
/// # Panics
/// For a number that [`lookup`] never gave.
pub fn entry(id: BuiltinId) -> &'static Entry {
    TABLES[usize::from(id.0 >> 8)]
        .get(usize::from(id.0 & 0xff))
        .expect("numbers come from lookup")
}

/// The function of that name.
pub fn lookup(name: &str) -> Option<BuiltinId> {
    TABLES.iter().enumerate().find_map(|(table, entries)| {
        let at = entries
            .binary_search_by(|entry| entry.name.cmp(name))
            .ok()?;
        Some(BuiltinId((table as u16) << 8 | at as u16))
    })
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    TABLES
        .iter()
        .flat_map(|entries| entries.iter())
        .map(|entry| entry.name)
}

/// The chapters; each is sorted by name and has at most 256 entries (a test checks both).
static TABLES: &[&[Entry]] = &[
    FUTURES,
    crate::arrays::BUILD,
    crate::arrays::FIND,
    crate::arrays::LINEAR,
    crate::arrays::MOVE,
    crate::arrays::ORDER,
    crate::arrays::REDUCE,
    crate::arrays::SETS,
    crate::arrays::SIZE,
    crate::cells::APPLY,
    crate::cells::CELLS,
    crate::cells::STRUCTS,
    crate::checks::TABLE,
    crate::cleanup::TABLE,
    crate::errors::TABLE,
    crate::files::TABLE,
    crate::functions::TABLE,
    crate::gpu::TABLE,
    crate::input::TABLE,
    crate::json::TABLE,
    crate::map::TABLE,
    crate::math::BITS,
    crate::math::CONSTANTS,
    crate::math::ELEMENTWISE,
    crate::math::OPERATORS,
    crate::math::WHOLE,
    crate::output::TABLE,
    crate::parallel::TABLE,
    crate::random::TABLE,
    crate::strings::COMPARE,
    crate::strings::CONVERT,
    crate::strings::EDIT,
    crate::strings::FORMAT,
    crate::strings::REGULAR,
    crate::strings::SCAN,
    crate::strings::SPLIT,
    crate::time::TABLE,
    crate::types::TABLE,
    crate::warnings::TABLE,
    crate::web::TABLE,
];

const fn of(
    name: &'static str,
    min_inputs: u8,
    max_inputs: u8,
    max_outputs: u8,
    body: Body,
    help: &'static str,
) -> Entry {
    Entry {
        name,
        min_inputs,
        max_inputs,
        max_outputs,
        body,
        scalar: Scalar::None,
        help,
    }
}

/// A function that returns at once.
pub(crate) const fn plain(
    name: &'static str,
    min_inputs: u8,
    max_inputs: u8,
    max_outputs: u8,
    function: fn(&mut Call<'_>) -> Result<Outputs>,
    help: &'static str,
) -> Entry {
    let body = Body::Plain(function);
    of(name, min_inputs, max_inputs, max_outputs, body, help)
}

/// A function that calls back into the language.
pub(crate) const fn frame(
    name: &'static str,
    min_inputs: u8,
    max_inputs: u8,
    max_outputs: u8,
    function: fn(&mut Call<'_>) -> Result<Box<dyn NativeFrame>>,
    help: &'static str,
) -> Entry {
    let body = Body::Frame(function);
    of(name, min_inputs, max_inputs, max_outputs, body, help)
}

/// A function that waits for the host.
pub(crate) const fn waits(
    name: &'static str,
    min_inputs: u8,
    max_inputs: u8,
    max_outputs: u8,
    function: fn(&mut Call<'_>) -> Result<Start>,
    help: &'static str,
) -> Entry {
    let body = Body::Waits(function);
    of(name, min_inputs, max_inputs, max_outputs, body, help)
}

/// A function that starts a host operation.
pub(crate) const fn starts(
    name: &'static str,
    min_inputs: u8,
    max_inputs: u8,
    max_outputs: u8,
    function: fn(&mut Call<'_>) -> Result<Start>,
    help: &'static str,
) -> Entry {
    let body = Body::Starts(function);
    of(name, min_inputs, max_inputs, max_outputs, body, help)
}

pub(crate) const fn intrinsic(
    name: &'static str,
    min_inputs: u8,
    max_inputs: u8,
    max_outputs: u8,
    intrinsic: Intrinsic,
    help: &'static str,
) -> Entry {
    Entry {
        name,
        min_inputs,
        max_inputs,
        max_outputs,
        body: Body::Intrinsic(intrinsic),
        scalar: Scalar::None,
        help,
    }
}

/// Any number of inputs or outputs.
pub(crate) const ANY: u8 = u8::MAX;

/// Tasks and futures.
static FUTURES: &[Entry] = &[
    intrinsic(
        "add",
        2,
        2,
        0,
        Intrinsic::Add,
        "add(js, f): makes f a member of a join set",
    ),
    intrinsic(
        "await",
        1,
        3,
        ANY,
        Intrinsic::Await,
        "v = await(f), await(f, 'Timeout', s): the value of a future",
    ),
    intrinsic(
        "await_all",
        0,
        ANY,
        1,
        Intrinsic::AwaitAll,
        "c = await_all(f1, f2, …), await_all(cell), await_all(…, 'Timeout', s): all values",
    ),
    intrinsic(
        "await_any",
        0,
        ANY,
        2,
        Intrinsic::AwaitAny,
        "[v, i] = await_any(…): the first success",
    ),
    intrinsic(
        "cancel",
        1,
        1,
        1,
        Intrinsic::Cancel,
        "tf = cancel(f): asks a future to stop",
    ),
    intrinsic(
        "cancel_all",
        1,
        1,
        0,
        Intrinsic::CancelAll,
        "cancel_all(js): asks all members to stop",
    ),
    intrinsic(
        "complete",
        2,
        2,
        0,
        Intrinsic::Complete,
        "complete(p, v): settles a promise with a value",
    ),
    intrinsic(
        "fail",
        2,
        2,
        0,
        Intrinsic::Fail,
        "fail(p, err): settles a promise with an error",
    ),
    intrinsic(
        "futures_unordered",
        0,
        1,
        1,
        Intrinsic::FuturesUnordered,
        "fu = futures_unordered(c): futures in order of completion",
    ),
    intrinsic(
        "join_next",
        1,
        1,
        2,
        Intrinsic::JoinNext,
        "[v, i] = join_next(js): the next member to end",
    ),
    intrinsic(
        "joinset",
        0,
        0,
        1,
        Intrinsic::JoinSet,
        "js = joinset(): an empty join set",
    ),
    intrinsic(
        "next",
        1,
        1,
        2,
        Intrinsic::Next,
        "[v, i] = next(fu): the next future to end",
    ),
    intrinsic(
        "on_complete",
        2,
        2,
        1,
        Intrinsic::OnComplete,
        "on_complete(f, cb): calls cb(f) when f has ended",
    ),
    intrinsic(
        "on_failure",
        2,
        2,
        1,
        Intrinsic::OnFailure,
        "on_failure(f, cb): calls cb(error) when f has failed",
    ),
    intrinsic(
        "on_success",
        2,
        2,
        1,
        Intrinsic::OnSuccess,
        "on_success(f, cb): calls cb(value) when f has succeeded",
    ),
    intrinsic(
        "promise",
        0,
        0,
        1,
        Intrinsic::Promise,
        "p = promise(): a future to be settled by hand",
    ),
    intrinsic(
        "push",
        2,
        2,
        0,
        Intrinsic::Push,
        "push(fu, f): adds a future",
    ),
    intrinsic(
        "race",
        0,
        ANY,
        2,
        Intrinsic::Race,
        "[v, i] = race(…): the first to end",
    ),
    intrinsic(
        "spawn",
        1,
        5,
        1,
        Intrinsic::Spawn,
        "t = spawn(f, 'Priority', p, 'Name', n): starts a future as a task",
    ),
    intrinsic(
        "then",
        2,
        2,
        1,
        Intrinsic::Then,
        "g = then(f, cb): a future of cb(value)",
    ),
    intrinsic(
        "yield_now",
        0,
        0,
        0,
        Intrinsic::YieldNow,
        "yield_now(): gives way once",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chapter_is_sorted_and_no_name_stands_twice() {
        let mut seen = std::collections::BTreeSet::new();
        for entries in TABLES {
            assert!(entries.len() <= 256);
            assert!(entries.is_sorted_by(|a, b| a.name < b.name));
            for entry in *entries {
                assert!(seen.insert(entry.name), "{} stands twice", entry.name);
                assert!(
                    entry.help.contains(entry.name),
                    "the help of {} does not name it",
                    entry.name
                );
                assert_eq!(crate::entry(lookup(entry.name).unwrap()).name, entry.name);
            }
        }
    }
}
