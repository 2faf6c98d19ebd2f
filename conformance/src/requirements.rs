//! The catalogue of requirement ids with a line on each: what cases cite and coverage counts.

use std::fmt;
use std::str::FromStr;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::checked::{from_text, with_help};

/// The id of a requirement in the catalogue, for example `C3`: never an id that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequirementId(
    // The place in the catalogue, so that ids order as the catalogue does: A2 before A10.
    u16,
);

impl RequirementId {
    /// The id as it is written.
    pub fn as_str(self) -> &'static str {
        CATALOGUE[usize::from(self.0)].0
    }

    /// One line that says what is required.
    pub fn title(self) -> &'static str {
        CATALOGUE[usize::from(self.0)].1
    }

    /// Every id, in the catalogue's order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..CATALOGUE.len()).map(|place| Self(place as u16))
    }
}

impl fmt::Display for RequirementId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A text that is no requirement id, and what was probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRequirement {
    /// The text.
    pub written: String,
    /// The sentence that mends it.
    pub help: String,
}

impl FromStr for RequirementId {
    type Err = UnknownRequirement;

    fn from_str(text: &str) -> Result<Self, UnknownRequirement> {
        if let Some(place) = CATALOGUE.iter().position(|(id, _)| *id == text) {
            return Ok(Self(place as u16));
        }
        let group = text
            .chars()
            .next()
            .map(|letter| letter.to_ascii_uppercase());
        let last = CATALOGUE.iter().rfind(|(id, _)| id.chars().next() == group);
        let help = match last {
            Some((last, _)) => format!("group {} goes from {}1 to {last}", &last[..1], &last[..1]),
            None => "ids are a group letter A to J and a number, for example C3".into(),
        };
        Err(UnknownRequirement {
            written: text.into(),
            help,
        })
    }
}

impl<'de> Deserialize<'de> for RequirementId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text(deserializer, "a requirement id", |text| {
            text.parse().map_err(|error: UnknownRequirement| {
                with_help(
                    format!("unknown requirement id `{}`", error.written),
                    error.help,
                )
            })
        })
    }
}

impl Serialize for RequirementId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Ids are added at the end of a group and never renumbered.
const CATALOGUE: &[(&str, &str)] = &[
    ("A1", "execute is async and yields a structured result"),
    (
        "A2",
        "suspension is Rust's await only: no pending frames, no resume loop",
    ),
    (
        "A3",
        "engine crates run under any executor and depend on none",
    ),
    (
        "A4",
        "code that never waits never returns Pending and allocates no task",
    ),
    ("A5", "builtins that wait look synchronous to the program"),
    (
        "A6",
        "the host is polled, without blocking, every so many instructions",
    ),
    (
        "A7",
        "a busy program sees futures change state, in simulation too",
    ),
    (
        "A8",
        "a second execute on a busy session is refused; sessions are isolated",
    ),
    ("A9", "top-level await is the host's policy"),
    (
        "A10",
        "unstarted futures stay in the workspace for a later execution",
    ),
    (
        "A11",
        "strict compatibility refuses the async forms before anything runs",
    ),
    (
        "A12",
        "an execution ends idle: callbacks have run, tasks are joined",
    ),
    (
        "A13",
        "nested entries into the VM keep their frames and may wait",
    ),
    (
        "A14",
        "an idle scheduler does not spin, and its counters can be read",
    ),
    (
        "B1",
        "a runtime error carries message, identifier, span, source and context",
    ),
    (
        "B2",
        "context comes from the builder; outer layers never overwrite inner ones",
    ),
    ("B3", "errors become text at the host boundary only"),
    (
        "B4",
        "a formatted diagnostic has its parts in order and counts columns in characters",
    ),
    (
        "B5",
        "catch binds exactly the identifier and message that were thrown",
    ),
    ("B6", "an identifier is never guessed from a message"),
    (
        "B7",
        "stacks come from frames and causes from the source chain, to any depth",
    ),
    (
        "B8",
        "rethrow across an await keeps identifier, message, stack and causes",
    ),
    (
        "B9",
        "a failed future throws at each await and can be caught there",
    ),
    (
        "B10",
        "a failure in a callee unwinds to the handler of its caller",
    ),
    (
        "B11",
        "a throw in an async body becomes the future's failure; the nearest catch wins",
    ),
    (
        "B12",
        "a failure that nobody observed is reported exactly once",
    ),
    (
        "B13",
        "a callback's error is reported and changes nothing else",
    ),
    (
        "B14",
        "cleanup runs exactly once on success, failure and cancellation",
    ),
    (
        "B15",
        "identifiers of the language follow the session's namespace",
    ),
    ("B16", "compile errors are not caught by the program"),
    ("B17", "the identifiers of the async language are stable"),
    (
        "C1",
        "async functions, async blocks and await parse and compile",
    ),
    ("C2", "a future is lazy: await or spawn starts it, once"),
    ("C3", "spawn returns before the body runs"),
    (
        "C4",
        "await where it is not legal is a compile error with its span",
    ),
    ("C5", "await of a value that is no future gives that value"),
    ("C6", "await of a completed future does not suspend"),
    (
        "C7",
        "a future awaited by several runs once and gives all the same result",
    ),
    (
        "C8",
        "await stands in every expression and statement position, left to right",
    ),
    (
        "C9",
        "locals, operands, loops and handlers survive a suspension",
    ),
    ("C10", "futures nest deeply, with values and with failures"),
    ("C11", "async recursion ends in the recursion-limit error"),
    (
        "C12",
        "a throw in nested async blocks reaches its own block's end",
    ),
    (
        "C13",
        "a future of a future flattens; self-resolution is an error",
    ),
    (
        "C14",
        "await_all with a timeout keeps order under one deadline",
    ),
    (
        "C15",
        "captures are copies made at creation; writing one is a compile error",
    ),
    (
        "C16",
        "futures are a kind of value of their own and cannot be forged",
    ),
    (
        "C17",
        "indexed assignment to globals works from functions and tasks",
    ),
    (
        "D1",
        "a future makes exactly one transition into a terminal state",
    ),
    (
        "D2",
        "settling a terminal future is an error that keeps its state",
    ),
    (
        "D3",
        "callbacks run in registration order, once, on the matching state only",
    ),
    ("D4", "a callback registered late still runs"),
    ("D5", "a callback sees the variables of its creation"),
    (
        "D6",
        "polling again inside a callback does not fire it again",
    ),
    ("D7", "every source of completion takes one path"),
    (
        "D8",
        "await_all gives values in order and fails with the first failure",
    ),
    (
        "D9",
        "await_any and race give the winner and its index, ties to the lowest",
    ),
    (
        "D10",
        "a timeout is a typed error; zero looks first; nonsense is refused",
    ),
    ("D11", "abandoned futures leave nothing"),
    (
        "D12",
        "a handle shows identity, state and result, and can be joined or cancelled",
    ),
    ("D13", "a failed result is a value; then stays linked"),
    (
        "D14",
        "a join set gives each member once, failures included",
    ),
    (
        "D15",
        "futures_unordered gives each member once and takes more while draining",
    ),
    ("D16", "priorities have five levels and clamp"),
    (
        "D17",
        "a higher priority goes first; the executors are FIFO within a level",
    ),
    (
        "D18",
        "the embedded tier has fixed capacities and reuses its slots",
    ),
    (
        "D19",
        "the embedded tier allocates nothing after construction",
    ),
    (
        "D20",
        "a step polls one task; a pending task without a wake parks",
    ),
    (
        "D21",
        "blocking on what cannot finish is a deadlock, not a spin",
    ),
    ("D22", "ids grow and are never reused"),
    ("D23", "waker flags are independent and idempotent"),
    ("D24", "more wakers than flags lose no wakeup"),
    ("D25", "early, double, late and stale wakes are harmless"),
    ("D26", "both tiers behave alike"),
    (
        "D27",
        "the host tier spreads sessions over threads, each exactly once",
    ),
    (
        "D28",
        "a cycle of awaits is a deadlock that names the cycle",
    ),
    (
        "E1",
        "host cancel is seen at instruction boundaries and at every await",
    ),
    ("E2", "host cancel cannot be caught, and cleanup still runs"),
    (
        "E3",
        "a cancelled task gets the error inside, its awaiters outside",
    ),
    (
        "E4",
        "cancel wakes every kind of wait and drops its operation",
    ),
    (
        "E5",
        "unwinding runs innermost first, children before the parent's cleanup",
    ),
    ("E6", "cancellation goes down, never up"),
    (
        "E7",
        "cancelling the finished changes nothing; cancelling twice is once",
    ),
    ("E8", "cancel from a callback, or of oneself, is safe"),
    ("E9", "awaits in cleanup are shielded, within a budget"),
    ("E10", "cancel against completion has one winner"),
    (
        "E11",
        "a body that has not begun never begins once cancelled",
    ),
    ("E12", "the session lives on after a cancel"),
    ("F1", "line and key requests reach the session's handler"),
    (
        "F2",
        "a synchronous handler answers without suspension; a later answer blocks nobody",
    ),
    ("F3", "input failures have identifiers"),
    (
        "F4",
        "without a handler input is unavailable, and never hangs",
    ),
    ("F5", "input requests are answered in request order"),
    ("F6", "handlers belong to their session and are contained"),
    (
        "F7",
        "files are written, read, looked for and deleted; errors are typed",
    ),
    ("F8", "a read is pending until it is delivered"),
    ("F9", "timers fire in order and never early"),
    (
        "F10",
        "web requests have status, body, timeouts and retries",
    ),
    ("F11", "the synchronous variants suspend only their caller"),
    ("G1", "upload and download keep shape, class and bits"),
    ("G2", "a pending readback suspends and completes"),
    ("G3", "other tasks go on during a readback"),
    (
        "G4",
        "GPU failures have distinct identifiers with their source",
    ),
    (
        "G5",
        "device loss fails what is pending, and the session survives",
    ),
    ("G6", "a dropped readback frees its staging buffer once"),
    ("G7", "a buffer lives as long as a value refers to it"),
    ("G8", "outputs nobody asked for are released"),
    (
        "G9",
        "tasks share buffers: the retained live, the dropped die",
    ),
    ("G10", "cancellation releases live device values"),
    (
        "G11",
        "freeing during a readback is deferred; stale handles are typed errors",
    ),
    ("G12", "commands of a queue keep their order"),
    ("G13", "a task may capture device values"),
    ("G14", "the reference provider and wgpu agree"),
    (
        "H1",
        "a scope lives exactly as long as something refers to it",
    ),
    ("H2", "nested captures are released innermost first"),
    ("H3", "values alive across an await stay alive"),
    ("H4", "suspended memory follows live state and is freed"),
    ("H5", "cycles do not leak"),
    ("H6", "many operations leave nothing behind"),
    ("H7", "many suspensions leave the state as it was"),
    ("H8", "a long run keeps flat memory"),
    ("H9", "the memory checkers find nothing"),
    ("I1", "parallel reads take as long as the slowest"),
    ("I2", "parallel requests take as long as the slowest"),
    ("I3", "polling costs plain code little"),
    ("I4", "the event loop's cost is reported"),
    ("I5", "the bytes of pending futures are reported"),
    ("I6", "thousands of pending futures all complete"),
    ("I7", "sleeps overlap"),
    ("I8", "scheduler operations are cheap"),
    ("J1", "the same seed gives the same trace everywhere"),
    ("J2", "every kind of injection is there and counted"),
    (
        "J3",
        "race-free cases have one outcome, racy ones exactly those listed",
    ),
    ("J4", "a failure writes a recording that replays"),
    ("J5", "divergence in a replay names the step"),
    ("J6", "what the shrinker gives still fails"),
    ("J7", "cases load strictly and cite requirements"),
    (
        "J8",
        "cases assert value, trace, error, diagnostics, leaks and virtual time",
    ),
    ("J9", "loom models catch their planted mutants"),
    ("J10", "fuzz targets emit replays"),
    ("J11", "small cases are explored exhaustively"),
    (
        "J12",
        "livelock and deadlock become failures with a wait graph",
    ),
    ("J13", "oracles are not vacuous"),
    ("J14", "continuous integration runs the whole matrix"),
    (
        "J15",
        "the async library is documented with runnable examples",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_dense_and_ordered() {
        let lengths = [
            ('A', 14),
            ('B', 17),
            ('C', 17),
            ('D', 28),
            ('E', 12),
            ('F', 11),
            ('G', 14),
            ('H', 9),
            ('I', 8),
            ('J', 15),
        ];
        let expected: Vec<String> = lengths
            .iter()
            .flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")))
            .collect();
        let found: Vec<&str> = RequirementId::all().map(RequirementId::as_str).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn unknown_ids_name_the_group() {
        let table = [
            ("C18", "group C goes from C1 to C17"),
            ("c3", "group C goes from C1 to C17"),
            (
                "Z1",
                "ids are a group letter A to J and a number, for example C3",
            ),
            (
                "",
                "ids are a group letter A to J and a number, for example C3",
            ),
        ];
        for (text, help) in table {
            let error = text.parse::<RequirementId>().expect_err(text);
            assert_eq!(error.help, help, "{text}");
        }
        assert_eq!(
            "D28".parse::<RequirementId>().map(RequirementId::as_str),
            Ok("D28")
        );
    }
}
