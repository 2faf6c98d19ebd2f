//! Prints the reference of the library, `docs/library.md`, from the help lines of its table.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use tourbillon_builtins::{Body, Entry, Intrinsic, entry, lookup, names};

/// The chapters of the reference: each is the tables that hold these functions.
const CHAPTERS: &[(&str, &[&str])] = &[
    ("Futures and tasks", &["spawn"]),
    ("Background jobs", &["parfeval"]),
    ("Time", &["pause"]),
    ("Files", &["fileread"]),
    ("The web", &["webread"]),
    ("JSON", &["jsondecode"]),
    ("Input", &["input"]),
    ("GPU", &["gpuArray"]),
    ("Errors and warnings", &["error", "warning"]),
    ("Cleanup", &["onCleanup"]),
    ("Checks for simulations", &["invariant"]),
    ("Functions", &["feval"]),
    ("Types and conversions", &["class"]),
    ("Constants and filled arrays", &["zeros"]),
    ("Building arrays", &["repmat"]),
    ("Size and shape", &["size", "reshape"]),
    (
        "Searching and ordering",
        &["find", "union", "sort", "unique"],
    ),
    ("Sums and other reductions", &["sum"]),
    ("Linear algebra", &["inv"]),
    ("Operators as functions", &["plus"]),
    ("Elementwise mathematics", &["abs"]),
    ("Whole numbers and bits", &["gcd", "bitand"]),
    ("Random numbers", &["rand"]),
    ("Text", &["upper", "strcmp", "strsplit"]),
    (
        "Text and numbers",
        &["char", "num2str", "sprintf", "sscanf"],
    ),
    ("Regular expressions", &["regexp"]),
    ("Output", &["disp"]),
    ("Cells and structs", &["cell", "struct"]),
    ("Functions over arrays", &["cellfun"]),
    ("Maps", &["containers.Map"]),
];

/// What precedes the chapters.
const HEAD: &str = "\
# The library

Every function of the library, by chapter. This page is written by a program from the help lines of the
functions themselves; change those and run
`cargo run -p tourbillon-builtins --example reference > docs/library.md`.

Optional inputs are shown in further forms, `…` stands for as many as you like. Functions marked
**suspends** may let other tasks run before they return; those marked **starts** return a future whose
operation has begun. No other function ever gives way: see [the language](language.md).
";

/// The whole page.
///
/// # Panics
/// When a chapter names a function that is gone.
pub fn reference() -> String {
    let mut by_table: BTreeMap<u16, Vec<&Entry>> = BTreeMap::new();
    for name in names() {
        let id = lookup(name).expect("the table has what it names");
        by_table.entry(id.0 >> 8).or_default().push(entry(id));
    }
    let mut page = HEAD.to_string();
    let count: usize = by_table.values().map(Vec::len).sum();
    let _ = write!(page, "\nThere are {count} functions.\n");
    for (title, anchors) in CHAPTERS {
        let mut entries: Vec<&Entry> = Vec::new();
        for anchor in *anchors {
            let id = lookup(anchor).unwrap_or_else(|| panic!("`{anchor}` is gone: name another"));
            // Two anchors of one table are no mistake.
            entries.extend(by_table.remove(&(id.0 >> 8)).unwrap_or_default());
        }
        write_chapter(&mut page, title, entries);
    }
    let left: Vec<&Entry> = by_table.into_values().flatten().collect();
    if !left.is_empty() {
        write_chapter(&mut page, "Further functions", left);
    }
    page
}

/// A chapter, in order of the names.
fn write_chapter(page: &mut String, title: &str, mut entries: Vec<&Entry>) {
    assert!(!entries.is_empty(), "the chapter `{title}` is empty");
    entries.sort_by_key(|entry| entry.name);
    let _ = write!(page, "\n## {title}\n\n| call | result |\n|---|---|\n");
    for entry in entries {
        page.push_str(&row(entry));
    }
}

/// One line of a chapter.
fn row(entry: &Entry) -> String {
    let (call, result) = split(entry.help);
    let mark = match &entry.body {
        Body::Waits(_) => " **suspends**",
        Body::Starts(_) => " **starts**",
        Body::Intrinsic(intrinsic) if suspends(*intrinsic) => " **suspends**",
        Body::Intrinsic(_) | Body::Plain(_) | Body::Frame(_) => "",
    };
    let (call, result) = (call.replace('|', "\\|"), result.replace('|', "\\|"));
    format!("| `{call}` | {result}{mark} |\n")
}

/// The call and what it gives: the help line, parted at its first colon outside of brackets and quotes.
fn split(help: &str) -> (&str, &str) {
    let mut depth = 0;
    let mut is_quoted = false;
    for (at, c) in help.char_indices() {
        match c {
            '\'' => is_quoted = !is_quoted,
            '(' | '[' | '{' if !is_quoted => depth += 1,
            ')' | ']' | '}' if !is_quoted => depth -= 1,
            ':' if !is_quoted && depth == 0 => return (&help[..at], help[at + 1..].trim()),
            _ => {}
        }
    }
    // Some say everything by their name.
    (help, "")
}

/// Whether an intrinsic may let other tasks run.
fn suspends(intrinsic: Intrinsic) -> bool {
    match intrinsic {
        Intrinsic::Await
        | Intrinsic::AwaitAll
        | Intrinsic::AwaitAny
        | Intrinsic::JoinNext
        | Intrinsic::Next
        | Intrinsic::Race
        | Intrinsic::FetchOutputs
        | Intrinsic::FetchNext
        | Intrinsic::Wait
        | Intrinsic::YieldNow => true,
        Intrinsic::Spawn
        | Intrinsic::Cancel
        | Intrinsic::OnSuccess
        | Intrinsic::OnFailure
        | Intrinsic::OnComplete
        | Intrinsic::Then
        | Intrinsic::Promise
        | Intrinsic::Complete
        | Intrinsic::Fail
        | Intrinsic::JoinSet
        | Intrinsic::Add
        | Intrinsic::CancelAll
        | Intrinsic::FuturesUnordered
        | Intrinsic::Push
        | Intrinsic::Parfeval
        | Intrinsic::AfterEach
        | Intrinsic::AfterAll
        | Intrinsic::FevalFuture
        | Intrinsic::InputCheck
        | Intrinsic::OutputCheck
        | Intrinsic::InputsOf
        | Intrinsic::OutputsOf => false,
    }
}

#[cfg(not(test))]
fn main() -> std::io::Result<()> {
    std::io::Write::write_all(&mut std::io::stdout(), reference().as_bytes())
}
